"""Tokens of running text: nothing is lost, whatever they are."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data.streams.declared import BYTES, StreamSettings, Wanted
from seqlab.data.streams.pairs import Pairs
from seqlab.data.streams.tokenizer import TOKENIZERS, WORD, tokenizer_of

TEXT = "The cat sat on the mat – the cat of  Käse.\n\tSo it goes, and goes… 你好,世界!\n" * 5


def learnt(kind: str, *texts: str):
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


def naive(words: Counter, wanted: int) -> list[tuple[int, int]]:
    """Learn byte pairs as they are defined: count all pairs anew after each merge."""
    merges = []
    while len(merges) < wanted:
        counts = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                counts[pair] += times
        best = max(sorted(counts), key=counts.__getitem__, default=None)
        if best is None or counts[best] < 2:
            break
        merges.append(best)
        words = Counter({replaced(word, best, 259 + len(merges)): times for word, times in words.items()})
    return merges


def replaced(word: tuple[int, ...], pair: tuple[int, int], token: int) -> tuple[int, ...]:
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
    st.dictionaries(st.text("abc", min_size=1, max_size=8), st.integers(1, 5), min_size=1), st.integers(0, 12)
)
def test_byte_pairs_are_those_of_the_definition(words, wanted):
    counts = Counter({tuple(word.encode()): times for word, times in words.items()})
    found = Pairs.learnt(counts, first=260, wanted=wanted)
    expected = naive(counts, wanted)
    assert list(found.merges) == expected
    for word in counts:
        row = word
        for place, pair in enumerate(expected):
            row = replaced(row, pair, 260 + place)
        assert found.joined(word) == list(row)


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
        (*merges, (5, 6)),
    ):
        assert not replace(tokenizer.settings, merges=others).fits(symbols)
    assert not replace(tokenizer.settings, tokens="characters").fits(symbols)
    assert not StreamSettings("bytes").fits(symbols)
    assert not tokenizer.settings.fits((*symbols[:-1], "other"))
    assert not StreamSettings("bytes").fits(tuple(reversed(symbols[:260])))
