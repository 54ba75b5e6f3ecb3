"""The figures of a forecast show the numbers they are given."""

import numpy as np
import pytest
import torch

from seqlab.tasks.figures import forecast as draw

HOURS = [0.5, 1.0, 1.5, 2.0]


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def points(line) -> tuple[list[float], list[float]]:
    return list(map(float, line.get_xdata())), list(map(float, line.get_ydata()))


def test_the_error_of_every_forecast_is_a_line_against_the_hours():
    mae = {name: random(4).abs() for name in ("model", "persistence", "ridge")}
    figure = draw.error_by_horizon(mae, HOURS, "T (degC)", "a title")
    (axes,) = figure.axes
    assert {line.get_label(): points(line) for line in axes.lines} == {
        name: (HOURS, values.tolist()) for name, values in mae.items()
    }
    assert axes.get_xlabel() == "hours ahead"
    assert axes.get_ylabel() == "mean absolute error, T (degC)"
    assert axes.get_title() == "a title"
    assert axes.get_ylim()[0] == 0
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(mae)


@pytest.mark.parametrize(
    ("windows", "shown"),
    [
        (1, [0]),
        (4, [0, 1, 2, 3]),
        (9, list(range(9))),
        (17, [0, 2, 4, 6, 8, 10, 12, 14, 16]),
        (801, [0, 100, 200, 300, 400, 500, 600, 700, 800]),
    ],
)
def test_the_page_shows_windows_spread_over_the_test(windows, shown):
    predicted, true = random(windows, 4), random(windows, 4) + 5
    figure = draw.forecasts(predicted, true, HOURS, "T (degC)", "a title")
    drawn = [axes for axes in figure.axes if axes.lines]
    assert [axes.get_title() for axes in drawn] == [f"test window {window:,}" for window in shown]
    for axes, window in zip(drawn, shown, strict=True):
        lines = {line.get_label(): points(line) for line in axes.lines}
        assert lines == {
            "truth": (HOURS, true[window].tolist()),
            "forecast": (HOURS, predicted[window].tolist()),
        }
    assert not any(axes.axison for axes in figure.axes if not axes.lines)
    assert figure.get_suptitle() == "a title"
    assert figure.get_supylabel() == "T (degC)"


def test_the_histogram_counts_the_errors():
    errors = random(500, 8) + 0.25
    figure = draw.histogram(errors, "T (degC)", "a title")
    (axes,) = figure.axes
    low, high = np.quantile(errors.numpy(), (0.001, 0.999))
    counts, edges = np.histogram(errors.numpy(), bins=80, range=(low, high))
    assert [bar.get_height() for bar in axes.patches] == counts.tolist()
    assert [bar.get_x() for bar in axes.patches] == pytest.approx(edges[:-1])
    zero, bias = axes.lines
    assert set(zero.get_xdata()) == {0}
    assert list(bias.get_xdata()) == pytest.approx([float(errors.mean())] * 2)
    assert bias.get_label() == f"bias {float(errors.mean()):.3g}"
    assert axes.get_xlabel() == "forecast minus truth, T (degC)"


@pytest.mark.parametrize("value", [0.0, -3.5, 1e8])
def test_errors_that_are_all_equal_can_be_drawn(tmp_path, value):
    draw.histogram(torch.full((6, 4), value), "T", "a title").savefig(tmp_path / "one.png")
    assert (tmp_path / "one.png").stat().st_size
