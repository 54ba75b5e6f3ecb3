// From a text to token numbers and back, as seqlab does it in Python.

const [PAD, UNKNOWN, BEGIN, END, BYTES] = [0, 1, 2, 3, 4];
/** Python's white space and letters, which are not JavaScript's. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const LETTER = "\\p{L}\\p{N}_";
const OUTER = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const WORD = new RegExp(`[${LETTER}]+|[^${LETTER}${SPACE}]`, "gu");
const STREAM_WORD = new RegExp(`\\0| ?[${LETTER}]+| ?[^${LETTER}${SPACE}\\0]+|[${SPACE}]`, "gu");
const HAN = /[\u3400-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
const FOLDS = {
  ł: "l", Ł: "L", ø: "o", Ø: "O", đ: "d", Đ: "D", ð: "d", Ð: "D", ı: "i", "’": "'",
  ß: "ss", ẞ: "SS", æ: "ae", Æ: "AE", œ: "oe", Œ: "OE", þ: "th", Þ: "Th",
};

const stripped = (text) => text.replace(OUTER, "");

function foldedToAscii(text) {
  const letters = Array.from(text, (letter) => FOLDS[letter] ?? letter).join("");
  const folded = stripped(letters.normalize("NFD").replace(/[^\x00-\x7f]/g, ""));
  return /[A-Za-z]/.test(folded) ? folded : "";
}

function cleaned(text, { form, ascii }) {
  const normal = stripped(text.normalize(form).replaceAll("\ufeff", "").replaceAll("\r", " "));
  return ascii ? foldedToAscii(normal) : normal;
}

/** The beginning of a text as training read its own, where each was a sample: a blank may end it. */
function asTrained(text, read) {
  const inner = stripped(text);
  if (!read.form || !inner) return read.form ? inner : text;
  return (cleaned(text, read) || inner) + text.slice(text.lastIndexOf(inner) + inner.length);
}

/** What takes texts apart: `encode(text)` returns token numbers, and what of the text is unknown. */
function tokenizer(read) {
  const numbers = new Map(read.symbols.map((symbol, number) => [symbol, number]));
  const labelled = (pieces) => {
    const found = pieces.map((piece) => numbers.get(piece) ?? UNKNOWN);
    return { numbers: found, unknown: [...new Set(pieces.filter((_, k) => found[k] === UNKNOWN))] };
  };
  if (read.kind === "text") return textTokenizer(read, labelled);
  const stream = streamTokenizer(read, numbers, labelled);
  return (text) => stream(asTrained(text.replaceAll("\0", " "), read));
}

/** Of a text there is `upTo(step)` too: the token numbers of the text that ends with that step. */
function textTokenizer(read, labelled) {
  const isOfWords = read.tokens === "words";
  return function encode(text) {
    const clean = cleaned(text, read) || text;
    const pieces = isOfWords ? clean.match(WORD) ?? [] : Array.from(clean);
    const { numbers, unknown } = labelled(pieces);
    const all = read.bos_eos ? [BEGIN, ...numbers, END] : numbers;
    const most = read.max_length ?? all.length;
    const first = read.keep === "end" ? Math.max(all.length - most, 0) : 0;
    const upTo = (step) => encode(pieces.slice(0, first + step + (read.bos_eos ? 0 : 1)).join(isOfWords ? " " : "")).numbers;
    return { numbers: all.slice(first, first + most), unknown, upTo };
  };
}

function streamTokenizer(read, numbers, labelled) {
  if (read.tokens === "characters") return (text) => labelled(Array.from(text));
  if (read.tokens === "words") return (text) => labelled(text.match(STREAM_WORD) ?? []);
  const bytes = (text) => Array.from(new TextEncoder().encode(text), (byte) => byte + BYTES);
  if (read.tokens === "bytes") return (text) => ({ numbers: bytes(text), unknown: [] });
  const ranks = new Map(read.merges.map(([left, right], rank) => [`${left} ${right}`, rank]));
  const result = read.merges.map(([left, right]) => numbers.get(read.symbols[left] + read.symbols[right]));
  return (text) => ({
    numbers: (text.match(STREAM_WORD) ?? []).flatMap((word) => joined(bytes(word), ranks, result)),
    unknown: [],
  });
}

/** Join the pair that was learnt first, from the left, until none is left. */
function joined(word, ranks, result) {
  for (;;) {
    const found = word.slice(1).map((right, k) => ranks.get(`${word[k]} ${right}`) ?? Infinity);
    const first = Math.min(...found);
    if (!(first < Infinity)) return word;
    word.splice(found.indexOf(first), 2, result[first]);
  }
}

/** The tokens with which a language model begins, given the tokens of a prompt; some line begins a text. */
function prompted(read, numbers) {
  if (read.documents !== "none") return [BEGIN, ...numbers];
  return numbers.length ? numbers : [Math.max(read.symbols.indexOf("\n"), BYTES)];
}

/** What writes tokens down: `write(token)` returns the text that is complete with it. */
function speller(read) {
  if (read.tokens !== "bytes" && read.tokens !== "bpe") return (token) => (token < BYTES ? "" : read.symbols[token]);
  const decoder = new TextDecoder();
  return (token) =>
    token < BYTES ? "" : decoder.decode(Uint8Array.from(read.symbols[token], (one) => one.charCodeAt(0)), { stream: true });
}

/** A token as it is shown above a column. */
function shown(symbol) {
  const names = { " ": "␣", "\n": "↵", "\t": "⇥", "<begin>": "▸", "<end>": "◂", "<unk>": "?" };
  return names[symbol] ?? symbol;
}
