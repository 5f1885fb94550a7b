// The editor keeps what was typed and not asked yet.

const DRAFT = "sql-draft";
const editor = document.querySelector("[data-sql-form]")?.elements.namedItem("q");

if (editor) {
  // Storage may be forbidden: then there is no draft.
  try {
    editor.value ||= localStorage.getItem(DRAFT) ?? "";
    editor.addEventListener("input", () => localStorage.setItem(DRAFT, editor.value));
  } catch {}
}
