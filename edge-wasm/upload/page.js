/** The page: connects the form, the table, the dialogs and the worker, which holds the loaded data (session.js). */

import { APIS } from "./apis.js";
import { confirmed, editOrder, showOrder } from "./dialogs.js";
import { announcer, byId, element, formatted, saveFile } from "./dom.js";
import { Connection } from "./rpc.js";
import { fillFilters, showCounts, showDetails, showNotes, showResultCounts } from "./summary.js";
import { Table } from "./table.js";
import { startTheme } from "./theme.js";

/** Minimum time between progress announcements to screen readers. */
const ANNOUNCE_MS = 5_000;

const TEMPLATES = {
  network: ["network.csv", "network.json", "network.jsonl"],
  bulk: ["bulk.csv", "bulk.json", "bulk.jsonl"],
};

const announce = announcer(byId("status"), ANNOUNCE_MS);

/** The state of the page itself; everything else is requested from the worker. */
const state = { source: null, summary: null, isSending: false, hasSent: false, unsavedEdits: 0, hasUnsavedResults: false };

const connection = new Connection({
  onEvent: (event) => onEvent(event),
  onFailure: (text) => fail(`The page could not start: ${text}`),
});

const table = new Table({
  grid: byId("grid"),
  head: byId("grid-head"),
  body: byId("grid-body"),
  source: { rows: (start, end) => connection.call("rows", start, end) },
  onActive: (row, column) => showActive(row, column),
  onEdit: editCell,
  onOpen: open,
  onLeave: () => byId("next-problem").focus(),
  onNextProblem: nextProblem,
});

function fail(text) {
  byId("failure").textContent = text;
  byId("failure").hidden = text === "";
}

const currentApi = () => APIS[document.querySelector("input[name=api]:checked").value];

/** Read from the fields each time: credentials are stored nowhere else. */
function target() {
  return {
    base: byId("base").value.trim() || location.origin,
    credentials: { apiKey: byId("api-key").value, bearerToken: byId("bearer-token").value },
  };
}

// -------------------------------------------------------------------------------------------------- events of the worker

function onEvent(event) {
  if (event.phase === "ready") {
    byId("rules-version").textContent = event.rulesVersion;
    return;
  }
  show(event);
  if (event.phase === "loading") announce(`${formatted(event.counts.rows)} rows read`);
  if (event.phase === "sending" && event.sending) announce(progressText(event.sending));
}

/** Updates everything around the table. */
function show(summary) {
  if (!summary) return;
  state.summary = summary;
  byId("check").hidden = false;
  byId("send").hidden = false;
  showCounts(summary);
  showNotes(summary.notes);
  showSend(summary);
  byId("filter").value = summary.filter;
  byId("corrected").hidden = summary.counts.rows === 0;
  const extras = { showsGiven: summary.showsGiven, showsOrders: state.hasSent };
  table.update({ columns: summary.columns, count: summary.viewed, extras });
}

function showSend({ counts, sending }) {
  const { ready = 0, refused = 0, unknown = 0 } = counts.states;
  const button = byId("send-ready");
  button.textContent = `Send ${formatted(ready)} order${ready === 1 ? "" : "s"}`;
  button.disabled = ready === 0 || state.isSending;
  byId("pause").hidden = !state.isSending;
  byId("stop").hidden = !state.isSending;
  byId("progress-field").hidden = !sending && !state.hasSent;
  if (sending) {
    byId("progress").max = Math.max(1, sending.total);
    byId("progress").value = sending.done;
    byId("progress-text").textContent = progressText(sending);
  }
  byId("results").hidden = !state.hasSent;
  showResultCounts({ counts });
  showRetry(byId("retry-refused"), "Resend refused", refused);
  showRetry(byId("retry-unknown"), "Resend unknown…", unknown);
}

function showRetry(button, label, count) {
  button.textContent = `${label} (${formatted(count)})`;
  button.disabled = count === 0 || state.isSending;
}

function progressText({ total, done, isPaused, isStopped, waiting }) {
  const what = `${formatted(done)} of ${formatted(total)} orders answered`;
  if (isStopped) return `Stopping: ${what}`;
  if (isPaused) return `Paused: ${what}`;
  return waiting > 0 ? `${what}; the API is busy, retrying shortly` : what;
}

// -------------------------------------------------------------------------------------------------- loading

async function load(source) {
  if (state.isSending) return fail("Orders are being sent. Stop sending first.");
  if (hasUnsavedWork() && !(await confirmed("The loaded orders have not been sent or saved. Load something else?"))) return;
  state.source = source;
  await reload();
}

