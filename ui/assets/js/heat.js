// The heat map under the pointer: dragging chooses a part, resting says what a cell holds.
// Everything it shows stands in the table below; its form chooses the same without a pointer.

const chart = document.querySelector("[data-heat]");
const tip = document.querySelector("[data-heat-tip]");
const table = document.querySelector(".heat .numbers table");
let heatDrag = null;

const clamp = (value) => Math.min(1, Math.max(0, value));

function place(event) {
  const box = chart.getBoundingClientRect();
  return { x: clamp((event.clientX - box.left) / box.width), y: clamp((event.clientY - box.top) / box.height) };
}

function tell(at) {
  const rows = table.tBodies[0].rows;
  const columns = table.tHead.rows[0].cells;
  const row = rows[Math.min(rows.length - 1, Math.floor(at.y * rows.length))];
  const column = 1 + Math.min(columns.length - 2, Math.floor(at.x * (columns.length - 1)));
  const count = row.cells[column].textContent || "0";
  tip.textContent = `${columns[column].textContent}, ${row.cells[0].textContent}: ${count} ${count === "1" ? "span" : "spans"}`;
}

function outline() {
  const { start, end, mark } = heatDrag;
  const box = chart.getBoundingClientRect();
  mark.style.setProperty("--x", box.left + window.scrollX + Math.min(start.x, end.x) * box.width);
  mark.style.setProperty("--y", box.top + window.scrollY + Math.min(start.y, end.y) * box.height);
  mark.style.setProperty("--w", Math.abs(end.x - start.x) * box.width);
  mark.style.setProperty("--h", Math.abs(end.y - start.y) * box.height);
}

function giveUp() {
  heatDrag?.mark.remove();
  heatDrag = null;
}

// A duration at a height, in whole nanoseconds with three digits that count.
function duration(y) {
  const [low, high] = [Number(chart.dataset.low), Number(chart.dataset.high)];
  const nanos = 2 ** (high - y * (high - low));
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(nanos)) - 2);
  return Math.round(nanos / unit) * unit;
}

const written = (nanos) => (nanos % 1e6 === 0 ? `${nanos / 1e6}ms` : nanos % 1e3 === 0 ? `${nanos / 1e3}us` : `${nanos}ns`);

function choose({ start, end }) {
  const [from, to] = [Number(chart.dataset.from), Number(chart.dataset.to)];
  const at = (x) => new Date(from + x * (to - from)).toISOString();
  const low = duration(Math.max(start.y, end.y));
  const high = Math.max(duration(Math.min(start.y, end.y)), low + 1);
  const address = new URL(location.href);
  for (const name of ["t0", "t1", "d0", "d1", "than"]) address.searchParams.delete(name);
  const times = [at(Math.min(start.x, end.x)), at(Math.max(start.x, end.x))];
  address.searchParams.set("box", [...times, written(low), written(high)].join(","));
  location.assign(address);
}

if (chart) {
  chart.classList.add("live");
  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const mark = document.createElement("div");
    mark.className = "brush";
    heatDrag = { start: place(event), end: place(event), mark };
    chart.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  chart.addEventListener("pointermove", (event) => {
    tell(place(event));
    if (!heatDrag) return;
    heatDrag.end = place(event);
    if (!heatDrag.mark.isConnected) document.body.append(heatDrag.mark);
    outline();
  });
  chart.addEventListener("pointerup", () => {
    if (!heatDrag) return;
    const drag = heatDrag;
    giveUp();
    const box = chart.getBoundingClientRect();
    // Less than five pixels either way is a click.
    const wide = Math.abs(drag.end.x - drag.start.x) * box.width;
    const tall = Math.abs(drag.end.y - drag.start.y) * box.height;
    if (wide >= 5 && tall >= 5) choose(drag);
  });
  chart.addEventListener("pointercancel", giveUp);
  document.addEventListener("keydown", (event) => {
    if (!heatDrag || event.key !== "Escape") return;
    giveUp();
    event.preventDefault();
  });
}
