// Live: lines come as rows of HTML from the page's own server and are put on top. While paused, or while somebody has scrolled
// down, they wait behind a button that says how many. Whatever is beyond the limit is counted, not kept.

const list = document.querySelector("[data-live-list]");
const rows = list?.querySelector("[data-live-rows]");
const most = Number(list?.dataset.most ?? 0);
const fresh = document.querySelector("[data-live-new]");
const skippedBox = document.querySelector("[data-live-skipped]");
const runningBox = document.querySelector("[data-live-running]");
const pause = document.querySelector("[data-live-pause]");
const told = document.querySelector("[data-live-state]");

let after = list?.dataset.after;
let paused = list?.dataset.paused !== undefined;
let waiting = [];
let skipped = Number(skippedBox?.dataset.count ?? 0);
let isOpenEnded = /^(more|older)/.test(skippedBox?.textContent ?? "");
let events = null;

const parse = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
};

function count(more) {
  skipped += more;
  if (!skippedBox || (skipped === 0 && !isOpenEnded)) return;
  skippedBox.hidden = false;
  skippedBox.dataset.count = skipped;
  skippedBox.textContent = `${isOpenEnded ? "more than " : ""}${skipped.toLocaleString("en")} skipped`;
}

// Rows that are there already are replaced where they stand: nothing moves. The others are left.
function refresh(news) {
  const known = new Map([...rows.children].map((row) => [row.dataset.key, row]));
  return news.filter((row) => {
    const old = known.get(row.dataset.key);
    old?.replaceWith(row);
    return !old;
  });
}

// New rows on top, the oldest beyond the limit away.
function put(news) {
  rows.prepend(...news);
  while (rows.children.length > most) rows.lastElementChild.remove();
  if (news.length > 0) list.querySelector("[data-live-empty]")?.remove();
}

const holds = () => paused || window.scrollY > 120;

function show() {
  const isWaiting = waiting.length > 0;
  fresh.hidden = !isWaiting;
  fresh.textContent = isWaiting ? `${waiting.length.toLocaleString("en")} new` : "";
  fresh.dataset.count = waiting.length;
}

function take(told) {
  const news = refresh(told);
  const keys = new Set(news.map((row) => row.dataset.key));
  waiting = [...news, ...waiting.filter((row) => !keys.has(row.dataset.key))];
  if (!holds()) {
    put(waiting);
    waiting = [];
  } else if (waiting.length > most) {
    count(waiting.length - most);
    waiting.length = most;
  }
  show();
}

function say(text) {
  if (told && told.textContent !== text) told.textContent = text;
}

function state() {
  if (paused) say("Paused: what arrives is counted");
  else if (events?.readyState === EventSource.OPEN) say("Newest first, as it arrives");
  else say("Connecting…");
}

// A hidden page holds no connection; it goes on where it stopped.
function listen() {
  if (document.hidden) {
    events?.close();
    events = null;
    return;
  }
  if (events) return;
  const address = new URL(list.dataset.events, location.href);
  address.searchParams.set("after", after);
  events = new EventSource(address);
  events.addEventListener("open", state);
  events.addEventListener("error", () => {
    if (events?.readyState !== EventSource.CLOSED) return state();
    // The server has no place for this page just now.
    events = null;
    say("Too many pages watch: trying again");
    setTimeout(listen, 5000);
  });
  events.addEventListener("lines", (event) => {
    after = event.lastEventId || after;
    take(parse(event.data));
  });
  events.addEventListener("skipped", (event) => {
    after = event.lastEventId || after;
    if (event.data.endsWith("+")) isOpenEnded = true;
    count(parseInt(event.data, 10) || 0);
  });
  events.addEventListener("running", (event) => {
    runningBox.replaceChildren(...parse(event.data));
  });
}

function toggle() {
  paused = !paused;
  const address = new URL(location.href);
  if (paused) address.searchParams.set("paused", "1");
  else address.searchParams.delete("paused");
  history.replaceState(history.state, "", address);
  pause.firstChild.textContent = paused ? "Go on " : "Pause ";
  state();
  if (!paused) take([]);
}

function open() {
  put(waiting);
  waiting = [];
  show();
  window.scrollTo({ top: 0 });
}

if (list) {
  pause.setAttribute("role", "button");
  pause.addEventListener("click", (event) => {
    event.preventDefault();
    toggle();
  });
  fresh.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target !== pause && event.target.closest?.("a, button, input, textarea, select, summary")) return;
    event.preventDefault();
    toggle();
  });
  document.addEventListener("visibilitychange", listen);
  window.addEventListener("scroll", () => {
    if (waiting.length > 0 && !holds()) take([]);
  }, { passive: true });
  listen();
}
