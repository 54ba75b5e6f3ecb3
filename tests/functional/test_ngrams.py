"""Codes of n-grams: one number for a run of tokens, and no other run has it."""

import itertools

import torch

from seqlab.functional.ngrams import LONGEST, ngram_codes


def test_every_ngram_of_a_small_vocabulary_has_a_code_of_its_own():
    tokens = 6
    seen: dict[int, tuple[int, ...]] = {}
    for length in range(2, LONGEST + 1):
        for run in itertools.product(range(1, tokens), repeat=length):
            code = int(ngram_codes(torch.tensor([run]), tokens, length)[-1][0, -1])
            assert code > 0
            assert code not in seen, f"{run} and {seen.get(code)} have the code {code}"
            seen[code] = run


def test_codes_stand_where_the_ngram_ends_and_nowhere_beyond_the_text():
    x = torch.tensor([[4, 5, 6, 7], [4, 5, 0, 0]])
    pairs, triples = ngram_codes(x, num_tokens=10, longest=3)
    assert pairs.tolist() == [[0, 45, 56, 67], [0, 45, 0, 0]]
    assert triples.tolist() == [[0, 0, 456, 567], [0, 0, 0, 0]]


def test_three_tokens_of_a_large_vocabulary_fit():
    tokens = 2_000_000
    x = torch.full((1, 3), tokens - 1)
    assert int(ngram_codes(x, tokens, 3)[1][0, -1]) == (tokens - 1) * (1 + tokens + tokens**2)
