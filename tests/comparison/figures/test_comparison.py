"""Bars: pandas' means, its deviations as error bars, baselines as lines."""

import pandas as pd
import pytest

pytest.importorskip("plotly")

from seqlab.comparison.figures.comparison import comparison
from seqlab.comparison.runs import read_runs

SCORES = ["test/accuracy", "test/precision_macro", "test/recall_macro", "test/f1_macro"]


def test_a_panel_for_each_score_with_error_bars_where_there_are_seeds(tmp_path, classify, benchmark):
    for seed in range(3):
        classify("gru", seed=seed, model={"cell": "gru"})
    classify("rnn", model={"cell": "rnn"})
    frame = pd.DataFrame([{"cell": r.record["cell"]} | r.metrics for r in read_runs(tmp_path / "out")])
    expected = frame.groupby("cell")[SCORES].agg(["mean", "std"])
    figure = comparison(benchmark()).figures[()]
    assert [note.text for note in figure.layout.annotations] == ["accuracy", "precision", "recall", "F1"]
    for place, score in enumerate(SCORES):
        many, one = figure.data[2 * place : 2 * place + 2]
        assert (list(many.y), list(one.y)) == (["gru"], ["rnn"])
        assert many.x[0] == pytest.approx(expected.loc["gru", (score, "mean")])
        assert many.error_x.array[0] == pytest.approx(expected.loc["gru", (score, "std")])
        assert one.x[0] == pytest.approx(expected.loc["rnn", (score, "mean")])
        assert one.error_x.array is None


def test_baselines_are_lines_in_the_panels_of_their_scores(classify, benchmark):
    classify("gru")
    shapes = comparison(benchmark()).figures[()].layout.shapes
    assert [(shape.x0, shape.x1, shape.xref) for shape in shapes] == [(0.4, 0.4, "x"), (0.1, 0.1, "x4")]
    assert [shape.showlegend for shape in shapes] == [True, False]


def test_forecasts_are_compared_by_their_errors(forecast, benchmark):
    forecast("gru")
    figure = comparison(benchmark()).figures[()]
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["mean absolute error", "median absolute error", "root mean squared error"]
    assert figure.layout.xaxis.title.text == "mean of all targets"


def test_runs_without_test_scores_leave_no_figure(classify, benchmark):
    classify("untested", metrics={"val/accuracy": 0.5})
    assert comparison(benchmark()).figures == {}
