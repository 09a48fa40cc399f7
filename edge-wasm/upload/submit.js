/**
 * Sends orders: cuts them into calls, repeats what may be repeated, and says of each order what became of it.
 *
 * The rule of repetition. 429 says that nothing was done, so every order is sent again. After 5xx and after a lost
 * answer nobody knows; an order that the API recognises when it comes again (by `safeId`, or by `clientOrderNumber` with
 * the duplicate check) is sent again, any other is `unknown` and never sent again by itself.
 */

import { BODY_BYTES_MAX, address } from "./apis.js";

/** Tries of one call, the first included. */
const TRIES_MAX = 5;
const CALL_TIMEOUT_MS = 60_000;
const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 30_000;
/** The longest `Retry-After` that is waited for; one that asks for more ends the tries. */
const RETRY_AFTER_MAX_MS = 120_000;
/** Answers that refuse the call and not the orders: no order can be sent until the user has changed something. */
const CALL_REFUSED = new Set([401, 403, 404, 405, 415]);

const encoder = new TextEncoder();

export class Sender {
  /**
   * `textOf(order)` gives the JSON to send, `onState(order, state, result)` is told every change. `fetch` and `sleep`
   * are handed in for tests.
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

  /** No new call is begun while paused; those under way come to their end. */
  pause(isPaused) {
    this.isPaused = isPaused;
    if (isPaused) return;
    const { wake } = this;
    this.wake = () => {};
    wake();
  }

  /** No new call and no repetition: what is under way is waited for, because breaking it off would lose its answer. */
  stop() {
    this.isStopped = true;
    this.signalStop();
    this.pause(false);
  }

  /** Answers null, or why the sending came to an early end. */
  async run(orders) {
    this.total = orders.length;
    this.queue = this.calls(orders);
    const lanes = Array.from({ length: this.api.callsAtOnce }, () => this.lane());
    await Promise.all(lanes);
    return this.fault;
  }

  /** The orders in groups that fit into a call, made one at a time so that the texts of all are never held at once. */
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
      // An order of an earlier run that is unknown may exist already, like one whose answer was lost in this run.
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

  /** Sends a call until each of its orders has an end. */
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

  /** One call. Status 0: no answer came. */
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

  /** Gives every order its end that has one now; answers those that are to be sent again. */
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

  /** The number is taken after a lost answer: most likely by this very order, so it is asked for. */
  async lookUp(entry, status, body) {
    const { clientOrderNumber, products } = JSON.parse(entry.text);
    const path = `${this.api.path}?clientOrderNumber=${encodeURIComponent(clientOrderNumber)}`;
    const lines = (list) => JSON.stringify(list.map(({ sku, quantity }) => [sku, quantity]));
    try {
      const response = await this.fetch(address(this.base, path), { headers: this.api.headers(this.credentials) });
      const found = parsed(await response.text())?.data?.items;
      // Without a list nothing is known of the order: it may exist.
      if (!response.ok || !Array.isArray(found)) throw new Error(`no list of orders (${response.status})`);
      const same = found.find((order) => lines(order.products) === lines(products));
      const note = "an earlier try had arrived; its answer was lost";
      if (same) this.finish(entry, "existing", { status: 200, id: same.transactionId, note });
      else this.finish(entry, "refused", refusal(status, body, 0));
    } catch {
      this.finish(entry, "unknown", { status: 0, ...lostNote(0, body) });
    }
    return [];
  }

  /** The tries are over: what may exist is unknown, what surely was not taken is as it was. */
  giveUp(call) {
    for (const entry of call) {
      const { status, body } = entry.last;
      if (entry.wasLost) this.finish(entry, "unknown", { status, ...lostNote(status, body) });
      else this.finish(entry, entry.before, { status, note: `not taken after ${entry.tries} tries (${status})` });
    }
  }

  /** One order of the call spoils it: two halves find out which. What is not sent any more after a stop is as it was. */
  async halve(call) {
    const middle = Math.ceil(call.length / 2);
    for (const half of [call.slice(0, middle), call.slice(middle)]) {
      if (this.isStopped) this.leave(half);
      else await this.send(half);
    }
  }

  /** These orders get no call: one whose answer was lost before may exist, the others are as they were. */
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
    this.fault = `The API refused the call (${status}): ${messageOf(body) || "is the address right?"}`;
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

/** Seconds or a date, in milliseconds from now; undefined if there is none. */
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

/** The refusal of an order: both APIs name code, message and places, in other words. Pointers start at the order. */
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
