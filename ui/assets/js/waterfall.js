// The waterfall: rows come and go in windows of 100 as one scrolls, one row has the focus, the panel follows the selection.
// The server renders everything; here it is asked for and put in place. Anything that goes wrong becomes an ordinary visit.

const WINDOW = 100;
const ROW = 24;
const main = document.querySelector("main.trace");
const find = (selector) => main.querySelector(selector);
const send = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const rowAt = (index) => grid.querySelector(`[aria-rowindex="${index + 2}"]`);
const indexOf = (row) => row.getAttribute("aria-rowindex") - 2;
const firstOf = (index) => Math.floor(index / WINDOW) * WINDOW;
const top = () => Math.max(0, Math.floor(-grid.getBoundingClientRect().top / ROW));
const current = () => rowAt(at) ?? grid.querySelector(".row");
const plain = (event) => !(event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.altKey);
const coming = new Map();
let grid;
let total = 0;
let at = -1;

// One stop for the tab key: the current row. Its links are reached through it.
function tame(scope) {
  for (const link of scope.querySelectorAll(".row, .row a")) link.tabIndex = -1;
  if (current()) current().tabIndex = 0;
}

function mount() {
  grid = find(".wfg");
  total = Number(grid.dataset.rows);
  coming.clear();
  if (grid.querySelectorAll(".row").length < total) {
    grid.classList.add("virtual");
    find("[data-pager]").remove();
  }
  const row = grid.querySelector(".row[aria-selected]");
  if (row) at = indexOf(row);
  tame(grid);
}

async function fetchRows(first) {
  const into = grid;
  const { src, spans } = into.dataset;
  const answer = await fetch(`${src}${src.includes("?") ? "&" : "?"}row=${first}&count=${WINDOW}`);
  if (!answer.ok) throw new Error(answer.status);
  const html = `<div class="rows" role="rowgroup" data-row="${first}" style="--row0:${first}">${await answer.text()}</div>`;
  if (into !== grid) return;
  const next = [...grid.querySelectorAll(".rows")].find((other) => other.dataset.row > first);
  if (next) next.insertAdjacentHTML("beforebegin", html);
  else grid.insertAdjacentHTML("beforeend", html);
  const part = grid.querySelector(`[data-row="${first}"]`);
  tame(part);
  mark();
  send("trace:rows", part);
  // Rows are counted anew when spans come in between: say so instead of mixing two countings.
  const more = (answer.headers.get("x-trace-spans") ?? spans) - spans;
  if (!more) return;
  find("[data-arrived] b").textContent = more;
  find("[data-arrived]").hidden = false;
}

async function load(first) {
  if (grid.querySelector(`.rows[data-row="${first}"]`)) return;
  if (!coming.has(first)) coming.set(first, fetchRows(first).finally(() => coming.delete(first)));
  await coming.get(first);
}

function onScroll() {
  if (!grid.classList.contains("virtual")) return;
  const [from, to] = [top(), top() + Math.ceil(innerHeight / ROW)];
  const near = [from, to, to + 30, from - 30].map((index) => firstOf(Math.min(Math.max(0, index), total - 1)));
  const wanted = [...new Set(near)].slice(0, 3);
  for (const part of grid.querySelectorAll(".rows")) {
    if (!wanted.includes(Number(part.dataset.row)) && !part.contains(document.activeElement)) part.remove();
  }
  for (const first of wanted) load(first).catch(() => {});
}

async function focusRow(index) {
  if (index < 0 || index >= total) return;
  if (rowAt(at)) rowAt(at).tabIndex = -1;
  at = index;
  if (grid.classList.contains("virtual")) await load(firstOf(index));
  const row = rowAt(index);
  if (!row) return;
  row.tabIndex = 0;
  row.focus({ preventScroll: true });
  reveal(row);
}

function reveal(row) {
  const box = row?.getBoundingClientRect();
  if (box && (box.top < 2 * ROW || box.bottom > innerHeight - ROW)) scrollBy(0, box.top - innerHeight / 3);
}

async function toParent(row) {
  const level = row.getAttribute("aria-level");
  for (let index = indexOf(row) - 1, loads = 0; index >= 0; index -= 1) {
    if (!rowAt(index) && loads++ < 30) await load(firstOf(index));
    if ((rowAt(index)?.getAttribute("aria-level") ?? level) - level < 0) return focusRow(index);
  }
}

// A block of the page at `address`, put into its container.
async function swap(id, block, address) {
  const answer = await fetch(address, { headers: { "X-Fragment": block } });
  if (!answer.ok) throw new Error(answer.status);
  find(id).innerHTML = await answer.text();
  if (block === "waterfall") mount();
  send("frag:swapped", { container: find(id) });
  if (block === "waterfall") send("trace:redrawn");
}

async function redraw() {
  const address = new URL(location.href);
  // The rows one looks at, not those the selection would bring.
  if (grid.classList.contains("virtual") && !address.searchParams.has("rows")) address.searchParams.set("rows", firstOf(top()));
  const old = document.activeElement;
  const isInside = find("#wf").contains(old);
  await swap("#wf", "waterfall", address);
  onScroll();
  if (!isInside) return;
  const again = document.getElementById(old.id) ?? find(`#wf [aria-label="${old.ariaLabel}"], [data-test="${old.dataset.test}"]`);
  if (again?.matches(".row")) focusRow(indexOf(again));
  else again?.focus({ preventScroll: true });
}

