"use strict";
// A click on the head of a column sorts a table by it, a second one the other way; long tables have filters.

const GROUPS = 40; // the most groups that a choice box offers

// A number if a cell is one, also with a deviation or a unit behind it; else its text.
function valueOf(cell) {
  const text = cell.textContent.trim();
  const plain = text.replace(/,/g, "").replace("−", "-");
  const number = cell.classList.contains("number") ? parseFloat(plain) : Number(text || NaN);
  return Number.isNaN(number) ? text : number;
}

function sort(table, place, descends) {
  const rows = [...table.tBodies[0].rows];
  const late = (value) => (value === "" ? 2 : Number(typeof value === "string")); // numbers, words, those without
  const order = new Intl.Collator(undefined, { numeric: true });
  rows.sort((one, other) => {
    const [a, b] = [valueOf(one.cells[place]), valueOf(other.cells[place])];
    if (late(a) !== late(b)) return late(a) - late(b);
    const found = typeof a === "number" ? a - b : order.compare(a, b);
    return descends ? -found : found;
  });
  table.tBodies[0].append(...rows);
}

// The names in a row: of its group, in a table of pairs of both its groups.
function namesIn(row) {
  const isOfPairs = row.closest("table").tHead.rows[0].cells[1].textContent.trim() === "minus";
  return [...row.cells].slice(0, isOfPairs ? 2 : 1).map((cell) => cell.textContent.trim());
}

function filter(table, words, group) {
  const wanted = words.toLowerCase().split(/\s+/);
  for (const row of table.tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    const fits = wanted.every((word) => text.includes(word));
    row.hidden = !fits || (group !== "" && !namesIn(row).includes(group));
  }
}

function labelled(name, control) {
  const label = document.createElement("label");
  label.append(name, control);
  return label;
}

function offerFilters(table, place) {
  const words = document.createElement("input");
  words.type = "search";
  const names = [...new Set([...table.tBodies[0].rows].flatMap(namesIn))];
  const groups = document.createElement("select");
  groups.append(new Option("all", ""), ...names.map((name) => new Option(name, name)));
  const change = () => filter(table, words.value, groups.value);
  words.addEventListener("input", change);
  groups.addEventListener("change", change);
  place.append(labelled("rows with", words));
  if (names.length <= GROUPS) place.append(labelled(table.tHead.rows[0].cells[0].textContent.trim(), groups));
}

for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    head.addEventListener("click", () => {
      const descends = head.getAttribute("aria-sort") !== "descending" && head.classList.contains("number");
      const again = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((one) => one.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", descends || again ? "descending" : "ascending");
      sort(table, place, descends || again);
    });
  });
  const place = table.parentElement.previousElementSibling;
  if (place.matches(".filters")) offerFilters(table, place);
}
