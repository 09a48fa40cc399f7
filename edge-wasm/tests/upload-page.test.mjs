// The upload page in a browser against a local stack.
//
//   ORDERMILL_PACKAGE      the built package (default ../target/edge/package)
//   ORDERMILL_MILL         the binary of the local stack (default ../target/debug/mill)
//   ORDERMILL_UPLOAD_URL   a stack that serves the page itself; nothing is started then but the browser and a server for
//                          the tests that lose answers

import assert from "node:assert/strict";
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, afterEach, before } from "node:test";

import { counts, downloaded, loadFile, openPage, rowCells, sendAll, startBrowser, templateText } from "./upload-browser.mjs";
import { startServer, startStack } from "./upload-server.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const HEADER = "externalId,currencyCode,customerTotal,shippingAddress.line1,shippingAddress.city,shippingAddress.countryCode,shippingAddress.email,items.sku,items.quantity,items.customerPrice";
const LIMIT = { timeout: 60_000 };

let browser;
let stack;
/** Serves the sources and can lose answers. */
let own;
/** The URL of the page. */
let site;
let folder;
const opened = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "ordermill-upload-files-"));
  const served = process.env.ORDERMILL_UPLOAD_URL?.replace(/\/(upload\/?)?$/, "");
  stack = served ? { url: served, stop: async () => {} } : await startStack();
  own = await startServer({ stack: stack.url });
  site = served ?? own.url;
  browser = await startBrowser();
});

afterEach(async () => {
  own.intercept = null;
  for (const page of opened.splice(0)) await page.close();
});

