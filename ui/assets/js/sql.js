// The editor: keeps what was typed and not asked yet, and ends a question that takes too long.

const DRAFT = "sql-draft";
const form = document.querySelector("[data-sql-form]");
const editor = form?.elements.namedItem("q");
const cancel = document.querySelector("[data-sql-cancel]");

const running = (is) => {
  if (cancel) cancel.hidden = !is;
};

if (editor) {
  // Storage may be forbidden: then there is no draft.
  try {
    editor.value ||= localStorage.getItem(DRAFT) ?? "";
    editor.addEventListener("input", () => localStorage.setItem(DRAFT, editor.value));
  } catch {}
  form.addEventListener("submit", ({ submitter }) => {
    // A file leaves the page where it is.
    if (submitter?.name !== "format") running(true);
  });
  // The server ends a question whose asker has hung up.
  cancel?.addEventListener("click", () => {
    window.stop();
    running(false);
    document.querySelector("[data-test=sql-status]").textContent = "Cancelled.";
    editor.focus();
  });
  // Coming back to a page that was kept as it was left.
  window.addEventListener("pageshow", () => running(false));
}
