// Times the validator and its peers in one Node process, and the start of the module in fresh processes.

import { execFileSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";

import { agree, agreeAcrossFields } from "./agree.mjs";
import { bodies, oddBodies } from "./bodies.mjs";
import { fastest, median, say } from "./measure.mjs";
import { makePeer } from "./peer.mjs";
import { edgeModule, smallModule } from "./settings.mjs";
import { linkValidator } from "./validator.mjs";

const ROUNDS = 300;
/** Fresh processes for the start time; odd, for the median. */
const PROCESSES = 9;

const { validateOrders } = await import(pathToFileURL(linkValidator()));
const { validateByPeer } = await import(pathToFileURL(await makePeer("generated")));
const { validateByPeer: validateByInlinedPeer } = await import(pathToFileURL(await makePeer("inlined")));
for (const peer of [validateByPeer, validateByInlinedPeer]) {
  agree(validateOrders, peer);
  agreeAcrossFields(validateOrders, peer);
}

const encode = (name) => new TextEncoder().encode(bodies[name]);
const text = bodies["orders-100"];
const bytes = encode("orders-100");
const bytesPretty = encode("orders-100-pretty");
const bytesBad = encode("orders-100-errors-500");
const bytesLarge = encode("orders-500");
const decoder = new TextDecoder();

const us = fastest(
  {
    node_json_parse_us: () => JSON.parse(text),
    node_decode_and_json_parse_us: () => JSON.parse(decoder.decode(bytes)),
    node_json_parse_pretty_us: () => JSON.parse(bodies["orders-100-pretty"]),
    node_ajv_us: () => validateByPeer(text),
    node_ajv_inlined_us: () => validateByInlinedPeer(text),
    node_ajv_errors_500_us: () => validateByPeer(bodies["orders-100-errors-500"]),
    node_validator_us: () => validateOrders(bytes),
    node_validator_string_us: () => validateOrders(text),
    node_validator_pretty_us: () => validateOrders(bytesPretty),
    node_validator_errors_500_us: () => validateOrders(bytesBad),
  },
  ROUNDS,
);
const large = fastest({ 100: () => validateOrders(bytes), 500: () => validateOrders(bytesLarge) }, ROUNDS);

const [oddPlain, oddEscaped] = [oddBodies.plain, oddBodies.escaped].map((body) => new TextEncoder().encode(body));
const odd = fastest({ plain: () => validateOrders(oddPlain), escaped: () => validateOrders(oddEscaped) }, ROUNDS);

for (const [name, value] of Object.entries(us)) {
  say(name, value);
}
say("node_validator_over_json_parse", us.node_validator_us / us.node_json_parse_us);
say("node_validator_string_over_json_parse", us.node_validator_string_us / us.node_json_parse_us);
say("node_validator_pretty_over_json_parse", us.node_validator_pretty_us / us.node_json_parse_pretty_us);
say("node_ajv_over_validator", us.node_ajv_us / us.node_validator_us);
say("node_ajv_inlined_over_validator", us.node_ajv_inlined_us / us.node_validator_us);
say("node_ajv_over_validator_errors_500", us.node_ajv_errors_500_us / us.node_validator_errors_500_us);
say("errors_500_over_none", us.node_validator_errors_500_us / us.node_validator_us);
say("linear_500_over_100_orders", large[500] / large[100]);
say("escaped_over_plain_names", odd.escaped / odd.plain);
say("node_instantiate_ms", instantiateMs(edgeModule));
say("small_instantiate_ms", instantiateMs(smallModule));

function instantiateMs(module) {
  const script = fileURLToPath(new URL("instantiate.mjs", import.meta.url));
  const run = () => Number(execFileSync(process.execPath, [script, module], { encoding: "utf8" }));
  return median(Array.from({ length: PROCESSES }, run));
}
