"""Runs of an earlier version, in old_runs.tar.xz (see make_old_runs.sh), give what they gave then."""

import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seqlab import cli
from seqlab.runs.load import read_checkpoint
from seqlab.runs.record import read_record

ARCHIVE = Path(__file__).parent / "old_runs.tar.xz"
EXACT = ("step", "epoch", "train/", "val/", "test/")
"""What metrics.jsonl holds beside times."""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the runs "names", "series", "killed" and what that became, "resumed"."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    return tmp_path


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what runs a command and returns what it prints."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["seqlab", *arguments])
        code, said = cli.main(), capsys.readouterr()
        assert code == 0, said.err
        return said.out

    return run


def test_it_is_small():
    assert ARCHIVE.stat().st_size < 400_000


def test_an_old_run_predicts_what_its_old_export_does(old, say):
    asked = "predict", "--json", "Satoshi", "O'Neill"
    answers = json.loads(say(asked[0], "names", *asked[1:]))
    assert answers == json.loads(say(asked[0], "names/model.safetensors", *asked[1:]))
    say("export", "names", "--to", "safetensors", "--out", "new.safetensors")
    assert answers == json.loads(say(asked[0], "new.safetensors", *asked[1:]))


@pytest.mark.parametrize(("name", "place"), [("names", ()), ("series", ("--root", "series.csv"))])
def test_an_old_run_has_the_scores_that_it_had(old, say, name, place):
    recorded = read_record(old / name / "run.json")["metrics"]
    found = json.loads(say("eval", name, "--json", *place))
    then = {score: value for score, value in recorded.items() if score.startswith("val/")}  # all of its data
    assert then
    assert {score: found[score] for score in then} == pytest.approx(then, rel=1e-5)


def test_an_old_series_is_forecast(old, say):
    answers = json.loads(say("predict", "series", "--json", "--file", "series.csv"))
    assert [answer["time"][11:13] for answer in answers] == ["00", "01", "02"]


def test_old_runs_are_reported(old, say):
    said = say("report", ".", "--runs")
    assert all(name in said for name in ("names", "series", "resumed"))


def test_a_run_killed_then_ends_as_it_ended_then(old, say):
    say("train", "resume=killed")
    now, then = (read_checkpoint(old / run / "checkpoints/last.ckpt") for run in ("killed", "resumed"))
    assert now["state_dict"].keys() == then["state_dict"].keys()
    # Another processor rounds otherwise; another order of batches or random number is far more than this.
    torch.testing.assert_close(now["state_dict"], then["state_dict"], rtol=1e-4, atol=1e-5)
    assert _scores(old / "killed") == [
        pytest.approx(line, rel=1e-4, abs=1e-5) for line in _scores(old / "resumed")
    ]


def _scores(run: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if name.startswith(EXACT) and "seconds" not in name}
        for line in lines
    ]
