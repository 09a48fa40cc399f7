// The upload page's modules without DOM: reading files, building orders from rows, sending.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { APIS } from "../upload/apis.js";
import { findColumn, knownColumns, columnName, nearestColumn, NETWORK_ORDER, BULK_ORDER } from "../upload/columns.js";
import { CsvReader, csvRecord, detectDelimiter, neutralised } from "../upload/csv.js";
import { DocumentReader, LineReader, detectFormat } from "../upload/json-stream.js";
import { compact, pretty, spanOf, stringMembers, withStringMember } from "../upload/json-text.js";
import { buildTemplate, cellJson, locator, orderJson, readHeader } from "../upload/orders-from-rows.js";
import { Sender, refusal, retryAfter } from "../upload/submit.js";
import { Session } from "../upload/session.js";

/** Reads a text in pieces of every size, because a piece may end anywhere. */
function inPieces(text, Reader) {
  const readings = [1, 2, 3, 7, text.length].map((size) => {
    const found = [];
    const reader = new Reader((entry) => found.push(entry));
    for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
    return { found, end: reader.end() };
  });
  for (const reading of readings) assert.deepEqual(reading, readings[0]);
  return readings[0];
}

const cellsOf = (text) => inPieces(text, CsvReader).found.map(({ cells }) => cells);

// ---------------------------------------------------------------------------------------------------- CSV

test("CSV: quotes, line breaks in cells, CRLF, CR, BOM, empty lines", () => {
  assert.deepEqual(cellsOf('a,b\r\n1,"x, ""y""\r\nz"\r\n'), [["a", "b"], ["1", 'x, "y"\r\nz']]);
  assert.deepEqual(cellsOf("\uFEFFa,b\n1,2"), [["a", "b"], ["1", "2"]]);
  assert.deepEqual(cellsOf("a\rb\r"), [["a"], ["b"]]);
  assert.deepEqual(cellsOf('a,b\n"",\n'), [["a", "b"], ["", ""]]);
  assert.deepEqual(inPieces("a\n\nb\n", CsvReader).found.map(({ number }) => number), [1, 3]);
});

test("CSV: the delimiter is detected in the header, outside quotes", () => {
  assert.equal(detectDelimiter('"a,b,c";d;e'), ";");
  assert.equal(detectDelimiter("a\tb,c\td"), "\t");
  assert.equal(detectDelimiter("a"), ",");
  assert.deepEqual(cellsOf("sep=;\na;b\n1,5;2\n"), [["a", "b"], ["1,5", "2"]]);
});

test("CSV: unclosed quotes and quotes within a cell are reported", () => {
  assert.equal(inPieces('a,b\n1,"x\n2,3\n', CsvReader).end, 2);
  assert.deepEqual(inPieces('a,b\n1,x"y\n', CsvReader).found[1], { number: 2, cells: ["1", 'x"y'], faults: [1] });
  assert.deepEqual(inPieces('a,b\n"1"2,x\n', CsvReader).found[1].faults, [0]);
});

test("CSV: written files read back unchanged", () => {
  const cells = ["plain", "with, comma", 'a "quote"', "two\r\nlines", " spaces ", "", "ü"];
  for (const delimiter of [",", ";", "\t"]) {
    const header = csvRecord(cells.map((_, index) => `c${index}`), delimiter);
    assert.deepEqual(cellsOf(header + csvRecord(cells, delimiter))[1], cells);
  }
});

test("CSV for people: formulas are neutralised, numbers and names are not", () => {
  for (const text of ["=1+1", "+1", "-1", "@sum", " =x", "\rx", "＝1+1"]) assert.equal(neutralised(text), `'${text}`);
  assert.equal(neutralised("x;=1+1|a"), "x;'=1+1|a");
  assert.equal(neutralised("x\n @sum"), "x\n '@sum");
  assert.equal(neutralised("\t=x"), "'\t'=x");
  for (const text of ["1", "a=b", "", "up-123", "O'Brien"]) assert.equal(neutralised(text), text);
});

// ---------------------------------------------------------------------------------------------------- JSON