after(async () => {
  await browser?.stop();
  own?.stop();
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A new page; console errors fail the test, except for failed requests that the test provokes. */
async function open(url = site) {
  const { page, errors } = await openPage(browser.context, url);
  opened.push(page);
  return { page, complaints: () => errors.filter((error) => !/Failed to load resource/.test(error)) };
}

let uniqueNumber = 0;
/** An externalId that no other test and no earlier run has used. */
const unique = () => `T${process.pid}-${Date.now()}-${(uniqueNumber += 1)}`;

const line = ({ id = unique(), country = "US", quantity = "2", email = "ada@example.com" } = {}) =>
  `${id},USD,20.00,1 Mill Lane,Springfield,${country},${email},mug,${quantity},10.00`;
const csv = (...lines) => `${[HEADER, ...lines].join("\r\n")}\r\n`;

const cellText = (page, position, title) => rowCells(page, position).then((cells) => cells[title]);

/** The active cell, with its text for screen readers. */
const activeCell = (page) =>
  page.evaluate(() => {
    const cell = document.getElementById(document.getElementById("grid").getAttribute("aria-activedescendant"));
    const description = document.getElementById(cell.getAttribute("aria-describedby"))?.textContent ?? "";
    const column = document.querySelector(`[role=columnheader][aria-colindex="${cell.getAttribute("aria-colindex")}"]`).textContent;
    return { row: cell.parentElement.querySelector("[role=rowheader]").textContent, column, description, isInvalid: cell.ariaInvalid === "true" };
  });

// ---------------------------------------------------------------------------------------------------- checking

test("every template is valid when it is uploaded back unchanged", LIMIT, async () => {
  const templates = ["network.csv", "network.json", "network.jsonl", "bulk.csv", "bulk.json", "bulk.jsonl"];
  for (const name of templates) {
    const { page, complaints } = await open();
    await loadFile(page, name, await templateText(site, name), { api: name.split(".")[0] });
    const found = await counts(page);
    assert.deepEqual([found.Orders, found.Ready, found.Errors, found.Warnings], [2, 2, 0, 0], name);
    assert.equal(await page.locator("#notes li").count(), 0, name);
    assert.deepEqual(complaints(), []);
  }
});

test("10,000 rows: every planted error is found at its cell, and the page stays responsive", LIMIT, async () => {
  const isBad = (index) => index % 500 === 7;
  const lines = Array.from({ length: 10_000 }, (_, index) => (isBad(index) ? line({ country: "ZZ", quantity: "2.5" }) : line()));
  const path = join(folder, "large.csv");
  writeFileSync(path, csv(...lines));
  const { page, complaints } = await open();
  await page.evaluate(() => {
    window.gaps = [];
    let last = performance.now();
    const tick = () => {
      const now = performance.now();
      window.gaps.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  await loadFile(page, "large.csv", "", { path });
  const gaps = await page.evaluate(() => window.gaps);
  assert.ok(gaps.length >= 10, `only ${gaps.length} frames were drawn while loading`);
  assert.ok(Math.max(...gaps) < 1_000, `the page was blocked for ${Math.max(...gaps)} ms`);
  console.log(`10,000 rows: ${gaps.length} frames, longest gap ${Math.round(Math.max(...gaps))} ms, ${await page.textContent("#loaded")}`);

  const found = await counts(page);
  assert.deepEqual(
    [found.Rows, found.Orders, found.Ready, found["Rows with problems"], found.Errors], [10_000, 10_000, 9_980, 20, 40]);
  assert.ok((await page.locator("#grid-body [role=row]").count()) < 100, "only visible rows are in the document");

  await page.focus("#grid");
  const places = [];
  for (let step = 0; step < 5; step += 1) {
    await page.keyboard.press("F8");
    await page.waitForFunction((known) => {
      const id = document.getElementById("grid").getAttribute("aria-activedescendant");
      return id && document.getElementById(id)?.ariaInvalid === "true" && id !== known;
    }, places.at(-1)?.id ?? "");
    const cell = await activeCell(page);
    places.push({ ...cell, id: await page.getAttribute("#grid", "aria-activedescendant") });
  }
  assert.deepEqual(places.map(({ row, column }) => `${row} ${column}`), [
    "9 shippingAddress.countryCode", "9 items.quantity", "509 shippingAddress.countryCode", "509 items.quantity", "1009 shippingAddress.countryCode",
  ]);
  assert.match(places[1].description, /Error in items\.quantity: .*2\.5.*WRONG_TYPE/);
  assert.deepEqual(complaints(), []);
});

test("the filter shows only rows with problems; a fix in place clears the error and is in the corrected file", LIMIT, async () => {
  const { page } = await open();
  await loadFile(page, "fix.csv", csv(line(), line({ id: "E-FIX", country: "ZZ" }), line()));
  await page.selectOption("#filter", "problems");
  await page.waitForFunction(() => document.querySelectorAll("#grid-body [role=row]").length === 1);
  await page.keyboard.press("F8");
  await page.waitForSelector(".cell.active.wrong");
  await page.keyboard.press("Enter");
  await page.keyboard.type("FR");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll(".cell.wrong").length === 0);
  const found = await counts(page);
  assert.deepEqual([found.Errors, found.Ready], [0, 3]);
  assert.match(await downloaded(page, "#corrected"), /E-FIX,USD,20\.00,1 Mill Lane,Springfield,FR,.*,up-[0-9a-f]{24}\r\n/);
});

test("an order of a JSON file is edited as text; amounts keep their digits", LIMIT, async () => {
  const { page } = await open();
  const order = '{"safeId":"j1","customerTotal":0.10,"shippingAddress":{"line1":"1","city":"T","countryCode":"ZZ"},"items":[{"sku":"a","quantity":1}]}';
  await loadFile(page, "one.jsonl", `${order}\n{"items":\n`);
  assert.equal((await counts(page)).Ready, 0);
  await page.focus("#grid");
  await page.keyboard.press("F8");
  await page.waitForSelector(".cell.active.wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#editor-problems .error");
  await page.click("#editor-problems .place");
  assert.equal(await page.evaluate(() => document.getElementById("editor-text").value.slice(document.getElementById("editor-text").selectionStart, document.getElementById("editor-text").selectionEnd)), '"ZZ"');
  await page.keyboard.type('"US"');
  await page.waitForFunction(() => document.getElementById("editor-summary").textContent.startsWith("0 errors"));
  await page.click("#editor-save");
  await page.waitForFunction(() => document.querySelector(".count.ok dd")?.textContent === "1");
  assert.equal((await downloaded(page, "#corrected")).split("\n")[0], order.replace("ZZ", "US"));
});

test("pasted text from a spreadsheet is checked", LIMIT, async () => {
  const { page } = await open();
  await page.check("input[value=bulk]");
  await page.click(".paste summary");
  await page.fill("#pasted", "clientOrderNumber\tsku\tquantity\nP1\ta\t1\nP1\tb\tx\n");
  await page.click("#check-pasted");
  await page.waitForFunction(() => document.getElementById("loaded").textContent.includes("checked"));
  const found = await counts(page);
  assert.deepEqual([found.Rows, found.Orders, found.Errors], [2, 1, 1]);
  assert.equal(await cellText(page, 0, "Status"), "Blocked by row 3");
});

test("a file can be dropped and a text pasted onto the page", LIMIT, async () => {
  const { page } = await open();
  await page.evaluate((text) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], "dropped.csv"));
    document.getElementById("drop").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  }, csv(line({ country: "ZZ" })));
  await page.waitForFunction(() => document.getElementById("loaded").textContent.startsWith("dropped.csv · CSV"));
  assert.equal((await counts(page)).Errors, 1);
  await page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData }));
  }, '[{"safeId":"a"},{"safeId":"b"}]');
  await page.waitForFunction(() => document.getElementById("loaded").textContent.startsWith("Pasted text · JSON"));
  assert.equal((await counts(page)).Orders, 2);
});

