// Single keys. Each one presses a control that is on the page; a key without its control does nothing.

const pages = {
  m: "map",
  t: "traces",
  i: "invocations",
  c: "cold-starts",
  k: "containers",
  $: "cost",
  s: "sql",
  l: "live",
  a: "alerts",
  u: "status",
};
let afterG = 0;

const press = (selector) => {
  const control = document.querySelector(selector);
  if (!control || control.closest("[hidden]")) return false;
  control.click();
  return true;
};
const zoom = (way) => () => press(`[data-zoom=${way}]`);
const focus = (selector) => {
  const field = document.querySelector(selector);
  field?.focus();
  field?.select?.();
  return Boolean(field);
};
const toggle = (selector) => {
  const drop = document.querySelector(selector);
  if (!drop) return false;
  drop.open = !drop.open;
  if (drop.open) drop.querySelector("summary").focus();
  return true;
};

function escape() {
  const open = document.querySelector("details.drop[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
    return true;
  }
  return press("a[data-close]");
}

// From row to row of a list of traces; the waterfall has rows and keys of its own.
const row = (by) => () => {
  const links = [...document.querySelectorAll("[data-test=trace-row] a.svc")];
  const link = links[Math.max(0, links.indexOf(document.activeElement) + by)];
  link?.focus();
  return Boolean(link);
};

const keys = {
  j: row(1),
  k: row(-1),
  ArrowDown: row(1),
  ArrowUp: row(-1),
  "/": () => focus("[data-test=global-search]"),
  "?": () => toggle("details.help"),
  f: () => focus("[data-filter-input]"),
  t: () => toggle("details.range"),
  T: () => press("[data-theme-form] button"),
  y: () => press("[data-copy-link]"),
  v: () => press("[data-view][aria-current] + a") || press("[data-view]"),
  "+": zoom("in"),
  "=": zoom("in"),
  "-": zoom("out"),
  0: zoom("fit"),
  Escape: escape,
};

// On window: whatever a page does with a key comes first, on document.
window.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const isField = event.target.matches?.("input, textarea, select");
  if (isField) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  // Of a pair such as g $.
  if (event.key === "Shift") return;
  if (event.key === "g") {
    afterG = event.timeStamp;
    return;
  }
  if (afterG && event.timeStamp - afterG < 1500) {
    afterG = 0;
    const page = pages[event.key];
    if (page && press(`[data-test=nav-${page}]`)) event.preventDefault();
    return;
  }
  if (Object.hasOwn(keys, event.key) && keys[event.key]()) event.preventDefault();
});
