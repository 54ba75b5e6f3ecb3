"""Bars on a terminal: names are shown literally, and nothing is shown where there is no terminal."""

import io
import sys

from seqlab.io import progress

NAME = "x{a}[b][/c]\x1b[2J.csv"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_screen(monkeypatch) -> Screen:
    """Make stderr a terminal; in the test itself, since pytest takes stderr anew after the fixtures."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Screen())
    return sys.stderr


def test_many_steps_show_a_bar_and_a_name_is_literal(monkeypatch):
    screen = on_screen(monkeypatch)
    assert list(progress.stepwise(range(progress.MANY), NAME)) == list(range(progress.MANY))
    assert "x{a}[b][/c]\\x1b[2J.csv" in screen.getvalue()


def test_a_large_file_shows_a_bar_with_its_name(tmp_path, monkeypatch):
    screen = on_screen(monkeypatch)
    monkeypatch.setattr(progress, "LARGE", 1)
    (tmp_path / "file").write_bytes(b"content")
    with (tmp_path / "file").open("rb") as file, progress.watched(file, NAME, 7) as read:
        assert read.read() == b"content"
    assert "reading x{a}[b][/c]\\x1b[2J.csv" in screen.getvalue()


def test_a_bar_has_no_bar_within(tmp_path, monkeypatch):
    screen = on_screen(monkeypatch)
    monkeypatch.setattr(progress, "LARGE", 1)
    (tmp_path / "file").write_bytes(b"content")
    steps = range(progress.MANY)
    seen = []
    for number in progress.stepwise(steps, "outer"):
        if number == 0:
            seen += progress.stepwise(steps, "inner")
            with (tmp_path / "file").open("rb") as file, progress.watched(file, "a file", 7) as read:
                assert read.read() == b"content"
    assert seen == list(steps)
    assert "outer" in screen.getvalue()
    assert "inner" not in screen.getvalue()
    assert "reading" not in screen.getvalue()
    assert list(progress.stepwise(steps, "the next"))
    assert "the next" in screen.getvalue()


def test_few_steps_and_a_pipe_show_nothing(monkeypatch):
    screen = on_screen(monkeypatch)
    assert list(progress.stepwise(range(3), NAME)) == [0, 1, 2]
    assert not screen.getvalue()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert len(list(progress.stepwise(range(1000), NAME))) == 1000
    assert not sys.stderr.getvalue()
