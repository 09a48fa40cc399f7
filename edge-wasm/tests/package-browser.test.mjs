// The installed package in Chromium: unbundled, built by Vite, and from Vite's development server.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";

import { build, createServer } from "vite";

import { bodies, expectedVerdicts, verdictsModule } from "./support/bodies.mjs";
import { openBrowser, resultOf, serveFolder } from "./support/browser.mjs";
import { packageFolder, projectWith } from "./support/install.mjs";

const app = (from) => `
import * as edge from "${from}";
import { verdicts } from "./verdicts.mjs";
window.result = { version: edge.rulesVersion(), verdicts: verdicts(edge, ${JSON.stringify(bodies)}) };
`;
const page = (script) => `<!doctype html><title>orders</title><script type="module" src="${script}"></script>`;

const folder = projectWith({
  "verdicts.mjs": verdictsModule,
  "app.mjs": app("@ordermill/edge"),
  "plain.mjs": app("./node_modules/@ordermill/edge/browser.js"),
  "index.html": page("/app.mjs"),
  "plain.html": page("/plain.mjs"),
});
const browser = await openBrowser();

async function answersLikeNode(url) {
  const edge = await import(`${packageFolder}/node.js`);
  const { version, verdicts } = await resultOf(browser, url);
  assert.equal(version, edge.rulesVersion());
  assert.deepEqual(verdicts, await expectedVerdicts(edge));
}

test("without a bundler", async () => {
  await answersLikeNode(`${await serveFolder(folder)}/plain.html`);
});

test("without a bundler, from a server that does not know the MIME type of WebAssembly", async () => {
  await answersLikeNode(`${await serveFolder(folder, { ".wasm": "application/octet-stream" })}/plain.html`);
});

test("built by Vite, with the module as a separate file", async () => {
  await build({ root: folder, configFile: false, logLevel: "warn" });
  const assets = readdirSync(join(folder, "dist/assets"));
  assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 1);
  await answersLikeNode(`${await serveFolder(join(folder, "dist"))}/index.html`);
});

test("from Vite's development server", async () => {
  const server = await createServer({
    root: folder,
    configFile: false,
    logLevel: "warn",
    server: { host: "127.0.0.1", port: 0, strictPort: true },
  });
  after(() => server.close());
  await server.listen();
  await answersLikeNode(`http://127.0.0.1:${server.httpServer.address().port}/index.html`);
});
