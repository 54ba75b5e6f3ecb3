"""What all figures share."""

import pytest

pytest.importorskip("plotly")

from seqlab.comparison.figures.gallery import HOURS, text, ticks


def test_names_are_shown_literally_and_in_lines():
    assert text("<b>x</b> & y") == "&lt;b&gt;x&lt;/b&gt; &amp; y"
    assert text("one two three", 8) == "one two<br>three"
    assert text("") == " "


@pytest.mark.parametrize(("last", "step"), [(3, 1), (15, 2), (48, 5), (120, 10), (9600, 800)])
def test_ticks_stand_at_whole_epochs(last, step):
    assert ticks(last) == step


@pytest.mark.parametrize(("last", "step"), [(4, 1), (48, 6), (120, 12), (240, 24)])
def test_ticks_stand_at_hours_that_make_up_days(last, step):
    assert ticks(last, HOURS) == step
