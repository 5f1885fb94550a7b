// Zooming a trace. Bars know their place in percent of what the server drew; two custom properties scale them all.
// The lines of the ruler follow the rule of ui/src/trace/ticks.rs.

const grid = () => document.querySelector(".wfg");
const set = (element, name, value) => element.style.setProperty(name, value);
const get = (element, name) => parseFloat(element.style.getPropertyValue(name));
const LONG = [10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600].map((seconds) => seconds * 1e9);
let base;
let view;
let whole;
let late;

// The smallest round step that leaves some 75 pixels between two lines.
function step(length) {
  const least = Math.max(1, length / Math.min(8, width() / 75));
  for (let ten = 1; ten < 1e10; ten *= 10) for (const n of [1, 2, 5]) if (n * ten >= least && n * ten < 1e10) return n * ten;
  return LONG.find((long) => long >= least) ?? Math.ceil(least / 864e11) * 864e11;
}

function label(at, size) {
  if (at === 0) return "0";
  const decimal = (value, unit) => (value / unit).toFixed(Math.max(0, Math.ceil(-Math.log10((size % unit || unit) / unit) - 1e-9)));
  const two = (text) => (/^\d\d/.test(text) ? text : `0${text}`);
  if (size >= 6e10) {
    const [hours, minutes] = [Math.floor(at / 36e11), (at % 36e11) / 6e10];
    return hours ? `${hours}h${minutes ? ` ${two(minutes)}m` : ""}` : `${minutes}m`;
  }
  if (view.to >= 12e10 && at >= 6e10) return `${Math.floor(at / 6e10)}m ${two(decimal(at % 6e10, 1e9))}s`;
  const [unit, word] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]].find(([unit]) => view.to >= unit || unit === 1);
  return `${decimal(at, unit)} ${word}`;
}

const width = () => grid().querySelector(".ticks").clientWidth || 640;
const percent = (at, of = base) => ((at - of.from) / (of.to - of.from)) * 100;

function drawRuler() {
  const [ticks, lines, mark] = [".ticks", ".over", ".resp"].map((name) => grid().querySelector(name));
  const sent = mark ? percent(base.from + (get(mark, "--a") / 100) * (base.to - base.from), view) : NaN;
  const room = 9600 / width();
  const [left, right] = sent + room > 100 ? [room * 1.4, 2] : [room / 2, room];
  mark?.classList.toggle("end", sent + room > 100);
  for (const old of grid().querySelectorAll(".ticks span:not(.resp), .gl")) old.remove();
  const size = step(view.to - view.from);
  for (let at = Math.ceil(view.from / size) * size; at <= view.to; at += size) {
    const [place, style] = [percent(at, view), `style="--a:${percent(at).toFixed(5)}"`];
    // The mark of the response covers its neighbours.
    const text = place > sent - left && place < sent + right ? "" : label(at, size);
    lines.insertAdjacentHTML("beforeend", `<i class="gl" ${style}></i>`);
    ticks.insertAdjacentHTML("beforeend", `<span ${place + room / 2 > 100 ? 'class="end"' : ""} ${style}>${text}</span>`);
  }
}

// Labels stand right of their bar, left of it where there is no room, and inside it where there is none at all.
function placeLabels(scope) {
  for (const text of scope.querySelectorAll(".lb")) {
    const at = (place) => percent(base.from + (place / 100) * (base.to - base.from), view);
    const [a, b, sent] = ["--a", "--b", "--w"].map((name) => get(text.parentNode, name));
    const room = ((text.firstChild.length * 6.4 + 12) / width()) * 100;
    // A wait before the bar keeps its box free.
    const [from, to] = [at(sent < a ? sent : a), at(a + b)];
    text.className = to < 0 || from > 100 ? "lb off" : to + room <= 100 ? "lb" : from - room >= 0 ? "lb left" : "lb on";
  }
}

function refit() {
  drawRuler();
  placeLabels(grid());
}

function show(from, to) {
  const length = Math.min(Math.max(to - from, 20), whole);
  from = Math.min(Math.max(from, 0), whole - length);
  view = { from, to: from + length };
  const scale = (base.to - base.from) / length;
  set(grid(), "--z0", percent(from));
  set(grid(), "--zk", scale);
  const lens = document.querySelector(".mini .lens");
  lens.hidden = length >= whole;
  set(lens, "--a", (from / whole) * 100);
  set(lens, "--b", (length / whole) * 100);
  refit();
  clearTimeout(late);
  late = setTimeout(() => {
    late = 0;
    const address = new URL(location.href);
    const micros = (at) => Math.round(at) / 1000;
    if (length >= whole) address.searchParams.delete("t");
    else address.searchParams.set("t", `${micros(from)}-${micros(from + length)}`);
    history.replaceState(history.state, "", address);
    // Far from what the server drew, its percents have too few digits: have it drawn anew.
    if (scale > 2000 || scale < 0.002) document.dispatchEvent(new CustomEvent("trace:redraw"));
  }, 150);
}

