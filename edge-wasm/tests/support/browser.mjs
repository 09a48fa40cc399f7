// Headless Chromium and the servers for its pages, all on 127.0.0.1.

import { createReadStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { after } from "node:test";

import { chromium } from "playwright-core";

const EXECUTABLES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** A browser with its own profile. */
export async function openBrowser() {
  const executablePath = EXECUTABLES.find((path) => path && existsSync(path));
  if (executablePath === undefined) {
    throw new Error("Chromium is not installed (`apt-get install chromium`), or name it in CHROMIUM");
  }
  const profile = mkdtempSync(join(tmpdir(), "ordermill-chromium-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  after(async () => {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  });
  return browser;
}

/** Serves a folder; `types` overrides MIME types by extension. */
export async function serveFolder(folder, types = {}) {
  const server = createServer((request, response) => {
    const path = join(folder, normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)));
    const type = { ...TYPES, ...types }[extname(path)];
    if (type === undefined || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "Content-Type": type });
    createReadStream(path).pipe(response);
  });
  await listen(server);
  return `http://127.0.0.1:${server.address().port}`;
}

/** Listens on a free port until the tests of the file have ended. */
export async function listen(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
}

/** What a page stored in `window.result`; throws the page's errors. */
export async function resultOf(browser, url) {
  const page = await browser.newPage();
  const failed = new Promise((_, reject) => page.on("pageerror", reject));
  try {
    await page.goto(url);
    const result = page.waitForFunction(() => window.result, undefined, { timeout: 30_000 });
    return await (await Promise.race([result, failed])).jsonValue();
  } finally {
    await page.close();
  }
}
