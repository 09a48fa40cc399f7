/**
 * The loaded data: rows, the orders they form, their problems and their results. Uses no DOM and does no input or
 * output; the validator is passed in.
 *
 * The states of an order: the validator decides `ready` and `invalid`; the API decides `sending`, `created`, `existing`
 * (the order already existed), `refused` and `unknown` (the answer was lost, the order may exist).
 */

import { compact, literals, spanOf, stringMembers } from "./json-text.js";
import { buildTemplate, disagreements, locator, orderJson, readHeader } from "./orders-from-rows.js";

/** Orders that were sent, or may have been, can no longer be edited. */
const LOCKED = new Set(["sending", "created", "existing", "unknown"]);
/** How many characters of an order's JSON its row shows. */
const PREVIEW_CHARACTERS_MAX = 200;

const NO_PROBLEMS = Object.freeze([]);

export class Store {
  /**
   * `validate(text)` returns the verdict on one order; `newId()` a random id. `format` is csv, json or jsonl.
   */
  constructor({ api, format, validate, newId }) {
    Object.assign(this, { api, format, validate, newId });
    this.rows = [];
    this.orders = new Set();
    this.columns = [];
    this.notes = [];
    this.givesIds = api.canGiveIds;
    this.hasSurplus = false;
    this.editedCells = 0;
    this.counts = { rows: 0, orders: 0, error: 0, warning: 0, refused: 0, problemRows: 0, warningRows: 0, states: {} };
    this.byKey = new Map();
    this.byId = new Map();
    if (format !== "csv") this.columns = this.jsonColumns();
  }

  get isCsv() {
    return this.format === "csv";
  }

  // ------------------------------------------------------------------------------------------------ filling

  setHeader(cells) {
    const { columns, notes, byName } = readHeader(this.api, cells);
    this.header = cells;
    this.columns = columns;
    this.notes.push(...notes);
    this.template = buildTemplate(this.api, columns);
    this.keyColumns = this.api.keyColumns.filter((name) => byName.has(name)).map((name) => byName.get(name));
    this.byName = byName;
    this.idColumn = byName.get(this.api.idMember) ?? -1;
  }

  jsonColumns() {
    const ids = this.api.idMembers.map((title, index) => ({ title, index, isReadOnly: true }));
    return [...ids, { title: "Order (JSON)", index: ids.length, isJson: true }];
  }

  /** Adds a CSV record; returns its order, which is not checked yet, or null for a row of empty cells. */
  addRecord({ number, cells, faults }) {
    if (cells.every((cell) => cell === "")) return null;
    const width = this.columns.length;
    const surplus = cells.slice(width).some((cell) => cell !== "") ? cells.slice(width).join(" | ") : "";
    if (surplus !== "") this.hasSurplus = true;
    const row = this.addRow({ number, cells: cells.slice(0, width), surplus, faults });
    this.join(row);
    return row.order;
  }

  /** Adds an order of a JSON file. */
  addOrderText({ line, text }) {
    const row = this.addRow({ number: this.rows.length + 1, line, text });
    this.open(row);
    return row.order;
  }

  addRow(fields) {
    const row = { index: this.rows.length, problems: NO_PROBLEMS, order: null, edited: null, ...fields };
    this.rows.push(row);
    this.counts.rows += 1;
    return row;
  }

  keyOf(row) {
    const column = this.keyColumns.find((index) => (row.cells[index] ?? "") !== "");
    return column === undefined ? null : `${column}:${row.cells[column]}`;
  }

  /** Adds a row to the order with its key, or starts a new one. */
  join(row) {
    const key = this.keyOf(row);
    const order = key === null ? undefined : this.byKey.get(key);
    if (!order || LOCKED.has(order.state)) {
      this.open(row, key);
      return;
    }
    order.rows.push(row);
    order.rows.sort((left, right) => left.index - right.index);
    row.order = order;
  }

  open(row, key = null) {
    const order = { rows: [row], key, ids: {}, given: "", found: NO_PROBLEMS, state: "new", result: null, isCounted: false };
    row.order = order;
    this.orders.add(order);
    if (key !== null && !this.byKey.has(key)) this.byKey.set(key, order);
  }

  /** Removes a row from its order before its key changes. */
  leave(row) {
    const order = row.order;
    order.rows = order.rows.filter((other) => other !== row);
    if (order.rows.length > 0) return order;
    this.discount(order);
    this.orders.delete(order);
    if (this.byKey.get(order.key) === order) this.byKey.delete(order.key);
    this.setIds(order, {});
    return null;
  }

  // ------------------------------------------------------------------------------------------------ checking

  textOf(order) {
    return this.isCsv ? orderJson(this.template, order.rows) : order.rows[0].text;
  }

  /** The text to send: with the id that the page assigned if it has none of its own. */
  sentText(order) {
    const text = this.textOf(order);
    return this.givesIds && order.given !== "" ? this.api.withId(text, order.given) : text;
  }

