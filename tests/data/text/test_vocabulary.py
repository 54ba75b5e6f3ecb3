"""Tokens and their numbers, and the frequent n-grams."""

from collections import Counter

import pytest
import torch

from seqlab.data.text.vocabulary import FREQUENT, Vocabulary, frequent_ngrams

SPECIALS = ("<pad>", "<unk>", "<begin>", "<end>")


def test_the_special_symbols_come_first_and_the_others_are_sorted():
    assert Vocabulary.of("cab").symbols == (*SPECIALS, "a", "b", "c")
    assert len(Vocabulary.of("cab")) == 7


@pytest.mark.parametrize(
    ("bos_eos", "rows"),
    [(True, [[2, 6, 4, 5, 3], [2, 1, 4, 3]]), (False, [[6, 4, 5], [1, 4]])],
)
def test_texts_become_numbers_with_or_without_bos_and_eos(bos_eos, rows):
    samples = Vocabulary((*SPECIALS, "a", "b", "c")).encode(["cab", "xa"]).cut(None, "begin", bos_eos=bos_eos)
    found = [samples.batch(sample_ids(number)).x[0].tolist() for number in range(2)]
    assert found == rows
    assert samples.lengths.tolist() == [len(row) for row in rows]


def sample_ids(*numbers: int) -> torch.Tensor:
    return torch.tensor(numbers)


def test_a_symbol_that_looks_like_a_special_one_is_not_taken_for_it():
    vocabulary = Vocabulary.of(["<pad>", "word"])
    samples = vocabulary.encode([["word"]]).cut(None, "begin", bos_eos=False)
    assert samples.batch(sample_ids(0)).x.tolist() == [[vocabulary.symbols.index("word")]]


def test_stored_tokens_are_given_their_numbers_and_unknown_ones_one_of_their_own():
    vocabulary = Vocabulary((*SPECIALS, "a", "b"))
    assert vocabulary.numbers([*SPECIALS, "b", "z", "a"]).tolist() == [0, 1, 2, 3, 5, 1, 4]


def test_frequent_ngrams_are_those_that_a_plain_count_finds():
    texts = ["abcabc"] * 3 + ["abc"] * 2 + ["cc"] * 4 + ["cba"] * 5
    vocabulary = Vocabulary.of("abc")
    samples = vocabulary.encode(texts).cut(None, "begin", bos_eos=False)
    counts = Counter(
        text[start : start + length]
        for text in texts
        for length in (2, 3)
        for start in range(len(text) - length + 1)
    )
    size = len(vocabulary)

    def code(ngram: str) -> int:
        value = 0
        for symbol in ngram:
            value = value * size + vocabulary.symbols.index(symbol)
        return value

    expected = sorted(code(ngram) for ngram, count in counts.items() if count >= FREQUENT)
    assert list(frequent_ngrams(samples, size, 3)) == expected
    assert frequent_ngrams(samples, size, 1) == ()
