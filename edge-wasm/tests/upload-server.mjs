// Serves the upload page for its tests: the static files at /upload/, the package at /upload/edge/; forwards everything
// under /order and /v2 to a local stack.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PAGE = resolve(HERE, "../upload");
const PACKAGE = resolve(process.env.ORDERMILL_PACKAGE ?? join(HERE, "../../target/edge/package"));

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".json": "application/json",
};

/** Starts an in-memory stack on a free port. Returns its URL and a function that stops it. */
export async function startStack() {
  const binary = resolve(process.env.ORDERMILL_MILL ?? join(HERE, "../../target/debug/mill"));
  const child = spawn(binary, ["up", "--memory", "--no-upload", "--no-docs", "--port", "0"], { cwd: resolve(HERE, "../.."), stdio: ["ignore", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout });
  const ready = (async () => {
    for await (const line of lines) {
      const found = /^ready (http:\S+)/.exec(line);
      if (found) return found[1];
    }
    throw new Error(`${binary} ended before it was ready`);
  })();
  const url = await ready;
  const stop = async () => {
    child.kill("SIGINT");
    if (child.exitCode === null) await once(child, "exit");
  };
  return { url, stop };
}

/**
 * Starts the server. While `intercept(call, pass)` is set, it answers the API calls: with `{status, headers, body}`,
 * with the result of `pass()` from `stack`, or with null to lose the answer.
 */
export async function startServer({ stack, page = PAGE }) {
  // Kept in memory: files are missing for a moment if the package is rebuilt during the tests.
  const names = (await readdir(PACKAGE, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
  const files = new Map(await Promise.all(names.map(async (name) => [`/edge/${name}`, await readFile(join(PACKAGE, name))])));
  const served = { stack, intercept: null, calls: [], files };
  const server = createServer((request, response) => {
    answer(served, page, request, response).catch((error) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  served.url = `http://127.0.0.1:${server.address().port}`;
  served.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return served;
}

async function answer(served, page, request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (/^\/(order|v2)\//.test(`${pathname}/`)) return answerApi(served, request, response);
  if (pathname === "/upload") return void response.writeHead(301, { Location: "/upload/" }).end();
  const inside = normalize(pathname.replace(/^\/upload\//, "/"));
  const file = join(page, inside === "/" ? "index.html" : inside);
  try {
    const bytes = served.files.get(inside) ?? (await readFile(file));
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "text/plain; charset=utf-8" });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
}

async function answerApi(served, request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const call = { method: request.method, path: request.url, body: body.toString("utf8") };
  served.calls.push(call);
  const pass = async () => {
    const { host, connection, "content-length": length, ...headers } = request.headers;
    const answered = await fetch(served.stack + request.url, { method: request.method, headers, body: body.length > 0 ? body : undefined });
    return { status: answered.status, headers: { "Content-Type": "application/json" }, body: await answered.text() };
  };
  const own = served.intercept ? await served.intercept(call, pass) : await pass();
  // `null` means a lost answer. The response breaks off after its first byte: browsers resend a request on their own if
  // a kept-alive connection closes before the answer begins.
  if (own === null) return void loseAnswer(response);
  response.writeHead(own.status, own.headers ?? {});
  response.end(own.body ?? "");
}

function loseAnswer(response) {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
  response.write("{", () => response.destroy());
}
