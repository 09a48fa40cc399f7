/**
 * Splits JSON text into the texts of its orders, piece by piece: one order, an array of orders, `{"bulk": [...]}`, or
 * JSONL (one order per line). Does not look into the orders; the validator does that.
 */

import { skipSpace, endOfValue, unquoted } from "./json-text.js";

/** How many characters decide between a document and lines. */
export const HEAD_CHARACTERS = 64 * 1024;

/** `csv`, `json` or `jsonl`, by content; the file name only decides ambiguous cases. */
export function detectFormat(head, name = "") {
  const text = head.replace(/^\uFEFF/, "");
  const start = skipSpace(text, 0);
  if (text[start] !== "{" && text[start] !== "[") return /\.(jsonl|ndjson)$/i.test(name) ? "jsonl" : "csv";
  if (text[start] === "[") return "json";
  const lines = text.slice(start).split(/\r?\n/, 64).filter((line) => line.trim() !== "");
  const isWholeLine = endOfValue(lines[0], 0) === lines[0].trimEnd().length;
  if (isWholeLine && /^\{\s*"bulk"\s*:/.test(lines[0])) return "json";
  const nextIsOrder = lines.length > 1 && lines[1].startsWith("{");
  return isWholeLine || nextIsOrder || /\.(jsonl|ndjson)$/i.test(name) ? "jsonl" : "json";
}

/** JSONL: calls `onOrder({line, text})` for each line that is not blank. */
export class LineReader {
  constructor(onOrder) {
    this.onOrder = onOrder;
    /** The pieces of the current line. Joined once, because a line may be longer than many pieces. */
    this.pieces = [];
    this.line = 1;
  }

  push(text) {
    const [end, ...lines] = text.split("\n");
    this.pieces.push(end);
    for (const start of lines) {
      this.take(this.pieces.join(""));
      this.pieces = [start];
    }
  }

  take(line) {
    const text = line.trim().replace(/^\uFEFF/, "");
    if (text !== "") this.onOrder({ line: this.line, text });
    this.line += 1;
  }

  end() {
    const rest = this.pieces.join("");
    if (rest !== "") this.take(rest);
    return null;
  }
}

/**
 * A JSON document: calls `onOrder({line, text})` for each order. `end()` returns what is wrong with the document
 * outside its orders, or null.
 */
export class DocumentReader {
  constructor(onOrder) {
    this.onOrder = onOrder;
    this.fault = null;
    this.line = 1;
    /** start | object (the whole object may be an order) | entries | after */
    this.place = "start";
    /** Whether the orders are in `bulk`, and whether the enclosing object is still open. */
    this.isBulk = false;
    this.isBulkOpen = false;
    this.membersBeforeBulk = 0;
    /** Whether an entry must follow. */
    this.isAfterComma = false;
    this.startValue();
  }

  /** The value being read: its text so far, and the scanner's position in it. */
  startValue() {
    this.text = "";
    this.depth = 0;
    this.isInString = false;
    this.isEscaped = false;
    this.key = null;
    this.stringStart = 0;
    this.valueLine = this.line;
  }

  push(text) {
    for (let at = 0; at < text.length && !this.fault; at += 1) {
      if (this.isInString) at = this.readString(text, at);
      else this.read(text[at]);
    }
  }

  /** Scans to the end of the string, or of the piece. Returns the position of the last consumed character. */
  readString(text, at) {
    let end = at;
    while (end < text.length) {
      const character = text[end];
      if (this.isEscaped) this.isEscaped = false;
      else if (character === "\\") this.isEscaped = true;
      else if (character === '"') {
        this.isInString = false;
        break;
      }
      if (character === "\n") this.line += 1;
      end += 1;
    }
    this.text += text.slice(at, end + 1);
    if (!this.isInString && this.depth === 1 && this.place === "object") {
      this.lastString = this.text.slice(this.stringStart);
    }
    return end;
  }

  read(character) {
    if (character === "\n") this.line += 1;
    if (this.place === "start") this.readStart(character);
    else if (this.place === "after") this.readAfter(character);
    else if (this.place === "entries") this.readEntry(character);
    else this.readObject(character);
  }

  readStart(character) {
    if (/[\s\uFEFF]/.test(character)) return;
    if (character === "[") this.place = "entries";
    else {
      this.place = "object";
      this.startValue();
      this.readObject(character);
    }
  }

  readObject(character) {
    // A second colon after a value: the whole document is not JSON, and the validator reports that.
    if (this.depth === 1 && character === ":" && this.key === null) this.key = unquoted(this.lastString ?? "");
    if (this.depth === 1 && character === "[" && this.key === "bulk") {
      this.isBulk = true;
      this.isBulkOpen = true;
      this.place = "entries";
      this.startValue();
      return;
    }
    if (this.depth === 1 && character === ",") {
      this.key = null;
      this.membersBeforeBulk += 1;
    }
    this.take(character);
    if (this.depth === 0) {
      this.finishOrder();
      this.place = "after";
    }
  }

  readEntry(character) {
    if (this.depth === 0 && (character === "," || character === "]")) {
      const isEmpty = this.text.trim() === "";
      if (isEmpty && (character === "," || this.isAfterComma)) {
        this.fault = `line ${this.line}: an order is missing next to a comma; the rest was not read`;
        return;
      }
      if (!isEmpty) this.finishOrder();
      this.startValue();
      this.isAfterComma = character === ",";
      if (character === "]") this.place = "after";
      return;
    }
    if (this.text === "" && /\s/.test(character)) return;
    if (this.text === "") this.valueLine = this.line;
    this.take(character);
  }

  take(character) {
    this.text += character;
    if (character === '"') {
      this.isInString = true;
      this.stringStart = this.text.length - 1;
    } else if (character === "{" || character === "[") this.depth += 1;
    else if (character === "}" || character === "]") this.depth -= 1;
    if (this.depth < 0) this.fault = `line ${this.line}: unmatched closing bracket; the rest was not read`;
  }

  finishOrder() {
    this.onOrder({ line: this.valueLine, text: this.text.trim() });
  }

  readAfter(character) {
    if (/\s/.test(character)) return;
    if (this.isBulkOpen && character === "}") {
      this.isBulkOpen = false;
      return;
    }
    this.fault = `line ${this.line}: the text after the orders was not read`;
  }

  end() {
    if (this.fault) return this.fault;
    if (this.place === "after" && this.isBulkOpen) return `line ${this.line}: the file ends before its last \`}\``;
    if (this.place === "after") return this.isBulk && this.membersBeforeBulk > 0 ? "only `bulk` was read, not the members before it" : null;
    if (this.place === "start") return "the file contains no orders";
    if (this.text.trim() !== "") this.finishOrder();
    return `line ${this.line}: the file ends in the middle of ${this.isInString ? "a string" : "an order or a list"}`;
  }
}
