// Node, as a CommonJS module.

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const { load } = require("./core.cjs");

const api = load(new WebAssembly.Module(readFileSync(join(__dirname, "ordermill.wasm"))));

// Listed individually, so that an ES module that imports this file finds the names.
exports.validateBulkOrder = api.validateBulkOrder;
exports.validateInstantOrder = api.validateInstantOrder;
exports.validateOrder = api.validateOrder;
exports.validateOrders = api.validateOrders;
exports.rulesVersion = api.rulesVersion;
exports.errorCatalogue = api.errorCatalogue;
