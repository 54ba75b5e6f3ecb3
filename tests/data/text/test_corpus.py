"""A corpus holds what a plain reading of the texts gives, and is read once."""

import logging
import multiprocessing
import time
import tracemalloc
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqlab.data.text import corpus as module
from seqlab.data.text.cleaning import TextSettings, without_accents, without_case
from seqlab.data.text.corpus import Corpus
from seqlab.data.text.records import Record
from seqlab.data.text.vocabulary import SPECIALS
from seqlab.errors import DataError
from seqlab.io.cache import cache_dir

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
    caplog.set_level(logging.WARNING, "seqlab")
    first = Reader()
    corpus_of(first)
    found = [record.getMessage() for record in caplog.records]
    assert found == [
        "1 texts are empty after cleaning and were skipped",
        "1 texts occur with two or more labels; no model can distinguish them",
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


@pytest.mark.parametrize("change", [{"bos_eos": True}, {"max_length": 3}, {"keep": "end"}])
def test_settings_that_are_views_of_it_do_not(change):
    corpus_of(Reader())
    other = Reader()
    corpus_of(other, **change)
    assert other.reads == 0


@pytest.mark.parametrize("texts", [[], [("\ufeff", "a")]])
def test_no_text_at_all_is_an_error(texts):
    with pytest.raises(DataError, match="there is no text"):
        corpus_of(Reader(texts))


TEXT = st.text(st.characters(blacklist_categories=["Cs"]) | st.sampled_from("ab AB好\ufeff\n"), max_size=6)
LABEL = st.sampled_from(["a", "A", "b", "ab", "好"])


class TwoLabels(Reader):
    """A reader of texts with two labels each."""

    columns = ("first", "second")

    def records(self):
        return (Record(text, labels) for text, *labels in self.texts)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(TEXT, LABEL, LABEL), min_size=1, max_size=12), data=st.data())
def test_a_corpus_is_what_plain_python_makes_of_the_texts(rows, data):
    cleaned = [
        (unicodedata.normalize("NFC", text).replace("\ufeff", "").replace("\r", " ").strip(), *labels)
        for text, *labels in rows
    ]
    kept = [row for row in cleaned if row[0]]
    assume(kept)
    corpus = corpus_of(TwoLabels(rows))
    assert [corpus.text(number) for number in range(len(corpus))] == [text for text, *_ in kept]
    starts, lengths = corpus.spans(np.arange(len(corpus)))
    for (text, *_), start, length in zip(kept, starts, lengths, strict=True):
        tokens = [corpus.symbols[token] for token in corpus.tokens[start : start + length]]
        assert tokens == ["<begin>", *text, "<end>"]
    for column, name in enumerate(TwoLabels.columns):
        expected = [labels[column] for _, *labels in kept]
        assert corpus.classes[name] == tuple(sorted(set(expected)))
        assert [corpus.classes[name][number] for number in corpus.labels[:, column]] == expected
    pairs = sorted({tuple(labels) for _, *labels in kept})
    assert corpus.strata().tolist() == [pairs.index(tuple(labels)) for _, *labels in kept]
    chosen = data.draw(st.lists(st.booleans(), min_size=len(kept), max_size=len(kept)))
    counts = Counter("".join(text for (text, *_), is_in in zip(kept, chosen, strict=True) if is_in))
    found = corpus.counts(np.array(chosen))
    assert {s: int(c) for s, c in zip(corpus.symbols[4:], found[4:], strict=True) if c} == counts
    assert found[:4].tolist() == [0, 0, sum(chosen), sum(chosen)]


def test_labels_that_differ_only_in_a_nul_are_not_swapped():
    corpus = corpus_of(Reader([("first", "a\0"), ("second", "a"), ("third", "b")]))
    found = [corpus.classes["category"][number] for number in corpus.labels[:, 0]]
    assert found == ["a\0", "a", "b"]


def test_a_long_label_costs_no_more_than_itself():
    rows = [(f"text {number}", f"label {number}") for number in range(2000)]
    rows[7] = ("text", "x" * 20_000)
    tracemalloc.start()
    try:
        corpus_of(Reader(rows))
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


class Watched(Reader):
    """A reader that writes down, in a file, that it was read, and takes its time."""

    def __init__(self, texts, file):
        super().__init__(texts)
        self.file = file

    def records(self):
        with self.file.open("a") as file:
            file.write("read\n")
        for number, record in enumerate(super().records()):
            time.sleep(0.1 if number == 1 else 0)
            yield record


def tokens_of(file) -> list[int]:
    return corpus_of(Watched(TEXTS, file)).tokens.tolist()


def test_processes_that_ask_at_once_read_the_texts_once(tmp_path):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        first, second = pool.map(tokens_of, [tmp_path / "reads"] * 2, chunksize=1)
    assert first == second == tokens_of(tmp_path / "reads")
    assert (tmp_path / "reads").read_text() == "read\n"


class Endless(Reader):
    """A reader that never comes to an end, and tells when it has begun."""

    def __init__(self, texts, told):
        super().__init__(texts)
        self.told = told

    def records(self):
        yield from super().records()
        self.told.set()
        time.sleep(600)


def test_what_a_killed_process_has_written_is_never_read(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 2)
    processes = multiprocessing.get_context("fork")
    told = processes.Event()
    process = processes.Process(target=corpus_of, args=(Endless(TEXTS, told),))
    process.start()
    assert told.wait(60)
    process.kill()
    process.join()
    corpora = cache_dir() / "corpora"
    (draft,) = corpora.glob("*.draft-*")
    assert (draft / "tokens").stat().st_size > 0
    reader = Reader()
    corpus = corpus_of(reader)
    assert reader.reads == 1
    assert [corpus.text(number) for number in range(len(corpus))] == CLEAN
    assert {path.name for path in corpora.iterdir()} == {corpus.path.name, f"{corpus.path.name}.lock"}


def test_a_mapped_file_that_was_cut_short_is_made_again_before_it_is_mapped(caplog):
    path = corpus_of(Reader()).path
    for name in ("tokens", "token_ends", "labels", "texts", "about.json"):
        (path / name).write_bytes((path / name).read_bytes()[:-4])
        reader = Reader()
        corpus = corpus_of(reader)
        assert [corpus.text(number) for number in range(len(corpus))] == CLEAN
        assert reader.reads == 1
    assert caplog.text.count("are damaged; making them again") == 5


def test_a_reader_that_fails_leaves_nothing_behind():
    class Broken(Reader):
        def records(self):
            yield from super().records()
            raise DataError("my.csv, line 7: no")

    with pytest.raises(DataError, match=r"my\.csv, line 7: no"):
        corpus_of(Broken())
    again = Reader()
    assert len(corpus_of(again)) == len(CLEAN)
    assert again.reads == 1


def test_without_a_writable_cache_the_texts_are_the_same_and_that_is_said(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "file"))
    corpus = corpus_of(Reader())
    assert [corpus.text(number) for number in range(len(corpus))] == CLEAN
    assert f"the cache {tmp_path / 'file'}/corpora cannot be written" in caplog.text
    assert tmp_path not in corpus.path.parents


def test_other_content_and_other_recipes_are_other_corpora(monkeypatch):
    def reads(texts=TEXTS, recipe="memory", group=without_case):
        reader = Reader(texts)
        reader.recipe = recipe
        Corpus.of(reader, TextSettings(), group, repr(texts))
        return reader.reads

    assert [reads(), reads()] == [1, 0]
    assert reads([*TEXTS, ("more", "books")]) == 1
    assert reads(recipe="another column") == 1
    assert reads(group=without_accents) == 1
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    assert reads() == 1
