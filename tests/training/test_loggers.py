"""metrics.jsonl."""

import json

from seqlab.training.loggers import MetricsFile


def test_every_call_appends_one_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    MetricsFile(path).log_metrics({"val/loss": 0.5, "epoch": 3}, step=7)
    MetricsFile(path).log_metrics({"step/lr": 0.1}, step=8)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == [{"step": 7, "val/loss": 0.5, "epoch": 3}, {"step": 8, "step/lr": 0.1}]


def test_a_value_that_is_no_number_is_null_so_that_the_line_stays_json(tmp_path):
    path = tmp_path / "metrics.jsonl"
    MetricsFile(path).log_metrics({"a": float("nan"), "b": float("inf")}, step=0)
    assert json.loads(path.read_text()) == {"step": 0, "a": None, "b": None}
