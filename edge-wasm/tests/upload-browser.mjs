// The browser for the tests of the upload page.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** A browser with a fresh profile; `stop` closes it and removes the profile. */
export async function startBrowser() {
  const profile = await mkdtemp(join(tmpdir(), "ordermill-upload-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.ORDERMILL_CHROMIUM ?? "/usr/bin/chromium",
    args: ARGUMENTS,
    headless: true,
    acceptDownloads: true,
    viewport: { width: 1280, height: 900 },
  });
  const stop = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { context, stop };
}

/** Opens the page; `errors` collects errors of the console and the page. */
export async function openPage(context, url) {
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("requestfailed", (request) => errors.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(`${url}/upload/`);
  try {
    await page.waitForFunction(() => /^\d/.test(document.getElementById("rules-version").textContent), null, { timeout: 15_000 });
  } catch (error) {
    throw new Error(`the page does not start: ${await page.textContent("#failure")} ${errors.join("; ")}`, { cause: error });
  }
  return { page, errors };
}

/** Chooses a file and waits until it is fully checked. `content` is a text, or the path of a file on disk. */
export async function loadFile(page, name, content, { api = "network", path = null } = {}) {
  await page.check(`input[name=api][value=${api}]`);
  await page.setInputFiles("#file", path ?? { name, mimeType: "text/plain", buffer: Buffer.from(content) });
  await page.waitForFunction((shown) => document.getElementById("loaded").textContent.startsWith(shown), `${name} ·`);
}

/** Sends the ready orders and waits for the end. */
export async function sendAll(page, button = "#send-ready") {
  await page.fill("#bearer-token", "demo-bearer-token");
  if (await page.isVisible("#api-key")) await page.fill("#api-key", "demo-api-key");
  await page.click(button);
  if (button === "#retry-unknown") await page.click("#confirm button[value=yes]");
  await page.waitForFunction(() => document.activeElement.id === "results-title");
}

/** The cells of a displayed row, by column header. */
export async function rowCells(page, position) {
  return page.evaluate((at) => {
    const titles = [...document.querySelectorAll("[role=columnheader]")].map((header) => [header.getAttribute("aria-colindex"), header.textContent]);
    const byIndex = Object.fromEntries(titles);
    const row = document.querySelector(`#grid-body [aria-rowindex="${at + 2}"]`);
    return Object.fromEntries([...row.children].map((cell) => [byIndex[cell.getAttribute("aria-colindex")], cell.querySelector(".cell-text")?.textContent]));
  }, position);
}

/** The counts above the table, by label. */
export async function counts(page, list = "#counts") {
  const pairs = await page.$$eval(`${list} .count`, (items) =>
    items.map((item) => [item.querySelector("dt").textContent, Number(item.querySelector("dd").textContent.replaceAll(",", ""))]));
  return Object.fromEntries(pairs);
}

/** The content of the file that a click downloads. */
export async function downloaded(page, selector) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Fetches one of the page's templates, to upload it again. */
export async function templateText(url, name) {
  return (await fetch(`${url}/upload/templates/${name}`)).text();
}
