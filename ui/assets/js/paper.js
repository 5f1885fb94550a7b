// A trace on paper: all its rows, up to a bound, in place of the windows that come as one scrolls.

const PRINTED = 2000;
const PART = 1000;

// Paper does not scroll, and a printer waits for nothing but a request that blocks.
function unroll() {
  const grid = document.querySelector(".wfg.virtual");
  if (!grid) return;
  const { src, rows } = grid.dataset;
  const last = Math.min(Number(rows), PRINTED);
  let all = "";
  for (let first = 0; first < last; first += PART) {
    const request = new XMLHttpRequest();
    request.open("GET", `${src}${src.includes("?") ? "&" : "?"}row=${first}&count=${Math.min(PART, last - first)}`, false);
    request.send();
    if (request.status !== 200) return;
    all += `<div class="rows" role="rowgroup" data-row="${first}" style="--row0:${first}">${request.responseText}</div>`;
  }
  for (const part of grid.querySelectorAll(".rows")) part.remove();
  grid.insertAdjacentHTML("beforeend", all);
  if (rows <= last) return;
  const said = `<p class="fact" data-test="printed">The first ${last.toLocaleString("en")} of ${Number(rows).toLocaleString("en")} rows. With rows=all in the address, all are printed.</p>`;
  grid.insertAdjacentHTML("afterend", said);
}

addEventListener("beforeprint", unroll);
// Which windows the screen wants is the waterfall's affair.
addEventListener("afterprint", () => {
  if (document.querySelector(".wfg.virtual")) document.dispatchEvent(new CustomEvent("trace:redraw"));
});
