"""Tokens of running text: nothing is lost, whatever they are."""

import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data.streams.declared import BYTES, StreamSettings, Wanted
from seqlab.data.streams.tokenizer import TOKENIZERS, WORD, tokenizer_of
from seqlab.errors import DataError

TEXT = "The cat sat on the mat – the cat of  Käse.\n\tSo it goes, and goes… 你好,世界!\n" * 5


def learnt(kind: str, *texts: str):
    if kind == "bpe":
        pytest.importorskip("tokenizers", reason="needs tokenizers: pip install 'seqlab[text]'")
    return TOKENIZERS[kind].learnt(texts or (TEXT,), StreamSettings(kind), Wanted(1, 300))


@pytest.mark.parametrize("kind", TOKENIZERS)
@settings(deadline=None, max_examples=50)
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_tokens_written_again_are_the_text(kind, text):
    tokenizer = learnt(kind, text, TEXT)
    numbers, unknown = tokenizer.encode(text)
    assert b"".join(tokenizer.pieces[number] for number in numbers) == text.encode()
    assert sum(tokenizer.widths[number] for number in numbers) == len(text)
    assert unknown == []
    assert tokenizer.settings.fits(tokenizer.symbols)


@pytest.mark.parametrize("kind", ["characters", "words"])
def test_unknown_ones_are_told(kind):
    numbers, unknown = learnt(kind, "a b").encode("a ž b")
    assert (numbers == 1).sum() == 1
    assert [one.strip() for one in unknown] == ["ž"]


def test_a_word_has_the_space_before_it():
    assert WORD.findall("So, it goes\n on.") == ["So", ",", " it", " goes", "\n", " on", "."]


def naive(words: Counter, wanted: int) -> list[tuple[str, str]]:
    """Learn byte pairs as they are defined: count all pairs anew after each merge."""
    words = Counter({tuple(map(chr, word)): times for word, times in words.items()})
    symbols = list(map(chr, range(256)))
    merges = []
    while len(symbols) < 256 + wanted:
        counts = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                counts[pair] += times
        lowest = sorted(counts, key=lambda pair: tuple(map(symbols.index, pair)))
        best = max(lowest, key=counts.__getitem__, default=None)
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        symbols += [] if "".join(best) in symbols else ["".join(best)]
        words = Counter({replaced(word, best, "".join(best)): times for word, times in words.items()})
    return merges


def replaced(word: tuple[str, ...], pair: tuple[str, str], token: str) -> tuple[str, ...]:
    row, place = [], 0
    while place < len(word):
        if word[place : place + 2] == pair:
            row.append(token)
            place += 2
        else:
            row.append(word[place])
            place += 1
    return tuple(row)


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=8), st.integers(1, 5), min_size=1), st.integers(5, 17)
)
def test_byte_pairs_are_those_of_the_definition(words, wanted):
    pytest.importorskip("tokenizers")
    text = "\n".join(word for word, times in words.items() for _ in range(times))
    found = TOKENIZERS["bpe"].learnt([text], StreamSettings("bpe"), Wanted(1, 260 + wanted))
    counts = Counter({tuple(word.encode()): times for word, times in words.items()})
    expected = [tuple(map(found.symbols.__getitem__, pair)) for pair in found.settings.merges]
    assert expected == naive(counts, wanted)
    for word in words:
        row = tuple(word)
        for pair in expected:
            row = replaced(row, pair, "".join(pair))
        assert [found.symbols[number] for number in found.encode(word)[0]] == list(row)


def test_a_hostile_tokenizer_is_no_vocabulary():
    tokenizer = learnt("bpe")
    merges, symbols = tokenizer.settings.merges, tokenizer.symbols
    assert tokenizer_of(symbols, tokenizer.settings).encode("the cat")[0].tolist()
    for others in (
        ((10**9, 5), *merges[1:]),  # a token that there is not
        ((BYTES + 256, 5), *merges[1:]),  # one of itself
        ((-1, 5), *merges[1:]),
        ((0, 5), *merges[1:]),  # the padding
        merges[::-1],  # tokens that are made later
        merges[1:],
        (*merges, (10, 10)),
    ):
        assert not replace(tokenizer.settings, merges=others).fits(symbols)
    assert not replace(tokenizer.settings, tokens="characters").fits(symbols)
    assert not StreamSettings("bytes").fits(symbols)
    assert not tokenizer.settings.fits((*symbols[:-1], "other"))
    assert not StreamSettings("bytes").fits(tuple(reversed(symbols[:260])))
    doubled = tuple((260 + place - bool(place), 260 + place - bool(place)) for place in range(99))
    assert not replace(tokenizer.settings, merges=((101, 101), *doubled)).fits(symbols)


def test_two_ways_to_one_symbol_are_one_token():
    symbols = (*learnt("bytes").symbols, "ab", "abc", "bc")
    a, b, c = (BYTES + ord(letter) for letter in "abc")
    settings = StreamSettings("bpe", merges=((a, b), (260, c), (b, c), (a, 262)))
    assert settings.fits(symbols)
    assert tokenizer_of(symbols, settings).encode("abc\0bc")[0].tolist() == [261, 3, 262]


def test_byte_pairs_without_the_library_are_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(DataError, match=r"data.tokens=bpe needs tokenizers: pip install 'seqlab\[text\]'"):
        TOKENIZERS["bpe"].learnt([TEXT], StreamSettings("bpe"), Wanted(1, 300))
