"""The error by horizon: pandas' mean and deviation of every seed's table."""

import pandas as pd
import pytest

pytest.importorskip("plotly")

from seqlab.comparison.figures.horizon import horizon


def test_means_over_seeds_with_bands_and_baselines(forecast, benchmark):
    tables = [pd.read_csv(forecast("gru", seed=seed) / "errors_by_step.csv") for seed in range(3)]
    figures = horizon(benchmark(), []).figures
    assert len(figures) == 8
    every = pd.concat(tables)
    every = every[(every["forecast"] == "model") & (every["target"] == "p (mbar)")].groupby("hours_ahead")
    figure = figures["median absolute error", "p (mbar)"]
    area, line, baseline = figure.data
    mean, std = every["median_ae"].mean(), every["median_ae"].std()
    assert list(line.x) == list(mean.index)
    assert list(line.y) == pytest.approx(list(mean))
    assert list(area.y) == pytest.approx([*(mean + std), *(mean - std)[::-1]])
    assert baseline.name == "baseline: persistence"
    first = tables[0][(tables[0]["forecast"] == "persistence") & (tables[0]["target"] == "p (mbar)")]
    assert list(baseline.y) == pytest.approx(list(first["median_ae"]))
    assert figure.layout.yaxis.title.text == "median absolute error, p (mbar)"


def test_a_run_without_its_table_is_named_and_the_others_are_drawn(forecast, benchmark):
    forecast("gru", seed=0)
    (forecast("gru", seed=1) / "errors_by_step.csv").unlink()
    problems: list[str] = []
    figures = horizon(benchmark(), problems).figures
    assert [trace.name for trace in figures["bias, forecast minus truth", "T (degC)"].data] == [
        "gru",
        "baseline: persistence",
    ]
    assert "no error by horizon, errors_by_step.csv is missing" in problems[0]


def test_a_gap_in_an_error_is_drawn_as_one(forecast, benchmark):
    for seed in range(2):
        file = forecast("gru", seed=seed) / "errors_by_step.csv"
    table = pd.read_csv(file)
    table.loc[0, "mae"] = None
    table.to_csv(file, index=False)
    area, line, _ = horizon(benchmark(), []).figures["mean absolute error", "T (degC)"].data
    assert pd.isna([line.y[0], area.y[0]]).all()
    assert not pd.isna(list(line.y[1:])).any()


def test_steps_ahead_are_drawn(forecast, benchmark):
    file = forecast("gru") / "errors_by_step.csv"
    pd.read_csv(file).rename(columns={"hours_ahead": "steps_ahead"}).to_csv(file, index=False)
    problems: list[str] = []
    figure = horizon(benchmark(), problems).figures["mean absolute error", "T (degC)"]
    assert not problems
    assert list(figure.data[0].x) == [1, 2, 3, 4]
    assert figure.layout.xaxis.title.text == "steps ahead"
