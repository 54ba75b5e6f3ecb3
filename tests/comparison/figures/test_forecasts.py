"""Forecasts beside the truth: the very numbers of predictions.csv."""

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("plotly")

from seqlab.comparison.figures.forecasts import forecasts


def test_nine_windows_spread_over_the_test_for_each_target(forecast, benchmark):
    folder = forecast("gru", windows=20)
    table = pd.read_csv(folder / "predictions.csv")
    figures = forecasts(benchmark(), []).figures
    assert list(figures) == [("gru", "T (degC)"), ("gru", "p (mbar)")]
    for (_, target), figure in figures.items():
        mine = table[table["target"] == target]
        times = mine["after"].unique()[np.linspace(0, 19, 9).round().astype(int)]
        for place, time in enumerate(times):
            truth, guess = figure.data[2 * place : 2 * place + 2]
            window = mine[mine["after"] == time]
            assert list(truth.x) == list(window["hours_ahead"])
            assert list(truth.y) == pytest.approx(list(window["true"]))
            assert list(guess.y) == pytest.approx(list(window["predicted"]))
            assert figure.layout.annotations[place].text == f"after {time}"
        assert [note.text for note in figure.layout.annotations[-2:]] == ["hours ahead", target]


def test_fewer_windows_than_places_are_all_drawn(forecast, benchmark):
    forecast("gru", windows=2)
    figure = forecasts(benchmark(), []).figures["gru", "T (degC)"]
    assert len(figure.data) == 4


def test_windows_of_several_series_after_one_time_are_windows_of_their_own(forecast, benchmark):
    file = forecast("gru", windows=2) / "predictions.csv"
    table = pd.read_csv(file)
    pd.concat([table.assign(series="A"), table.assign(series="B")]).to_csv(file, index=False)
    figure = forecasts(benchmark(), []).figures["gru", "T (degC)"]
    assert len(figure.data) == 8
    assert [note.text[:7] for note in figure.layout.annotations[:4]] == [
        "after A",
        "after A",
        "after B",
        "after B",
    ]


def test_what_is_no_number_is_named(forecast, benchmark):
    folder = forecast("gru", windows=2)
    file = folder / "predictions.csv"
    file.write_text(file.read_text().replace("1.0,", "one,", 1))
    problems: list[str] = []
    assert forecasts(benchmark(), problems).figures == {}
    assert "no forecasts, predictions.csv is damaged" in problems[0]


@pytest.mark.parametrize("after", ["2020-0{}-29", "2020-0{}-29T00:30:00.000250+02:00", "row {}"])
def test_steps_of_any_kind_are_drawn(forecast, benchmark, after):
    file = forecast("gru", windows=4) / "predictions.csv"
    table = pd.read_csv(file).rename(columns={"hours_ahead": "steps_ahead"})
    times = {time: after.format(number) for number, time in enumerate(table["after"].unique(), start=1)}
    table.assign(after=table["after"].map(times)).to_csv(file, index=False)
    problems: list[str] = []
    figure = forecasts(benchmark(), problems).figures["gru", "T (degC)"]
    assert not problems
    assert list(figure.data[0].x) == [1, 2, 3, 4]
    assert figure.layout.annotations[3].text == f"after {after.format(4).replace('T', ' ')}"
    assert [note.text for note in figure.layout.annotations[-2:]] == ["steps ahead", "T (degC)"]


def test_predictions_as_parquet_are_drawn_alike(forecast, benchmark):
    pytest.importorskip("pyarrow")
    file = forecast("gru", windows=4) / "predictions.csv"
    before = forecasts(benchmark(), []).figures["gru", "T (degC)"].to_dict()
    pd.read_csv(file).to_parquet(file.with_suffix(".parquet"))
    file.unlink()
    assert forecasts(benchmark(), []).figures["gru", "T (degC)"].to_dict() == before
    file.with_suffix(".parquet").write_bytes(b"PAR1 torn")
    problems: list[str] = []
    assert not forecasts(benchmark(), problems).figures
    assert "no forecasts, predictions.parquet cannot be read" in problems[0]
