"""What is drawn, restated sequence by sequence, and against statistics that are known."""

import math
from itertools import product

import numpy as np
import pytest

from seqlab.data.synthetic.adding import draw_adding
from seqlab.data.synthetic.copy_memory import draw_copy
from seqlab.data.synthetic.parity import draw_parity
from seqlab.data.synthetic.temporal_order import draw_order

N = 20_000


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def cut(flat: np.ndarray, lengths: np.ndarray) -> list[list[int]]:
    return [part.tolist() for part in np.split(flat, np.cumsum(lengths)[:-1])]


@pytest.mark.parametrize("length", [2, 7, 50])
def test_an_answer_of_adding_is_the_sum_of_two_numbers_one_marked_in_either_half(length):
    x, y = draw_adding(500, length, random())
    assert x.shape == (500, length, 2)
    for (numbers, marks), answer in zip(x.transpose(0, 2, 1), y, strict=True):
        places = [step for step, mark in enumerate(marks) if mark == 1]
        assert len(places) == 2
        assert places[0] < length // 2 <= places[1]
        assert set(marks.tolist()) <= {0.0, 1.0}
        assert answer == pytest.approx(numbers[places[0]] + numbers[places[1]], abs=1e-6)


def test_always_to_answer_1_to_adding_costs_a_sixth():
    x, y = draw_adding(N, 10, random())
    # The squared distance of a sum of two uniform numbers from 1 has mean 1/6 and variance 7/180.
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, abs=4 * math.sqrt(7 / 180 / N))
    assert np.mean(x[:, :, 0]) == pytest.approx(1 / 2, abs=4 * math.sqrt(1 / 12 / N / 10))
    # Every step of a half is marked equally often.
    shares = x[:, :, 1].mean(0)
    assert shares == pytest.approx(np.full(10, 1 / 5), abs=4 * math.sqrt(0.2 * 0.8 / N))


@pytest.mark.parametrize(("lag", "recalled"), [(1, 1), (5, 3), (100, 10)])
def test_a_sequence_of_copy_is_symbols_silence_sign_and_silence(lag, recalled):
    places, letters = draw_copy(50, lag, recalled, random())
    for row, asked in zip(places.tolist(), letters.tolist(), strict=True):
        assert row == [*asked, *[8] * (lag - 1), 9, *[8] * recalled]
        assert len(row) == lag + 2 * recalled


def test_the_symbols_of_copy_are_uniform_over_eight_and_independent():
    _, letters = draw_copy(N, 3, 2, random())
    pairs = np.bincount(8 * letters[:, 0] + letters[:, 1], minlength=64) / N
    assert pairs == pytest.approx(np.full(64, 1 / 64), abs=5 * math.sqrt(1 / 64 / N))


def test_a_string_of_parity_is_odd_if_it_holds_an_odd_number_of_ones():
    bits, lengths, y = draw_parity(2_000, 1, 12, random())
    assert set(bits.tolist()) == {0, 1}
    assert set(lengths.tolist()) == set(range(1, 13))
    assert [row.count(1) % 2 for row in cut(bits, lengths)] == y.tolist()


def test_half_of_the_strings_of_parity_are_odd_at_every_length():
    _, lengths, y = draw_parity(N, 1, 4, random())
    for length in range(1, 5):
        found = y[lengths == length]
        assert found.mean() == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(len(found)))


@pytest.mark.parametrize(
    ("relevant", "windows"), [(2, [(10, 20), (50, 60)]), (3, [(10, 20), (33, 43), (66, 76)])]
)
def test_a_sequence_of_temporal_order_is_that_of_tasks_6a_and_6b(relevant, windows):
    alphabet = "abcdXYEB"
    classes = ["".join(symbols) for symbols in product("XY", repeat=relevant)]
    flat, lengths, y = draw_order(3_000, 100, relevant, random())
    seen = [set() for _ in windows]
    for row, answer in zip(cut(flat, lengths), y.tolist(), strict=True):
        text = "".join(alphabet[place] for place in row)
        places = [step for step, symbol in enumerate(text) if symbol in "XY"]
        assert "".join(text[step] for step in places) == classes[answer]
        assert (text[0], text[-1], text.count("E"), text.count("B")) == ("E", "B", 1, 1)
        for found, step in zip(seen, places, strict=True):
            found.add(step)
    assert set(lengths.tolist()) == set(range(100, 111))
    assert seen == [set(range(first, last + 1)) for first, last in windows]
    counts = np.bincount(y, minlength=len(classes)) / len(y)
    assert counts == pytest.approx(np.full(len(classes), 1 / len(classes)), abs=0.04)


@pytest.mark.parametrize("relevant", [2, 3])
def test_the_shortest_sequences_of_temporal_order_have_room_for_all_their_symbols(relevant):
    flat, lengths, _ = draw_order(500, 10, relevant, random())
    for row in cut(flat, lengths):
        assert (row[0], row[-1]) == (6, 7)
        assert sum(place in (4, 5) for place in row) == relevant