async function showPanel() {
  await swap("#panel", "panel", location.href);
  if (mark() || !selected()) return;
  // Its row is closed, filtered out or far away: let the server open the way and choose the window.
  await swap("#wf", "waterfall", location.href);
  reveal(mark());
}

const selected = () => new URL(location.href).searchParams.get("span");

function mark() {
  for (const row of grid.querySelectorAll(".row[aria-selected]")) row.removeAttribute("aria-selected");
  const row = document.getElementById(`s-${selected()}`);
  row?.setAttribute("aria-selected", "true");
  return row;
}

// Takes the words `names` of the state from `href` and leaves the rest of this page's state as it is.
function go(href, names) {
  const [from, address] = [new URL(href, location.href).searchParams, new URL(location.href)];
  const to = address.searchParams;
  address.hash = "";
  if (to.get("rows") !== "all") to.delete("rows");
  for (const name of names) {
    if (from.has(name)) to.set(name, from.get(name));
    else to.delete(name);
  }
  const isPanel = names.every((name) => name === "span" || name === "tab");
  history[isPanel ? "pushState" : "replaceState"](null, "", address);
  return (isPanel ? showPanel() : redraw()).catch(() => location.reload());
}

function toBit(name, direction) {
  const bytes = atob(grid.dataset[name]);
  for (let index = at + direction; index >= 0 && index < bytes.length * 8; index += direction) {
    if (bytes.charCodeAt(index >> 3) & (0x80 >> (index & 7))) return focusRow(index);
  }
}

const widen = (by) => main.style.setProperty("--col", `${Math.max(99, find(".nmc").offsetWidth + by)}px`);
const keys = {
  __proto__: null,
  j: () => focusRow(at + 1), k: () => focusRow(at - 1),
  e: () => toBit("problems", 1), E: () => toBit("problems", -1), n: () => toBit("matches", 1), N: () => toBit("matches", -1),
  p: () => (find("[data-go=cp][aria-current] + a") ?? find("[data-go=cp]"))?.click(),
  f: () => find("[data-test=span-search]").select(), Y: () => find("[data-copy-id]").click(),
  "*": () => go("?depth=all", ["depth", "c", "o"]), "[": () => widen(-40), "]": () => widen(40),
};
for (let level = 1; level <= 9; level += 1) keys[level] = () => go(`?depth=${level}`, ["depth", "c", "o"]);
const flip = (row, from, otherwise) => (row.getAttribute("aria-expanded") === from ? row.querySelector(".tw").click() : otherwise(row));
const rowKeys = {
  __proto__: null,
  ArrowDown: keys.j, ArrowUp: keys.k,
  ArrowRight: (row) => flip(row, "false", keys.j), ArrowLeft: (row) => flip(row, "true", toParent),
  Enter: (row) => go(row.querySelector(".nm").href, ["span"]).then(() => find("#panel").focus()),
};

function onKey(event) {
  const { key, target } = event;
  if (!plain(event) || target.matches("input, select, textarea")) return;
  const row = target.closest(".row");
  const isLeaving = key === "Escape" && target.closest("#panel") && current();
  const act = isLeaving ? () => focusRow(indexOf(current())) : (target === row && rowKeys[key]) || keys[key];
  if (!act) return;
  event.preventDefault();
  act(row);
}

function onClick(event) {
  const link = event.target.closest("a[data-go], a.tw, a.nm");
  if (!link || !plain(event) || event.shiftKey) return;
  event.preventDefault();
  if (link.closest(".row")) focusRow(indexOf(link.closest(".row")));
  go(link.href, link.matches(".tw") ? ["c", "o"] : link.matches(".nm") ? ["span"] : link.dataset.go.split(" "));
}

if (main && find(".wfg")) {
  const on = (name, act) => document.addEventListener(name, act);
  mount();
  reveal(grid.querySelector(".row[aria-selected]"));
  onScroll();
  on("keydown", onKey);
  on("click", onClick);
  on("trace:redraw", () => redraw().catch(() => location.reload()));
  let waiting = 0;
  addEventListener("scroll", () => { waiting ||= requestAnimationFrame(() => { waiting = 0; onScroll(); }); }, { passive: true });
  addEventListener("resize", onScroll);
  addEventListener("popstate", (event) => {
    // Two blocks change here, not the whole view.
    event.stopImmediatePropagation();
    redraw().then(showPanel).catch(() => location.reload());
  }, true);
  on("submit", (event) => {
    if (!event.target.matches(".tbar form")) return;
    event.preventDefault();
    go(`?${new URLSearchParams(new FormData(event.target))}`, ["q", "only"]).then(() => toBit("matches", 1));
  });
  on("input", ({ target }) => {
    if (!target.matches("[data-sift]")) return;
    const sought = target.value.toLowerCase();
    for (const row of main.querySelectorAll(".at")) row.hidden = !row.textContent.toLowerCase().includes(sought);
  });
}
