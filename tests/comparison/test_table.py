"""The tables on the terminal: a row for each group, then the baselines, then what is not done."""

import json
from io import StringIO

import pytest
from rich.console import Console

from seqlab.comparison import print_report
from seqlab.comparison.groups import compare
from seqlab.comparison.runs import read_runs
from seqlab.comparison.table import fitting, print_comparison, sheets, spread, table_of
from seqlab.errors import RunError


@pytest.fixture
def shown(tmp_path, capsys):
    """Return the lines of the report on tmp_path/out, in words."""

    def read() -> list[list[str]]:
        print_report(tmp_path / "out")
        return [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]

    return read


def test_groups_come_best_first_with_a_column_for_each_of_a_few_settings(classify, shown):
    classify("small", accuracy=0.7, model={"hidden_size": 64})
    for seed, accuracy in enumerate((0.8, 0.84, 0.76)):
        classify("large", accuracy=accuracy, seed=seed, model={"hidden_size": 256})
    lines = shown()
    rows = [line for line in lines if line[0] in ("small", "large", "baseline:")]
    assert [row[0] for row in rows] == ["large", "small", "baseline:"]
    header = next(line for line in lines if line[0] == "run")
    assert header == ["run", "cell", "hidden_size", "accuracy", "precision", "recall", "F1", *header[7:]]
    assert header[7:] == ["seeds", "parameters", "time", "engine", "folder"]
    assert rows[0][:6] == ["large", "lstm", "256", "0.8000", "±", "0.0400"]
    assert rows[0][-3:] == ["large:", "3", "runs"]
    assert rows[1][1:4] == ["lstm", "64", "0.7000"]
    assert rows[2][1:3] == ["majority", "0.4000"]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_number_is_broken_however_narrow_the_terminal(tmp_path, classify, width):
    for number, name in enumerate(("names_tutorial_rnn", "names_lstm_two_layers", "names_gru", "names-lstm")):
        optimizer = {"name": "adamw", "lr": 0.6000000000000001 / 10**number}
        for seed in range(3):
            model = {"hidden_size": 64 * 2**number}
            classify(name, seed=seed, model=model, optimizer=optimizer, accuracy=0.5 + seed / 10)
    ((benchmark,), _) = compare(read_runs(tmp_path / "out"))
    (whole,) = sheets(benchmark)
    sheet = fitting(whole, width)
    console = Console(width=width, file=StringIO())
    console.print(table_of(sheet))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    for column, cells in zip(sheet.columns, zip(*sheet.rows, strict=True), strict=True):
        if column in sheet.numbers:
            assert all(any(f" {cell} " in line for line in lines) for cell in cells), column
    assert {"run", "accuracy"} <= set(sheet.columns)
    assert {"hidden_size", "lr"} <= whole.numbers
    assert sheet == whole if width == 200 else "left out: folder, engine" in sheet.note


def test_settings_of_the_unfinished_are_numbers_too_if_all_are(tmp_path, classify):
    classify("done")
    for lr, pooling in ((0.1, "last"), (0.2, "max"), (0.4, "mean")):
        optimizer = {"name": "adamw", "lr": lr}
        classify("failed", status="failed", optimizer=optimizer, model={"pooling": pooling})
    ((benchmark,), _) = compare(read_runs(tmp_path / "out"))
    _, sheet = sheets(benchmark)
    assert {"lr", "pooling"} <= set(sheet.columns)
    assert ("lr" in sheet.numbers, "pooling" in sheet.numbers) == (True, False)


def test_every_run_can_be_a_row(tmp_path, classify):
    for seed in range(3):
        classify("lstm", seed=seed, accuracy=0.5 + seed / 10)
    ((benchmark,), _) = compare(read_runs(tmp_path / "out"), by_seed=False)
    (sheet,) = sheets(benchmark)
    assert [row[sheet.columns.index("seed")] for row in sheet.rows] == ["2", "1", "0"]
    assert [row[sheet.columns.index("accuracy")] for row in sheet.rows] == ["0.7000", "0.6000", "0.5000"]


def test_runs_of_other_files_or_other_targets_are_other_questions(classify, shown):
    for name in ("first", "second"):
        file = classify(name) / "run.json"
        record = json.loads(file.read_text())
        record["data"] |= {"path": f"/data/{name}.csv", "sha256": f"{name}0123"}
        file.write_text(json.dumps(record))
    text = "\n".join(" ".join(line) for line in shown())
    assert "names (real, first.csv first0): 1 run" in text
    assert "names (real, second.csv second): 1 run" in text
    assert text.count("baseline: majority") == 2


def test_many_differing_settings_become_what_is_unusual_about_a_group(classify, shown):
    usual = {"num_layers": 1, "dropout": 0.3, "init": "keras", "pooling": "last"}
    classify("a", model=usual)
    classify("b", model=usual | {"cell": "gru"})
    classify(
        "odd", model={"hidden_size": 64, "num_layers": 2, "dropout": 0.0, "init": "torch", "pooling": "max"}
    )
    text = " ".join(word for line in shown() for word in line)
    for setting in ("hidden_size=64", "num_layers=2", "pooling=max"):
        assert setting in text
    assert "num_layers=1" not in text


def test_what_is_not_done_comes_after_with_its_state_and_reason(classify, shown):
    classify("good")
    classify("bad", seed=1, status="failed", error="ValueError: [red]what[/red]\nmore")
    classify("stopped", seed=2, status="interrupted")
    (classify("broken") / "run.json").write_text("{")
    lines = [" ".join(line) for line in shown()]
    places = {
        name: next(place for place, line in enumerate(lines) if line.startswith(name))
        for name in ("good ", "baseline:", "bad/", "stopped/", "broken/")
    }
    assert list(places.values()) == sorted(places.values())
    assert lines[places["bad/"]].endswith("lstm 1 failed ValueError: [red]what[/red]")
    assert lines[places["stopped/"]].endswith("lstm 2 interrupted after epoch 3 of 3")
    assert "damaged run.json is not JSON" in lines[places["broken/"]]


def test_a_cut_off_journal_is_named_below_the_table(classify, shown):
    file = classify("cut") / "metrics.jsonl"
    file.write_text(file.read_text()[:-9])
    *_, last = shown()
    assert " ".join(last).endswith("metrics.jsonl, line 9 is damaged or cut off")


def test_only_damaged_runs_are_an_error_with_the_reason_of_each(tmp_path, classify):
    for name in ("one", "two"):
        (classify(name) / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"(.*/(one|two)/.*: run.json is not JSON \(.*\n?){2}"):
        read_runs(tmp_path)


def test_orders_to_the_terminal_are_shown_and_not_given(classify, shown):
    classify("bad", status="failed", error="\x1b[2Jgone \x9b31m")
    assert "\\x1b[2Jgone \\x9b31m" in " ".join(" ".join(line) for line in shown())


def test_earlier_runs_of_a_seed_are_mentioned(tmp_path, classify, capsys):
    for _ in range(3):
        classify("again")
    print_comparison(*compare(read_runs(tmp_path)))
    assert (
        "2 earlier runs with the same settings and seed left out; --runs shows all" in capsys.readouterr().out
    )


def test_a_spread_is_written_only_if_there_is_one():
    assert spread(0.81234, 0.00456) == "0.8123 ± 0.0046"
    assert spread(0.81234, None) == "0.8123"
    assert spread(None, None) == ""


def test_a_folder_without_runs_is_an_error(tmp_path):
    with pytest.raises(RunError, match="no run found below"):
        print_report(tmp_path)