const zoom = (factor, middle = (view.from + view.to) / 2) =>
  show(middle - (middle - view.from) / factor, middle + (view.to - middle) / factor);
const pan = (share) => show(view.from + (view.to - view.from) * share, view.to + (view.to - view.from) * share);

function zoomTo(row) {
  const cell = row?.querySelector(".lb")?.parentNode;
  if (!cell) return;
  const [from, length] = ["--a", "--b"].map((name) => (get(cell, name) / 100) * (base.to - base.from));
  show(base.from + from - length / 20, base.from + from + Math.max(length * 1.05, 20));
}

// A point of the pointer in time: the overview shows the whole trace, the ruler what is drawn.
function timeAt(area, x) {
  const box = area.getBoundingClientRect();
  const part = Math.min(1, Math.max(0, (x - box.left) / box.width));
  return area.matches(".mini") ? part * whole : view.from + part * (view.to - view.from);
}

function drag(event) {
  const area = event.target.closest?.(".ticks, .mini");
  if (!area || event.button !== 0) return;
  event.preventDefault();
  const box = area.getBoundingClientRect();
  const mark = document.createElement("div");
  mark.className = "brush";
  area.setPointerCapture(event.pointerId);
  area.onpointermove = ({ clientX }) => {
    const x = Math.min(box.right, Math.max(box.left, clientX));
    const left = Math.min(x, event.clientX);
    const place = { "--x": left + scrollX, "--y": box.top + scrollY, "--w": Math.abs(x - event.clientX), "--h": box.height };
    for (const name in place) set(mark, name, place[name]);
    document.body.append(mark);
  };
  area.onpointerup = area.onpointercancel = ({ type, clientX }) => {
    area.onpointermove = area.onpointerup = area.onpointercancel = null;
    mark.remove();
    const [from, to] = [timeAt(area, event.clientX), timeAt(area, clientX)].sort((p, q) => p - q);
    if (type === "pointerup" && Math.abs(clientX - event.clientX) > 4) show(from, to);
  };
}

// What the address asks for, or a zoom that is on its way there: rows that were asked for before it come drawn for another.
function wanted() {
  if (late) return view;
  const [from, to] = (new URL(location.href).searchParams.get("t") ?? "").split("-").map((micros) => micros * 1000);
  return to > from ? { from, to } : { from: 0, to: whole };
}

function start() {
  whole = Number(grid().dataset.length);
  base = { from: Number(grid().dataset.from), to: Number(grid().dataset.to) };
  const { from, to } = wanted();
  view = { ...base };
  if (Math.abs(from - base.from) > 1 || Math.abs(to - base.to) > 1) show(from, to);
  else refit();
}

const isHeld = (event) => event.ctrlKey || event.metaKey || event.altKey;
const keys = {
  __proto__: null,
  a: () => pan(-0.1), d: () => pan(0.1), A: () => pan(-0.5), D: () => pan(0.5),
  z: () => zoomTo(document.activeElement.closest(".row") ?? document.querySelector(".row[aria-selected]")),
};

if (grid()) {
  const on = (name, act, options) => document.addEventListener(name, act, options);
  start();
  on("pointerdown", drag);
  on("dblclick", (event) => {
    const row = event.target.closest(".row");
    if (row && event.clientX > row.lastChild.getBoundingClientRect().left) zoomTo(row);
  });
  on("trace:rows", (event) => placeLabels(event.detail));
  on("trace:redrawn", start);
  addEventListener("resize", refit);
  on("wheel", (event) => {
    if (!isHeld(event) || !event.target.closest?.(".wfg")) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, timeAt(grid().querySelector(".ticks"), event.clientX));
  }, { passive: false });
  on("click", (event) => {
    const kind = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (!kind || isHeld(event)) return;
    event.preventDefault();
    if (kind === "fit") show(0, whole);
    else zoom(kind === "in" ? 2 : 0.5);
  });
  on("keydown", (event) => {
    if (event.defaultPrevented || isHeld(event) || event.target.matches("input, select, textarea") || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
