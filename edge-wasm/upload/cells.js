/** The columns of the table, and what a cell shows and announces. */

/** Columns before and after those of the file. */
const NUMBER_COLUMN = { id: "number", title: "Row", width: 72, isPinned: true, isRowHeader: true };
const STATUS_COLUMN = { id: "status", title: "Status", width: 172 };
const PROBLEMS_COLUMN = { id: "problems", title: "Problems", width: 320 };
const GIVEN_COLUMN = { id: "given", title: "safeId (given)", width: 250 };
const ORDER_COLUMN = { id: "order", title: "Order id", width: 240 };

const WIDTH_MIN = 128;
const WIDTH_MAX = 280;
const JSON_WIDTH = 560;
/** Approximate width of a header character. */
const CHARACTER_WIDTH = 8;

const SEVERITY_WORDS = { error: "Error", refused: "Refused", warning: "Warning" };

/** The columns of the table for the columns of a file. */
export function gridColumns(columns, { showsGiven, showsOrders, isWide }) {
  const ofFile = columns.map((column, cellIndex) => ({
    id: "cell",
    cellIndex,
    title: column.title,
    width: widthOf(column),
    isEditable: !column.isReadOnly && !column.isJson,
    isJson: column.isJson,
    isId: column.isId,
    isSent: column.isSent || column.isReadOnly || column.isJson,
  }));
  const hasIdColumn = columns.some(({ isId }) => isId);
  const given = showsGiven && !hasIdColumn ? [GIVEN_COLUMN] : [];
  // A problem in JSON is located by its pointer, because the whole order is in one column.
  const titles = columns.map(({ title, isJson }) => (isJson ? undefined : title));
  const all = [NUMBER_COLUMN, { ...STATUS_COLUMN, isPinned: isWide }, { ...PROBLEMS_COLUMN, titles }, ...given, ...ofFile, ...(showsOrders ? [ORDER_COLUMN] : [])];
  return all.map((column, index) => ({ isSent: true, ...column, index }));
}

function widthOf({ title, isJson, isId }) {
  if (isJson) return JSON_WIDTH;
  if (isId) return 250;
  return Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, title.length * CHARACTER_WIDTH + 32));
}

function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** The state of a row in words; the style (`ok`, `error`, …) only repeats it. */
export function rowStatus(row) {
  const errors = row.problems.filter(({ severity }) => severity === "error").length;
  const warnings = row.problems.filter(({ severity }) => severity === "warning").length;
  if (row.state === "invalid") return errors > 0 ? ["error", plural(errors, "error")] : ["held", `Blocked by row ${row.heldBy}`];
  if (row.state === "ready" && warnings > 0) return ["warning", plural(warnings, "warning")];
  const states = {
    ready: ["ok", row.note ? "Ready (not accepted)" : "Ready"],
    sending: ["busy", "Sending"],
    created: ["done", "Created"],
    existing: ["done", "Already exists"],
    refused: ["error", `Refused (${row.status})`],
    unknown: ["unknown", "Unknown, may exist"],
  };
  return states[row.state] ?? ["busy", "Checking"];
}

/** One problem as a sentence. */
export function problemText({ severity, code, message, pointer }, columnTitle) {
  const place = columnTitle || pointer;
  return `${SEVERITY_WORDS[severity]}${place ? ` in ${place}` : ""}: ${message} (${code})`;
}

function problemsOf(row, column) {
  if (column.id === "problems") return row.problems.filter((problem) => problem.column < 0);
  return column.id === "cell" ? row.problems.filter((problem) => problem.column === column.cellIndex) : [];
}

/** What a screen reader announces for a cell beyond its value. */
export function describeCell(row, column) {
  const sentences = problemsOf(row, column).map((problem) => problemText(problem, column.isJson ? "" : column.title));
  if (column.id === "cell" && row.edited.includes(column.cellIndex)) sentences.push("Edited");
  return sentences.join(". ");
}

/** Fills a cell of the table. User input is always set as text. */
export function paintCell(cell, row, column) {
  const text = document.createElement("span");
  text.className = "cell-text";
  cell.append(text);
  if (column.id === "number") text.textContent = String(row.number);
  else if (column.id === "status") paintStatus(cell, text, row);
  else if (column.id === "problems") paintProblems(text, row, column);
  else if (column.id === "given") paintGiven(text, row);
  else if (column.id === "order") paintOrder(text, row);
  else paintValue(cell, text, row, column);
  cell.title = text.textContent;
  if (column.id !== "cell" || row.isLocked) cell.setAttribute("aria-readonly", "true");
  markProblems(cell, row, column);
}

function paintStatus(cell, text, row) {
  const [look, words] = rowStatus(row);
  text.textContent = words;
  text.classList.add("badge", look);
}

function paintProblems(text, row, { titles }) {
  const [first] = row.problems;
  text.textContent = row.note;
  if (!first) return;
  const place = titles[first.column] ?? first.pointer;
  const more = row.problems.length > 1 ? ` (and ${row.problems.length - 1} more)` : "";
  text.textContent = `${place ? `${place}: ` : ""}${first.message}${more}`;
}

function paintGiven(text, row) {
  text.textContent = row.givenId;
  text.classList.add("ghost");
}

function paintOrder(text, row) {
  text.textContent = row.orderId;
  if (row.orderId) text.classList.add("link");
}

function paintValue(cell, text, row, column) {
  const value = row.cells[column.cellIndex] ?? "";
  const isGiven = value === "" && row.givenId !== "" && column.isId;
  text.textContent = isGiven ? row.givenId : value;
  text.classList.toggle("ghost", isGiven);
  if (column.isJson) text.classList.add("code");
  cell.classList.toggle("not-sent", !column.isSent);
  cell.classList.toggle("edited", row.edited.includes(column.cellIndex));
}

function markProblems(cell, row, column) {
  const says = describeCell(row, column);
  if (says === "") return;
  const severities = problemsOf(row, column).map(({ severity }) => severity);
  if (severities.length > 0) {
    const isWarning = severities.every((severity) => severity === "warning");
    cell.classList.add(isWarning ? "warned" : "wrong");
    if (!isWarning) cell.setAttribute("aria-invalid", "true");
    cell.title = says;
  }
  const description = document.createElement("span");
  description.id = `${cell.id}-says`;
  description.hidden = true;
  description.textContent = says;
  cell.append(description);
  cell.setAttribute("aria-describedby", description.id);
}
