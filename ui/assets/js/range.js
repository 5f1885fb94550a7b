// Brushing: dragging over a chart of time shows the dragged range.
// The chart has data-brush and, in milliseconds since 1970, data-from and data-to. Without a pointer the range button
// does the same with two fields.

let drag = null;

function share(chart, x) {
  const box = chart.getBoundingClientRect();
  return Math.min(1, Math.max(0, (x - box.left) / box.width));
}

function draw() {
  const { chart, from, to, mark } = drag;
  const box = chart.getBoundingClientRect();
  const left = Math.min(from, to);
  mark.style.setProperty("--x", box.left + window.scrollX + left * box.width);
  mark.style.setProperty("--y", box.top + window.scrollY);
  mark.style.setProperty("--w", Math.abs(to - from) * box.width);
  mark.style.setProperty("--h", box.height);
}

function stop() {
  drag?.mark.remove();
  drag = null;
}

document.addEventListener("pointerdown", (event) => {
  const chart = event.target.closest?.("[data-brush]");
  if (!chart || event.button !== 0 || event.pointerType === "touch") return;
  const at = share(chart, event.clientX);
  const mark = document.createElement("div");
  mark.className = "brush";
  drag = { chart, from: at, to: at, mark };
  event.preventDefault();
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  drag.to = share(drag.chart, event.clientX);
  if (!drag.mark.isConnected) document.body.append(drag.mark);
  draw();
});

document.addEventListener("pointerup", () => {
  if (!drag) return;
  const { chart, from, to } = drag;
  stop();
  // Less than five pixels is a click.
  if (Math.abs(to - from) * chart.getBoundingClientRect().width < 5) return;
  const [start, end] = [Number(chart.dataset.from), Number(chart.dataset.to)];
  const at = (part) => new Date(start + part * (end - start)).toISOString();
  const address = new URL(location.href);
  for (const name of ["range", "cursor", "from", "to"]) address.searchParams.delete(name);
  address.searchParams.set("from", at(Math.min(from, to)));
  address.searchParams.set("to", at(Math.max(from, to)));
  location.assign(address);
});

document.addEventListener("pointercancel", stop);
document.addEventListener("keydown", (event) => {
  if (drag && event.key === "Escape") {
    stop();
    event.preventDefault();
  }
});
