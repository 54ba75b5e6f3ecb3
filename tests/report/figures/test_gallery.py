"""What all figures share."""

import pytest

pytest.importorskip("plotly")

from seqlab.report.figures.gallery import text, whole


def test_names_are_shown_literally_and_in_lines():
    assert text("<b>x</b> & y") == "&lt;b&gt;x&lt;/b&gt; &amp; y"
    assert text("one two three", 8) == "one two<br>three"
    assert text("") == " "


@pytest.mark.parametrize(("last", "step"), [(3, 1), (15, 2), (48, 6), (120, 12), (4800, 400)])
def test_ticks_stand_at_whole_epochs_and_hours(last, step):
    assert whole(last) == step
