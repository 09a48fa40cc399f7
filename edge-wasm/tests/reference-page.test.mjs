// The API reference in a browser, and the documents beside it, as a stack serves them.
//
//   ORDERMILL_MILL          the binary of the local stack
//   ORDERMILL_SCREENSHOT    a file for a picture of the page

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { openBrowser } from "./support/browser.mjs";
import { startStack } from "./support/stack.mjs";

const { ORDERMILL_MILL: mill, ORDERMILL_SCREENSHOT: screenshot } = process.env;
const skip = mill ? false : "needs ORDERMILL_MILL (the built binary)";
const url = mill && (await startStack(mill, [], { docs: true }));
const generated = (name) => readFileSync(new URL(`../../shared/generated/${name}`, import.meta.url), "utf8");
const document = JSON.parse(generated("openapi.json"));

/** The page, once it is built. */
async function ready() {
  for (;;) {
    const response = await fetch(`${url}/docs/`);
    if (response.status === 200) return response;
    const text = await response.text();
    assert.match(text, /is being built/);
    await sleep(500);
  }
}

test("the page shows every operation, asks nobody else for anything and breaks no policy", { skip, timeout: 180_000 }, async () => {
  const { headers } = await ready();
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.doesNotMatch(headers.get("content-security-policy"), /unsafe|https?:/);

  const browser = await openBrowser();
  const page = await browser.newPage();
  await page.setViewportSize({ width: 1400, height: 1000 });
  const elsewhere = [];
  const complaints = [];
  page.on("request", (request) => new URL(request.url().replace(/^blob:/, "")).origin !== url && !request.url().startsWith("data:") && elsewhere.push(request.url()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.addInitScript(() => {
    window.violations = [];
    window.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => window.violations.push(`${violatedDirective} ${blockedURI}`));
  });
  await page.goto(`${url}/docs/`);
  const summaries = Object.values(document.paths).flatMap((path) => Object.values(path).map(({ summary }) => summary).filter(Boolean));
  assert.ok(summaries.length > 50);
  const isShown = (wanted) => {
    const headings = new Set([...document.querySelectorAll("h2")].map((heading) => heading.textContent.trim()));
    return wanted.every((summary) => headings.has(summary));
  };
  await page.waitForFunction(isShown, summaries, { timeout: 60_000 });

  await page.fill("input[type=text]", "customerCareHold");
  await page.waitForSelector("[role=search] [role=menuitem]");
  if (screenshot) await page.screenshot({ path: screenshot });
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(complaints, []);
});

test("the documents are there as text", { skip }, async () => {
  const get = async (path) => {
    const response = await fetch(url + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
    assert.match(response.headers.get("content-security-policy"), /^default-src 'none';/, path);
    return { type: response.headers.get("content-type"), text: await response.text() };
  };
  for (const path of ["/openapi.json", "/docs/openapi.json"]) {
    assert.deepEqual(await get(path), { type: "application/json", text: generated("openapi.json") });
  }
  for (const path of ["/openapi.yaml", "/docs/openapi.yaml"]) {
    assert.deepEqual(await get(path), { type: "application/yaml", text: generated("openapi.yaml") });
  }
  for (const path of ["/llms.txt", "/docs/llms.txt"]) {
    const { type, text } = await get(path);
    assert.equal(type, "text/plain; charset=utf-8");
    assert.match(text, /^# Ordermill\n\n> /);
    const links = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm)].map(([, link]) => link);
    assert.ok(links.some((link) => link.endsWith("routes.md")) && links.some((link) => link.endsWith("openapi.json")));
    for (const link of links) {
      const { type: linked } = await get(new URL(link, url + path).pathname);
      if (link.endsWith(".md")) assert.equal(linked, "text/markdown; charset=utf-8");
    }
  }
  assert.equal((await fetch(`${url}/openapi.json`, { method: "POST" })).status, 405);
});
