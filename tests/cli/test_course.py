"""``seqlab course``: which sweep it runs, and what it leaves to hand in."""

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

from seqlab import cli
from seqlab.errors import SweepError

pytest.importorskip("plotly")


@pytest.fixture
def course(tmp_path, monkeypatch, capsys):
    """Return the command, run in tmp_path: its exit code, what it printed, what it complained of."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqlab", "course", *arguments])
        code = cli.main()
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def swept(monkeypatch):
    """Replace the sweep by one that leaves a run, and fails if it is told to; return what it was given."""
    given: list[list[str]] = []

    def sweep(settings):
        given.append(settings)
        folder = Path(settings[1].partition("=")[2].strip("'")) / "course_own_lstm-0"
        folder.mkdir(parents=True, exist_ok=True)
        record = {"name": "own LSTM", "status": "done", "cell": "lstm", "data": {"name": "names"}}
        (folder / "run.json").write_text(json.dumps(record))
        (folder / "config.yaml").write_text("seed: 0\n")
        if "fail=1" in settings:
            raise SweepError("1 of 3 jobs failed")

    monkeypatch.setattr(import_module("seqlab.cli.main"), "sweep", sweep)
    return given


def test_the_whole_set_and_the_quick_one_are_sweeps_with_a_report(course, swept):
    code, shown, _ = course("seed=0,1")
    assert (code, swept[-1]) == (0, ["sweep=course", "hydra.sweep.dir='outputs/course'", "seed=0,1"])
    assert shown.splitlines() == ["outputs/course/report.md", "outputs/course/report.html"]
    for line in shown.splitlines():
        assert "own LSTM" in Path(line).read_text(encoding="utf-8")
    assert course("--quick", "--folder", "q")[0] == 0
    assert swept[-1] == ["sweep=course_quick", "hydra.sweep.dir='q'"]
    assert course("--quick", "--folder", "q")[0] == 0  # its own report is replaced


def test_what_is_done_is_reported_if_something_failed(course, swept):
    code, _, complaint = course("fail=1")
    assert (code, complaint) == (SweepError.exit_code, "seqlab: 1 of 3 jobs failed\n")
    assert "own LSTM" in Path("outputs/course/report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["names"], "'names' is no setting; write KEY=VALUE"),
        (["--fast"], "unrecognized arguments: --fast"),
        (["--folder"], "--folder: expected one argument"),
        (["modl=gru"], "modl is unknown; did you mean 'model'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(course, arguments, words):
    code, shown, complaint = course(*arguments)
    assert (code, shown) == (2, "")
    assert words in complaint
    assert len(complaint.splitlines()) == 1
    assert not Path("outputs").exists()


def test_a_missing_plotly_is_said_before_anything_is_trained(course, swept, monkeypatch):
    monkeypatch.setattr("seqlab.cli.course.find_spec", lambda _: None)
    assert course()[::2] == (
        2,
        "seqlab: the course's page needs plotly: pip install 'seqlab[report]'\n",
    )
    assert swept == []


@pytest.mark.slow
def test_the_quick_course_names_its_networks_and_trains_them_once(course, monkeypatch):
    monkeypatch.setenv("SEQLAB_OFFLINE", "1")
    short = ["trainer.limit_train_batches=20", "trainer.max_epochs=1"]
    assert course("--quick", *short)[0] == 0
    folder = Path("outputs/course_quick")
    for name in ("report.md", "report.html"):
        text = (folder / name).read_text(encoding="utf-8")
        assert all(called in text for called in ("RNN", "library LSTM", "own LSTM"))
    began = {file: file.stat().st_mtime_ns for file in folder.rglob("run.json")}
    assert len(began) == 3
    assert course("--quick", *short)[0] == 0
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("run.json")} == began
