/**
 * One visit of the page, as the worker holds it: the store, the table's view of it, and the sending. Contains every
 * method that `worker.js` exposes; all arguments and results can be cloned.
 */

import { APIS } from "./apis.js";
import { corrected, resultCsv, resultJsonl } from "./results.js";
import { read } from "./read.js";
import { Sender } from "./submit.js";
import { Store } from "./store.js";
import { pretty } from "./json-text.js";

/** Minimum time between two reports of counts to the page, each of which redraws it. */
const REPORT_MS = 200;

const isProblem = ({ severity }) => severity !== "warning";

/** The rows that each filter of the table shows. */
const FILTERS = {
  all: () => true,
  problems: (row) => row.problems.some(isProblem) || row.order.state === "unknown",
  warnings: (row) => row.problems.some(({ severity }) => severity === "warning"),
  ready: (row) => row.order.state === "ready",
  accepted: (row) => row.order.state === "created" || row.order.state === "existing",
  refused: (row) => row.order.state === "refused",
  unknown: (row) => row.order.state === "unknown",
};

export class Session {
  /**
   * `edge` is the validator package, `notify(event)` reaches the page, `newId()` returns a random id, `fetch` sends.
   */
  constructor({ edge, notify, newId, fetch, sleep }) {
    Object.assign(this, { edge, notify, newId, fetch, sleep });
    this.store = null;
    this.filter = "all";
    this.view = [];
    this.generation = 0;
    this.reportedAt = 0;
    this.sender = null;
  }

  rulesVersion() {
    return this.edge.rulesVersion();
  }

  // ------------------------------------------------------------------------------------------------ loading

  /** Loads a `Blob` or a text. A later call replaces one that is still running. */
  async load({ api, file = null, text = null, name = "", givesIds = true }) {
    const generation = (this.generation += 1);
    const started = performance.now();
    const begin = (format) => this.begin(APIS[api], format, givesIds);
    this.filter = "all";
    const store = await read({
      source: file ?? { text },
      name,
      begin,
      onProgress: () => this.report("loading"),
      isStale: () => generation !== this.generation,
    });
    if (!store) return null;
    this.loadMs = performance.now() - started;
    this.report("loaded", true);
    return this.summary();
  }

  begin(api, format, givesIds) {
    const validate = this.edge[api.validate];
    this.store = new Store({ api, format, validate, newId: this.newId });
    this.store.givesIds = givesIds && api.canGiveIds;
    this.view = [];
    return this.store;
  }

  /** Discards everything that was loaded. */
  clear() {
    this.generation += 1;
    clearTimeout(this.later);
    this.later = null;
    this.store = null;
    this.view = [];
  }

  // ------------------------------------------------------------------------------------------------ reporting

  /** Reports the counts to the page, at most as often as it can show them; a report that comes too soon is delayed. */
  report(phase, isLast = false) {
    const wait = this.reportedAt + REPORT_MS - performance.now();
    if (!isLast && wait > 0) {
      this.later ??= setTimeout(() => this.report(this.phase, true), wait);
      this.phase = phase;
      return;
    }
    clearTimeout(this.later);
    this.later = null;
    this.reportedAt = performance.now();
    if (!this.store) return;
    this.refreshView();
    this.notify({ phase, ...this.summary() });
  }

  refreshView() {
    if (!this.store) return;
    const { rows } = this.store;
    if (this.filter === "all") {
      for (let index = this.view.length; index < rows.length; index += 1) this.view.push(index);
      return;
    }
    const shows = FILTERS[this.filter];
    this.view = rows.filter(shows).map(({ index }) => index);
  }

  summary() {
    const { store } = this;
    if (!store) return null;
    return {
      format: store.format,
      api: store.api.name,
      counts: { ...store.counts, states: { ...store.counts.states } },
      viewed: this.view.length,
      filter: this.filter,
      columns: this.shownColumns(),
      showsGiven: store.givesIds,
      notes: store.notes,
      editedCells: store.editedCells,
      loadMs: this.loadMs ?? 0,
      sending: this.sender?.progress() ?? null,
    };
  }

  shownColumns() {
    const { store } = this;
    const shown = store.columns.map(({ title, path, isReadOnly, isJson, index }) => ({
      title,
      isSent: !store.isCsv || path !== undefined,
      isReadOnly: isReadOnly === true,
      isJson: isJson === true,
      isId: index === (store.isCsv ? store.idColumn : 0),
    }));
    if (store.hasSurplus) shown.push({ title: "(surplus cells)", isSent: false, isReadOnly: false, isJson: false, isId: false });
    return shown;
  }