async function reload() {
  fail("");
  forget();
  byId("loaded").textContent = "Reading…";
  try {
    const summary = await connection.call("load", { ...state.source, api: currentApi().name, givesIds: byId("gives-ids").checked });
    if (summary) showLoaded(summary);
  } catch (error) {
    fail(`Cannot read this: ${error.message}`);
    byId("loaded").textContent = "";
  }
}

/** Hides everything about the previous file. */
function forget() {
  Object.assign(state, { summary: null, hasSent: false, unsavedEdits: 0, hasUnsavedResults: false });
  byId("send-fault").hidden = true;
  byId("notes").replaceChildren();
  table.reset();
}

function showLoaded(summary) {
  const { counts, format } = summary;
  const time = (summary.loadMs / 1000).toFixed(summary.loadMs < 1000 ? 2 : 1);
  byId("loaded").textContent = `${state.source.name || "Pasted text"} · ${format.toUpperCase()} · checked in ${time} s`;
  show(summary);
  table.goTo(0, 0);
  byId("check-title").focus();
  announce(
    `${formatted(counts.rows)} rows, ${formatted(counts.orders)} orders: ${formatted(counts.problemRows)} rows with errors, ` +
      `${formatted(counts.warning)} warnings.`,
    { isUrgent: true },
  );
}

function hasUnsavedWork() {
  if (!state.summary) return false;
  return state.isSending || state.unsavedEdits > 0 || state.hasUnsavedResults || (state.summary.counts.states.ready ?? 0) > 0;
}

// -------------------------------------------------------------------------------------------------- the table

function showActive(row, column) {
  showDetails(byId("details"), {
    row,
    column,
    columns: state.summary?.columns ?? [],
    onGoTo: (cellIndex) => {
      table.goTo(table.active.position, table.gridColumn(cellIndex));
      byId("grid").focus();
    },
    onOpen: () => open(row, column, table.active.position),
  });
}

async function editCell(row, cellIndex, value) {
  const { isDone, row: changed, summary } = await connection.call("editCell", row.index, cellIndex, value);
  if (!isDone) return null;
  afterEdit(changed, summary);
  return changed;
}

function afterEdit(row, summary) {
  state.unsavedEdits += 1;
  show(summary);
  const left = row.problems.filter(({ severity }) => severity !== "warning").length;
  announce(left === 0 ? `Row ${row.number} has no errors now` : `Row ${row.number}: ${left} errors left`, { isUrgent: true });
}

/** Enter on a cell that is not editable: opens the order as the API returns it, or the JSON of the order. */
async function open(row, column, position) {
  if (!row) return;
  if (row.orderId) await showOrder({ api: APIS[state.summary.api], ...target(), id: row.orderId });
  else if (state.summary.format !== "csv") await editJson(row, position);
  byId("grid").focus({ preventScroll: true });
}

async function editJson(row, position) {
  const { text, isLocked, number } = await connection.call("text", row.index);
  const check = (changed) => connection.call("tryText", changed);
  const changed = await editOrder({ title: `${isLocked ? "Order" : "Edit the order"} of row ${number}`, text, isLocked, check });
  if (changed === null) return;
  const { isDone, row: shown, summary } = await connection.call("editText", row.index, changed);
  if (!isDone) return;
  afterEdit(shown, summary);
  table.replace(position, shown);
  table.tellActive();
}

async function nextProblem() {
  if (!state.summary) return;
  const { position, column } = table.active;
  const found = await connection.call("nextProblem", position, table.columns[column].cellIndex ?? -2);
  if (!found) return announce("No problems in the rows shown", { isUrgent: true });
  byId("grid").focus({ preventScroll: true });
  table.goTo(found.position, table.gridColumn(found.column));
}

async function setFilter(filter) {
  table.reset();
  const summary = await connection.call("setFilter", filter);
  show(summary);
  if (summary) announce(`${formatted(summary.viewed)} rows shown`, { isUrgent: true });
  table.goTo(0, 0);
}

// -------------------------------------------------------------------------------------------------- sending

async function send(states) {
  const { base, credentials } = target();
  const isComplete = credentials.bearerToken !== "" && (currentApi().name !== "bulk" || credentials.apiKey !== "");
  if (!isComplete) {
    (credentials.bearerToken === "" ? byId("bearer-token") : byId("api-key")).focus();
    return sendFault("Enter the API credentials first (step 1).");
  }
  sendFault("");
  Object.assign(state, { isSending: true, hasSent: true, hasUnsavedResults: true });
  setFormEnabled(false);
  byId("stop").hidden = false;
  byId("stop").focus();
  byId("pause").textContent = "Pause";
  try {
    const ordersPerCall = Number(byId("per-call").value);
    const { fault, summary } = await connection.call("send", { base, credentials, states, ordersPerCall });
    state.isSending = false;
    show(summary);
    sendFault(fault ?? "");
    announceResults(summary);
  } catch (error) {
    sendFault(`Sending failed: ${error.message}`);
  } finally {
    state.isSending = false;
    setFormEnabled(true);
    byId("results-title").focus();
  }
}

