"""Texts as tokens in JavaScript, against Python."""

import json
from dataclasses import replace
from itertools import product

import pytest

from seqlab.data.streams.declared import SINGLE_BYTES, StreamSettings, Wanted
from seqlab.data.streams.tokenizer import TOKENIZERS, tokenizer_of
from seqlab.data.text.cleaning import TextSettings
from seqlab.data.text.declared import TextSpec
from seqlab.data.text.unlabelled import encode
from seqlab.data.text.vocabulary import SPECIALS, Vocabulary
from seqlab.inference.generate import Writer

from ..networks import COMMON
from .running import needs_node, run_script, source

pytestmark = needs_node

TEXTS = (
    "Ślusàrski",
    " O’Neill\r\n",
    "Ǆ ﬁne Ｆｕｌｌ ½",
    "ße Æon Þórr",
    "日本語",
    "…?! a--b",
    "café naïve 12½ ٣ x_y Ⅷ ²",
    "\x1c\x85a\u2029b\u180ec ",
    "\u3000b\u200bc",
    "👍🏽 ok\tnow",
    "İstanbul i̇",
    "a\ufeffb\0c",
    "e\u0301 e\u0301\u0302",
)
SYMBOLS = sorted(
    {letter for text in TEXTS for letter in text if letter not in "x½日"} | {"ok", "a", "--", "É"}
)
LETTERS = TextSpec(
    **COMMON,
    kind="tokens",
    task="classification",
    input_size=len(SYMBOLS) + 4,
    classes=("one", "two"),
    symbols=Vocabulary.of(SYMBOLS).symbols,
    text=TextSettings(),
)
SETTINGS = [
    TextSettings(form=form, ascii=folded, bos_eos=bos_eos, max_length=most, keep=keep, tokens=tokens)
    for form, folded, (bos_eos, most, keep), tokens in product(
        ("NFC", "NFKC"),
        (False, True),
        ((False, None, "begin"), (True, 4, "begin"), (True, 4, "end")),
        ("characters", "words"),
    )
]
SCRIPT = """
const result = JSON.parse(process.argv[1]).map(([read, texts]) => {
  const encode = tokenizer(read);
  return texts.map((text) => encode(text).numbers);
});
"""


def tokens_in_javascript(asked):
    """Return the tokens of the texts of every pair of what a page is told and texts."""
    return run_script(source("runtime.js"), source("text.js"), SCRIPT, argument=asked)


def test_texts_are_prepared_as_python_prepares_them():
    asked, expected = [], []
    for settings in SETTINGS:
        spec = replace(LETTERS, text=settings)
        texts = [text for text in TEXTS if settings.tokens == "characters" or "日" not in text]
        samples = encode(spec, texts)
        asked.append([vars(settings) | {"kind": "text", "symbols": spec.symbols}, texts])
        ends = zip(samples.starts.tolist(), samples.lengths.tolist(), strict=True)
        expected.append([samples.tokens[start : start + length].tolist() for start, length in ends])
    for settings, found, known in zip(SETTINGS, tokens_in_javascript(asked), expected, strict=True):
        assert found == known, settings


def streams():
    """Return a tokenizer of every kind, learnt from the texts."""
    for name in TOKENIZERS:
        if name == "bpe":
            pytest.importorskip("tokenizers")
        pieces = ["".join(TEXTS[:6]) + " the then them there 1 12 121 " * 20]
        yield TOKENIZERS[name].learnt(pieces, StreamSettings(name), Wanted(1, 280))


def test_running_text_is_taken_apart_as_python_does():
    asked, expected = [], []
    for one in streams():
        texts = [text.replace("\0", " ") for text in (*TEXTS, "them  thent\n the 12121")]
        read = {"kind": "stream", "symbols": one.symbols, "tokens": one.settings.tokens}
        asked.append([read | {"merges": one.settings.merges}, texts])
        expected.append([one.encode(text)[0].tolist() for text in texts])
    assert tokens_in_javascript(asked) == expected


@pytest.mark.parametrize("symbols", [(*"ab\n",), (*"ab",)])
@pytest.mark.parametrize("documents", ["none", "line"])
def test_a_text_begins_where_python_begins_it(symbols, documents):
    settings = StreamSettings("characters", documents)
    one = tokenizer_of((*SPECIALS, *symbols), settings)
    writer = Writer(lambda x, state: (x, state), one)
    read = {"symbols": one.symbols, "documents": documents}
    script = "const result = JSON.parse(process.argv[1]).map(([read, numbers]) => prompted(read, numbers));"
    asked = [[read, one.encode(text)[0].tolist()] for text in ("", "ba")]
    found = run_script(source("runtime.js"), source("text.js"), script, argument=asked)
    assert found == [writer.read(text)[0] for text in ("", "ba")]


@pytest.mark.parametrize("settings", [TextSettings(), TextSettings(form="NFKC", ascii=True)])
def test_the_beginning_of_a_text_is_read_as_training_read_its_own(settings):
    one = tokenizer_of((*SPECIALS, *"MuürleSo "), StreamSettings("characters", "line"))
    writer = Writer(lambda x, state: (x, state), one, texts=settings)
    read = {"kind": "stream", "symbols": one.symbols, "tokens": "characters", "documents": "line"}
    read |= {"form": settings.form, "ascii": settings.ascii}
    texts = ["Mu\u0308ller", "  Müller", "Müller ", "So So\t", "  ", "", "\u4f60", "ＭÜ"]
    expected = [writer.read(text)[0][1:] for text in texts]
    assert tokens_in_javascript([[read, texts]]) == [expected]
    assert expected[0] == expected[1] == expected[2][:-1]


def test_bytes_are_written_down_once_a_letter_is_complete():
    symbols = json.dumps([*SPECIALS, *SINGLE_BYTES])
    script = f"const spell = speller({{ tokens: 'bytes', symbols: {symbols} }});"
    script += "const result = JSON.parse(process.argv[1]).map((byte) => spell(byte + 4));"
    found = run_script(source("runtime.js"), source("text.js"), script, argument=list("aé👍".encode()))
    assert found == ["a", "", "é", "", "", "", "👍"]


def test_a_token_is_chosen_by_its_probability():
    script = """
    const chosen = (temperature, chance) => chosenToken([1, 3, 2, 9], temperature, [3], () => chance);
    const asked = [[0, 0.9], [1, 0.08], [1, 0.1], [1, 0.7], [1, 0.8], [0.05, 0.999]];
    const result = asked.map((one) => chosen(...one));
    """
    found = run_script(
        source("runtime.js"),
        source("text.js"),
        "const start = {}, page = {}, read = {};",
        source("language.js"),
        script,
    )
    assert found == [1, 0, 1, 1, 2, 1]  # e¹, e³, e² are 9, 67 and 24 %
