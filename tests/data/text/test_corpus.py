"""A corpus holds what a plain reading of the texts gives, and is read once."""

from collections import Counter

import numpy as np
import pytest

from seqlab.data.text import corpus as module
from seqlab.data.text.cleaning import TextSettings, without_case
from seqlab.data.text.corpus import Corpus
from seqlab.data.text.records import Record
from seqlab.data.text.vocabulary import SPECIALS
from seqlab.errors import DataError

TEXTS = [
    ("Good book", "books"),
    ("bad phone", "phones"),
    ("  Good\ufeff book ", "phones"),
    ("good  BOOK", "books"),
    ("好书", "books"),
    ("\ufeff", "books"),
]


class Reader:
    """A reader of texts in memory that counts how often it is read."""

    columns = ("category",)
    recipe = "memory"

    def __init__(self, texts=TEXTS):
        self.texts, self.findings, self.reads = texts, Counter(), 0

    def fingerprint(self):
        return "0"

    def records(self):
        self.reads += 1
        for text, label in self.texts:
            yield Record(text, (label,))


def corpus_of(reader, **settings) -> Corpus:
    return Corpus.of(reader, TextSettings(**settings), without_case, repr(reader.texts))


@pytest.fixture(params=[1, 2, 20_000])
def corpus(request, monkeypatch):
    """The corpus of ``TEXTS``, encoded in pieces of different sizes."""
    monkeypatch.setattr(module, "CHUNK", request.param)
    return corpus_of(Reader())


CLEAN = ["Good book", "bad phone", "Good book", "good  BOOK", "好书"]


def test_every_text_is_there_clean_with_its_label_and_its_tokens(corpus):
    assert [corpus.text(number) for number in range(len(corpus))] == CLEAN
    assert corpus.classes == {"category": ("books", "phones")}
    assert corpus.labels.tolist() == [[0], [1], [1], [0], [0]]
    starts, lengths = corpus.spans(np.arange(len(corpus)))
    for text, start, length in zip(CLEAN, starts, lengths, strict=True):
        tokens = [corpus.symbols[token] for token in corpus.tokens[start : start + length]]
        assert tokens == ["<begin>", *text, "<end>"]


def test_the_special_symbols_come_first_and_no_symbol_twice(corpus):
    assert corpus.symbols[: len(SPECIALS)] == SPECIALS
    assert sorted(corpus.symbols[len(SPECIALS) :]) == sorted(set("".join(CLEAN)))


def test_hashes_tell_which_texts_are_the_same_and_which_count_as_equal(corpus):
    same = [[first == second for second in CLEAN] for first in CLEAN]
    equal = [[without_case(first) == without_case(second) for second in CLEAN] for first in CLEAN]
    assert (corpus.same[:, None] == corpus.same).tolist() == same
    assert (corpus.group[:, None] == corpus.group).tolist() == equal


@pytest.mark.parametrize("block", [1, 7, 2**22])
@pytest.mark.parametrize("chosen", [[1, 1, 1, 1, 1], [1, 0, 0, 1, 0], [0, 0, 0, 0, 1]])
def test_counts_are_those_of_a_plain_count(corpus, chosen, block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    expected = Counter("".join(text for text, is_chosen in zip(CLEAN, chosen, strict=True) if is_chosen))
    found = corpus.counts(np.array(chosen, dtype=bool))
    for symbol, count in zip(corpus.symbols, found.tolist(), strict=True):
        assert count == (expected[symbol] if symbol not in SPECIALS else sum(chosen) * (symbol[1] in "be"))


def test_what_is_odd_is_counted_and_said_again_from_the_cache(caplog):
    first = Reader()
    corpus_of(first)
    found = [record.getMessage() for record in caplog.records]
    assert found == [
        "1 texts are empty once cleaned and were skipped",
        "1 texts stand under two or more labels; no model can tell them apart",
        "1 texts repeat an earlier one",
    ]
    caplog.clear()
    again = Reader()
    corpus_of(again)
    assert (first.reads, again.reads) == (1, 0)
    assert [record.getMessage() for record in caplog.records] == found


@pytest.mark.parametrize("change", [{"tokens": "words"}, {"form": "NFKC"}, {"ascii": True}])
def test_settings_that_change_the_encoding_make_another_corpus(change):
    pytest.importorskip("rjieba", reason="needs rjieba: pip install 'seqlab[words]'")
    corpus_of(Reader())
    other = Reader()
    corpus_of(other, **change)
    assert other.reads == 1


@pytest.mark.parametrize("change", [{"marks": True}, {"max_length": 3}, {"keep": "end"}])
def test_settings_that_are_views_of_it_do_not(change):
    corpus_of(Reader())
    other = Reader()
    corpus_of(other, **change)
    assert other.reads == 0


@pytest.mark.parametrize("texts", [[], [("\ufeff", "a")]])
def test_no_text_at_all_is_an_error(texts):
    with pytest.raises(DataError, match="there is no text"):
        corpus_of(Reader(texts))
