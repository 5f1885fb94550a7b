// Theme, time zone, copying, menus. Shows the controls that need a script; without one they stay hidden.

const root = document.documentElement;
const themes = { system: "half", light: "sun", dark: "moon" };
const next = { system: "light", light: "dark", dark: "system" };

// Copied links name two times, or keep "the last hour".
let relative = false;

// A message for screen readers.
const live = document.createElement("p");
live.className = "sr";
live.setAttribute("role", "status");
document.body.append(live);
const say = (text) => {
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
};

// In a narrow window the navigation scrolls: what is open comes into view.
const nav = document.querySelector(".nav");
const current = nav?.querySelector("[aria-current]");
if (current) nav.scrollLeft = current.offsetLeft + current.offsetWidth / 2 - nav.clientWidth / 2;

function reveal(scope) {
  for (const element of scope.querySelectorAll("[data-js]")) element.hidden = false;
  const local = scope.querySelector("[data-local-zone]");
  if (!local) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!local.value) local.value = zone;
  local.title = local.value;
  if (zone === "UTC" && local.value === "UTC") local.hidden = true;
}

async function changeTheme(form) {
  const button = form.querySelector("button");
  const theme = button.value;
  const body = new URLSearchParams({ back: location.pathname + location.search, theme });
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
  if (answer.status >= 400) throw new Error(`prefs: ${answer.status}`);
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  button.value = next[theme];
  const label = `Theme: ${theme}. Switch to ${next[theme]}`;
  button.title = label;
  button.setAttribute("aria-label", label);
  button.querySelector("use").setAttribute("href", `#i-${themes[theme]}`);
  say(`Theme: ${theme}`);
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages that do not come over HTTPS or from this machine have no clipboard.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1200);
  say("Copied");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.matches("[data-copy]")) copy(button.dataset.copy, button);
  else if (button?.matches("[data-copy-next]")) copy(button.closest("figure").querySelector("pre").textContent, button);
  else if (button?.matches("[data-copy-link]")) {
    const address = relative ? location.href : new URL(button.dataset.absolute || location.href, location.href).href;
    copy(address, button);
  }
  // A click elsewhere closes what hangs open.
  for (const drop of document.querySelectorAll("details.drop[open]")) {
    if (!drop.contains(event.target)) drop.open = false;
  }
});

// What ends in three dots is told whole under the pointer. A link over a whole row stands for all of its cell.
const isCut = (one) => one.scrollWidth > one.clientWidth && getComputedStyle(one).textOverflow === "ellipsis";
document.addEventListener("pointerover", ({ target }) => {
  const cell = target.closest?.(".nmc") ?? target;
  for (let [at, up] = [target, 0]; at && up < 4; [at, up] = [at.parentElement, up + 1]) {
    if (at.title) return;
    if (!isCut(at) && !(at === target && [...cell.querySelectorAll("bdi")].some(isCut))) continue;
    at.title = (at === target ? cell : at).textContent.replace(/\s+/g, " ").trim();
    return;
  }
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-form]")) return;
  event.preventDefault();
  changeTheme(event.target).catch(() => event.target.submit());
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-relative-links]")) relative = event.target.checked;
});

function start(scope) {
  reveal(scope);
  for (const tick of scope.querySelectorAll("[data-relative-links]")) tick.checked = relative;
}

document.addEventListener("frag:swapped", (event) => {
  start(event.detail.container);
  for (const back of document.querySelectorAll("input[name=back]")) back.value = location.pathname + location.search;
});
start(document);

// A box whose table fits has nothing to scroll, and without it the table's head stays in sight with the page. What has no box takes all the
// width it would like, so all are boxes while one looks.
function fit() {
  const boxes = [...document.querySelectorAll(".scroll:has(> table)")];
  for (const box of boxes) box.classList.remove("fits");
  const fitting = boxes.filter((box) => box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight);
  for (const box of fitting) box.classList.add("fits");
}
new ResizeObserver(fit).observe(document.documentElement);
document.addEventListener("frag:swapped", fit);
