"""seqlab inspect prints columns, what looks odd, and commands."""

import sys

from seqlab import cli


def test_a_table_is_shown_with_the_commands_that_fit(tmp_path, monkeypatch, capsys):
    rows = [f"2020-01-{1 + n // 24:02} {n % 24:02}:00,{-9999 if n % 20 == 3 else n % 7}" for n in range(200)]
    path = tmp_path / "load.csv"
    path.write_text("\n".join(["when,load", *rows]) + "\n")
    monkeypatch.setattr(sys, "argv", ["seqlab", "inspect", str(path)])
    assert cli.main() == 0
    shown = capsys.readouterr().out
    assert "a table of 2 columns; 200 rows were looked at" in shown
    assert "column 'load' has -9999 many times, far from all other values: does it mean missing?" in shown
    assert "one series, with steps of 60 minutes:\n  seqlab train data=series_csv" in shown


def test_a_file_without_answers_is_said_to_be_none(tmp_path, monkeypatch, capsys):
    path = tmp_path / "texts.csv"
    path.write_text("text\n" + "".join(f"a made up text {n}\n" for n in range(9)))
    monkeypatch.setattr(sys, "argv", ["seqlab", "inspect", str(path)])
    assert cli.main() == 0
    assert "texts need a column of labels" in capsys.readouterr().out
