"""What scores say of themselves."""

from seqlab.tasks.score import best_epoch


def test_the_best_epoch_is_the_first_of_the_best_and_no_number_is_none():
    points = [(0, float("nan")), (1, 0.5), (2, 0.75), (3, 0.75)]
    assert (best_epoch(points, "max"), best_epoch(points, "min")) == (2, 1)
    assert best_epoch([(0, float("nan"))], "min") is None
