/**
 * The files to download: the result of each order (CSV and JSONL), and the uploaded file with its fixes.
 */

import { csvRecord, neutralised } from "./csv.js";
import { compact } from "./json-text.js";

/** Distinguishes orders without a result from those that were sent. */
const STATUS = { ready: "not sent", invalid: "invalid", new: "not checked" };

function entriesOf(store) {
  return store.ordersIn(["ready", "invalid", "sending", "created", "existing", "refused", "unknown"]);
}

function columnTitle(store, problem) {
  return store.isCsv && problem.column >= 0 ? (store.columns[problem.column]?.title ?? "") : "";
}

/** The result of one order, for both files. */
function entry(store, order) {
  const { result } = order;
  return {
    rows: order.rows.map(({ number }) => number),
    ...order.ids,
    [store.api.idMember]: store.shownId(order),
    status: STATUS[order.state] ?? order.state,
    httpStatus: result?.status ?? null,
    orderId: result?.id ?? "",
    note: result?.note ?? "",
    problems: order.problems.map((problem) => ({
      severity: problem.severity,
      row: problem.row.number,
      column: columnTitle(store, problem),
      code: problem.code,
      pointer: problem.pointer,
      message: problem.message,
    })),
  };
}

const HEADER = ["rows", "id", "status", "httpStatus", "orderId", "note", "severity", "row", "column", "code", "pointer", "message"];

/**
 * A line for every problem of an order, or one if it has none. Cells that a spreadsheet would run are neutralised.
 * Begins with a BOM, because spreadsheets otherwise assume the machine's encoding for CSV.
 */
export function resultCsv(store) {
  const header = [...HEADER];
  header[1] = store.api.idMember;
  const parts = ["\uFEFF", csvRecord(header)];
  for (const order of entriesOf(store)) {
    const result = entry(store, order);
    const start = [result.rows.join(" "), result[store.api.idMember], result.status, result.httpStatus, result.orderId, result.note];
    for (const problem of result.problems.length > 0 ? result.problems : [{}]) {
      const { severity, row, column, code, pointer, message } = problem;
      const cells = [...start, severity, row, column, code, pointer, message].map((cell) => neutralised(String(cell ?? "")));
      parts.push(csvRecord(cells));
    }
  }
  return parts;
}

/** An object for each order. */
export function resultJsonl(store) {
  return entriesOf(store).map((order) => `${JSON.stringify(entry(store, order))}\n`);
}

/** The uploaded file with its fixes, and with the ids that the page assigned, so that it can safely be sent again. */
export function corrected(store) {
  if (store.isCsv) return { parts: correctedCsv(store), extension: "csv", type: "text/csv;charset=utf-8" };
  const texts = store.rows.map(({ order }) => store.sentText(order));
  if (store.format === "jsonl") {
    return { parts: texts.map((text) => `${compact(text)}\n`), extension: "jsonl", type: "application/x-ndjson" };
  }
  const parts = texts.map((text, index) => `${index === 0 ? "" : ",\n"}${text}`);
  return { parts: ["[\n", ...parts, "\n]\n"], extension: "json", type: "application/json" };
}

/** Cells are written unchanged: this file is read back as orders, so nothing may be added to them. */
function correctedCsv(store) {
  const delimiter = store.delimiter() ?? ",";
  const isGiven = store.givesIds && store.rows.some(({ order }) => order.given !== "");
  const addsColumn = isGiven && store.idColumn < 0;
  const parts = ["\uFEFF", csvRecord(addsColumn ? [...store.header, store.api.idMember] : store.header, delimiter)];
  for (const row of store.rows) {
    const cells = [...row.cells];
    while (cells.length < store.columns.length) cells.push("");
    const given = isGiven ? row.order.given : "";
    if (addsColumn) cells.push(given);
    else if (given !== "") cells[store.idColumn] = given;
    if (row.surplus !== "") cells.push(row.surplus);
    parts.push(csvRecord(cells, delimiter));
  }
  return parts;
}
