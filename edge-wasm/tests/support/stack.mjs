// The local stack, as the origin behind an edge.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after } from "node:test";

/** Names of the settings, to explain why a test was skipped. */
export const SETTINGS = "ORDERMILL_URL (a running stack) or ORDERMILL_MILL (the built binary)";

/** The URL of the stack that a setting names or whose binary it names; undefined if neither is set. */
export async function stackUrl() {
  const { ORDERMILL_URL: url, ORDERMILL_MILL: mill } = process.env;
  return url || !mill ? url : startStack(mill);
}

/** The URL of a new stack of that binary, with template parameters (`Name=value`), with the documents on request. */
export async function startStack(mill, parameters = [], { docs = false } = {}) {
  const sets = parameters.flatMap((parameter) => ["--set", parameter]);
  const stack = spawn(mill, ["up", "--memory", "--no-upload", ...(docs ? [] : ["--no-docs"]), "--port", "0", ...sets], {
    env: { ...process.env, RUST_LOG: "warn" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => stack.once("exit", resolve));
  after(async () => {
    stack.kill("SIGTERM");
    await ended;
  });
  for await (const line of createInterface({ input: stack.stdout })) {
    const [, address] = /^ready (http:\S+)$/.exec(line) ?? [];
    if (address !== undefined) {
      stack.stdout.resume();
      return address;
    }
  }
  throw new Error(`${mill} ended before it was ready`);
}
