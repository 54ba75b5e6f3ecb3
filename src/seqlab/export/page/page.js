// The page: what is typed goes through the network, and the prediction and the inside of the network are shown.

const page = JSON.parse(byId("description").textContent);
const w = unpacked(JSON.parse(byId("weights").textContent));
const { read, prediction } = page;
const MOST = 8;

/** What the network predicts, by the names of its outputs; `past` are the states that it goes on from. */
function predicted(input, steps, past = {}) {
  const started = performance.now();
  const found = network({ [input.name]: input.values, lengths: whole([steps]), ...past });
  predicted.milliseconds = performance.now() - started;
  return found;
}

const ofTokens = (numbers) => ({ name: "tokens", values: tensor([1, numbers.length], Float64Array.from(numbers)) });

/** The rows of every gate and state, a row a step, in the order of time. */
function rowsOf(found) {
  const rows = page.watched.map(({ output, is_backward }) => {
    const { shape, data } = found[output];
    const all = Array.from({ length: shape[1] }, (_, step) => data.subarray(step * shape[2], (step + 1) * shape[2]));
    return [output, is_backward ? all.reverse() : all];
  });
  return Object.fromEntries(rows);
}

function showBars(names, values) {
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, MOST);
  const bars = order.map((k) => {
    const bar = element("i");
    bar.style.width = `${100 * values[k]}%`;
    return element("li", {},
      element("span", { class: "name", title: names[k] }, names[k]),
      element("span", { class: "track" }, bar),
      element("span", { class: "value", "data-exact": values[k] }, `${(100 * values[k]).toFixed(1)} %`));
  });
  byId("bars").replaceChildren(...bars);
}

function showPrediction(found) {
  const values = Array.from(found[prediction.output].data);
  if (prediction.kind === "number") byId("bars").replaceChildren(element("li", {}, element("p", { class: "big value", "data-exact": values[0] }, short(values[0]))));
  else showBars(prediction.classes, values);
}

const note = (text) => (byId("prediction-note").textContent = text);
const unknownNote = (unknown) => (unknown.length ? `Not in the training texts: ${unknown.map(shown).join(" ")}` : "");

/** What a prediction at a step is of. */
function endedAt(number) {
  const ends = { [BEGIN]: "If the text were empty", [END]: "Of the whole text" };
  return ends[number] ?? `If the text ended at “${shown(read.symbols[number])}”`;
}

/** A text, and the classes, labels or number predicted for it. */
const texts = {
  start() {
    const field = element("input", { type: "text", id: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
    this.spent = element("p", { class: "note" });
    byId("ask").append(element("label", { for: "text" }, "Type a text"), field, this.spent);
    this.encode = tokenizer(read);
    field.addEventListener("input", () => this.update(field.value));
    inside.steps = (step) => this.upTo(step);
    const some = read.symbols.slice(0, 20).map((_, k) => k);
    const warm = () => predicted(ofTokens(some), some.length); // so that the browser has compiled it before a key
    for (let k = 0; k < 8; k++) setTimeout(warm, 60 * k);
    this.update("");
    field.focus({ preventScroll: true });
  },

  update(text) {
    const isChinese = read.tokens === "words" && HAN.test(text);
    this.encoded = isChinese || !stripped(text) ? { numbers: [], unknown: [] } : this.encode(text);
    const { numbers, unknown } = this.encoded;
    if (!numbers.length) {
      byId("bars").replaceChildren();
      inside.show({ labels: [], rows: {} });
      this.spent.textContent = "";
      return note(isChinese ? "Chinese words cannot be split in a page." : "The prediction appears as you type.");
    }
    inside.step = -1;
    const found = predicted(ofTokens(numbers), numbers.length);
    this.spent.textContent = `${numbers.length} steps, computed in ${predicted.milliseconds.toFixed(0)} ms by this page.`;
    inside.show({ labels: numbers.map((number) => shown(read.symbols[number])), rows: rowsOf(found) });
    showPrediction(found);
    note(unknownNote(unknown));
  },

  /** The prediction if the text ended with a step. */
  upTo(step) {
    const { numbers, unknown, upTo } = this.encoded;
    const tokens = step < 0 ? numbers : upTo(step);
    showPrediction(predicted(ofTokens(tokens), tokens.length));
    note(step < 0 ? unknownNote(unknown) : `${endedAt(numbers[step])}, step ${step + 1}:`);
  },
};

const start = { classes: texts, labels: texts, number: texts };
