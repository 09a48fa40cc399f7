/** Counts, notes and the details of a row, around the table. */

import { problemText } from "./cells.js";
import { byId, element, formatted } from "./dom.js";

const countItem = (label, count, look = "") => ({ label, text: formatted(count), look: `count ${count > 0 ? look : ""}` });

/** Keeps the elements and only changes their texts: this runs several times a second. */
function fill(list, items) {
  if (list.children.length === 0) list.append(...items.map(() => element("div", {}, element("dt"), element("dd"))));
  for (const [index, { label, text, look }] of items.entries()) {
    const item = list.children[index];
    item.className = look;
    item.firstChild.textContent = label;
    item.lastChild.textContent = text;
  }
}

export function showCounts({ counts }) {
  const { states } = counts;
  fill(byId("counts"), [
    countItem("Rows", counts.rows),
    countItem("Orders", counts.orders),
    countItem("Ready", states.ready ?? 0, "ok"),
    countItem("Orders with errors", states.invalid ?? 0, "error"),
    countItem("Rows with problems", counts.problemRows, "error"),
    countItem("Errors", counts.error, "error"),
    countItem("Warnings", counts.warning, "warning"),
  ]);
}

export function showResultCounts({ counts: { states } }) {
  fill(byId("result-counts"), [
    countItem("Created", states.created ?? 0, "ok"),
    countItem("Already exists", states.existing ?? 0, "ok"),
    countItem("Refused", states.refused ?? 0, "error"),
    countItem("Unknown, may exist", states.unknown ?? 0, "warning"),
    countItem("Not sent", (states.ready ?? 0) + (states.invalid ?? 0)),
  ]);
}

export function showNotes(notes) {
  if (byId("notes").children.length === notes.length) return;
  const word = { error: "Error: ", warning: "Note: " };
  byId("notes").replaceChildren(...notes.map(({ severity, text }) => element("li", { className: severity }, element("strong", {}, word[severity]), text)));
}

const FILTER_LABELS = {
  all: "all rows",
  problems: "only rows with problems",
  warnings: "only rows with warnings",
  ready: "ready to send",
  accepted: "created or already existing",
  refused: "refused",
  unknown: "unknown, may exist",
};

export function fillFilters(select) {
  select.replaceChildren(...Object.entries(FILTER_LABELS).map(([value, text]) => element("option", { value }, text)));
}

/** The selected row: its position, value and problems, each with a button to go to its cell. */
export function showDetails(container, { row, column, columns, onGoTo, onOpen }) {
  if (!row) {
    container.replaceChildren();
    return;
  }
  const parts = [element("h3", {}, `Row ${row.number}${column.id === "cell" ? ` · ${column.title}` : ""}`)];
  if (column.id === "cell" && row.cells[column.cellIndex]) parts.push(element("p", { className: "value" }, row.cells[column.cellIndex]));
  if (row.note) parts.push(element("p", { className: "hint" }, row.note));
  if (row.heldBy) parts.push(element("p", { className: "hint" }, `Its order is not sent, because row ${row.heldBy} has an error.`));
  if (row.problems.length > 0) parts.push(element("ul", { className: "problems" }, ...row.problems.map((problem) => problemLine(problem, columns, onGoTo))));
  const label = row.orderId ? "Show the order" : column.isJson || columns.some(({ isJson }) => isJson) ? "Edit the order" : "";
  if (label) {
    const open = element("button", { type: "button" }, label);
    open.addEventListener("click", onOpen);
    parts.push(open);
  }
  container.replaceChildren(...parts);
}

function problemLine(problem, columns, onGoTo) {
  const column = columns[problem.column];
  const title = column && !column.isJson ? column.title : "";
  const item = element("li", { className: problem.severity }, problemText(problem, title));
  if (problem.column >= 0) {
    const go = element("button", { type: "button", className: "place" }, "Go to cell");
    go.addEventListener("click", () => onGoTo(problem.column));
    item.append(" ", go);
  }
  return item;
}