  /** Recomputes the rows that the table shows: fixed rows leave “only problems” here and not while they are edited. */
  setFilter(filter) {
    this.filter = filter;
    this.view = [];
    this.refreshView();
    return this.summary();
  }

  setGivesIds(givesIds) {
    if (this.store) this.store.givesIds = givesIds && this.store.api.canGiveIds;
    return this.summary();
  }

  /** Rows of the view, from `start` up to `end`. */
  rows(start, end) {
    if (!this.store) return [];
    return this.view.slice(start, end).map((index) => this.shownRow(this.store.rows[index]));
  }

  shownRow(row) {
    const { store } = this;
    const { order } = row;
    return {
      index: row.index,
      number: row.number,
      cells: store.cellsOf(row),
      givenId: store.givesIds && order.ids[store.api.idMember] === "" ? order.given : "",
      state: order.state,
      heldBy: order.state === "invalid" && !row.problems.some(isProblem) ? this.firstBadRow(order) : 0,
      problems: row.problems.map(({ severity, code, message, pointer, column }) => ({ severity, code, message, pointer, column })),
      edited: row.edited ? [...row.edited] : [],
      isLocked: this.isSending || store.isLocked(order),
      orderId: order.result?.id ?? "",
      note: order.result?.note ?? "",
      status: order.result?.status ?? 0,
    };
  }

  firstBadRow(order) {
    return order.found.find(isProblem)?.row.number ?? order.rows[0].number;
  }

  /** The next cell with a problem after a position in the view, wrapping around at the end; null if there is none. */
  nextProblem(position, column) {
    const { rows } = this.store;
    const count = this.view.length;
    for (let step = 0; step <= count; step += 1) {
      const at = (position + step) % count;
      const problems = rows[this.view[at]].problems.filter(isProblem);
      const next = problems.find((problem) => step > 0 || problem.column > column);
      if (next) return { position: at, column: next.column };
    }
    return null;
  }

  // ------------------------------------------------------------------------------------------------ editing

  /** Orders that are being sent cannot be edited. */
  get isSending() {
    return this.sender !== null;
  }

  editCell(index, column, value) {
    const isDone = !this.isSending && this.store.editCell(this.store.rows[index], column, value);
    return { isDone, row: this.shownRow(this.store.rows[index]), summary: this.summary() };
  }

  editText(index, text) {
    const isDone = !this.isSending && this.store.editText(this.store.rows[index], text);
    return { isDone, row: this.shownRow(this.store.rows[index]), summary: this.summary() };
  }

  /** An order of a JSON file for the editor, formatted with its original tokens. */
  text(index) {
    const row = this.store.rows[index];
    return { text: pretty(row.text), ...this.shownRow(row) };
  }

  /** The problems of a text that is not stored yet: for the editor, while the user types. */
  tryText(text) {
    const verdict = this.store.validate(text);
    const order = verdict.orders[0];
    return { errors: [...verdict.violations, ...(order?.violations ?? [])], warnings: order?.warnings ?? [] };
  }

  // ------------------------------------------------------------------------------------------------ sending

  /** Sends the orders in one of the states. Returns once all have an answer, or after a stop. */
  async send({ base, credentials, states, ordersPerCall }) {
    const { store } = this;
    const orders = store.ordersIn(states);
    this.sender = new Sender({
      api: store.api,
      base,
      credentials,
      ordersPerCall,
      fetch: this.fetch,
      sleep: this.sleep,
      textOf: (order) => store.sentText(order),
      onState: (order, state, result) => {
        store.setState(order, state, result);
        this.report("sending");
      },
    });
    const fault = await this.sender.run(orders);
    this.report("sent", true);
    this.sender = null;
    return { fault, summary: this.summary() };
  }

  pause(isPaused) {
    this.sender?.pause(isPaused);
  }

  stop() {
    this.sender?.stop();
  }

  // ------------------------------------------------------------------------------------------------ files

  /** A file to download: `{blob, name}`. */
  file(kind) {
    const { store } = this;
    if (kind === "corrected") {
      const { parts, extension, type } = corrected(store);
      return { blob: new Blob(parts, { type }), name: `orders-corrected.${extension}` };
    }
    const isCsv = kind === "result-csv";
    const parts = isCsv ? resultCsv(store) : resultJsonl(store);
    const type = isCsv ? "text/csv;charset=utf-8" : "application/x-ndjson";
    return { blob: new Blob(parts, { type }), name: `orders-result.${isCsv ? "csv" : "jsonl"}` };
  }
}