// ---------------------------------------------------------------------------------------------------- sending

test("nothing can be changed while sending; after pause and stop, the rest stays ready", LIMIT, async () => {
  const { page } = await open(own.url);
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  own.intercept = async (call, pass) => {
    await held;
    return pass();
  };
  await loadFile(page, "hold.csv", csv(line(), line(), line()));
  await page.fill("#per-call", "1");
  await page.fill("#bearer-token", "demo-bearer-token");
  await page.click("#send-ready");
  await page.click("#pause");
  await page.waitForFunction(() => document.getElementById("progress-text").textContent.startsWith("Paused: 0 of 3"));
  await page.focus("#grid");
  await page.keyboard.press("Control+End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "grid", "no cell is opened");
  await page.click("#stop");
  release();
  await page.waitForFunction(() => document.activeElement.id === "results-title");
  const results = await counts(page, "#result-counts");
  assert.deepEqual([results.Created, results["Not sent"]], [1, 2]);
  assert.equal(await page.textContent("#send-ready"), "Send 2 orders");
});

test("valid orders are sent with progress; an error is shown at its cell; once fixed, the order is sent alone", LIMIT, async () => {
  const { page, complaints } = await open();
  const ids = Array.from({ length: 12 }, unique);
  // With a safeId each row is its own order, so two of them can have the same externalId.
  const lines = [...ids.map((id) => line({ id })), line({ id: ids[0] }), line({ country: "ZZ" })];
  const text = [`safeId,${HEADER}`, ...lines.map((row) => `${unique()},${row}`)].join("\r\n");
  await loadFile(page, "send.csv", text);
  assert.equal((await counts(page)).Warnings, 2);
  await page.fill("#per-call", "4");
  // All calls but the first wait until the page shows the answer to that: no machine is too fast to show progress.
  let calls = 0;
  await page.route("**/order/v1/orders/bulk", async (route) => {
    calls += 1;
    if (calls > 1) {
      await page.waitForFunction(() => {
        const { value, max } = document.getElementById("progress");
        return value > 0 && value < max;
      });
    }
    await route.continue();
  });
  await sendAll(page);
  assert.equal(calls, 4);
  await page.unroute("**/order/v1/orders/bulk");
  const results = await counts(page, "#result-counts");
  assert.deepEqual([results.Created, results.Refused, results["Not sent"]], [12, 1, 1]);
  assert.equal(await cellText(page, 0, "Status"), "Created");
  assert.equal(await cellText(page, 12, "Status"), "Refused (409)");
  assert.match(await cellText(page, 12, "Problems"), /^externalId: order [0-9a-f]{24} has the externalId/);

  const file = await downloaded(page, "#result-csv");
  const rows = file.trim().split("\r\n").map((row) => row.split(","));
  assert.deepEqual(rows[1].slice(2, 4), ["created", "201"]);
  assert.match(rows[1][4], /^[0-9a-f]{24}$/);
  assert.equal(rows.filter((row) => row[2] === "created").length, 12);
  assert.ok(rows.some((row) => row[2] === "refused" && row[9] === "EXTERNAL_ID_EXISTS" && row[10] === "/externalId" && row[8] === "externalId"));
  assert.ok(rows.some((row) => row[2] === "invalid" && row[10] === "/shippingAddress/countryCode"));

  await page.focus("#grid");
  await page.keyboard.press("F8");
  await page.waitForSelector(".cell.active.wrong");
  await page.keyboard.press("Enter");
  await page.keyboard.type(unique());
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("send-ready").textContent === "Send 1 order");
  own.calls.length = 0;
  await sendAll(page);
  const again = await counts(page, "#result-counts");
  assert.deepEqual([again.Created, again.Refused], [13, 0]);
  if (site === own.url) assert.deepEqual(own.calls.map(({ body }) => JSON.parse(body).bulk.length), [1]);
  assert.deepEqual(complaints(), []);
});

