/** Small DOM helpers. Text is always set as text, never as HTML. */

export const byId = (id) => document.getElementById(id);

/** An element with properties and children: `element("li", { className: "note" }, "text", other)`. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export const formatted = (count) => count.toLocaleString("en-US");

/** Saves a blob as a file for the user. */
export function saveFile({ blob, name }) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Announces texts to screen readers, at most as often as they can follow. */
export function announcer(status, pauseMs) {
  let last = -Infinity;
  return (text, { isUrgent = false } = {}) => {
    const now = performance.now();
    if (!isUrgent && now - last < pauseMs) return;
    last = now;
    status.textContent = text;
  };
}
