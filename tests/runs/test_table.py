"""metrics.csv is what metrics.jsonl says, as a table."""

import json

import pandas as pd

from seqlab.training.loggers import CsvTable, MetricsFile


def rows_of(path):
    return [
        {name: value for name, value in row.items() if not pd.isna(value)}
        for row in pd.read_csv(path).to_dict("records")
    ]


def test_a_table_holds_every_line_whatever_metrics_come_later(tmp_path):
    path, table = tmp_path / "metrics.jsonl", tmp_path / "csv/metrics.csv"
    journal, csv = MetricsFile(path), CsvTable(tmp_path)
    for step, metrics in enumerate([{"a": 0.1}, {"a": 1 / 3}, {"b": 2.5, "epoch": 0}, {"a": 7.0}]):
        journal.log_metrics(metrics, step)
        journal.sync()
        csv.save()
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert rows_of(table) == lines
    journal.log_metrics({"a": float("nan")}, 4)
    csv.finalize("success")
    assert rows_of(table)[-1] == {"step": 4}


def test_a_run_that_goes_on_has_the_table_of_what_its_journal_has_kept(tmp_path):
    path, table = tmp_path / "metrics.jsonl", tmp_path / "csv/metrics.csv"
    first = MetricsFile(path)
    first.log_metrics({"a": 0.1}, 0)
    size = first.sync()
    first.log_metrics({"lost": 9.0}, 1)
    CsvTable(tmp_path).save()
    again = MetricsFile(path)
    again.truncate(size)
    again.log_metrics({"a": 0.2}, 1)
    CsvTable(tmp_path).save()
    assert rows_of(table) == [{"step": 0, "a": 0.1}, {"step": 1, "a": 0.2}]
    assert table.read_text().startswith("step,a")
