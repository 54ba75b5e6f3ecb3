"""Names that no installed font can draw are called something else, and that is said."""

import logging
import warnings

import pytest
import torch

from seqlab.tasks.figures import fonts
from seqlab.tasks.figures.common import confusion_matrix
from seqlab.tasks.figures.fonts import drawable, families


@pytest.fixture(autouse=True)
def no_wide_fonts(monkeypatch):
    """Take away the fonts that a machine may have besides matplotlib's own."""
    monkeypatch.setattr(fonts, "WIDE", ())
    families.cache_clear()
    drawable.cache_clear()
    yield
    families.cache_clear()
    drawable.cache_clear()


@pytest.mark.parametrize("text", ["Greek", "Česky", "Ελληνικά", "Русский", "T (°C)", "naïve 1/2"])
def test_what_matplotlibs_own_font_has_is_drawn_as_it_is(text, caplog):
    assert drawable(text, "other") == text
    assert caplog.text == ""


def test_what_it_has_not_is_called_something_else_and_said_once(caplog):
    caplog.set_level(logging.WARNING)
    assert [drawable("书籍", "class 0") for _ in range(2)] == ["class 0", "class 0"]
    assert len(caplog.records) == 1
    assert "书籍" in caplog.text


def test_a_confusion_matrix_of_such_classes_is_drawn_without_missing_glyphs(tmp_path):
    figure = confusion_matrix(torch.eye(2, dtype=torch.int64), ["书籍", "books"], "title")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(tmp_path / "figure.png")
    labels = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert labels == ["class 0", "books"]
