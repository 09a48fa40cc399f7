/** The choice of colours, the only thing that the page stores in the browser. */

import { byId } from "./dom.js";

const KEY = "ordermill-upload-colours";

/** Storage may be forbidden; the choice then lasts as long as the page. */
function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function store(choice) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // The choice is applied anyway.
  }
}

export function startTheme() {
  const select = byId("theme");
  const apply = (choice) => {
    document.documentElement.dataset.theme = choice;
    select.value = choice;
  };
  const before = stored();
  apply(["light", "dark"].includes(before) ? before : "auto");
  select.addEventListener("change", () => {
    apply(select.value);
    store(select.value);
  });
}
