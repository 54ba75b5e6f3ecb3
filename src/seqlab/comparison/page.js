"use strict";
// One benchmark, one tab and one figure are shown at a time. The address names them: #benchmark/tab/choice/choice.

const sections = [...document.querySelectorAll("section.benchmark")];
const box = document.getElementById("benchmark");
const galleries = new Map(); // by panel, read when first shown
const chosen = new Map(); // by panel, the options chosen last
const look = {
  font: { family: getComputedStyle(document.body).fontFamily, color: "#1c2430", size: 13 },
  hoverlabel: { align: "left", namelength: -1 },
  paper_bgcolor: "#fff",
  plot_bgcolor: "#fff",
};
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

function draw(panel) {
  const gallery = galleryOf(panel);
  if (!gallery) return [];
  const { chosen: options, figure } = select(gallery, chosen.get(panel) || []);
  offer(panel, gallery, options);
  const layout = { ...look, ...figure.layout };
  Plotly.react(panel.querySelector(".plot"), figure.data, layout, { responsive: true, displaylogo: false });
  return options;
}

function show() {
  const section = sections[benchmark];
  if (!panelOf(section, tab)) tab = "table";
  sections.forEach((one) => { one.hidden = one !== section; });
  section.querySelectorAll(".panel").forEach((panel) => { panel.hidden = panel.dataset.tab !== tab; });
  section.querySelectorAll('[role="tab"]').forEach((button) => {
    button.setAttribute("aria-selected", String(button.dataset.tab === tab));
  });
  if (box) box.value = String(benchmark);
  const options = draw(panelOf(section, tab));
  history.replaceState(null, "", "#" + [benchmark, tab, ...options].map(encodeURIComponent).join("/"));
}

function go() {
  const [number, name, ...options] = location.hash.slice(1).split("/").map(decodeURIComponent);
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
  if (box) box.addEventListener("change", () => { benchmark = Number(box.value); show(); });
  addEventListener("hashchange", go);
  go();
}
