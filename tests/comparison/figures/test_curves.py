"""Learning curves: what is drawn are pandas' means and deviations of the journals."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("plotly")

from seqlab.comparison.figures.curves import POINT_SIZE, RING_SIZE, curves


def journal(folder) -> pd.DataFrame:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return pd.DataFrame([line for line in lines if "epoch" in line]).groupby("epoch").last()


def test_the_mean_over_seeds_and_its_band(classify, benchmark):
    journals = [journal(classify("lstm", seed=seed)) for seed in range(3)]
    figure = curves(benchmark()).figures["F1", "mean over seeds"]
    for column, stage in ((0, "train"), (1, "val")):
        values = pd.concat([one[f"{stage}/f1_macro"] for one in journals], axis=1)
        mean, std = values.mean(axis=1), values.std(axis=1)
        area, line = figure.data[2 * column : 2 * column + 2]
        assert list(line.x) == [1, 2, 3]
        assert list(line.y) == pytest.approx(list(mean))
        assert list(area.y) == pytest.approx([*(mean + std), *(mean - std)[::-1]])
        assert [area.legendgroup, area.showlegend, line.showlegend] == ["lstm", False, column == 0]


def test_a_mean_goes_as_far_as_all_its_runs(classify, benchmark):
    for seed in range(2):
        folder = classify("lstm", seed=seed)
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    (folder / "metrics.jsonl").write_text("\n".join(lines[:-3]))
    found = curves(benchmark())
    assert {len(trace.x) for trace in found.figures["loss", "mean over seeds"].data if trace.showlegend} == {
        2
    }
    assert {len(trace.x) for trace in found.figures["loss", "every run"].data} == {2, 3}


def test_the_best_epoch_of_the_validation_has_a_ring_and_baselines_are_lines(classify, benchmark):
    folder = classify("lstm", baselines={"majority": {"val/accuracy": 0.4, "test/accuracy": 0.3}})
    kept = journal(folder)["val/accuracy"].idxmax()
    training, validation, baseline = curves(benchmark()).figures["accuracy", "every run"].data
    assert set(training.marker.size) == {POINT_SIZE}
    assert [size == RING_SIZE for size in validation.marker.size] == [epoch == kept for epoch in range(3)]
    assert (list(baseline.x), list(baseline.y), baseline.name) == ([1, 3], [0.4, 0.4], "baseline: majority")


def test_the_ring_of_several_seeds_is_at_the_best_epoch_of_their_mean(classify, benchmark):
    each = np.array([[0.9, 0.8, 0.1], [0.1, 0.8, 0.9]])  # neither run kept the second epoch
    for seed, values in enumerate(each):
        rows = [{"epoch": epoch, "val/accuracy": value} for epoch, value in enumerate(values)]
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        (classify("lstm", seed=seed) / "metrics.jsonl").write_text(text)
    found = curves(benchmark())
    rings = [
        [size == RING_SIZE for size in trace.marker.size]
        for lines in ("mean over seeds", "every run")
        for trace in found.figures["accuracy", lines].data
        if trace.mode == "lines+markers"
    ]
    assert rings == [list(np.arange(3) == values.argmax()) for values in (each.mean(0), *each)]
    assert "the best epoch of the mean over seeds" in found.note


def test_every_run_is_a_line_and_those_not_done_are_pale(classify, benchmark):
    classify("lstm", seed=0)
    classify("lstm", seed=1)
    classify("lstm", seed=2, status="running")
    data = curves(benchmark()).figures["accuracy", "every run"].data
    training = {trace.name: trace.opacity for trace in data if trace.showlegend}
    assert training == {"lstm, seed 0": 1, "lstm, seed 1": 1, "lstm, seed 2 (running)": 0.4}
    assert len(data) == 6


def test_errors_have_their_unit_and_titles_say_sample(forecast, benchmark):
    forecast("one", data={"name": "jena", "source": "sample", "series": {"targets": ["T (degC)"]}})
    found = curves(benchmark())
    assert set(found.figures) == {("mean absolute error", "every run"), ("loss", "every run")}
    figure = found.figures["mean absolute error", "every run"]
    assert figure.layout.yaxis.title.text == "mean absolute error, T (degC)"
    assert "SAMPLE DATA" in figure.layout.title.text
