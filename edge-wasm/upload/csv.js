/**
 * Reads and writes CSV (RFC 4180) as a stream: text goes in piece by piece, records come out.
 *
 * Beyond the RFC: the header determines the delimiter (comma, semicolon or tab), a line `sep=;` (as spreadsheets write
 * it) overrides it, and LF, CRLF and CR all end a record. A record keeps its row number in a spreadsheet: the header is 1
 * and empty lines count.
 */

const DELIMITERS = [",", ";", "\t"];
const QUOTE = '"';
/** A longer first line is not a header; the delimiter is then detected from what is there. */
const HEADER_CHARACTERS_MAX = 256 * 1024;

/** The most frequent delimiter outside quotes in the first line; the comma if there is none. */
export function detectDelimiter(line) {
  const counts = new Map(DELIMITERS.map((delimiter) => [delimiter, 0]));
  let quoted = false;
  for (const character of line) {
    if (character === QUOTE) quoted = !quoted;
    else if (!quoted && counts.has(character)) counts.set(character, counts.get(character) + 1);
  }
  return DELIMITERS.reduce((best, delimiter) => (counts.get(delimiter) > counts.get(best) ? delimiter : best));
}

/** The end of the first line, outside quotes, or -1. */
function endOfLine(text) {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === QUOTE) quoted = !quoted;
    else if (!quoted && (character === "\n" || character === "\r")) return at;
  }
  return -1;
}

/**
 * Calls `onRecord({number, cells, faults})` for every record that is not an empty line. `faults` lists the cells whose
 * quotes violate the RFC; their text is kept as far as it can be read.
 */
export class CsvReader {
  constructor(onRecord) {
    this.onRecord = onRecord;
    this.delimiter = null;
    this.waiting = "";
    this.number = 1;
    this.startRecord();
    this.startCell();
  }

  startRecord() {
    this.cells = [];
    this.faults = [];
  }

  startCell() {
    this.cell = "";
    /** plain | quoted | closed (after the closing quote) */
    this.state = "plain";
    this.isFresh = true;
  }

  push(text) {
    if (this.delimiter === null) {
      this.waiting += text;
      if (endOfLine(this.waiting) < 0 && this.waiting.length < HEADER_CHARACTERS_MAX) return;
      text = this.begin();
    }
    this.read(text);
  }

  /** Called with the header line, or with all of a short file: determines the delimiter. */
  begin() {
    let text = this.waiting.startsWith("\uFEFF") ? this.waiting.slice(1) : this.waiting;
    this.waiting = "";
    const override = /^"?sep=(.)"?(\r\n|\n|\r)/i.exec(text);
    if (override) {
      text = text.slice(override[0].length);
      this.number += 1;
    }
    const end = endOfLine(text);
    this.delimiter = override?.[1] ?? detectDelimiter(end < 0 ? text : text.slice(0, end));
    return text;
  }

  /** A CR at the end of a piece may be half of a CRLF: `sawReturn` lets the LF of the next piece pass. */
  read(text) {
    let at = 0;
    while (at < text.length) {
      at = this.state === "quoted" ? this.readQuoted(text, at) : this.readPlain(text, at);
    }
  }

  readQuoted(text, at) {
    const end = text.indexOf(QUOTE, at);
    if (end < 0) {
      this.cell += text.slice(at);
      return text.length;
    }
    this.cell += text.slice(at, end);
    this.state = "closed";
    return end + 1;
  }

  readPlain(text, at) {
    const character = text[at];
    if (character === "\n" && this.sawReturn) {
      this.sawReturn = false;
      return at + 1;
    }
    this.sawReturn = false;
    if (character === QUOTE) return this.readQuote(at);
    if (character === this.delimiter) return this.endCell(at);
    if (character === "\n" || character === "\r") {
      this.sawReturn = character === "\r";
      this.endRecord();
      return at + 1;
    }
    return this.readRun(text, at);
  }

  readQuote(at) {
    if (this.state === "closed") {
      this.cell += QUOTE;
      this.state = "quoted";
    } else if (this.isFresh) {
      this.state = "quoted";
    } else {
      this.cell += QUOTE;
      this.fault();
    }
    this.isFresh = false;
    return at + 1;
  }

  /** Characters up to the next special one. */
  readRun(text, at) {
    if (this.state === "closed") this.fault();
    let end = at + 1;
    while (end < text.length && !this.isSpecial(text.charCodeAt(end))) end += 1;
    this.cell += text.slice(at, end);
    this.isFresh = false;
    this.state = "plain";
    return end;
  }

  isSpecial(code) {
    return code === 10 || code === 13 || code === 34 || code === this.delimiter.charCodeAt(0);
  }

  fault() {
    if (this.faults.at(-1) !== this.cells.length) this.faults.push(this.cells.length);
  }

  endCell(at) {
    this.cells.push(this.cell);
    this.startCell();
    return at + 1;
  }

  endRecord() {
    const isEmptyLine = this.cells.length === 0 && this.isFresh;
    const number = this.number;
    this.number += 1;
    if (isEmptyLine) return;
    this.cells.push(this.cell);
    const record = { number, cells: this.cells, faults: this.faults };
    this.startRecord();
    this.startCell();
    this.onRecord(record);
  }

  /** Ends the file. Returns the number of the record whose quote is still open, or null. */
  end() {
    if (this.delimiter === null) this.read(this.begin());
    const open = this.state === "quoted" ? this.number : null;
    if (open !== null) this.fault();
    if (this.cells.length > 0 || !this.isFresh) this.endRecord();
    return open;
  }
}

/** One record with quotes only where needed, ended by CRLF as the RFC requires. */
export function csvRecord(cells, delimiter = ",") {
  return cells.map((cell) => csvCell(String(cell ?? ""), delimiter)).join(delimiter) + "\r\n";
}

function csvCell(text, delimiter) {
  const needsQuotes = text.includes(delimiter) || /["\r\n]/.test(text) || text !== text.trim();
  return needsQuotes ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A cell that a spreadsheet would run as a formula gets an apostrophe in front. So does text after a semicolon, a tab
 * or a line break inside the cell, because it becomes its own cell where those separate columns. For files that people
 * open, never for files that are read back as orders.
 */
export function neutralised(text) {
  const inside = text.replace(/([;\t\r\n]\s*)(?=[=+\-@＝＋－＠])/g, "$1'");
  return /^\s*[=+\-@＝＋－＠]|^[\t\r]/.test(text) ? `'${inside}` : inside;
}
