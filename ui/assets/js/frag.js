// Links that change a part of the page: the same address, one block of its answer, swapped in place.
// A container names its block (data-frag); links inside with data-live are followed here. Anything that goes wrong
// becomes an ordinary visit.

// What was shown until the page's own part came is hidden by now.
document.querySelector("[data-waiting]")?.remove();

let running = null;

// What can be found again after the swap.
function place(element, container) {
  if (!container.contains(element)) return null;
  const { test, id } = element.dataset;
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (test && id) return `[data-test="${CSS.escape(test)}"][data-id="${CSS.escape(id)}"]`;
  if (element.closest("[data-test=inspector]")) return "[data-test=inspector] h2 ~ a, [data-test=inspector] a";
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

async function load(container, address) {
  running?.abort();
  running = new AbortController();
  const spot = place(document.activeElement, container);
  container.setAttribute("aria-busy", "true");
  const answer = await fetch(address, {
    headers: { "X-Fragment": container.dataset.frag },
    signal: running.signal,
  });
  const type = answer.headers.get("content-type") ?? "";
  if (!answer.ok || !type.startsWith("text/html")) throw new Error(`${address}: ${answer.status}`);
  const html = await answer.text();
  document.dispatchEvent(new CustomEvent("frag:before", { detail: { container } }));
  container.innerHTML = html;
  container.removeAttribute("aria-busy");
  document.dispatchEvent(new CustomEvent("frag:swapped", { detail: { container } }));
  if (spot) (container.querySelector(spot) ?? container.querySelector("main"))?.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[data-live]");
  const container = link?.closest("[data-frag]");
  if (!container) return;
  // An SVG link's href is an object.
  const address = new URL(link.getAttribute("href"), location.href);
  if (address.origin !== location.origin || address.pathname !== location.pathname) return;
  event.preventDefault();
  history.pushState({ live: true }, "", address);
  load(container, address).catch((error) => {
    if (error.name !== "AbortError") location.assign(address);
  });
});

window.addEventListener("popstate", () => {
  const container = document.querySelector("[data-frag]");
  if (!container || location.hash) return;
  load(container, new URL(location.href)).catch((error) => {
    if (error.name !== "AbortError") location.reload();
  });
});
