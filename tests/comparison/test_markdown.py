"""The text to hand in: what it shows, literally, and which files it may replace."""

import os
import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from seqlab.comparison.groups import compare
from seqlab.comparison.markdown import plain, write_markdown
from seqlab.comparison.runs import read_runs
from seqlab.errors import ConfigError, RunError

HOSTILE = "a|b <img src=x> `c` *d* [e](f) _g_ ~h~ $i$"


@pytest.fixture
def hand_in(tmp_path):
    """Return what writes the text on all runs below tmp_path/out, and returns it."""

    def write(name: str = "report.md") -> str:
        write_markdown(*compare(read_runs(tmp_path / "out")), tmp_path / name, "Title")
        return (tmp_path / name).read_text(encoding="utf-8")

    return write


def figure_of(folder: Path, name: str) -> None:
    (folder / "figures").mkdir(exist_ok=True)
    Figure(figsize=(1, 1)).savefig(folder / "figures" / name)


def test_networks_tables_curves_and_figures_are_in_it(classify, hand_in, tmp_path):
    own = classify("own LSTM", network="SequenceModel(\n  (encoder): OneHot()\n)")
    for name in ("confusion_test.png", "confusion_val.png", "accuracy.png"):
        figure_of(own, name)
    classify("RNN", model={"cell": "rnn"})
    text = hand_in()
    assert "\n    SequenceModel(\n      (encoder): OneHot()\n    )\n" in text
    assert re.search(r"^\| own LSTM \| +lstm? \|", text, flags=re.MULTILINE)
    assert "2 networks are compared on names" in text
    assert "on a mean it is the best epoch of the mean over seeds" in text
    shown = re.findall(r"!\[.*?\]\(<(.*?)>\)", text)
    assert {Path(one).name.partition("_")[2] for one in shown} >= {"accuracy.png", "loss.png"}
    assert sum("confusion_test" in one for one in shown) == 1
    assert not any("_val" in one for one in shown)
    for one in shown:
        assert imread(tmp_path / one).size


def test_every_row_of_a_table_has_as_many_cells_as_its_head(classify, hand_in):
    classify(HOSTILE)
    classify("two", model={"cell": "gru"})
    rows = re.findall(r"^\|.*\|$", hand_in(), flags=re.MULTILINE)
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def test_names_are_shown_literally(classify, hand_in):
    assert plain("names_lstm 0.5") == "names_lstm 0.5"
    assert plain("_x_ <b>") == r"\_x\_ \<b>"
    classify(HOSTILE, network="~~~\n```\n<b>")
    text = hand_in()
    assert "<img" not in text.replace(r"\<img", "")
    assert "    ~~~\n    ```\n    <b>" in text


def test_a_link_among_a_runs_figures_is_not_followed(classify, hand_in, tmp_path):
    (tmp_path / "secret").write_text("secret")
    folder = classify("one")
    (folder / "figures").mkdir()
    (folder / "figures" / "confusion_test.png").symlink_to(tmp_path / "secret")
    assert "confusion_test.png is a link, not a file" in hand_in()
    assert not list((tmp_path / "report_figures").glob("*confusion*"))


def test_its_own_text_is_replaced_and_no_other(classify, hand_in, tmp_path):
    classify("one")
    assert "# Title" in hand_in()
    assert "# Title" in hand_in()
    (tmp_path / "mine.md").write_text("# mine")
    with pytest.raises(ConfigError, match="already exists, and seqlab did not write it"):
        hand_in("mine.md")
    (tmp_path / "other_figures").mkdir()
    with pytest.raises(ConfigError, match=r"other_figures already exists, and .*other\.md does not"):
        hand_in("other.md")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="is not a file"):
        hand_in("pipe")


def test_a_folder_that_cannot_be_written_is_one_line(classify, hand_in):
    classify("one")
    with pytest.raises(RunError, match="cannot write"):
        hand_in("nowhere/report.md")


def test_forecasts_have_curves_of_their_errors(forecast, hand_in):
    forecast("jena")
    assert "mae.png" in hand_in()
