// Columns of numbers: drawn, moved with the pointer or the arrow keys, or pasted; and a forecast drawn on.

const HEIGHT = 260;

const columns = {
  start() {
    this.restart();
    const [place] = prediction.places ?? [0];
    this.column = place;
    const select = element("select", { id: "column" }, ...read.columns.map((name, k) => element("option", { value: k }, name)));
    select.value = place;
    this.chart = element("div", { class: "chart", tabindex: "0", role: "application", "aria-describedby": "chart-help" });
    this.values = element("textarea", { class: "numbers", id: "values", rows: "6", spellcheck: "false" });
    const use = element("button", { type: "button" }, "Use these values");
    const reset = element("button", { type: "button", class: "quiet" }, "Begin again");
    this.complaint = element("p", { class: "note", role: "status" });
    const what = read.example ? `It begins with ${read.example}.` : "It begins with the means of the training data.";
    const apart = read.derived?.length ? ` Columns that seqlab derives do not follow what you move: ${read.derived.join(", ")}.` : "";
    document.querySelector("main").classList.add("wide");
    byId("ask").append(
      element("label", { for: "column" }, "Column ", select),
      this.chart,
      element("p", { class: "note", id: "chart-help" }, `Drag a point; or choose one with ← and →, and move it with ↑ and ↓. ${what}${apart}`),
      element("label", { for: "values" }, "Values, as CSV: a line a step"),
      this.values, element("div", { class: "row" }, use, reset), this.complaint);
    select.addEventListener("change", () => {
      this.column = Number(select.value);
      this.draw();
    });
    use.addEventListener("click", () => this.paste(this.values.value));
    reset.addEventListener("click", () => {
      this.restart();
      this.update();
    });
    this.chart.addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["pointerdown", "pointermove"]) this.chart.addEventListener(kind, (event) => this.drag(event));
    new ResizeObserver(() => this.draw()).observe(this.chart);
    if (prediction.kind === "forecast") byId("prediction-title").textContent = "Forecast";
    inside.steps = (step) => step >= 0 && this.select(step);
    this.update();
  },

  restart() {
    Object.assign(this, { window: read.window.map((row) => row.slice()), names: read.names, at: read.window.length - 1 });
  },

  update() {
    this.complaint.textContent = "";
    const steps = this.window.length;
    const values = tensor([1, steps, read.columns.length], Float64Array.from(this.window.flat()));
    this.found = predicted({ name: "features", values }, steps);
    if (prediction.kind === "forecast") this.table();
    else showPrediction(this.found);
    inside.show({ labels: this.window.map((_, step) => this.names[step] ?? String(step + 1)), rows: rowsOf(this.found) });
    this.values.value = [read.columns.join(","), ...this.window.map((row) => row.join(","))].join("\n");
    this.draw();
  },

  table() {
    const values = this.found[prediction.output].data;
    const heads = ["steps ahead", ...prediction.targets].map((name) => element("th", { scope: "col" }, name));
    const rows = Array.from({ length: prediction.horizon }, (_, step) =>
      element("tr", {}, element("th", { scope: "row" }, step + 1),
        ...prediction.targets.map((_, k) => element("td", {}, short(values[step * prediction.targets.length + k])))));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows));
    byId("bars").hidden = byId("prediction-note").hidden = true;
    byId("forecast")?.remove();
    const frame = element("div", { id: "forecast", class: "scroll", tabindex: "0", role: "region", "aria-label": "Forecast, step by step" }, table);
    byId("prediction").append(frame);
  },

  /** The forecast of the column that is shown; none if it is no target. */
  ahead() {
    const k = prediction.places?.indexOf(this.column) ?? -1;
    if (k < 0) return [];
    return Array.from({ length: prediction.horizon }, (_, step) => this.found[prediction.output].data[step * prediction.targets.length + k]);
  },

  draw() {
    const width = this.chart.clientWidth;
    if (!width || !this.found) return;
    const [past, ahead] = [this.window.map((row) => row[this.column]), this.ahead()];
    const scale = read.scales[this.column];
    const all = [...past, ...ahead];
    const [low, high] = [Math.min(...all) - scale / 2, Math.max(...all) + scale / 2];
    this.x = (step) => 52 + (step * (width - 66)) / Math.max(all.length - 1, 1);
    this.y = (value) => HEIGHT - 20 - ((value - low) * (HEIGHT - 32)) / (high - low);
    this.valueAt = (y) => low + ((HEIGHT - 20 - y) * (high - low)) / (HEIGHT - 32);
    const chart = drawn("svg", { viewBox: `0 0 ${width} ${HEIGHT}` });
    for (const value of [0, 1, 2, 3].map((k) => low + ((k + 0.5) * (high - low)) / 4))
      chart.append(
        drawn("line", { class: "grid", x1: 52, x2: width - 10, y1: this.y(value), y2: this.y(value) }),
        drawn("text", { x: 46, y: this.y(value) + 4, "text-anchor": "end" }, Number(value.toPrecision(3))),
      );
    const line = (values, first) => values.map((value, k) => `${this.x(first + k)},${this.y(value)}`).join(" ");
    chart.append(drawn("polyline", { fill: "none", stroke: "var(--line-0)", "stroke-width": 2, points: line(past, 0) }));
    if (ahead.length)
      chart.append(
        drawn("polyline", { id: "ahead", fill: "none", stroke: "var(--line-1)", "stroke-width": 3, "stroke-dasharray": "6 3", points: line([past.at(-1), ...ahead], past.length - 1) }),
        drawn("text", { x: this.x(all.length - 1), y: HEIGHT - 4, "text-anchor": "end" }, "forecast"),
      );
    chart.append(drawn("text", { x: this.x(0), y: HEIGHT - 4 }, this.names[0] ?? "step 1"));
    const radius = within(((width - 66) / all.length) * 0.35, 1.5, 6);
    past.forEach((value, step) =>
      chart.append(drawn("circle", { class: step === this.at ? "point chosen" : "point", cx: this.x(step), cy: this.y(value), r: step === this.at ? Math.max(radius, 4) : radius })));
    this.chart.setAttribute("aria-label", `${read.columns[this.column]}, step ${this.at + 1} of ${past.length}: ${short(past[this.at])}`);
    this.chart.replaceChildren(chart);
  },

  select(step) {
    this.at = within(step, 0, this.window.length - 1);
    this.draw();
  },

  move(value) {
    this.window[this.at][this.column] = value;
    this.update();
  },

  drag(event) {
    if (!(event.buttons & 1)) return;
    const box = this.chart.getBoundingClientRect();
    if (event.type === "pointerdown") {
      const steps = this.window.map((_, step) => Math.abs(this.x(step) - (event.clientX - box.left)));
      this.select(steps.indexOf(Math.min(...steps)));
      this.chart.setPointerCapture(event.pointerId);
    } else this.move(this.valueAt(event.clientY - box.top));
  },

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!step && !way) return;
    event.preventDefault();
    if (step) this.select(this.at + step);
    else this.move(this.window[this.at][this.column] + (way * read.scales[this.column]) / 10);
  },

  /** Take values that were pasted, or say what is wrong with them. */
  paste(text) {
    const lines = text.split(/\r?\n/).filter((one) => one.trim());
    const separator = ["\t", ";", ","].find((one) => lines[0]?.includes(one)) ?? ",";
    const cells = lines.map((one) => one.split(separator).map((cell) => cell.trim()));
    const isHeader = cells[0]?.some((cell) => !Number.isFinite(Number(cell)));
    const names = isHeader ? cells.shift() : read.columns;
    const places = read.columns.map((name) => names.indexOf(name));
    const missing = read.columns.filter((_, k) => places[k] < 0);
    const rows = cells.map((row) => places.map((place) => (row[place] === "" ? NaN : Number(row[place]))));
    const bad = rows.findIndex((row) => !row.every(Number.isFinite));
    const wrong =
      (missing.length && `These columns are missing: ${missing.join(", ")}.`) ||
      (!rows.length && "There are no values.") ||
      (bad >= 0 && `Step ${bad + 1} needs ${read.columns.length} numbers.`) ||
      (read.steps && rows.length !== read.steps && `The network reads ${read.steps} steps; there are ${rows.length}.`);
    if (wrong) {
      this.complaint.textContent = wrong;
      return;
    }
    Object.assign(this, { window: rows, names: [], at: rows.length - 1 });
    this.update();
  },
};

start.forecast = columns;