test("the format is detected from the content", () => {
  const formats = [
    ["a,b\n1,2", "x.json", "csv"], ['[{"a":1}]', "x.csv", "json"], ['{"bulk":[{}]}', "x.jsonl", "json"],
    ['{\n  "a": 1\n}', "", "json"], ['{"a":1}\n{"a":2}', "x.json", "jsonl"], ['{"a":\n{"a":2}\n', "", "jsonl"],
    ["\uFEFF[ ]", "", "json"], ["", "", "csv"],
  ];
  for (const [text, name, format] of formats) assert.equal(detectFormat(text, name), format, text);
});

test("JSON: orders are cut out verbatim, wherever they are", () => {
  const texts = (text) => inPieces(text, DocumentReader).found.map((order) => order.text);
  const order = '{"a": "x]}\\"{", "t": 0.10, "n": [1, {"b": []}]}';
  assert.deepEqual(texts(`[${order},\n ${order}]`), [order, order]);
  assert.deepEqual(texts(`{"bulk": [${order}]}`), [order]);
  assert.deepEqual(texts(`{"note": {"bulk": [1]}, "bulk": [${order}]}`), [order]);
  assert.deepEqual(texts(`\n${order}\n`), [order]);
  assert.deepEqual(texts("[1, null, {}]"), ["1", "null", "{}"]);
  assert.deepEqual(texts("[]"), []);
});

test("JSON: problems of the document are reported with their line", () => {
  assert.match(inPieces('[{"a":1},\n{"b":', DocumentReader).end, /line 2: the file ends in the middle/);
  assert.match(inPieces('[{"a":1}]\n]', DocumentReader).end, /line 2: the text after the orders was not read/);
  assert.match(inPieces('{"bulk":[{}],"x":1}', DocumentReader).end, /the text after the orders was not read/);
  assert.equal(inPieces('[{"a":1}]\n', DocumentReader).end, null);
  assert.equal(inPieces('{"bulk":[{"a":1}]} ', DocumentReader).end, null);
  assert.match(inPieces('{"bulk":[{"a":1}]}}', DocumentReader).end, /the text after the orders was not read/);
  assert.match(inPieces('{"bulk":[{"a":1}]', DocumentReader).end, /ends before its last/);
  assert.match(inPieces('{"products":[],"bulk":[{"a":1}]}', DocumentReader).end, /only `bulk` was read/);
  for (const text of ['[{"a":1},,{"b":2}]', '[{"a":1},]', "[,{}]", "[ , ]"]) {
    assert.match(inPieces(text, DocumentReader).end, /an order is missing/, text);
  }
  // No name: the whole document goes to the validator, which rejects it.
  assert.deepEqual(inPieces('{"x":"bulk":[1]}', DocumentReader).found, [{ line: 1, text: '{"x":"bulk":[1]}' }]);
});

test("JSONL: a broken line does not affect the others", () => {
  const { found } = inPieces('{"a":1}\r\n\n{"b":\n{"c":3}', LineReader);
  assert.deepEqual(found, [{ line: 1, text: '{"a":1}' }, { line: 3, text: '{"b":' }, { line: 4, text: '{"c":3}' }]);
});

test("JSON text: members are read and set without touching the rest", () => {
  const text = '{ "safeId" : null, "customerTotal": 0.10, "a/b": {"~": 1e2} }';
  assert.equal(withStringMember(text, "safeId", "x"), '{ "safeId" : "x", "customerTotal": 0.10, "a/b": {"~": 1e2} }');
  assert.equal(withStringMember("{}", "safeId", "x"), '{"safeId":"x"}');
  assert.equal(withStringMember('{"a":1}', "safeId", "x"), '{"safeId":"x","a":1}');
  assert.deepEqual(stringMembers('{"a":"\\u0041\\"","b":1}', ["a", "b", "c"]), { a: 'A"', b: "", c: "" });
  const { start, end } = spanOf(text, "/a~1b/~0");
  assert.equal(text.slice(start, end), "1e2");
  assert.equal(compact(pretty(text)), '{"safeId":null,"customerTotal":0.10,"a/b":{"~":1e2}}');
});

// ---------------------------------------------------------------------------------------------------- columns

