// The start page learns of the first span as it arrives.

const waiting = () => document.querySelector("[data-test=first-span]:not([data-arrived])");
let trace = null;

function show() {
  const box = waiting();
  if (!box || trace === null) return;
  const heading = document.createElement("h2");
  heading.textContent = "The first span is here";
  const links = document.createElement("p");
  links.className = "links";
  const link = (text, href, kind) => {
    const a = document.createElement("a");
    a.textContent = text;
    a.href = href;
    a.className = kind;
    links.append(a);
  };
  if (/^[0-9a-f]{32}$/.test(trace)) link("Open its trace", `/traces/${trace}`, "btn pri");
  link("Open the map", "/map", "btn");
  box.replaceChildren(heading, links);
  box.dataset.arrived = "";
}

// A hidden page holds no connection.
let events = null;
function listen() {
  const box = waiting();
  if (document.hidden || trace !== null || !box) {
    events?.close();
    events = null;
  } else if (!events) {
    events = new EventSource(box.dataset.events);
    events.addEventListener("first-span", (event) => {
      trace = event.data.trim();
      listen();
      show();
    });
  }
}

document.addEventListener("visibilitychange", listen);
document.addEventListener("frag:swapped", show);
listen();
