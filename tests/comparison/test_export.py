"""The CSV file agrees with pandas' own groups."""

import pandas as pd
import pytest

from seqlab.comparison.export import write_csv
from seqlab.comparison.groups import compare
from seqlab.comparison.runs import read_runs
from seqlab.errors import RunError

SCORES = ["test/accuracy", "test/precision_macro", "test/recall_macro", "test/f1_macro"]


def test_a_row_for_each_group_with_pandas_mean_std_and_n(tmp_path, classify):
    for cell in ("rnn", "gru"):
        for seed in range(3):
            classify(cell, seed=seed, model={"cell": cell})
    classify("lstm", seed=0)
    runs = read_runs(tmp_path / "out")
    write_csv(*compare(runs), tmp_path / "report.csv")
    table = pd.read_csv(tmp_path / "report.csv")
    found = table[table["status"] == "done"].set_index("cell")
    every = pd.DataFrame([{"cell": run.record["cell"]} | run.metrics for run in runs])
    expected = every.groupby("cell")[SCORES].agg(["mean", "std"])
    assert list(found["n"].sort_index()) == [3, 1, 3]
    for score in SCORES:
        for part in ("mean", "std"):
            pd.testing.assert_series_equal(
                found[f"{score}_{part}"].sort_index(), expected[score, part], check_names=False
            )
    (baseline,) = table[table["status"] == "baseline"].to_dict("records")
    assert (baseline["run"], baseline["test/accuracy_mean"]) == ("majority", 0.4)


def test_runs_that_are_not_done_are_rows_with_their_reason(tmp_path, classify):
    classify("good")
    classify("bad", seed=1, status="failed", error='ValueError: a "quoted", reason')
    (classify("broken", seed=2) / "run.json").write_text("{")
    write_csv(*compare(read_runs(tmp_path / "out")), tmp_path / "report.csv")
    table = pd.read_csv(tmp_path / "report.csv", keep_default_na=False)
    reasons = dict(zip(table["status"], table["reason"], strict=True))
    assert reasons["failed"] == 'ValueError: a "quoted", reason'
    assert reasons["done"] == ""
    assert "run.json is not JSON" in reasons["damaged"]


@pytest.mark.parametrize("file", [".", "missing/report.csv"])
def test_an_unwritable_file_is_named(tmp_path, monkeypatch, file):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=f"cannot write {file}: .*; choose a"):
        write_csv([], [], tmp_path.joinpath(file).relative_to(tmp_path))
