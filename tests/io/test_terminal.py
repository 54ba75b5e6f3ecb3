"""Texts from anywhere, on a terminal."""

import json
import unicodedata

import pytest
from rich.table import Table

from seqlab.io.console import Terminal
from seqlab.io.terminal import as_json, in_a_line, printable, say, tell

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202edlrow\u2066\u200b\x7f\r"


def orders(text: str) -> set[str]:
    """Return the characters of a text, but for its lines, that are controls, formats or halves of others."""
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


def test_nothing_that_gives_orders_is_left():
    assert orders(HOSTILE)
    assert printable(HOSTILE) == "\\x1b]0;owned\\x07\\x9b31m\\u202edlrow\\u2066\\u200b\\x7f\\r"
    assert printable("a\n\tb") == "a\n\tb"
    assert in_a_line("a\n\tb\u2028") == "a\\n\\tb\\u2028"
    assert in_a_line("\udcff") == "\\udcff"


@pytest.mark.parametrize("text", ["Ślusàrski", "北京", "می‌خواهم", "👩‍🔬", "[bold]:smile:[/bold]", "C:\\new"])
def test_everything_else_is_shown_as_it_is(text, capsys):
    assert printable(text) == in_a_line(text) == text
    Terminal().print(text)
    assert capsys.readouterr().out == f"{text}\n"


@pytest.mark.parametrize("write", [say, tell, Terminal().print])
def test_whatever_prints_shows_it(write, capsys):
    write(HOSTILE)
    shown = capsys.readouterr()
    assert (shown.out + shown.err) == f"{printable(HOSTILE)}\n"


def test_a_table_shows_it_everywhere(capsys):
    table = Table(title=HOSTILE, caption=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    Terminal(stderr=True).print(table)
    shown = capsys.readouterr().err
    assert not orders(shown)
    assert shown.count("owned") == 4


def test_json_means_the_same():
    value = {"text": HOSTILE + "\udcff", "more": ["北京", 0.5]}
    assert json.loads(as_json(value)) == value
    assert not orders(as_json(value))
    assert "北京" in as_json(value)
