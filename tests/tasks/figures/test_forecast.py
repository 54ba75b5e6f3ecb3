"""The figures of a forecast show the numbers they are given."""

import itertools

import numpy as np
import pytest
import torch
from matplotlib.dates import num2date

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


def window(number: int, times: np.ndarray, read: int = 3, **more) -> draw.Window:
    values = random(len(times) + 4).numpy() + number
    return draw.Window(f"window {number}", values[:read], values[read : read + 4], values[-4:], times, **more)


@pytest.mark.parametrize("count", [1, 4, 9])
def test_the_page_shows_what_was_read_the_truth_the_forecast_and_its_intervals(count):
    times = np.arange("2020-02-28T21", "2020-02-29T04", dtype="datetime64[h]")
    low, high = np.zeros(4), np.full(4, 2.0)
    windows = [window(number, times, bands=[(low, high), (low, low)]) for number in range(count)]
    figure = draw.forecasts(windows, "T (degC)", "a title", interval="80 % interval")
    drawn = [axes for axes in figure.axes if axes.lines]
    for axes, one in zip(drawn, windows, strict=True):
        lines = {line.get_label(): line for line in axes.lines}
        assert {name: line.get_ydata().tolist() for name, line in lines.items()} == {
            "read": one.past.tolist(),
            "truth": one.true.tolist(),
            "forecast": one.predicted.tolist(),
        }
        assert list(lines["read"].get_xdata()) == list(times[:3])
        assert list(lines["forecast"].get_xdata()) == list(times[3:])
        widest, narrowest = axes.collections
        assert widest.get_label() == "80 % interval"
        heights = [area.get_paths()[0].vertices[:, 1] for area in (widest, narrowest)]
        assert [(values.min(), values.max()) for values in heights] == [(0, 2), (0, 0)]
        off = np.abs(one.predicted - one.true).mean()
        assert axes.get_title() == f"{one.name}: mean abs. error {off:.3g}"
    assert not any(axes.axison for axes in figure.axes if not axes.lines)
    assert (figure.get_suptitle(), figure.get_supylabel()) == ("a title", "T (degC)")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["80 % interval", "read", "truth", "forecast"]


def test_steps_without_dates_are_numbers():
    figure = draw.forecasts([window(0, np.arange(1.0, 5.0), read=0)], "T", "a title", xlabel="hours ahead")
    (truth, _) = figure.axes[0].lines
    assert truth.get_xdata().tolist() == [1, 2, 3, 4]
    assert figure.get_supxlabel() == "hours ahead"


@pytest.mark.parametrize(("days", "hours"), [(1, 6), (2, 12), (3, 24), (7, 48)])
def test_days_have_ticks_every_so_many_hours(days, hours):
    start = np.datetime64("2020-03-01T05:00")
    times = start + np.arange(24 * days + 1) * np.timedelta64(1, "h")
    figure = draw.forecasts([window(0, times, read=24 * days - 3)], "T", "a title")
    ticks = num2date(figure.axes[0].get_xticks())
    assert {tick.hour % min(hours, 24) for tick in ticks} == {0}
    assert {(b - a).total_seconds() / 3600 for a, b in itertools.pairwise(ticks)} == {hours}


@pytest.mark.parametrize(
    ("last", "apart"), [(8, 1), (12, 1), (24, 2), (48, 6), (72, 6), (96, 12), (240, 24), (720, 96)]
)
def test_hours_ahead_have_ticks_that_people_use(last, apart):
    figure = draw.error_by_horizon({"model": torch.ones(last)}, range(1, last + 1), "T", "a title")
    ticks = figure.axes[0].get_xticks()
    assert set(np.diff(ticks)) == {apart}


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
