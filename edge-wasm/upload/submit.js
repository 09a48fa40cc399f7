/**
 * Sends orders: groups them into calls, retries what may be retried, and reports the result of each order.
 *
 * Retries: 429 means that nothing was done, so every order is resent. After 5xx and after a lost answer the result is
 * unknown; an order that the API recognises when it is resent (by `safeId`, or by `clientOrderNumber` with the
 * duplicate check) is resent, any other becomes `unknown` and is never resent automatically.
 */

import { BODY_BYTES_MAX, address } from "./apis.js";

/** Attempts per call, including the first. */
const TRIES_MAX = 5;
const CALL_TIMEOUT_MS = 60_000;
const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 30_000;
/** Maximum `Retry-After` to wait for; a longer one ends the attempts. */
const RETRY_AFTER_MAX_MS = 120_000;
/** Statuses that reject the call and not the orders: no order can be sent until the user has changed something. */
const CALL_REFUSED = new Set([401, 403, 404, 405, 415]);

const encoder = new TextEncoder();

export class Sender {
  /**
   * `textOf(order)` returns the JSON to send, `onState(order, state, result)` is called on every change. Tests replace
   * `fetch` and `sleep`.
   */
  constructor({ api, base, credentials, ordersPerCall, fetch, sleep, textOf, onState, random = Math.random }) {
    Object.assign(this, { api, base, credentials, fetch, sleep, textOf, onState, random });
    this.ordersPerCall = Math.min(Math.max(1, Math.floor(ordersPerCall) || 1), api.ordersPerCallMax);
    this.isStopped = false;
    this.isPaused = false;
    this.total = 0;
    this.done = 0;
    this.waitingUntilRetry = 0;
    this.fault = null;
    this.wake = () => {};
    this.stopped = new Promise((resolve) => {
      this.signalStop = resolve;
    });
  }

  progress() {
    return { total: this.total, done: this.done, isPaused: this.isPaused, isStopped: this.isStopped, waiting: this.waitingUntilRetry };
  }

  /** No new call starts while paused; running calls finish. */
  pause(isPaused) {
    this.isPaused = isPaused;
    if (isPaused) return;
    const { wake } = this;
    this.wake = () => {};
    wake();
  }

  /** No new calls and no retries. Running calls finish, because aborting them would lose their answers. */
  stop() {
    this.isStopped = true;
    this.signalStop();
    this.pause(false);
  }

  /** Returns null, or the reason why sending ended early. */
  async run(orders) {
    this.total = orders.length;
    this.queue = this.calls(orders);
    const lanes = Array.from({ length: this.api.callsAtOnce }, () => this.lane());
    await Promise.all(lanes);
    return this.fault;
  }

  /**
   * The orders in groups that fit into a call, generated one at a time so that the texts of all are never held at once.
   */
  *calls(orders) {
    let call = [];
    let bytes = 0;
    for (const order of orders) {
      const text = this.textOf(order);
      const size = encoder.encode(text).length + 1;
      const isFull = call.length >= this.ordersPerCall || bytes + size > BODY_BYTES_MAX - 64;
      if (call.length > 0 && isFull) {
        yield call;
        call = [];
        bytes = 0;
      }
      // An order that is unknown from an earlier run may exist, like one whose answer was lost in this run.
      call.push({ order, text, before: order.state, tries: 0, wasLost: order.state === "unknown" });
      bytes += size;
    }
    if (call.length > 0) yield call;
  }

  async lane() {
    for (;;) {
      while (this.isPaused && !this.isStopped) await new Promise((resolve) => this.onWake(resolve));
      if (this.isStopped) return;
      const { value: call, done } = this.queue.next();
      if (done) return;
      for (const { order } of call) this.onState(order, "sending");
      await this.send(call);
    }
  }

  onWake(resolve) {
    const others = this.wake;
    this.wake = () => {
      others();
      resolve();
    };
  }

  /** Sends a call until each of its orders has a result. */
  async send(call) {
    let left = call;
    for (let tries = 1; left.length > 0; tries += 1) {
      const { status, body, waitMs } = await this.attempt(left);
      for (const entry of left) entry.tries = tries;
      if (CALL_REFUSED.has(status)) return this.refuseCall(left, status, body);
      if ((status === 400 || status === 413) && left.length > 1) return this.halve(left);
      left = await this.settleAll(left, status, body);
      if (left.length === 0) return;
      const isLast = tries >= TRIES_MAX || waitMs > RETRY_AFTER_MAX_MS || this.isStopped;
      if (isLast) return this.giveUp(left);
      await this.wait(waitMs ?? this.backoff(tries));
      if (this.isStopped) return this.giveUp(left);
    }
  }

  backoff(tries) {
    return Math.min(WAIT_MAX_MS, WAIT_MIN_MS * 2 ** (tries - 1)) * (0.5 + this.random() / 2);
  }

  async wait(ms) {
    this.waitingUntilRetry += 1;
    await Promise.race([this.sleep(ms), this.stopped]);
    this.waitingUntilRetry -= 1;
  }

