// A language model reads a prompt and writes on, a step of the network for each token.

const LAST = 120;

/** The number of a token, chosen as `seqlab generate` does; some are never written. */
function chosenToken(logits, temperature, banned, random = Math.random) {
  const found = Array.from(logits, (value, token) => (banned.includes(token) ? -Infinity : value));
  const largest = found.reduce((most, value) => Math.max(most, value));
  if (temperature === 0) return found.indexOf(largest);
  const powers = found.map((value) => Math.exp((value - largest) / temperature));
  let left = random() * sum(powers);
  return powers.findIndex((power) => (left -= power) < 0);
}

const writer = {
  start() {
    this.encode = tokenizer(read);
    const has = read.documents !== "none";
    this.banned = has ? [PAD, UNKNOWN, BEGIN] : [PAD, UNKNOWN, BEGIN, END];
    this.prompt = element("textarea", { id: "prompt", rows: "2", spellcheck: "false" });
    this.temperature = element("input", { type: "range", min: "0", max: "1.5", step: "0.05", value: "0.8" });
    this.told = element("select", {}, ...read.classes.map((name, k) => element("option", { value: k }, name)));
    const degrees = element("output", {}, "0.80");
    this.button = element("button", { type: "button" }, "Write on");
    this.clear = element("button", { type: "button", class: "quiet" }, "Begin again");
    this.written = element("p", { id: "written", tabindex: "0", role: "region", "aria-label": "The text" });
    const row = element("div", { class: "row" }, element("label", {}, "Temperature", this.temperature, degrees), this.button, this.clear);
    if (read.classes.length) row.prepend(element("label", {}, "Class", this.told));
    byId("ask").append(element("label", { for: "prompt" }, "The beginning of a text"), this.prompt, row, this.written);
    this.temperature.addEventListener("input", () => (degrees.textContent = Number(this.temperature.value).toFixed(2)));
    for (const one of [this.prompt, this.told]) one.addEventListener("input", () => this.begin());
    this.clear.addEventListener("click", () => this.begin());
    this.button.addEventListener("click", () => (this.timer ? this.pause() : this.go()));
    byId("prediction-title").textContent = "Next token";
    inside.steps = () => {};
    this.begin();
  },

  /** Read the prompt; nothing is written yet. */
  begin() {
    this.pause();
    const { numbers, unknown } = this.encode(this.prompt.value);
    this.spell = speller(read);
    this.rows = Object.fromEntries(page.watched.map(({ output }) => [output, []]));
    Object.assign(this, { past: {}, labels: [], text: "", isOver: false });
    this.read(prompted(read, numbers));
    note(unknownNote(unknown));
  },

  /** Go through tokens from where the network is. */
  read(numbers) {
    const told = numbers.map((number) => (number === BEGIN && read.classes.length ? read.symbols.length + Number(this.told.value) : number));
    const found = predicted(ofTokens(told), told.length, this.past);
    this.past = Object.fromEntries(page.states.map((name) => [`past.${name}`, found[`present.${name}`]]));
    for (const [output, rows] of Object.entries(rowsOf(found))) this.rows[output] = [...this.rows[output], ...rows].slice(-LAST);
    this.labels = [...this.labels, ...numbers.map((number) => shown(read.symbols[number]))].slice(-LAST);
    const size = found.logits.shape[2];
    this.logits = found.logits.data.subarray(-size);
    this.next = op.Softmax(tensor([1, size], Float64Array.from(this.logits))).data;
    this.show();
  },

  show() {
    showBars(read.symbols.map(shown), Array.from(this.next.subarray(0, read.symbols.length)));
    inside.show({ labels: this.labels, rows: this.rows });
    this.written.replaceChildren(...(this.text ? [this.prompt.value, element("b", {}, this.text)] : []));
    this.written.scrollTop = this.written.scrollHeight;
  },

  /** Write a token; a document may end. */
  write(random) {
    const logits = this.logits.subarray(0, read.symbols.length);
    const token = chosenToken(logits, Number(this.temperature.value), this.banned, random);
    this.isOver = token === END;
    this.text += this.spell(token);
    if (this.isOver) this.show();
    else this.read([token]);
  },

  go() {
    if (this.isOver) this.begin();
    this.button.textContent = "Pause";
    const on = () => {
      this.write();
      if (this.isOver) this.pause();
      else this.timer = setTimeout(on, 40);
    };
    this.timer = setTimeout(on, 0);
  },

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.button.textContent = "Write on";
  },
};

start["next token"] = writer;
