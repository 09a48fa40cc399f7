// Where things are: what is timed comes from the environment, what is made for the benches goes beside the built package.

import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const built = resolve(here, "../../target/edge");

/** The folder of the built npm package. */
export const packageFolder = resolve(process.env.ORDERMILL_PACKAGE ?? join(built, "package"));
/** The module as it is shipped, built for speed; and the same built for size. */
export const edgeModule = join(packageFolder, "ordermill.wasm");
export const smallModule = resolve(process.env.ORDERMILL_SMALL ?? join(built, "small/ordermill.wasm"));
/** The built `edge-bench`. */
export const nativeProgram = resolve(process.env.ORDERMILL_NATIVE ?? join(here, "../../target/peers/edge-bench"));
/** The schema that the rules' own tables print; all peers that take a schema get this one. */
export const schemaFile = resolve(
  process.env.ORDERMILL_SCHEMA ?? join(here, "../../shared/generated/create-orders.schema.json"),
);
/** What the benches make and may be thrown away. */
export const workFolder = join(built, "bench");
export const bodiesFolder = join(workFolder, "bodies");
/** Where the development tools are installed. */
export const tools = resolve(here, "..");

/** The version of an installed npm package. */
export function versionOf(name) {
  return JSON.parse(readFileSync(join(tools, "node_modules", name, "package.json"), "utf8")).version;
}
