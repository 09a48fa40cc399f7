/**
 * Reads a file or a pasted text as a stream into a store: decodes it, detects the format, and yields the thread often
 * enough to keep the worker responsive.
 */

import { CsvReader } from "./csv.js";
import { DocumentReader, HEAD_CHARACTERS, LineReader, detectFormat } from "./json-stream.js";

/** Maximum time between yields, after which messages are handled. */
const STRETCH_MS = 25;
/** Characters per slice, so that reading can yield. */
const SLICE_CHARACTERS = 16 * 1024;

/** Waits for one turn of the event loop; a message returns sooner than a timer. */
function turn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** The encoding from the byte order mark; UTF-8 without one. */
function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "utf-8";
}

/** The texts of a source: a `Blob`, or `{text}`. Throws a TypeError on bytes that are invalid in the encoding. */
async function* texts(source, encoding) {
  if (typeof source.text === "string") {
    yield source.text;
    return;
  }
  let decoder = null;
  const reader = source.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    decoder ??= new TextDecoder(encoding ?? encodingOf(value), { fatal: true });
    yield decoder.decode(value, { stream: true });
  }
  if (decoder) yield decoder.decode();
}

/**
 * Reads all of a source. Calls `begin(format)` for a store once the format is known, and `onProgress()` after each
 * slice of work; `isStale()` says that the result is no longer wanted. Returns the store, or null if it is stale.
 */
export async function read({ source, name, begin, onProgress, isStale }) {
  try {
    return await readAs({ source, name, begin, onProgress, isStale });
  } catch (error) {
    if (!(error instanceof TypeError) || typeof source.text === "string") throw error;
    // Old spreadsheets write CSV as Windows-1252. JSON is UTF-8 by definition, and is rejected below.
    return readAs({ source, name, begin, onProgress, isStale, encoding: "windows-1252" });
  }
}

async function readAs({ source, name, begin, onProgress, isStale, encoding }) {
  const reading = { store: null, reader: null, dirty: new Set(), text: "" };
  const pace = { started: performance.now() };
  for await (const text of texts(source, encoding)) {
    reading.text += text;
    if (!reading.reader && reading.text.length < HEAD_CHARACTERS) continue;
    if (!(await drain(reading, { name, begin, onProgress, isStale, encoding, pace }))) return null;
  }
  if (!(await drain(reading, { name, begin, onProgress, isStale, encoding, pace }))) return null;
  const fault = reading.reader.end();
  checkDirty(reading);
  if (fault !== null) reading.store.notes.push({ severity: "error", text: faultText(reading.store, fault) });
  onProgress(reading.store);
  return reading.store;
}

function faultText(store, fault) {
  return store.isCsv ? `Row ${fault}: a quote is never closed; everything after it is in one cell.` : `The file is incomplete: ${fault}.`;
}

/** Reads what has arrived so far, slice by slice. */
async function drain(reading, { name, begin, onProgress, isStale, encoding, pace }) {
  const { text } = reading;
  reading.text = "";
  if (!reading.reader) open(reading, text, { name, begin, encoding });
  for (let at = 0; at < text.length; at += SLICE_CHARACTERS) {
    reading.reader.push(text.slice(at, at + SLICE_CHARACTERS));
    checkDirty(reading);
    if (performance.now() - pace.started < STRETCH_MS) continue;
    onProgress(reading.store);
    await turn();
    if (isStale()) return false;
    pace.started = performance.now();
  }
  return true;
}

function open(reading, head, { name, begin, encoding }) {
  const format = detectFormat(head.slice(0, HEAD_CHARACTERS), name);
  const store = begin(format);
  reading.store = store;
  if (encoding) noteEncoding(store);
  const take = (order) => order && reading.dirty.add(order);
  if (format === "csv") {
    const csv = new CsvReader((record) => (store.header ? take(store.addRecord(record)) : store.setHeader(record.cells)));
    reading.reader = csv;
    store.delimiter = () => csv.delimiter;
  } else {
    const Reader = format === "json" ? DocumentReader : LineReader;
    reading.reader = new Reader((order) => take(store.addOrderText(order)));
  }
}

function noteEncoding(store) {
  store.notes.push(
    store.isCsv
      ? { severity: "warning", text: "The file is not UTF-8; it was read as Windows-1252. Check that accented letters are correct." }
      : { severity: "error", text: "The file is not UTF-8, as JSON must be; accented letters are probably wrong." },
  );
}

/** Validates the orders that have received rows since the last time. */
function checkDirty({ store, dirty }) {
  for (const order of dirty) store.check(order);
  dirty.clear();
}
