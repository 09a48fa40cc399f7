/**
 * Turns the rows of a CSV file into the JSON text of orders, and pointers of verdicts back into cells.
 *
 * One row is one item (or line). Rows with the same key (see `keyColumns` in apis.js) are one order, wherever they are.
 * Values of the order itself may be in any of its rows; if given more than once, they must be equal. An empty cell is an
 * absent member.
 */

import { BOOLEAN, NUMBER, findColumn, nearestColumn, columnName } from "./columns.js";
import { pointerSegments } from "./json-text.js";

/** RFC 8259: the numbers that can be written into JSON as they are. */
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * The JSON text of a cell. A number keeps the digits that the user typed; anything else becomes a string, so that the
 * validator reports it at this cell.
 */
export function cellJson(cell, kind) {
  if (kind === NUMBER && JSON_NUMBER.test(cell.trim())) return cell.trim();
  if (kind === BOOLEAN && /^(true|false)$/i.test(cell.trim())) return cell.trim().toLowerCase();
  return JSON.stringify(cell);
}

/** Maps the header's columns to members, with notes for the user. */
export function readHeader(api, cells) {
  const columns = [];
  const notes = [];
  const taken = new Map();
  for (const [index, raw] of cells.entries()) {
    const title = raw.trim();
    const found = title === "" ? null : findColumn(api.tree, title);
    const name = found && columnName(found.path);
    const isTwice = found !== null && taken.has(name);
    if (isTwice) notes.push({ severity: "error", text: `Columns ${taken.get(name) + 1} and ${index + 1} are both ${name}: only the first is sent.` });
    else if (found) taken.set(name, index);
    else if (title !== "") notes.push({ severity: "warning", text: unknownColumn(api, title) });
    columns.push({ title: title === "" ? `(column ${index + 1})` : title, index, ...(isTwice ? {} : found) });
  }
  for (const name of api.requiredColumns) {
    if (!taken.has(name)) notes.push({ severity: "error", text: `The file has no column ${name}, which every order needs.` });
  }
  return { columns, notes, byName: taken };
}

function unknownColumn(api, title) {
  const nearest = nearestColumn(api.tree, title);
  return `Column “${title}” is unknown and is not sent.${nearest ? ` Did you mean ${nearest}?` : ""}`;
}

/**
 * The columns as a tree, built once per file. A node is a leaf `{column, kind}` or has `children`; its `type` is
 * object, array (empty entries are left out), named (`[{name, value}]`) or rows.
 */
export function buildTemplate(api, columns) {
  const root = { type: "object", children: new Map() };
  for (const column of columns) {
    if (column.path) insert(root, column.path, column);
  }
  // Written even if all of its cells are empty, so that the verdict points to the cells and not to the whole address.
  for (const name of api.requiredObjects) {
    if (root.children.has(name)) root.children.get(name).isKept = true;
  }
  return root;
}

function insert(node, path, column) {
  const [step, ...rest] = path;
  if (step.rows) {
    node.type = "rows";
    node.entry ??= { type: "object", children: new Map() };
    insert(node.entry, rest, column);
    return;
  }
  if (step.index !== undefined) node.type = "array";
  if (step.named !== undefined) node.type = "named";
  const key = step.member ?? step.entry ?? step.named ?? step.index;
  const isLeaf = rest.length === 0;
  if (!node.children.has(key)) {
    node.children.set(key, isLeaf ? { column: column.index, kind: column.kind } : { type: "object", children: new Map() });
  }
  if (!isLeaf) insert(node.children.get(key), rest, column);
}

/** Writes one order. With `places` it also records the origin of each pointer. */
class Writer {
  constructor(template, rows, places) {
    this.template = template;
    this.rows = rows;
    this.places = places;
  }

  write() {
    return this.node(this.template, this.rows, "") ?? "{}";
  }

  /** The JSON text of a node, or null if all of its cells are empty. `rows` are those that may fill it. */
  node(node, rows, pointer) {
    if (node.column !== undefined) return this.leaf(node, rows, pointer);
    this.places?.set(pointer, { node, rows });
    if (node.type === "rows") return this.rowEntries(node, rows, pointer);
    if (node.type === "array") return this.entries(node, rows, pointer);
    if (node.type === "named") return this.namedEntries(node, rows, pointer);
    return this.object(node, rows, pointer);
  }

