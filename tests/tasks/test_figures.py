"""Learning curves and confusion matrices show the numbers they are drawn from."""

import pytest
import torch
from matplotlib.figure import Figure
from torch import Tensor

from seqlab.tasks.figures.common import confusion_matrix, curves, mark


def cells(figure: Figure, classes: int) -> list[list[int]]:
    """Return the numbers written into the cells; an empty cell is a zero."""
    written = [[0] * classes for _ in range(classes)]
    for text in figure.axes[0].texts:
        column, row = text.get_position()
        assert written[row][column] == 0
        written[row][column] = int(text.get_text())
    return written


def random_counts(classes: int) -> Tensor:
    return torch.randint(0, 4, (classes, classes), generator=torch.Generator().manual_seed(0)) * 37


@pytest.mark.parametrize("classes", [1, 2, 18, 30])
def test_the_numbers_in_the_cells_are_the_counts(classes):
    counts = random_counts(classes)
    figure = confusion_matrix(counts, [f"c{number}" for number in range(classes)], "a title")
    assert cells(figure, classes) == counts.tolist()


def test_colours_are_shares_of_the_true_class():
    counts = torch.tensor([[6, 2], [0, 0]])
    figure = confusion_matrix(counts, ["a", "b"], "a title")
    assert figure.axes[0].images[0].get_array().tolist() == [[0.75, 0.25], [0.0, 0.0]]
    assert figure.axes[0].images[0].get_clim() == (0, 1)


def test_axes_carry_the_class_names_with_their_totals_and_the_title_the_accuracy():
    counts = torch.tensor([[1200, 0, 300], [0, 2, 0], [0, 0, 0]])
    axes = confusion_matrix(counts, ["Greek", "Irish", "Polish"], "a title").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["Greek", "Irish", "Polish"]
    of_class = [tick.get_text() for tick in axes.get_yticklabels()]
    assert of_class == ["Greek (1,500)", "Irish (2)", "Polish (0)"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true (samples)")
    assert axes.get_title() == "a title, accuracy 0.8003"  # 1,202 of 1,502


def test_more_classes_than_fit_are_drawn_without_numbers():
    figure = confusion_matrix(random_counts(31), [str(number) for number in range(31)], "a title")
    assert not figure.axes[0].texts


def test_curves_show_training_and_validation_against_the_epoch_from_one():
    history = {
        "train/loss": [(0, 2.5), (1, 1.5), (2, 1.0)],
        "val/loss": [(1, 1.75)],
        "val/accuracy": [(0, 0.25)],
    }
    axes = curves(history, "loss", "a title").axes[0]
    drawn = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}
    assert drawn == {"training": ([1, 2, 3], [2.5, 1.5, 1.0]), "validation": ([2], [1.75])}
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("epoch", "loss", "a title")


def test_the_best_epoch_and_the_baselines_are_marked():
    axes = curves({"val/loss": [(0, 2.0), (1, 1.0)]}, "loss", "a title").axes[0]
    mark(axes, 1, {"majority": 1.5})
    kept, baseline = axes.lines[2:]
    assert (list(kept.get_xdata()), kept.get_label()) == ([2, 2], "kept: epoch 2")
    assert (list(baseline.get_ydata()), baseline.get_label()) == ([1.5, 1.5], "majority")
    assert [text.get_text() for text in axes.get_legend().get_texts()][2:] == ["kept: epoch 2", "majority"]


def test_curves_without_any_points_can_be_saved(tmp_path):
    curves({}, "accuracy", "a title").savefig(tmp_path / "empty.png")
    assert (tmp_path / "empty.png").read_bytes()[:4] == b"\x89PNG"
