// Gates and states: a heat map of units by steps, and the lines of one unit.

const byId = (id) => document.getElementById(id);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const within = (value, low, high) => Math.min(Math.max(value, low), high);
const short = (value) => (Math.abs(value) >= 1000 ? value.toPrecision(4) : value.toFixed(Math.abs(value) >= 100 ? 1 : 3));

/** An element with attributes; what it contains is text or elements, never markup. */
function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

function drawn(name, attributes = {}, ...content) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

const DASHES = ["", "7 3", "2 3", "10 3 2 3", "5 5", "1 4"];
const [LEFT, TOP, RIGHT] = [34, 26, 74];
const TALLEST = 440;

/** What is watched: `labels` of the steps, and `rows` of every gate and state by output, a row of units a step. */
const inside = {
  trace: { labels: [], rows: {} },
  chosen: null,
  unit: 0,
  step: -1, // behind the last
  steps: () => {},

  start(watched) {
    const layers = [...new Set(watched.map(({ layer }) => layer))];
    byId("layer").append(...layers.map((layer) => element("option", {}, layer)));
    byId("layer-choice").hidden = layers.length < 2;
    byId("layer").addEventListener("change", () => this.list(watched));
    const heat = byId("heat");
    heat.addEventListener("keydown", (event) => this.key(event));
    heat.querySelector("canvas").addEventListener("pointerdown", (event) => this.point(event));
    new ResizeObserver(() => this.draw()).observe(heat);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    if (watched.length) this.list(watched);
  },

  /** The gates and states of the layer, of which one is chosen. */
  list(watched) {
    const own = watched.filter(({ layer }) => layer === byId("layer").value);
    this.own = own;
    this.chosen = own.find(({ name }) => name === this.chosen?.name) ?? own[0];
    const choices = own.map((one) => {
      const button = element("input", { type: "radio", name: "watched", value: one.output });
      button.checked = one === this.chosen;
      button.addEventListener("change", () => {
        this.chosen = one;
        this.draw();
      });
      return element("label", { title: `${one.kind} ${one.name}` }, button, element("span", {}, one.name));
    });
    byId("watched").replaceChildren(byId("watched").querySelector("legend"), ...choices);
    this.draw();
  },

  show(trace) {
    this.trace = trace;
    this.step = within(this.step, -1, trace.labels.length - 1);
    byId("inside").hidden = !trace.labels.length || !this.chosen;
    this.draw();
  },

  /** The colours of a value: the two ends of a gate's range, or minus, zero and plus. */
  palette(rows) {
    const { function: computed } = this.chosen;
    if (computed === "sigmoid") return { low: 0, high: 1, ends: ["--low", "--high"] };
    const largest = rows.reduce((most, row) => row.reduce((one, value) => Math.max(one, Math.abs(value)), most), 0);
    const high = computed === "tanh" ? 1 : largest || 1;
    return { low: -high, high, ends: ["--minus", "--zero", "--plus"] };
  },

  draw() {
    const rows = this.trace.rows[this.chosen?.output];
    const [heat, steps] = [byId("heat"), this.trace.labels.length];
    if (!rows?.length || !heat.clientWidth) return;
    const units = rows[0].length;
    this.unit = within(this.unit, 0, units - 1);
    this.wide = within(Math.floor((heat.clientWidth - LEFT - RIGHT) / steps), 9, 80);
    this.high = within(Math.floor(TALLEST / units), 2, 16);
    const canvas = heat.querySelector("canvas");
    const [width, height] = [LEFT + this.wide * steps + 2, TOP + this.high * units + 2];
    const ratio = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    this.cells(pen, rows, units, steps);
    this.words(pen, units, steps);
    heat.setAttribute("aria-label", `Heat map of ${this.chosen.kind} ${this.chosen.name}: ${units} units, ${steps} steps`);
    this.lines(rows);
  },

  cells(pen, rows, units, steps) {
    const { low, high, ends } = this.palette(rows);
    const colours = ends.map((name) => css(name).match(/[0-9a-f]{2}/gi).map((one) => parseInt(one, 16)));
    const image = new ImageData(steps, units);
    rows.forEach((row, step) =>
      row.forEach((value, unit) => {
        const place = within((value - low) / (high - low), 0, 1) * (colours.length - 1);
        const from = Math.min(Math.floor(place), colours.length - 2);
        const at = 4 * (unit * steps + step);
        for (let k = 0; k < 3; k++) image.data[at + k] = colours[from][k] + (place - from) * (colours[from + 1][k] - colours[from][k]);
        image.data[at + 3] = 255;
      }),
    );
    const small = Object.assign(document.createElement("canvas"), { width: steps, height: units });
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, LEFT, TOP, this.wide * steps, this.high * units);
    const [left, bar, right] = byId("scale").children;
    left.textContent = String(Number(low.toPrecision(3)));
    right.textContent = String(Number(high.toPrecision(3)));
    bar.style.background = `linear-gradient(90deg, ${ends.map(css).join(", ")})`;
  },

  /** The steps' labels, as many as there is room for; numbers of units; and what is chosen. */
  words(pen, units, steps) {
    const family = getComputedStyle(document.body).fontFamily;
    const isDense = this.trace.labels.every((label) => label.length < 3);
    pen.font = `${isDense && this.wide > 14 ? 16 : 11}px ${family}`;
    const widest = Math.max(...this.trace.labels.map((label) => pen.measureText(label).width)) + (isDense ? 0 : 8);
    const every = Math.ceil(widest / this.wide);
    pen.textAlign = every > 1 ? "left" : "center";
    this.trace.labels.forEach((label, step) => {
      if (step % every && step !== this.step) return;
      if (step !== this.step && Math.abs(step - this.step) < every && this.step >= 0) return;
      pen.fillStyle = css(step === this.step ? "--mark" : "--ink");
      pen.fillText(label, LEFT + (step + (every > 1 ? 0 : 0.5)) * this.wide, TOP - 8);
    });
    pen.font = `11px ${family}`;
    pen.textAlign = "right";
    pen.fillStyle = css("--soft");
    const apart = Math.ceil(24 / this.high);
    for (let unit = 0; unit < units; unit += apart) pen.fillText(unit + 1, LEFT - 6, TOP + (unit + 0.5) * this.high + 4);
    pen.strokeStyle = css("--mark");
    pen.lineWidth = 2;
    pen.strokeRect(LEFT, TOP + this.unit * this.high - 1, this.wide * steps, this.high + 2);
    if (this.step >= 0) pen.strokeRect(LEFT + this.step * this.wide, TOP, this.wide, this.high * units);
  },

  /** One unit of all gates and states of the layer over the steps. */
  lines(rows) {
    const { labels } = this.trace;
    const at = this.step < 0 ? labels.length - 1 : this.step;
    byId("unit-title").textContent =
      `Unit ${this.unit + 1} at ${this.step < 0 ? "the end" : `step ${at + 1}`}, “${labels[at]}”: ` +
      `${this.chosen.name} = ${short(rows[at][this.unit])}`;
    const series = this.own
      .map((one, number) => ({ ...one, number, values: this.trace.rows[one.output].map((row) => row[Math.min(this.unit, row.length - 1)]) }))
      .filter(({ output }) => this.trace.rows[output][0].length > 1 || output === this.chosen.output);
    const all = series.flatMap(({ values }) => values);
    const [low, high] = [Math.floor(10 * Math.min(0, ...all)) / 10, Math.ceil(10 * Math.max(1, ...all)) / 10];
    const [width, height] = [byId("heat").clientWidth, 190];
    const wide = Math.min(this.wide, (width - LEFT - RIGHT) / labels.length); // below the heat map's steps, if there is room
    const right = width - LEFT - wide * labels.length;
    const x = (step) => LEFT + (step + 0.5) * wide;
    const y = (value) => height - 24 - ((value - low) * (height - 34)) / (high - low);
    const chart = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "unit-title" });
    for (const value of new Set([low, 0, 1, high]))
      chart.append(
        drawn("line", { class: "grid", x1: LEFT, x2: width - right, y1: y(value), y2: y(value) }),
        drawn("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, value),
      );
    const every = Math.ceil((8 * Math.max(...labels.map((one) => one.length)) + 4) / wide);
    labels.forEach((label, step) => {
      if (step % every === 0 || step === this.step)
        chart.append(drawn("text", { x: x(step), y: height - 6, "text-anchor": every > 1 ? "start" : "middle", class: step === this.step ? "chosen" : "" }, label));
    });
    series.forEach(({ output, name, number, values }, k) => {
      const is = output === this.chosen.output;
      const line = { stroke: `var(--line-${number % 6})`, "stroke-width": is ? 3.5 : 1.5, "stroke-dasharray": DASHES[number % 6] };
      chart.append(
        drawn("polyline", { ...line, fill: "none", points: values.map((value, step) => `${x(step)},${y(value)}`).join(" ") }),
        drawn("line", { ...line, x1: width - right + 12, x2: width - right + 38, y1: 14 + 18 * k, y2: 14 + 18 * k }),
        drawn("text", { x: width - right + 44, y: 18 + 18 * k, class: is ? "chosen" : "" }, name),
      );
      if (values.length === 1) chart.append(drawn("circle", { cx: x(0), cy: y(values[0]), r: is ? 4 : 2.5, fill: line.stroke }));
    });
    byId("unit").replaceChildren(chart);
  },

  choose(unit, step) {
    this.unit = unit;
    const before = this.step;
    this.step = within(step, -1, this.trace.labels.length - 1);
    if (this.step !== before) this.steps(this.step);
    this.draw();
  },

  point(event) {
    const unit = Math.floor((event.offsetY - TOP) / this.high);
    const step = Math.floor((event.offsetX - LEFT) / this.wide);
    if (unit >= 0 && step >= 0) this.choose(unit, step);
  },

  key(event) {
    const last = this.trace.labels.length - 1;
    const step = this.step < 0 ? last : this.step;
    const moves = {
      ArrowUp: [this.unit - 1, this.step],
      ArrowDown: [this.unit + 1, this.step],
      ArrowLeft: [this.unit, Math.max(step - 1, 0)],
      ArrowRight: [this.unit, Math.min(step + 1, last)],
      Home: [this.unit, 0],
      End: [this.unit, last],
      Escape: [this.unit, -1],
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    this.choose(...moves[event.key]);
  },
};