  leaf(node, rows, pointer) {
    const row = rows.find(({ cells }) => (cells[node.column] ?? "") !== "");
    if (!row) return null;
    this.places?.set(pointer, { row, column: node.column });
    return cellJson(row.cells[node.column], node.kind);
  }

  object(node, rows, pointer) {
    const texts = [];
    for (const [name, child] of node.children) {
      const text = this.node(child, rows, this.places ? `${pointer}/${escaped(name)}` : "");
      if (text !== null) texts.push(`${JSON.stringify(name)}:${text}`);
    }
    return texts.length > 0 || node.isKept ? `{${texts.join(",")}}` : null;
  }

  /** In index order. Entries without cells are left out: the API's lists have no gaps. */
  entries(node, rows, pointer) {
    const texts = [];
    for (const [, child] of [...node.children].sort(([left], [right]) => left - right)) {
      const text = this.node(child, rows, `${pointer}/${texts.length}`);
      if (text !== null) texts.push(text);
    }
    return texts.length > 0 ? `[${texts.join(",")}]` : null;
  }

  namedEntries(node, rows, pointer) {
    const texts = [];
    for (const [name, child] of node.children) {
      const at = `${pointer}/${texts.length}`;
      const text = this.node(child, rows, `${at}/value`);
      if (text === null) continue;
      this.places?.set(`${at}/name`, this.places.get(`${at}/value`));
      texts.push(`{"name":${JSON.stringify(name)},"value":${text}}`);
    }
    return texts.length > 0 ? `[${texts.join(",")}]` : null;
  }

  /**
   * A row whose item cells are all empty only contributes to the order, but an order without any items has one empty
   * item.
   */
  rowEntries(node, rows, pointer) {
    const texts = [];
    for (const row of rows) {
      const text = this.node(node.entry, [row], `${pointer}/${texts.length}`);
      if (text !== null) texts.push(text);
    }
    if (texts.length > 0) return `[${texts.join(",")}]`;
    this.places?.set(`${pointer}/0`, { node: node.entry, rows: rows.slice(0, 1) });
    return "[{}]";
  }
}

const escaped = (name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");

/** The JSON text of the order in these rows. */
export function orderJson(template, rows) {
  return new Writer(template, rows, null).write();
}

/** A function from a pointer of the verdict to `{row, column}`; the column is -1 if the file has none for it. */
export function locator(template, rows) {
  const places = new Map();
  new Writer(template, rows, places).write();
  return (pointer) => locate(places, pointer, rows[0]);
}

function locate(places, pointer, firstRow) {
  const segments = pointerSegments(pointer);
  for (let length = segments.length; length >= 0; length -= 1) {
    const place = places.get(segments.slice(0, length).map((segment) => `/${escaped(segment)}`).join(""));
    if (!place) continue;
    if (place.row) return { row: place.row, column: place.column };
    const column = columnBelow(place.node, segments.slice(length));
    return { row: place.rows[0] ?? firstRow, column };
  }
  return { row: firstRow, column: -1 };
}

/** The column of a missing member; for a whole object, the first of its columns. */
function columnBelow(node, segments) {
  let at = node;
  for (const segment of segments) {
    at = at.children?.get(segment) ?? at.children?.get(Number(segment));
    if (!at) return -1;
  }
  while (at.column === undefined) {
    at = at.entry ?? at.children?.values().next().value;
    if (!at) return -1;
  }
  return at.column;
}

/** Cells that differ from an earlier row of the same order, in columns that belong to the whole order. */
export function disagreements(columns, rows) {
  const found = [];
  if (rows.length < 2) return found;
  for (const column of columns) {
    if (!column.path || column.path.some((step) => step.rows)) continue;
    const first = rows.find(({ cells }) => (cells[column.index] ?? "") !== "");
    const others = first ? rows.filter(({ cells }) => (cells[column.index] ?? "") !== "") : [];
    for (const row of others) {
      if (row.cells[column.index] !== first.cells[column.index]) found.push({ row, column, first });
    }
  }
  return found;
}
