// Words of a filter, offered while they are typed: a list under the field, by arrow keys or by pointer.
// Without it the field is what it was. Nothing is chosen unless somebody chooses it.

let asking = null;

const letters = (text) => [...text];

function listOf(field) {
  let list = document.getElementById("filter-words");
  if (!list) {
    list = document.createElement("ul");
    list.id = "filter-words";
    list.className = "words";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Filter words");
    list.hidden = true;
  }
  if (list.previousElementSibling !== field) field.after(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  return list;
}

function close(field) {
  asking?.abort();
  const list = listOf(field);
  list.hidden = true;
  list.replaceChildren();
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function show(field, found) {
  const list = listOf(field);
  const rows = found.options.map(({ word, note }, place) => {
    const row = document.createElement("li");
    row.id = `filter-word-${place}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    row.dataset.word = word;
    const name = document.createElement("bdi");
    name.textContent = word;
    const aside = document.createElement("small");
    aside.textContent = note;
    row.append(name, aside);
    return row;
  });
  list.replaceChildren(...rows);
  list.dataset.from = found.from;
  list.dataset.to = found.to;
  list.hidden = rows.length === 0;
  field.setAttribute("aria-expanded", String(!list.hidden));
  field.removeAttribute("aria-activedescendant");
}

async function offer(field) {
  asking?.abort();
  asking = new AbortController();
  const at = letters(field.value.slice(0, field.selectionStart)).length;
  const about = field.form.getAttribute("action").startsWith("/traces") || field.form.getAttribute("action").startsWith("/map") ? "spans" : "invocations";
  const asked = new URLSearchParams({ f: field.value, at, about });
  try {
    const answer = await fetch(`/api/v1/complete?${asked}`, { signal: asking.signal });
    if (answer.ok && document.activeElement === field) show(field, await answer.json());
  } catch (error) {
    if (error.name !== "AbortError") close(field);
  }
}

function choose(field, row) {
  const { from, to } = listOf(field).dataset;
  const all = letters(field.value);
  // A field wants a value behind it; a whole word wants the next one.
  const word = /[:<>]$/.test(row.dataset.word) ? row.dataset.word : `${row.dataset.word} `;
  const rest = all.slice(Number(to)).join("").trimStart();
  const before = all.slice(0, Number(from)).join("") + word;
  field.value = before + rest;
  field.setSelectionRange(before.length, before.length);
  close(field);
  if (!word.endsWith(" ")) offer(field);
}

function move(field, step) {
  const rows = [...listOf(field).children];
  const now = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = (now + step + rows.length + (now < 0 && step < 0 ? 1 : 0)) % rows.length;
  rows.forEach((row, place) => row.setAttribute("aria-selected", String(place === next)));
  rows[next].scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", rows[next].id);
}

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-filter-input]")) offer(event.target);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("[data-filter-input]")) return;
  const list = listOf(field);
  if (event.key === "ArrowDown" && list.hidden) {
    offer(field);
    event.preventDefault();
    return;
  }
  if (list.hidden) return;
  const row = list.querySelector("[aria-selected=true]");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") move(field, event.key === "ArrowDown" ? 1 : -1);
  else if (event.key === "Enter" && row) choose(field, row);
  else if (event.key === "Escape") close(field);
  else return;
  event.preventDefault();
});

document.addEventListener("pointerdown", (event) => {
  const row = event.target.closest?.("#filter-words [role=option]");
  if (!row) return;
  event.preventDefault();
  choose(row.parentElement.previousElementSibling, row);
});

document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("[data-filter-input]")) close(event.target);
});