function announceResults({ counts: { states } }) {
  const { created = 0, existing = 0, refused = 0, unknown = 0 } = states;
  const text = `Sent. ${created} created, ${existing} already existed, ${refused} refused, ${unknown} unknown.`;
  byId("progress-text").textContent = text;
  announce(text, { isUrgent: true });
}

function sendFault(text) {
  byId("send-fault").textContent = text;
  byId("send-fault").hidden = text === "";
}

/** The destination cannot change while orders are being sent. */
function setFormEnabled(isEnabled) {
  for (const control of document.querySelectorAll(".start input, .start button, #per-call")) control.disabled = !isEnabled;
}

async function togglePause() {
  const isPaused = byId("pause").textContent === "Pause";
  byId("pause").textContent = isPaused ? "Continue" : "Pause";
  await connection.call("pause", isPaused);
  if (state.summary?.sending) byId("progress-text").textContent = progressText({ ...state.summary.sending, isPaused });
}

async function resendUnknown() {
  const text =
    "These orders may already exist, because their answers were lost. An order that the API cannot recognise (without a safeId, or without " +
    "clientOrderNumber and duplicate check) may then be created twice. Resend them?";
  if (await confirmed(text)) await send(["unknown"]);
}

async function download(kind) {
  saveFile(await connection.call("file", kind));
  if (kind === "corrected") state.unsavedEdits = 0;
  else state.hasUnsavedResults = false;
}

// -------------------------------------------------------------------------------------------------- the form

function showApi() {
  const api = currentApi();
  byId("api-key-field").hidden = api.name !== "bulk";
  byId("gives-ids-field").hidden = !api.canGiveIds;
  byId("per-call-field").hidden = api.ordersPerCallMax === 1;
  const links = TEMPLATES[api.name].map((name) => element("a", { href: `templates/${name}`, download: name }, name));
  byId("template-links").replaceChildren(...links.flatMap((link, index) => (index === 0 ? [link] : [", ", link])));
}

async function changeApi({ target: chosen }) {
  const losesWork = state.source && (state.unsavedEdits > 0 || state.hasUnsavedResults);
  if (losesWork && !(await confirmed("The file will be read again for the other API. Unsaved edits and results will be lost. Continue?"))) {
    document.querySelector(`input[name=api][value=${chosen.value === "bulk" ? "network" : "bulk"}]`).checked = true;
    return;
  }
  showApi();
  if (state.source) await reload();
}

function startDrop() {
  const drop = byId("drop");
  const isOver = (event, over) => {
    event.preventDefault();
    drop.classList.toggle("over", over);
  };
  // A file dropped outside the field would replace the page.
  document.addEventListener("dragover", (event) => isOver(event, drop.contains(event.target)));
  document.addEventListener("dragleave", (event) => isOver(event, false));
  document.addEventListener("drop", (event) => {
    isOver(event, false);
    const [file] = event.dataTransfer.files;
    if (file) load({ file, name: file.name });
  });
}

function startForm() {
  for (const radio of document.querySelectorAll("input[name=api]")) radio.addEventListener("change", changeApi);
  byId("file").addEventListener("change", ({ target: input }) => {
    const [file] = input.files;
    if (file) load({ file, name: file.name });
    // Lets the same file be chosen again after it was changed on disk.
    input.value = "";
  });
  byId("check-pasted").addEventListener("click", () => load({ text: byId("pasted").value, name: "" }));
  byId("gives-ids").addEventListener("change", async ({ target: box }) => show(await connection.call("setGivesIds", box.checked)));
  fillFilters(byId("filter"));
  byId("filter").addEventListener("change", ({ target: select }) => setFilter(select.value));
  byId("next-problem").addEventListener("click", nextProblem);
  byId("send-ready").addEventListener("click", () => send(["ready"]));
  byId("retry-refused").addEventListener("click", () => send(["refused"]));
  byId("retry-unknown").addEventListener("click", resendUnknown);
  byId("pause").addEventListener("click", togglePause);
  byId("stop").addEventListener("click", () => connection.call("stop"));
  byId("corrected").addEventListener("click", () => download("corrected"));
  byId("result-csv").addEventListener("click", () => download("result-csv"));
  byId("result-jsonl").addEventListener("click", () => download("result-jsonl"));
}

addEventListener("keydown", (event) => {
  if (event.key !== "F8" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  nextProblem();
});

addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text/plain");
  if (text === "" || event.target.closest("input, textarea, dialog")) return;
  load({ text, name: "" });
});

addEventListener("beforeunload", (event) => {
  if (hasUnsavedWork()) event.preventDefault();
});

startTheme();
startForm();
startDrop();
showApi();
