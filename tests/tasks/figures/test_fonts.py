"""Names are drawn literally; what no installed font can draw is called something else, and that is said."""

import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, fontManager

from seqlab.tasks.figures import fonts
from seqlab.tasks.figures.common import confusion_matrix
from seqlab.tasks.figures.fonts import drawable, families, write_title


@pytest.fixture(autouse=True)
def no_wide_fonts(monkeypatch):
    """Take away the fonts that a machine may have besides matplotlib's own."""
    monkeypatch.setattr(fonts, "WIDE", ())
    monkeypatch.setattr(fonts, "findSystemFonts", list)
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    cached = (families, drawable, fonts._find_new_fonts)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


@pytest.mark.parametrize("text", ["Greek", "Česky", "Ελληνικά", "Русский", "T (°C)", "naïve 1/2"])
def test_what_matplotlibs_own_font_has_is_drawn_as_it_is(text, caplog):
    assert drawable(text, "other") == text
    assert caplog.text == ""


def test_what_it_has_not_is_called_something_else_and_said_once(caplog):
    caplog.set_level(logging.WARNING)
    assert [drawable("书籍", "class 0") for _ in range(2)] == ["class 0", "class 0"]
    assert len(caplog.records) == 1
    assert "'书籍' as 'class 0': no installed font has '书'" in caplog.text
    assert "fonts-noto-cjk" in caplog.text


def test_a_confusion_matrix_of_such_classes_is_drawn_without_missing_glyphs(tmp_path):
    figure = confusion_matrix(torch.eye(2, dtype=torch.int64), ["书籍", "books"], "title")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(tmp_path / "figure.png")
    labels = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert labels == ["class 0", "books"]


def test_a_font_that_was_installed_a_minute_ago_is_found(monkeypatch, tmp_path):
    new = tmp_path / "new.ttf"
    new.write_bytes(Path(findfont("DejaVu Sans Mono")).read_bytes())
    (tmp_path / "no.ttf").write_text("no font")
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(new), str(tmp_path / "no.ttf")])
    monkeypatch.setattr(fonts, "WIDE", ("DejaVu Sans Mono",))
    fontManager.ttflist = [font for font in fontManager.ttflist if font.name != "DejaVu Sans Mono"]
    drawable("书籍", "class 0")
    assert families() == ("DejaVu Sans", "DejaVu Sans Mono")


@pytest.mark.parametrize(
    "text", ["under $9_{ and $10", "$x$", r"a\$ b $", "100 %, [red]$[/red]", "_a^b $\\frac$"]
)
def test_a_text_is_drawn_as_it_is_with_its_dollars(text):
    written, literal = Figure(figsize=(4, 1)), Figure(figsize=(4, 1))
    write_title(written, text)
    literal.suptitle(text, family=families(), parse_math=False)
    assert (pixels(written) == pixels(literal)).all()


def test_line_breaks_of_a_text_are_shown_in_its_line():
    assert drawable("x\ny", "other") == r"x\ny"


def pixels(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())
