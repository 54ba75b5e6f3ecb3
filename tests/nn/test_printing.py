"""What printing a network shows, and that the numbers are the textbook's."""

import pytest

from seqlab.nn import Recurrent


@pytest.mark.parametrize(
    ("name", "gates", "state", "own", "count"),
    [
        ("lstm", "i f g o", "h c", "", 4 * (5 * 3 + 5 * 5 + 5)),
        ("gru", "r z n", "h", ", b_hn [5]", 3 * (5 * 3 + 5 * 5 + 5) + 5),
        ("rnn", "h", "h", "", 5 * 3 + 5 * 5 + 5),
        ("mgu", "f n", "h", "", 2 * (5 * 3 + 5 * 5 + 5)),
    ],
)
def test_a_layer_shows_its_shapes_and_how_many_numbers_it_learns(name, gates, state, own, count):
    shown = repr(Recurrent(name, input_size=3, hidden_size=5))
    rows = 5 * len(gates.split())
    assert f"{name}(): gates {gates}; state {state}; output h" in shown
    assert f"Layer(W [{rows}, 3], U [{rows}, 5], b [{rows}]{own}; {count} parameters)" in shown


def test_a_stack_shows_the_sum_over_layers_and_directions():
    shown = repr(Recurrent("lstm", input_size=30, hidden_size=50, num_layers=2, bidirectional=True))
    first, second = 4 * (50 * 30 + 50 * 50 + 50), 4 * (50 * 100 + 50 * 50 + 50)
    assert f"layers=2, directions=2, merge=concat, engine=auto, init=torch; {2 * (first + second):,}" in shown
