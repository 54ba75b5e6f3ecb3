"""What scores say of themselves."""

import numpy as np
import pytest

from seqlab.tasks.score import best_epoch, checked_baselines


def test_the_best_epoch_is_the_first_of_the_best_and_no_number_is_none():
    points = [(0, float("nan")), (1, 0.5), (2, 0.75), (3, 0.75)]
    assert (best_epoch(points, "max"), best_epoch(points, "min")) == (2, 1)
    assert best_epoch([(0, float("nan"))], "min") is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"coin": {"test/mae": 1}, "tree": "no trees"}, {"coin": {"test/mae": 1.0}, "tree": "no trees"}),
        ({"coin": {"test/mae": np.float32(0.5)}}, {"coin": {"test/mae": 0.5}}),
        ({"coin": 0.3}, {"coin": "Own.baselines returns float for it, not {'test/…': number}"}),
        (
            {"coin": {"test/mae": None}},
            {"coin": "Own.baselines returns NoneType as its test/mae, not a number"},
        ),
        (None, {"baselines": "Own.baselines returns NoneType, not {name: scores}"}),
    ],
)
def test_a_baseline_without_numbers_has_a_reason_instead(found, expected):
    checked = checked_baselines("Own", found)
    assert checked == expected
    assert {
        type(value) for scores in checked.values() if isinstance(scores, dict) for value in scores.values()
    } <= {float}