test("an order is fetched with the credentials, and a replayed one already exists", LIMIT, async () => {
  const { page } = await open();
  const text = csv(line());
  await loadFile(page, "show.csv", text);
  const corrected = await downloaded(page, "#corrected");
  await sendAll(page);
  await page.focus("#grid");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("order-json").textContent.includes('"safeId": "up-'));
  assert.match(await page.textContent("#order-url"), /\/order\/v1\/orders\/[0-9a-f]{24}$/);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "grid");
  await downloaded(page, "#result-jsonl");
  await loadFile(page, "again.csv", corrected);
  await sendAll(page);
  assert.equal((await counts(page, "#result-counts"))["Already exists"], 1);
});

test("bulk orders: sent one by one, shown by their transaction", LIMIT, async () => {
  const { page } = await open();
  const number = unique();
  const text = `clientOrderNumber,sku,quantity,payWithCurrency,enableClientOrderNumberDupCheck\n${number},8PX-UF-Y5U,1,USD,true\n${number},TTR-WI-YWN,1,,\n,NO-SUCH-SKU,1,,\n`;
  await loadFile(page, "bulk-send.csv", text, { api: "bulk" });
  await sendAll(page);
  const results = await counts(page, "#result-counts");
  assert.deepEqual([results.Created, results.Refused], [1, 1]);
  assert.match(await cellText(page, 2, "Problems"), /^sku: no product has the SKU/);
  await page.focus("#grid");
  await page.keyboard.press("Enter");
  await page.waitForFunction((id) => document.getElementById("order-json").textContent.includes(`"clientOrderNumber": "${id}"`), number);
});

test("a lost answer: with a safeId the order is resent; without one it is unknown until the user resends it", LIMIT, async () => {
  const { page } = await open(own.url);
  let losses = 1;
  own.intercept = async (call, pass) => {
    const answer = await pass();
    return call.method === "POST" && losses-- > 0 ? null : answer;
  };
  await loadFile(page, "lost.csv", csv(line()));
  await sendAll(page);
  assert.equal((await counts(page, "#result-counts"))["Already exists"], 1);
  await downloaded(page, "#result-csv");

  losses = 1;
  await page.uncheck("#gives-ids");
  const first = line();
  await loadFile(page, "lost-again.csv", csv(`${first}`.replace(/^[^,]*/, "")));
  own.calls.length = 0;
  await sendAll(page);
  assert.equal((await counts(page, "#result-counts"))["Unknown, may exist"], 1);
  assert.equal(own.calls.length, 1, "it is not resent automatically");
  assert.equal(await cellText(page, 0, "Status"), "Unknown, may exist");
  await sendAll(page, "#retry-unknown");
  assert.equal((await counts(page, "#result-counts")).Created, 1);
});

test("only refused orders are resent", LIMIT, async () => {
  const { page } = await open(own.url);
  let calls = 0;
  own.intercept = async (call, pass) => {
    calls += 1;
    if (calls > 1) return pass();
    const refused = { status: 402, response: { code: "INSUFFICIENT_FUNDS", message: "the wallet is empty", errors: [] } };
    const passed = await pass();
    const bulk = JSON.parse(passed.body).bulk;
    // The proxy in front of the API rejects the second order; the API behind it has stored it under the same safeId.
    bulk[1] = refused;
    return { ...passed, body: JSON.stringify({ bulk }) };
  };
  await loadFile(page, "retry.csv", csv(line(), line(), line()));
  await sendAll(page);
  assert.deepEqual([(await counts(page, "#result-counts")).Created, (await counts(page, "#result-counts")).Refused], [2, 1]);
  own.calls.length = 0;
  await sendAll(page, "#retry-refused");
  assert.deepEqual(own.calls.map(({ body }) => JSON.parse(body).bulk.length), [1]);
  assert.equal((await counts(page, "#result-counts"))["Already exists"], 1);
});

