// Draws the reference from the OpenAPI document beside this page.

const place = document.getElementById("reference");
const options = {
  // Redoc would offer its own download of the document; the header has the links.
  hideDownloadButton: true,
  // The header stays at the top, so that a chosen operation must stop below it.
  scrollYOffset: "header",
  requiredPropsFirst: true,
  sortPropsAlphabetically: false,
};

Redoc.init("openapi.json", options, place, (error) => {
  if (!error) return;
  const notice = document.createElement("p");
  notice.className = "notice";
  notice.setAttribute("role", "alert");
  notice.textContent = `The reference cannot be shown: ${error.message}`;
  place.replaceChildren(notice);
});
