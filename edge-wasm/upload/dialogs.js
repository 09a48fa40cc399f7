/** The three dialogs: the JSON editor, the order as the API returns it, and the confirmation. */

import { address } from "./apis.js";
import { byId, element } from "./dom.js";
import { pretty, spanOf } from "./json-text.js";

/** Delay after typing before the text is checked. */
const CHECK_AFTER_MS = 200;
const PROBLEMS_SHOWN_MAX = 100;

/** Shows a dialog; returns the value of the button that closed it ("" for Escape). Restores the focus afterwards. */
function shown(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

export async function confirmed(text) {
  byId("confirm-text").textContent = text;
  return (await shown(byId("confirm"))) === "yes";
}

/**
 * Lets the user edit the JSON of an order. `check(text)` returns its errors and warnings. Returns the new text, or null
 * if it was not saved.
 */
export async function editOrder({ title, text, isLocked, check }) {
  const area = byId("editor-text");
  byId("editor-title").textContent = title;
  byId("editor-save").hidden = isLocked;
  area.value = text;
  area.readOnly = isLocked;
  const show = async () => showProblems(area, await check(area.value));
  let timer = 0;
  area.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(show, CHECK_AFTER_MS);
  };
  const closing = shown(byId("editor"));
  await show();
  area.focus();
  area.setSelectionRange(0, 0);
  const answer = await closing;
  clearTimeout(timer);
  return answer === "save" && area.value !== text ? area.value : null;
}

function showProblems(area, { errors, warnings }) {
  const count = (list, word) => `${list.length} ${word}${list.length === 1 ? "" : "s"}`;
  byId("editor-summary").textContent = `${count(errors, "error")}, ${count(warnings, "warning")}`;
  const items = [
    ...errors.map((error) => problemItem(area, error, "error")),
    ...warnings.map((warning) => problemItem(area, warning, "warning")),
  ];
  byId("editor-problems").replaceChildren(...items.slice(0, PROBLEMS_SHOWN_MAX));
}

function problemItem(area, { pointer, code, message }, severity) {
  const go = element("button", { type: "button", className: "place" }, pointer || "the order");
  go.addEventListener("click", () => {
    const { start, end } = spanOf(area.value, pointer);
    area.focus();
    area.setSelectionRange(start, end);
  });
  const word = severity === "error" ? "Error" : "Warning";
  return element("li", { className: severity }, `${word} in `, go, `: ${message} `, element("code", {}, code));
}

/** Fetches an order with the user's credentials and shows it. A plain link could not send them. */
export async function showOrder({ api, base, credentials, id }) {
  const url = new URL(address(base, api.orderPath(id)), location.href).href;
  byId("order-title").textContent = `Order ${id}`;
  byId("order-url").textContent = url;
  byId("order-json").textContent = "Loading…";
  copies(byId("copy-id"), id);
  copies(byId("copy-url"), url);
  const closing = shown(byId("order"));
  byId("order-json").textContent = await fetched(url, api.headers(credentials));
  return closing;
}

async function fetched(url, headers) {
  try {
    const response = await fetch(url, { headers });
    const text = await response.text();
    return response.ok ? pretty(text) : `Status ${response.status}\n${pretty(text)}`;
  } catch {
    return "No answer. Is the API reachable, and does it allow this page (CORS)?";
  }
}

function copies(button, text) {
  const label = button.id === "copy-id" ? "Copy id" : "Copy URL";
  button.textContent = label;
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copying is not allowed";
    }
    setTimeout(() => (button.textContent = label), 2000);
  };
}
