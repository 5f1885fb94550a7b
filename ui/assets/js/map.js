// The map under the pointer: zoom, drag, and what a node is connected to.
// The drawing scrolls in its box; zoom is one custom property on it.

let zoom = 1;
let kept = null;

const box = () => document.querySelector("[data-map]");

function setZoom(to, x, y) {
  const scroller = box();
  const drawing = scroller?.querySelector("svg.map");
  if (!drawing) return;
  const before = drawing.getBoundingClientRect();
  const frame = scroller.getBoundingClientRect();
  const [px, py] = [x ?? frame.left + frame.width / 2, y ?? frame.top + frame.height / 2];
  const [sx, sy] = [(px - before.left) / before.width, (py - before.top) / before.height];
  zoom = Math.min(4, Math.max(0.2, to));
  drawing.style.setProperty("--k", zoom.toFixed(3));
  const after = drawing.getBoundingClientRect();
  scroller.scrollLeft += after.left + sx * after.width - px;
  scroller.scrollTop += after.top + sy * after.height - py;
}

// All of it at once, where that is smaller than its natural fit.
function fit() {
  const scroller = box();
  const drawing = scroller?.querySelector("svg.map");
  if (!drawing) return;
  setZoom(1);
  const size = drawing.getBoundingClientRect();
  setZoom(Math.min(1, (scroller.clientWidth - 8) / size.width, (scroller.clientHeight - 8) / size.height));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (!button) return;
  if (button.dataset.zoom === "fit") fit();
  else setZoom(button.dataset.zoom === "in" ? zoom * 1.25 : zoom / 1.25);
});

document.addEventListener("wheel", (event) => {
  if (!(event.ctrlKey || event.metaKey) || !event.target.closest?.("[data-map]")) return;
  event.preventDefault();
  setZoom(zoom * Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
}, { passive: false });

// Dragging the ground scrolls.
document.addEventListener("pointerdown", (event) => {
  const scroller = event.target.closest?.("[data-map]");
  if (!scroller || event.button !== 0 || event.pointerType === "touch" || event.target.closest("a")) return;
  event.preventDefault();
  scroller.classList.add("grab");
  const start = { x: event.clientX + scroller.scrollLeft, y: event.clientY + scroller.scrollTop };
  const move = (moved) => {
    scroller.scrollLeft = start.x - moved.clientX;
    scroller.scrollTop = start.y - moved.clientY;
  };
  const end = () => {
    scroller.classList.remove("grab");
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", end);
    document.removeEventListener("pointercancel", end);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
});

// What is not connected to the node under the pointer, or the focused one, steps back. The marks of all cards are drawn together: of those
// only what lies on near ones stays.
function light(node) {
  const drawing = box()?.querySelector("svg.map");
  if (!drawing) return;
  for (const near of drawing.querySelectorAll(".near")) near.classList.remove("near");
  const marks = drawing.querySelector(".marks");
  drawing.classList.toggle("lit", Boolean(node));
  marks.style.clipPath = "";
  if (!node) return;
  const id = node.dataset.id;
  const ids = new Set([id]);
  for (const edge of drawing.querySelectorAll("a[data-from]")) {
    const { from, to } = edge.dataset;
    if (from !== id && to !== id) continue;
    edge.classList.add("near");
    ids.add(from).add(to);
  }
  let cards = "";
  for (const other of drawing.querySelectorAll(".n")) {
    if (!ids.has(other.dataset.id)) continue;
    other.classList.add("near");
    const { e: x, f: y } = other.transform.baseVal[0].matrix;
    cards += `M${x} ${y}h162v58h-162z`;
  }
  marks.style.clipPath = `path("${cards}") view-box`;
}

document.addEventListener("pointerover", (event) => {
  if (!event.target.closest?.("[data-map]")) return;
  light(event.target.closest("a.n"));
});
document.addEventListener("pointerout", (event) => {
  if (event.target.closest?.("[data-map]") && !event.relatedTarget?.closest?.("a.n")) light(null);
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("a.n:focus-visible")) light(event.target);
});
document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("a.n")) light(null);
});

// A swap keeps zoom and position.
document.addEventListener("frag:before", () => {
  const scroller = box();
  kept = scroller && { left: scroller.scrollLeft, top: scroller.scrollTop };
});
document.addEventListener("frag:swapped", () => {
  const scroller = box();
  if (!scroller || !kept) return;
  if (zoom !== 1) scroller.querySelector("svg.map").style.setProperty("--k", zoom.toFixed(3));
  scroller.scrollLeft = kept.left;
  scroller.scrollTop = kept.top;
});

// A selected node that lies outside the box comes into it, without moving the page.
const selected = box()?.querySelector("a.n.sel");
if (selected) {
  const frame = box().getBoundingClientRect();
  const card = selected.getBoundingClientRect();
  if (card.bottom > frame.bottom) box().scrollTop += card.bottom - frame.bottom + 40;
  if (card.right > frame.right) box().scrollLeft += card.right - frame.right + 40;
}