  /** Validates an order again. */
  check(order) {
    this.discount(order);
    const text = this.textOf(order);
    const verdict = this.validate(text);
    order.found = this.problemsOf(order, verdict);
    order.result = null;
    order.state = order.found.some(({ severity }) => severity === "error") ? "invalid" : "ready";
    this.setIds(order, this.idsOf(order, text));
    if (this.api.canGiveIds) this.giveId(order);
    this.count(order);
  }

  /** The ids of an order; for rows they are read from the cells, which is faster than from the text. */
  idsOf(order, text) {
    const { idMembers } = this.api;
    if (!this.isCsv) return stringMembers(text, idMembers);
    return Object.fromEntries(idMembers.map((name) => [name, this.cellOf(order, this.byName.get(name))]));
  }

  cellOf(order, column) {
    return order.rows.find(({ cells }) => cells[column])?.cells[column] ?? "";
  }

  giveId(order) {
    if (order.ids[this.api.idMember] !== "") order.given = "";
    else if (order.given === "") order.given = this.newId();
  }

  problemsOf(order, verdict) {
    const own = this.isCsv ? this.rowProblems(order) : NO_PROBLEMS;
    const { violations, warnings } = flat(verdict);
    if (own.length + violations.length + warnings.length === 0) return NO_PROBLEMS;
    const locate = this.locator(order);
    const placed = (severity) => ({ pointer, code, message }) => ({ severity, code, message, pointer, ...locate(pointer) });
    return [...own, ...violations.map(placed("error")), ...warnings.map(placed("warning"))];
  }

  /** Maps a pointer in the order to a row and a column (or -1). */
  locator(order) {
    if (this.isCsv) return locator(this.template, order.rows);
    const json = this.columns.length - 1;
    return (pointer) => {
      const column = this.columns.findIndex(({ title }) => pointer === `/${title}`);
      return { row: order.rows[0], column: column < 0 ? json : column };
    };
  }

  /** Problems of the rows themselves. */
  rowProblems(order) {
    const found = [];
    const add = (row, column, code, message) => found.push({ severity: "error", code, message, pointer: "", row, column });
    for (const row of order.rows) {
      if (row.surplus !== "") {
        add(row, this.columns.length, "SURPLUS_CELLS", `the row has more cells than the header has columns: “${row.surplus}”. Is a cell that contains the delimiter missing its quotes?`);
      }
      for (const column of row.faults) {
        add(row, column, "CSV_QUOTES", "this cell has an unclosed quote or a quote in the middle");
      }
    }
    for (const { row, column, first } of disagreements(this.columns, order.rows)) {
      add(row, column.index, "ORDER_ROWS_DIFFER", `the rows of one order must agree: row ${first.number} has “${first.cells[column.index]}”`);
    }
    return found;
  }

  // ------------------------------------------------------------------------------------------------ across the file

  setIds(order, ids) {
    const before = Object.entries(order.ids).filter(([, id]) => id !== "");
    const after = Object.entries(ids).filter(([, id]) => id !== "");
    order.ids = ids;
    for (const entry of before) this.removeId(order, entry.join(":"));
    for (const entry of after) this.addId(order, entry.join(":"));
  }

  addId(order, id) {
    const holders = this.byId.get(id) ?? new Set();
    holders.add(order);
    this.byId.set(id, holders);
    // The first order learns of its first duplicate here; a later one reports the first itself.
    if (holders.size === 2) this.count(holders.values().next().value);
  }

  removeId(order, id) {
    const holders = this.byId.get(id);
    holders?.delete(order);
    if (holders?.size === 0) this.byId.delete(id);
    else if (holders) for (const other of [...holders]) this.count(other);
  }

  /** Other orders in the file with the same id: never an error here, because the API decides. */
  doubles(order) {
    const found = [];
    for (const [member, id] of Object.entries(order.ids)) {
      const holders = id === "" ? null : this.byId.get(`${member}:${id}`);
      if (!holders || holders.size < 2 || !holders.has(order)) continue;
      const iterator = holders.values();
      const first = iterator.next().value;
      const other = first === order ? iterator.next().value : first;
      const problem = this.double(order, member, other);
      if (problem) found.push(problem);
    }
    return found;
  }

  double(order, member, other) {
    const place = other.rows[0].number;
    const says = {
      safeId: ["DUPLICATE_SAFE_ID", `row ${place} has the same safeId: if both are equal they are one order, otherwise the API rejects the second`],
      externalId: ["DUPLICATE_EXTERNAL_ID", `row ${place} has the same externalId: the API rejects the second unless allowExternalOrderIdDuplication is true`],
      clientOrderNumber: ["DUPLICATE_CLIENT_ORDER_NUMBER", `row ${place} has the same clientOrderNumber: with the duplicate check the API rejects the second, without it both are created`],
    };
    if (member === "externalId" && this.allowsExternalIdTwice(order)) return null;
    const [code, message] = says[member];
    return { severity: "warning", code, message, pointer: `/${member}`, ...this.locator(order)(`/${member}`) };
  }

