"""Texts and class names that would give orders to a terminal or a spreadsheet, from file to report."""

import csv
import json
import unicodedata
from pathlib import Path

import pytest

from seqlab.comparison.files import read_table

OWNED = "\x1b]0;owned\x07"
CLASSES = (f"{OWNED}", "=cmd()", "[red]x[/red]", "-1")
TEXTS = ("=1+1", "@sum", f"a{OWNED}", "b\u202ec", "+7", "-tom")


@pytest.fixture
def run(train) -> Path:
    with Path("mine.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        rows.writerows([f"{TEXTS[number % 6]}{number}", CLASSES[number % 4]] for number in range(240))
    settings = ("trainer.max_epochs=1", "model.hidden_size=4", "callbacks.figures=false", "logger=none")
    assert train("data=text_csv", "data.path=mine.csv", *settings) == 0
    (record,) = Path("out").rglob("run.json")
    return record.parent


def is_safe(text: str) -> bool:
    """Return whether a terminal would show the text, and do nothing else."""
    return not {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs")} - {"\n", "\t"}


def test_neither_a_terminal_nor_a_spreadsheet_gets_an_order(run, command):
    for arguments in (
        ["predict", run, f"{OWNED}北\n", "--top", "4"],
        ["predict", run, f"{OWNED}\x9b\udcff", "--json"],
        ["explain", run, f"b{OWNED}\u202e"],
        ["report", "out", "--runs"],
        ["predict", run / OWNED, "x"],
        ["predict", run, "x", OWNED, "--nope", OWNED],
        ["eval", run, "--root", OWNED],
        ["train", f"data={OWNED}"],
        ["train", f"resume={OWNED}"],
        [OWNED],
    ):
        code, shown, complaint = command(*arguments)
        assert code in (0, 2)
        assert is_safe(shown + complaint), arguments
    assert json.loads(command("predict", run, OWNED, "--json")[1])[0]["text"] == OWNED
    assert is_safe((run / "run.log").read_text())

    assert command("report", "out", "--csv", "report.csv")[0] == 0
    for file in (run / "predictions.csv", run / "classes.csv", Path("report.csv")):
        with file.open(encoding="utf-8", newline="") as lines:
            cells = [cell for row in csv.reader(lines) for cell in row]
        assert not [
            cell
            for cell in cells
            if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not cell[1:].isdigit()
        ]
    assert {row[0] for row in read_table(run / "classes.csv", ["class"])} == set(CLASSES)
    assert {row[0] for row in read_table(run / "predictions.csv", ["true"])} <= set(CLASSES)