  /** One call. Status 0 means that no answer came. */
  async attempt(call) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), CALL_TIMEOUT_MS);
    try {
      const response = await this.fetch(address(this.base, this.api.path), {
        method: "POST",
        headers: { "Content-Type": "application/json", ...this.api.headers(this.credentials) },
        body: this.api.body(call.map(({ text }) => text)),
        signal: abort.signal,
      });
      const text = await response.text();
      return { status: response.status, body: parsed(text), waitMs: retryAfter(response.headers.get("Retry-After")) };
    } catch {
      return { status: 0, body: null };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sets the result of every order that has one now; returns those to resend. */
  async settleAll(call, status, body) {
    const entries = status === 200 && this.api.name === "network" ? body?.bulk : null;
    if (status === 200 && this.api.name === "network" && !isAnswerOf(entries, call)) return this.settleLost(call, 0, null);
    const again = [];
    for (const [index, entry] of call.entries()) {
      const own = entries ? { status: entries[index].status, body: entries[index].response } : { status, body };
      again.push(...(await this.settle(entry, own.status, own.body, index)));
    }
    return again;
  }

  async settle(entry, status, body, index) {
    if (status === 429) {
      entry.last = { status, body };
      return [entry];
    }
    if (status === 0 || status >= 500) return this.settleLost([entry], status, body);
    if (status === 200 || status === 201) return this.accept(entry, status, body);
    if (status === 409 && entry.wasLost && this.api.name === "bulk") return this.lookUp(entry, status, body);
    this.finish(entry, "refused", refusal(status, body, index));
    return [];
  }

  accept(entry, status, body) {
    const id = this.api.name === "network" ? body?.order?.id : body?.data?.transactionId;
    if (typeof id !== "string") return this.settleLost([entry], 0, null);
    const isCreated = this.api.name === "bulk" || status === 201;
    this.finish(entry, isCreated ? "created" : "existing", { status, id });
    return [];
  }

  settleLost(call, status, body) {
    const again = [];
    for (const entry of call) {
      entry.wasLost = true;
      entry.last = { status, body };
      if (this.api.isRepeatable(entry.text)) again.push(entry);
      else this.finish(entry, "unknown", { status, ...lostNote(status, body) });
    }
    return again;
  }

  /** The number is taken after a lost answer: most likely by this very order, so it is looked up. */
  async lookUp(entry, status, body) {
    const { clientOrderNumber, products } = JSON.parse(entry.text);
    const path = `${this.api.path}?clientOrderNumber=${encodeURIComponent(clientOrderNumber)}`;
    const lines = (list) => JSON.stringify(list.map(({ sku, quantity }) => [sku, quantity]));
    try {
      const response = await this.fetch(address(this.base, path), { headers: this.api.headers(this.credentials) });
      const found = parsed(await response.text())?.data?.items;
      // Without a list nothing is known about the order: it may exist.
      if (!response.ok || !Array.isArray(found)) throw new Error(`no list of orders (${response.status})`);
      const same = found.find((order) => lines(order.products) === lines(products));
      const note = "an earlier attempt succeeded, but its answer was lost";
      if (same) this.finish(entry, "existing", { status: 200, id: same.transactionId, note });
      else this.finish(entry, "refused", refusal(status, body, 0));
    } catch {
      this.finish(entry, "unknown", { status: 0, ...lostNote(0, body) });
    }
    return [];
  }

  /**
   * The attempts are exhausted: orders that may exist are unknown, those that were certainly not accepted stay as they
   * were.
   */
  giveUp(call) {
    for (const entry of call) {
      const { status, body } = entry.last;
      if (entry.wasLost) this.finish(entry, "unknown", { status, ...lostNote(status, body) });
      else this.finish(entry, entry.before, { status, note: `not accepted after ${entry.tries} attempts (${status})` });
    }
  }

  /** One order of the call is bad: splitting the call finds it. After a stop, unsent orders stay as they were. */
  async halve(call) {
    const middle = Math.ceil(call.length / 2);
    for (const half of [call.slice(0, middle), call.slice(middle)]) {
      if (this.isStopped) this.leave(half);
      else await this.send(half);
    }
  }

  /** These orders get no call: one whose answer was lost before may exist, the others stay as they were. */
  leave(call) {
    for (const entry of call) {
      if (entry.wasLost) this.finish(entry, "unknown", { status: 0, ...lostNote(0, "") });
      else this.onState(entry.order, entry.before);
    }
  }

  refuseCall(call, status, body) {
    for (const entry of call) {
      if (entry.wasLost) this.finish(entry, "unknown", { status, ...lostNote(status, body) });
      else this.onState(entry.order, entry.before);
    }
    this.fault = `The API rejected the call (${status}): ${messageOf(body) || "is the address right?"}`;
    this.stop();
  }

  finish(entry, state, result) {
    this.done += 1;
    this.onState(entry.order, state, { ...result, tries: entry.tries });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isAnswerOf(entries, call) {
  return Array.isArray(entries) && entries.length === call.length && entries.every((entry) => Number.isInteger(entry?.status));
}

/** Seconds or a date, as milliseconds from now; undefined if absent. */
export function retryAfter(header, now = Date.now()) {
  if (!header) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function messageOf(body) {
  return body?.message ?? "";
}

function lostNote(status, body) {
  const why = status === 0 ? "the answer was lost" : `the API answered ${status} ${messageOf(body)}`.trim();
  return { note: `${why}: the order may exist`, code: body?.code ?? body?.error ?? "" };
}

/**
 * The errors of an order in a common format: both APIs return codes, messages and pointers. Pointers start at the
 * order.
 */
export function refusal(status, body, index) {
  const code = body?.code ?? body?.error ?? String(status);
  const message = messageOf(body) || `status ${status}`;
  const listed = Array.isArray(body?.errors) ? body.errors : Array.isArray(body?.details) ? body.details : [];
  const errors = listed.map((error) => ({
    code: error.errorCode ?? error.error ?? code,
    message: error.errorMessage ?? error.message ?? message,
    pointer: String(error.pointer ?? "").replace(new RegExp(`^/bulk/${index}(?=/|$)`), ""),
  }));
  return { status, code, message, id: "", errors: errors.length > 0 ? errors : [{ code, message, pointer: "" }] };
}