  allowsExternalIdTwice(order) {
    const name = "allowExternalOrderIdDuplication";
    return literals(this.textOf(order), [name])[name] === "true";
  }

  // ------------------------------------------------------------------------------------------------ counting

  /** Collects the problems of an order and adds them to the counts, after subtracting its previous ones. */
  count(order) {
    this.discount(order);
    order.problems = [...order.found, ...(order.result?.problems ?? NO_PROBLEMS), ...this.doubles(order)];
    for (const row of order.rows) row.problems = NO_PROBLEMS;
    for (const problem of order.problems) {
      if (problem.row.problems === NO_PROBLEMS) problem.row.problems = [];
      problem.row.problems.push(problem);
    }
    for (const row of order.rows) {
      if (row.problems.length > 1) row.problems.sort(byWeight);
    }
    this.tally(order, 1);
    order.isCounted = true;
  }

  discount(order) {
    if (!order.isCounted) return;
    this.tally(order, -1);
    order.isCounted = false;
  }

  tally(order, sign) {
    const { counts } = this;
    counts.orders += sign;
    counts.states[order.state] = (counts.states[order.state] ?? 0) + sign;
    if (order.problems.length === 0) return;
    const failing = new Set();
    const warned = new Set();
    for (const { severity, row } of order.problems) {
      counts[severity] += sign;
      (severity === "warning" ? warned : failing).add(row);
    }
    counts.problemRows += sign * failing.size;
    counts.warningRows += sign * warned.size;
  }

  // ------------------------------------------------------------------------------------------------ editing

  isLocked(order) {
    return LOCKED.has(order.state);
  }

  /** Changes a cell and checks the affected orders. Returns whether it was allowed. */
  editCell(row, column, value) {
    if (this.isLocked(row.order) || !this.isCsv) return false;
    // A row with its own problem is counted in the old totals, so both orders are subtracted first.
    this.discount(row.order);
    const before = this.keyOf(row);
    if (column === this.columns.length) row.surplus = value;
    else {
      while (row.cells.length < column) row.cells.push("");
      row.cells[column] = value;
      row.faults = row.faults.filter((faulty) => faulty !== column);
    }
    this.noteEdit(row, column);
    const touched = new Set();
    if (this.keyOf(row) !== before) {
      touched.add(this.leave(row));
      this.join(row);
    }
    touched.add(row.order);
    for (const order of touched) if (order) this.check(order);
    return true;
  }

  /** Changes the text of an order of a JSON file. */
  editText(row, text) {
    if (this.isLocked(row.order) || this.isCsv) return false;
    row.text = text;
    this.noteEdit(row, this.columns.length - 1);
    this.check(row.order);
    return true;
  }

  noteEdit(row, column) {
    row.edited ??= new Set();
    if (!row.edited.has(column)) this.editedCells += 1;
    row.edited.add(column);
  }

  // ------------------------------------------------------------------------------------------------ sending

  /** The orders in a state, in file order. */
  ordersIn(states) {
    const wanted = [...this.orders].filter(({ state }) => states.includes(state));
    return wanted.sort((left, right) => left.rows[0].index - right.rows[0].index);
  }

  /** Records the result of an order. `result.errors` have pointers from the root of the order. */
  setState(order, state, result = null) {
    this.discount(order);
    order.state = state;
    if (result) {
      const locate = result.errors?.length ? this.locator(order) : null;
      const placed = (error) => ({ severity: "refused", ...error, ...locate(error.pointer) });
      order.result = { ...result, problems: (result.errors ?? []).map(placed) };
    }
    this.count(order);
  }

  // ------------------------------------------------------------------------------------------------ showing

  /** The cells of a row as the table shows them. */
  cellsOf(row) {
    if (this.isCsv) return this.hasSurplus ? [...padded(row.cells, this.columns.length), row.surplus] : row.cells;
    const ids = Object.values(row.order.ids);
    const preview = compact(row.text.length > 4096 ? row.text.slice(0, 4096) : row.text);
    return [...ids, preview.length > PREVIEW_CHARACTERS_MAX ? `${preview.slice(0, PREVIEW_CHARACTERS_MAX)}…` : preview];
  }

  /** The position of a problem in the text of a JSON order. */
  spanOf(row, pointer) {
    return spanOf(row.text, pointer);
  }

  shownId(order) {
    return order.ids[this.api.idMember] || (this.givesIds ? order.given : "");
  }
}

/** Errors first, then from left to right. */
function byWeight(left, right) {
  return Number(left.severity === "warning") - Number(right.severity === "warning") || left.column - right.column;
}

function padded(cells, width) {
  return cells.length === width ? cells : [...cells, ...Array(width - cells.length).fill("")];
}

/** The findings of a verdict on one order; those of the body as a whole (not JSON, too large) belong to the order. */
function flat(verdict) {
  const order = verdict.orders[0];
  if (verdict.violations.length === 0 && order) return order;
  return { violations: [...verdict.violations, ...(order?.violations ?? [])], warnings: order?.warnings ?? [] };
}

