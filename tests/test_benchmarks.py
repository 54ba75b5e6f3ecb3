"""scripts/bench_cells.py measures, prints Markdown, and its exit code follows from what it must reach."""

import csv
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
TINY = ["--parts", "cells", "--shapes", "single", "--cells", "rnn", "--rounds", "3", "--threads", "1"]


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("bench_cells")


@pytest.mark.slow
def test_cells_are_printed_and_written_beside_torchs(tmp_path):
    command = [sys.executable, SCRIPTS / "bench_cells.py", *TINY, "--output", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match(r".+, \d+ cores?.*; torch \S+, seqlab \S+, Python \S+; .+\n\n`python ", done.stdout)
    *_, title, _, header, line, row = done.stdout.splitlines()
    assert title == "**single: B1 T8 I57 H128, 1 thread**"
    assert header == "| cell | native | torch | against | its time | must | aim |"
    assert line == "| :-- | --: | --: | --: | --: | --: | --: |"
    ratio = r"\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\)"
    assert re.fullmatch(rf"\| rnn \| {ratio} \| {ratio} \| nn\.RNN \| [\d.]+ (µs|ms|s) \|  \|  \|", row)
    with (tmp_path / "bench_cells.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["variant"], row["rounds"]) for row in rows] == [("native", "3"), ("torch", "3")]
    assert all(float(row["low"]) <= float(row["median"]) <= float(row["high"]) for row in rows)
    assert (tmp_path / "bench_cells.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("must", "code"), [(0.0, 1), (1e9, 0)])
def test_the_exit_code_says_whether_a_must_is_missed(bench, monkeypatch, capsys, must, code):
    monkeypatch.setattr(bench, "LIMITS", (bench.Limit("rnn", "single", must, must),))
    assert bench.main([*TINY, "--check"]) == code
    assert bench.main(TINY) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(", got")[0] for line in lines] == [
        "missed: rnn, single, native, 1 thread: must be at most 0"
    ] * code


def test_a_must_that_could_not_be_measured_is_missed(bench):
    nan = importlib.import_module("measure").NOTHING
    nothing = bench.Measurement("cells", "lstm", "names", "native", nan, "nn.LSTM", note="no compiler")
    assert bench.missed([nothing]) == [
        "missed: lstm, names, native, 1 thread: must be at most 1, got no compiler"
    ]


def test_an_unknown_name_says_what_there_is(bench, capsys):
    with pytest.raises(SystemExit, match="2"):
        bench.main(["--shapes", "huge"])
    assert "'huge' is none of names, shopping, jena, single, gallery, big" in capsys.readouterr().err


def test_all_cells_can_be_measured_without_naming_them(bench):
    names = bench.read_options(["--cells", "all"]).cells
    assert {"lstm", "lem", "gru_d"} <= set(names)
    assert "gallery" not in bench.read_options([]).shapes


@pytest.mark.slow
def test_what_stands_around_a_cell_is_measured_beside_it(bench, capsys):
    assert bench.main(["--parts", "around", "--cells", "rnn", "--rounds", "1", "--threads", "1"]) == 0
    assert (
        capsys.readouterr().out.count("| cell | zoneout | recurrent_dropout | weight_drop | against |") == 3
    )