test("every member of the rules is a column of the right kind", () => {
  const vectors = readFileSync(new URL("../../shared/vectors/validation/members.jsonl", import.meta.url), "utf8");
  const trees = { order: NETWORK_ORDER, bulk_order: BULK_ORDER };
  const seen = { order: new Set(), bulk_order: new Set() };
  for (const line of vectors.split("\n").filter(Boolean)) {
    const { body, at, good } = JSON.parse(line);
    const isScalar = good.some((value) => ["string", "number", "boolean"].includes(typeof value)) && !good.some((value) => value?.$list);
    if (!trees[body] || !isScalar) continue;
    // The rows of a CSV file are the items, so their columns have no index.
    const header = at.slice(1).replace(/^(items|products)\/0\//, "$1/").replaceAll("/", ".");
    const known = new Set(knownColumns(trees[body]));
    if (!known.has(header)) {
      assert.match(header, /(meta|clientAttributes|options)(\.|$)/, `${at} of ${body} is not a column`);
      continue;
    }
    seen[body].add(header);
    const kinds = new Set(good.map((value) => typeof value));
    const { kind } = findColumn(trees[body], header);
    // Amounts may be numbers and strings; as columns they are numbers.
    const expected = kinds.has("boolean") ? "boolean" : kinds.has("number") ? "number" : "text";
    if (!(kind === "number" && expected === "text")) assert.equal(kind, expected, header);
  }
  for (const [body, tree] of Object.entries(trees)) assert.deepEqual(knownColumns(tree).filter((name) => !seen[body].has(name)), [], body);
});

test("headers match case-insensitively, and near misses get a suggestion", () => {
  const name = (header, tree = NETWORK_ORDER) => {
    const found = findColumn(tree, header);
    return found && columnName(found.path);
  };
  assert.equal(name("SHIPPINGADDRESS.FirstName"), "shippingAddress.firstName");
  assert.equal(name("shipping_address.first name"), "shippingAddress.firstName");
  assert.equal(name("items.images.URL"), "items.images.0.url");
  assert.equal(name("items.options.Size"), "items.options.Size");
  assert.equal(name("meta.a.b"), "meta.a.b");
  assert.equal(name("SKU", BULK_ORDER), "products.sku");
  assert.equal(name("items"), null);
  assert.equal(nearestColumn(NETWORK_ORDER, "shipingAddress.city"), "shippingAddress.city");
  assert.equal(nearestColumn(NETWORK_ORDER, "internal note"), null);
});

test("cells become JSON without loss", () => {
  for (const text of ["0.10", "1e2", "-0", "12345678901234567890.123", "1.0"]) assert.equal(cellJson(text, "number"), text);
  for (const text of ["1,5", "+1", ".5", "01", "NaN", "$1", "1 000"]) assert.equal(cellJson(text, "number"), JSON.stringify(text));
  assert.equal(cellJson("TRUE", "boolean"), "true");
  assert.equal(cellJson("yes", "boolean"), '"yes"');
  assert.equal(cellJson("007", "text"), '"007"');
});

function template(header, api = APIS.network) {
  const { columns } = readHeader(api, header.split(","));
  return buildTemplate(api, columns);
}

const rowsOf = (...lines) => lines.map((line, index) => ({ number: index + 2, cells: line.split(",") }));

test("rows become orders, and pointers lead back to cells", () => {
  const made = template("safeId,shippingAddress.city,items.sku,items.quantity,items.images.0.url,items.images.1.url,items.options.Size,items.options.Color,meta.a/b");
  const rows = rowsOf("s1,Town,a,1,,u1,,Red,x", ",,b,0.10,u0,,L,,");
  assert.equal(
    orderJson(made, rows),
    '{"safeId":"s1","shippingAddress":{"city":"Town"},"items":[{"sku":"a","quantity":1,"images":[{"url":"u1"}],"options":[{"name":"Color","value":"Red"}]},' +
      '{"sku":"b","quantity":0.10,"images":[{"url":"u0"}],"options":[{"name":"Size","value":"L"}]}],"meta":{"a/b":"x"}}',
  );
  const locate = locator(made, rows);
  const place = (pointer) => [locate(pointer).row.number, locate(pointer).column];
  assert.deepEqual(place("/items/1/quantity"), [3, 3]);
  assert.deepEqual(place("/items/0/images/0/url"), [2, 5]);
  assert.deepEqual(place("/items/0/options/0/value"), [2, 7]);
  assert.deepEqual(place("/items/1/options/0/name"), [3, 6]);
  assert.deepEqual(place("/meta/a~1b"), [2, 8]);
  assert.deepEqual(place("/shippingAddress/line1"), [2, -1]);
  assert.deepEqual(place("/billingAddress"), [2, -1]);
});

test("a missing member is reported at its empty cell", () => {
  const made = template("shippingAddress.line1,shippingAddress.city,items.sku,items.quantity");
  const rows = rowsOf(",,,");
  assert.equal(orderJson(made, rows), '{"shippingAddress":{},"items":[{}]}');
  const locate = locator(made, rows);
  assert.equal(locate("/shippingAddress/city").column, 1);
  assert.equal(locate("/items/0/quantity").column, 3);
});

// ---------------------------------------------------------------------------------------------------- the store

/** A session with a scripted validator. */
function session({ verdict = () => ({ violations: [], orders: [{ violations: [], warnings: [] }] }), ...more } = {}) {
  let id = 0;
  const edge = { validateOrder: verdict, validateBulkOrder: verdict, rulesVersion: () => "0" };
  return new Session({ edge, notify() {}, newId: () => `id-${(id += 1)}`, fetch: null, sleep: async () => {}, ...more });
}

const textsOf = ({ store }) => store.ordersIn(["ready", "invalid"]).map((order) => JSON.parse(store.sentText(order)));

test("rows of one order may be anywhere in the file, and must agree", async () => {
  const made = session();
  const { counts } = await made.load({ api: "network", text: "safeId,externalId,currencyCode,items.sku\nA,,USD,1\nB,,USD,2\nA,,,3\n,E,USD,4\n,E,EUR,5\n,,USD,6\n" });
  assert.equal(counts.orders, 4);
  assert.equal(counts.states.invalid, 1);
  assert.deepEqual(textsOf(made).map(({ items }) => items.map(({ sku }) => sku)), [["1", "3"], ["2"], ["4", "5"], ["6"]]);
  const [row] = made.rows(4, 5);
  assert.deepEqual(row.problems.map(({ code, column }) => [code, column]), [["ORDER_ROWS_DIFFER", 2]]);
  assert.equal(made.rows(3, 4)[0].heldBy, 6);
});

test("an edited key moves the row to another order", async () => {
  const made = session();
  await made.load({ api: "network", text: "safeId,items.sku\nA,1\nB,2\n" });
  const { summary } = made.editCell(1, 0, "A");
  assert.equal(summary.counts.orders, 1);
  assert.equal(made.editCell(0, 0, "C").summary.counts.orders, 2);
  assert.deepEqual(textsOf(made).map(({ safeId }) => safeId), ["C", "A"]);
});

test("orders without a safeId get one, which the corrected file contains", async () => {
  const made = session();
  await made.load({ api: "network", text: "externalId;items.sku\nE;1\n;2\n" });
  assert.deepEqual(textsOf(made).map(({ safeId }) => safeId), ["id-1", "id-2"]);
  assert.equal(await made.file("corrected").blob.text(), "externalId;items.sku;safeId\r\nE;1;id-1\r\n;2;id-2\r\n");
  made.setGivesIds(false);
  assert.equal(textsOf(made)[0].safeId, undefined);
});

test("a duplicate id is reported at both orders until one is changed", async () => {
  const made = session();
  const text = '{"safeId":"A"}\n{"safeId":"A","n":0.10}\n{"safeId":"B"}\n';
  const { counts } = await made.load({ api: "network", text });
  assert.equal(counts.warning, 2);
  assert.deepEqual(made.rows(0, 3).map(({ problems }) => problems.map(({ code }) => code)), [["DUPLICATE_SAFE_ID"], ["DUPLICATE_SAFE_ID"], []]);
  assert.equal(made.editText(1, '{"safeId":"C","n":0.10}').summary.counts.warning, 0);
  assert.equal(await made.file("corrected").blob.text(), '{"safeId":"A"}\n{"safeId":"C","n":0.10}\n{"safeId":"B"}\n');
});

test("cells beyond the header invalidate the row until they are emptied", async () => {
  const made = session();
  await made.load({ api: "bulk", text: "sku,quantity\na,1,x\nb,1,\n" });
  assert.equal(made.rows(0, 1)[0].problems[0].code, "SURPLUS_CELLS");
  assert.equal(made.rows(1, 2)[0].problems.length, 0);
  assert.equal(made.editCell(0, 2, "").row.problems.length, 0);
});

test("files in Windows-1252 and UTF-16 are read", async () => {
  const made = session();
  const windows = await made.load({ api: "bulk", file: new Blob([Buffer.from("sku,quantity\nCaf\xe9,1\n", "latin1")]) });
  assert.match(windows.notes[0].text, /Windows-1252/);
  assert.equal(made.rows(0, 1)[0].cells[0], "Café");
  await made.load({ api: "bulk", file: new Blob([Buffer.from("\uFEFFsku,quantity\nCafé,1\n", "utf16le")]) });
  assert.equal(made.rows(0, 1)[0].cells[0], "Café");
});

// ---------------------------------------------------------------------------------------------------- sending

/** Sends orders to a server with a list of answers; null is a lost answer. */
async function sent(texts, answers, api = APIS.network, options = {}) {
  const calls = [];
  const states = new Map();
  const waits = [];
  const sender = new Sender({
    api,
    base: "http://api/",
    credentials: { apiKey: "k", bearerToken: "t" },
    ordersPerCall: 100,
    textOf: (order) => order.text,
    onState: (order, state, result) => states.set(order.name, { state, ...result }),
    sleep: async (ms) => void waits.push(ms),
    fetch: async (url, { method = "GET", body, headers } = {}) => {
      calls.push({ url, method, body, headers });
      const answer = answers.shift();
      if (!answer) throw new TypeError("lost");
      return new Response(JSON.stringify(answer.body ?? null), { status: answer.status, headers: answer.headers });
    },
    ...options,
  });
  const fault = await sender.run(texts.map((text, index) => ({ name: index, text, state: "ready" })));
  return { calls, states: [...states.values()], waits, fault };
}

const created = (id) => ({ status: 201, response: { order: { id } } });

test("a bulk: created, existing, rejected with pointers", async () => {
  const refused = { status: 409, response: { code: "SAFE_ID_EXISTS", message: "m", errors: [{ errorCode: "SAFE_ID_EXISTS", errorMessage: "e", pointer: "/bulk/2/safeId" }] } };
  const { calls, states } = await sent(['{"a":0.10}', "{}", "{}"], [{ status: 200, body: { bulk: [created("x"), { ...created("y"), status: 200 }, refused] } }]);
  assert.equal(calls[0].body, '{"bulk":[{"a":0.10},{},{}]}');
  assert.equal(calls[0].url, "http://api/order/v1/orders/bulk");
  assert.equal(calls[0].headers.Authorization, "Bearer t");
  assert.deepEqual(states.map(({ state, id }) => [state, id]), [["created", "x"], ["existing", "y"], ["refused", ""]]);
  assert.deepEqual(states[2].errors, [{ code: "SAFE_ID_EXISTS", message: "e", pointer: "/safeId" }]);
});

test("a lost answer: with a safeId the order is resent, without one it is unknown", async () => {
  const { calls, states } = await sent(['{"safeId":"s"}', "{}"], [null, { status: 200, body: { bulk: [created("x")] } }]);
  assert.deepEqual(states.map(({ state }) => state), ["created", "unknown"]);
  assert.equal(calls[1].body, '{"bulk":[{"safeId":"s"}]}');
});

test("an answer with the wrong number of entries counts as lost", async () => {
  const { states } = await sent(["{}"], [{ status: 200, body: { bulk: [] } }]);
  assert.equal(states[0].state, "unknown");
});

test("after 429 every order is resent, after the requested delay", async () => {
  const { waits, states } = await sent(["{}"], [{ status: 429, headers: { "Retry-After": "3" } }, { status: 200, body: { bulk: [created("x")] } }]);
  assert.deepEqual(waits, [3000]);
  assert.equal(states[0].state, "created");
});

test("retries are bounded: after 429 an order is ready again, after 503 with a safeId it is unknown", async () => {
  const busy = (status) => Array.from({ length: 9 }, () => ({ status }));
  const first = await sent(["{}"], busy(429));
  assert.equal(first.calls.length, 5);
  assert.equal(first.states[0].state, "ready");
  const second = await sent(['{"safeId":"s"}'], busy(503));
  assert.equal(second.calls.length, 5);
  assert.equal(second.states[0].state, "unknown");
});

test("an order of a bulk that got 503 is resent alone", async () => {
  const answers = [{ status: 200, body: { bulk: [created("x"), { status: 503, response: {} }] } }, { status: 200, body: { bulk: [created("y")] } }];
  const { calls, states } = await sent(['{"safeId":"a"}', '{"safeId":"b"}'], answers);
  assert.equal(calls[1].body, '{"bulk":[{"safeId":"b"}]}');
  assert.deepEqual(states.map(({ id }) => id), ["x", "y"]);
});

test("a bulk that is rejected as a whole is split until the bad order is alone", async () => {
  const bad = { status: 400, body: { code: "NOT_JSON", message: "m" } };
  const answers = [bad, { status: 200, body: { bulk: [created("x")] } }, bad];
  const { states } = await sent(['{"safeId":"a"}', '{"safeId":"b"}'], answers);
  assert.deepEqual(states.map(({ state, code }) => [state, code]), [["created", undefined], ["refused", "NOT_JSON"]]);
});

test("wrong credentials stop sending and leave the orders as they were", async () => {
  const { fault, states, calls } = await sent(["{}", "{}"], [{ status: 401, body: { message: "no" } }], APIS.network, { ordersPerCall: 1 });
  assert.match(fault, /401.*no/);
  assert.equal(calls.length, 1);
  assert.deepEqual(states.map(({ state }) => state), ["ready"]);
});

test("calls contain at most 500 orders and 4 MiB", async () => {
  const answerAll = async (_, { body }) => Response.json({ bulk: JSON.parse(body).bulk.map(() => created("x")) });
  const sizes = [];
  const options = { ordersPerCall: 9999, fetch: (url, request) => { sizes.push(request.body.length); return answerAll(url, request); } };
  await sent(Array.from({ length: 501 }, () => "{}"), [], APIS.network, options);
  assert.equal(sizes.length, 2);
  sizes.length = 0;
  const large = JSON.stringify({ meta: "x".repeat(250_000) });
  await sent(Array.from({ length: 20 }, () => large), [], APIS.network, options);
  assert.ok(sizes.length === 2 && Math.max(...sizes) <= 4 * 1024 * 1024, String(sizes));
});

test("bulk orders: one call each with both headers; without the duplicate check, an order with a lost answer is unknown", async () => {
  const { calls, states } = await sent(['{"products":[]}'], [null], APIS.bulk);
  assert.equal(calls.length, 1);
  assert.equal(calls[0].headers["x-api-key"], "k");
  assert.equal(states[0].state, "unknown");
});

test("bulk orders: after a lost answer, a number that is taken is looked up", async () => {
  const text = '{"clientOrderNumber":"n 1","enableClientOrderNumberDupCheck":true,"products":[{"sku":"a","quantity":2}]}';
  const taken = { status: 409, body: { error: "CLIENT_ORDER_NUMBER_DUPLICATE", message: "m" } };
  const listed = (quantity) => ({ status: 200, body: { data: { items: [{ transactionId: "7", products: [{ sku: "a", quantity }] }] } } });
  const own = await sent([text], [null, taken, listed(2)], APIS.bulk);
  assert.equal(own.calls[2].url, "http://api/v2/orders?clientOrderNumber=n%201");
  assert.deepEqual([own.states[0].state, own.states[0].id], ["existing", "7"]);
  const other = await sent([text], [null, taken, listed(3)], APIS.bulk);
  assert.equal(other.states[0].state, "refused");
  const atOnce = await sent([text], [taken], APIS.bulk);
  assert.equal(atOnce.states[0].state, "refused");
});

test("after a stop, or once the credentials are rejected, a split call is not continued", async () => {
  const bad = { status: 400, body: { code: "NOT_JSON", message: "m" } };
  const texts = ["a", "b", "c", "d"].map((safeId) => JSON.stringify({ safeId }));
  const { calls, states } = await sent(texts, [bad, { status: 401, body: { message: "m" } }]);
  assert.equal(calls.length, 2);
  assert.ok(states.every(({ state }) => state === "ready"));

  let sender;
  let count = 0;
  const ended = [];
  sender = new Sender({
    api: APIS.network, base: "", credentials: {}, ordersPerCall: 8, textOf: (order) => order.text, sleep: async () => {},
    onState: (order, state) => ended.push(state),
    fetch: async () => {
      count += 1;
      sender.stop();
      return Response.json({ code: "NOT_JSON", message: "m" }, { status: 400 });
    },
  });
  await sender.run(texts.map((text, name) => ({ name, text, state: "ready" })));
  assert.equal(count, 1);
  assert.deepEqual(ended.slice(4), ["ready", "ready", "ready", "ready"]);
});

test("a failed lookup leaves an order unknown, never refused", async () => {
  const order = '{"clientOrderNumber":"1","enableClientOrderNumberDupCheck":true,"products":[{"sku":"a","quantity":1}]}';
  const taken = { status: 409, body: { error: "CLIENT_ORDER_NUMBER_DUPLICATE", message: "m" } };
  for (const answer of [{ status: 503, body: {} }, { status: 401, body: {} }, { status: 200, body: { data: {} } }]) {
    const { states } = await sent([order], [null, taken, answer], APIS.bulk);
    assert.equal(states[0].state, "unknown");
  }
});

test("stop and pause: no new calls start, running calls finish", async () => {
  let sender;
  const started = [];
  const made = new Sender({
    api: APIS.network, base: "", credentials: {}, ordersPerCall: 1, textOf: () => "{}", sleep: async () => {},
    onState: (order, state) => started.push(`${order.name} ${state}`),
    fetch: async () => {
      sender.pause(true);
      setTimeout(() => sender.stop(), 5);
      return Response.json({ bulk: [created("x")] });
    },
  });
  sender = made;
  await made.run([{ name: 1, state: "ready" }, { name: 2, state: "ready" }]);
  assert.deepEqual(started, ["1 sending", "1 created"]);
});

test("Retry-After may be seconds or a date", () => {
  assert.equal(retryAfter("2"), 2000);
  assert.equal(retryAfter("Thu, 01 Jan 1970 00:00:05 GMT", 1000), 4000);
  assert.equal(retryAfter(null), undefined);
  assert.equal(retryAfter("soon"), undefined);
});

test("an error without pointers applies to the whole order", () => {
  assert.deepEqual(refusal(402, { error: "INSUFFICIENT_FUNDS", message: "m" }, 0).errors, [{ code: "INSUFFICIENT_FUNDS", message: "m", pointer: "" }]);
  assert.equal(refusal(500, null, 0).code, "500");
});

// ---------------------------------------------------------------------------------------------------- result files

test("the result files list every order, and their cells are never formulas", async () => {
  const verdict = (text) => ({
    violations: [],
    orders: [{ violations: text.includes("bad") ? [{ pointer: "/products/0/sku", code: "X", message: "=evil" }] : [], warnings: [] }],
  });
  const fetch = async () => Response.json({ data: { transactionId: "77" } });
  const made = session({ verdict, fetch });
  await made.load({ api: "bulk", text: "clientOrderNumber,sku,quantity\n=1+1,a,1\n=1+1,b,1\nn,bad,1\n" });
  await made.send({ base: "", credentials: {}, states: ["ready"], ordersPerCall: 1 });
  const csv = cellsOf(await made.file("result-csv").blob.text());
  assert.deepEqual(csv, [
    ["rows", "clientOrderNumber", "status", "httpStatus", "orderId", "note", "severity", "row", "column", "code", "pointer", "message"],
    ["2 3", "'=1+1", "created", "200", "77", "", "", "", "", "", "", ""],
    ["4", "n", "invalid", "", "", "", "error", "4", "sku", "X", "/products/0/sku", "'=evil"],
  ]);
  const lines = (await made.file("result-jsonl").blob.text()).trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ rows, status, orderId }) => [rows, status, orderId]), [[[2, 3], "created", "77"], [[4], "invalid", ""]]);
});
