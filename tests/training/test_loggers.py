"""metrics.jsonl, and what loggers of services need."""

import json

import pytest

from seqlab import cli
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


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_without_its_package_a_logger_is_refused_with_how_to_get_it(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("seqlab.training.trainer.find_spec", lambda _package: None)
    monkeypatch.chdir(tmp_path)
    assert cli.train(["data=names", "data.source=sample", f"logger={name}"]) == 2
    assert f"logger={name} needs {name}: pip install 'seqlab[{name}]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
