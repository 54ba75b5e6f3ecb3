"use strict";
// One benchmark, one tab and one figure are shown at a time. The address names them: #benchmark/tab/choice/choice.

const sections = [...document.querySelectorAll("section.benchmark")];
const box = document.getElementById("benchmark");
const galleries = new Map(); // by panel, read when first shown
const chosen = new Map(); // by panel, the options chosen last
const dark = matchMedia("(prefers-color-scheme: dark)");
// The greys of figures are those of white paper; these take their place on a dark ground.
const ON_DARK = { "#e8ebef": "#2b323b", "#b8c0ca": "#5c6875", "#555": "#a9b4c0", "#777": "#a9b4c0", black: "#e4e9ef" };
const PAPER = 1000; // the width of a printed page in pixels
const NARROW = 700; // below this width of the window a figure would be squeezed
let benchmark = 0;
let tab = "table";

function panelOf(section, name) {
  return section.querySelector(`.panel[data-tab="${CSS.escape(name)}"]`);
}

function galleryOf(panel) {
  if (!galleries.has(panel)) {
    const source = panel.querySelector('script[type="application/json"]');
    galleries.set(panel, source && JSON.parse(source.textContent));
  }
  return galleries.get(panel);
}

// The figure of the options chosen; where they do not go together, the first with as many of them as there can be.
function select(gallery, options) {
  let left = gallery.figures;
  gallery.choices.forEach((_, index) => {
    const fitting = left.filter((one) => one.chosen[index] === options[index]);
    if (fitting.length) left = fitting;
  });
  return left[0];
}

function offer(panel, gallery, options) {
  const choices = panel.querySelector(".choices");
  choices.replaceChildren();
  gallery.choices.forEach((name, index) => {
    const values = [...new Set(gallery.figures.map((one) => one.chosen[index]))];
    if (values.length < 2) return;
    const list = document.createElement("select");
    list.name = name;
    list.append(...values.map((value) => new Option(value, value, false, value === options[index])));
    list.addEventListener("change", () => {
      chosen.set(panel, options.map((value, other) => (other === index ? list.value : value)));
      show();
    });
    const label = document.createElement("label");
    label.append(name, list);
    choices.append(label);
  });
}

// A figure as it looks on the ground it is drawn on.
function coloured(figure, onDark) {
  const swap = (_, value) => (onDark && typeof value === "string" && ON_DARK[value]) || value;
  const { data, layout } = JSON.parse(JSON.stringify(figure, swap));
  const [ink, ground] = onDark ? ["#e4e9ef", "#14181d"] : ["#1c2430", "#fff"];
  const look = {
    font: { family: getComputedStyle(document.body).fontFamily, color: ink, size: 13 },
    hoverlabel: { align: "left", namelength: -1 },
    paper_bgcolor: ground,
    plot_bgcolor: ground,
  };
  return [data, { ...look, ...layout }];
}

function draw(panel) {
  const gallery = galleryOf(panel);
  if (!gallery) return [];
  const { chosen: options, figure } = select(gallery, chosen.get(panel) || []);
  offer(panel, gallery, options);
  const [data, layout] = coloured(figure, dark.matches);
  if (innerWidth < NARROW) layout.width = layout.width || NARROW; // the place scrolls
  Plotly.react(panel.querySelector(".plot"), data, layout, { responsive: true, displaylogo: false });
  return options;
}

// On paper every benchmark is shown whole, with all figures of its galleries.
function print() {
  document.querySelectorAll("section.benchmark, .panel").forEach((one) => { one.hidden = false; });
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  document.querySelectorAll(".panel").forEach((panel) => {
    const gallery = galleryOf(panel);
    if (!gallery) return;
    panel.querySelector(".plot").hidden = true;
    gallery.figures.forEach(({ figure }) => {
      const place = document.createElement("div");
      place.className = "printed";
      panel.append(place);
      const [data, layout] = coloured(figure, false);
      Plotly.newPlot(place, data, { ...layout, width: Math.min(layout.width || PAPER, PAPER) }, { staticPlot: true });
    });
  });
}

function afterPrint() {
  document.querySelectorAll(".printed").forEach((place) => { Plotly.purge(place); place.remove(); });
  document.querySelectorAll(".plot").forEach((place) => { place.hidden = false; });
  show();
}

function show() {
  const section = sections[benchmark];
  if (!panelOf(section, tab)) tab = "table";
  sections.forEach((one) => { one.hidden = one !== section; });
  section.querySelectorAll(".panel").forEach((panel) => { panel.hidden = panel.dataset.tab !== tab; });
  section.querySelectorAll('[role="tab"]').forEach((button) => {
    button.setAttribute("aria-selected", String(button.dataset.tab === tab));
    button.tabIndex = button.dataset.tab === tab ? 0 : -1;
  });
  const strip = section.querySelector('[role="tablist"]');
  strip.scrollLeft = strip.querySelector('[aria-selected="true"]').offsetLeft - strip.offsetLeft;
  if (box) box.value = String(benchmark);
  const options = draw(panelOf(section, tab));
  history.replaceState(null, "", "#" + [benchmark, tab, ...options].map(encodeURIComponent).join("/"));
}

// A part of the address; nothing if it is malformed.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

function go() {
  const [number, name, ...options] = location.hash.slice(1).split("/").map(decoded);
  benchmark = sections[Number(number)] ? Number(number) : 0;
  tab = name || "table";
  const panel = panelOf(sections[benchmark], tab);
  if (panel && options.length) chosen.set(panel, options);
  show();
}

if (sections.length) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest('[role="tab"]');
    if (!button) return;
    tab = button.dataset.tab;
    show();
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const button = event.target.closest('[role="tab"]');
    if (!step || !button) return;
    const all = [...button.parentElement.querySelectorAll('[role="tab"]')];
    const next = all[(all.indexOf(button) + step + all.length) % all.length];
    next.click();
    next.focus();
  });
  dark.addEventListener("change", show);
  addEventListener("beforeprint", print);
  addEventListener("afterprint", afterPrint);
  if (box) box.addEventListener("change", () => { benchmark = Number(box.value); show(); });
  addEventListener("hashchange", go);
  go();
}