test("wrong credentials are reported, and nothing is lost", LIMIT, async () => {
  const { page } = await open();
  await loadFile(page, "wrong.csv", csv(line()));
  await page.fill("#bearer-token", "wrong");
  await page.click("#send-ready");
  await page.waitForFunction(() => document.getElementById("send-fault").textContent.includes("401"));
  assert.equal(await page.textContent("#send-ready"), "Send 1 order");
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie), "{}{}");
});

test("leaving with unsent orders warns", LIMIT, async () => {
  const { page } = await open();
  await loadFile(page, "leave.csv", csv(line()));
  await page.click("#check-title");
  const opened = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const dialog = await opened;
  assert.equal(dialog.type(), "beforeunload");
  await dialog.accept();
});

// ---------------------------------------------------------------------------------------------------- without a mouse

test("the keyboard reaches all of the table, and Tab leaves it", LIMIT, async () => {
  const { page } = await open();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");

  const lines = Array.from({ length: 300 }, (_, index) => line({ country: index === 250 ? "ZZ" : "US" }));
  await loadFile(page, "keys.csv", csv(...lines));
  assert.equal(await page.evaluate(() => document.activeElement.id), "check-title", "the focus is on the results");
  for (let step = 0; step < 6 && (await page.evaluate(() => document.activeElement.id)) !== "grid"; step += 1) await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "grid");

  const shownAt = (row, column) => page.waitForFunction(([wantedRow, wantedColumn]) => {
    const cell = document.getElementById(document.getElementById("grid").getAttribute("aria-activedescendant"));
    return cell?.getAttribute("aria-colindex") === wantedColumn && cell.parentElement.querySelector("[role=rowheader]").textContent === wantedRow;
  }, [String(row), String(column)]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowRight");
  await shownAt(3, 2);
  await page.keyboard.press("Control+End");
  await shownAt(301, await page.getAttribute("#grid", "aria-colcount"));
  await page.keyboard.press("Home");
  await shownAt(301, 1);
  await page.keyboard.press("Control+Home");
  await shownAt(2, 1);

  await page.keyboard.press("F8");
  await page.waitForSelector(".cell.active.wrong");
  const cell = await activeCell(page);
  assert.deepEqual([cell.row, cell.column, cell.isInvalid], ["252", "shippingAddress.countryCode", true]);
  assert.match(cell.description, /ISO 3166/);
  await page.keyboard.press("Enter");
  assert.match(await page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-describedby")).textContent), /ISO 3166/);
  await page.keyboard.type("DE");
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "grid");
  assert.equal((await counts(page)).Errors, 1, "Escape keeps the old value");
  await page.keyboard.press("Enter");
  await page.keyboard.type("DE");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#status").textContent.includes("no errors now"));
  assert.equal((await counts(page)).Errors, 0);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "next-problem");
});

/** Serious violations of WCAG 2 A and AA and best practices. */
async function violations(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).join(" | ")}`);
}

test("no serious accessibility violations, in light and dark", LIMIT, async () => {
  const { page } = await open();
  // Colours in transition from light to dark do not have their contrast yet.
  await page.emulateMedia({ reducedMotion: "reduce" });
  const inBoth = async (what) => {
    for (const theme of ["light", "dark"]) {
      await page.evaluate((choice) => { document.documentElement.dataset.theme = choice; }, theme);
      assert.deepEqual(await violations(page), [], `${what}, ${theme}`);
    }
  };
  await inBoth("at the start");
  await page.click(".help summary");
  const id = unique();
  await loadFile(page, "axe.csv", csv(line({ id }), line({ id }), line({ country: "ZZ" })).replace("items.sku", "items.sku,internal note").replaceAll(",mug,", ",mug,x,"));
  await page.focus("#grid");
  await page.keyboard.press("F8");
  await page.waitForSelector(".cell.active.wrong");
  await inBoth("with errors");
  await sendAll(page);
  await inBoth("with results");
  await page.focus("#grid");
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#order[open]");
  await inBoth("with an order");
});
