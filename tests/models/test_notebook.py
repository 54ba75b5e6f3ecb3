"""What a notebook shows of a network."""

import xml.etree.ElementTree as ET

from torch import nn

from seqlab import SequenceModule

SPEC = {"kind": "tokens", "input_size": 30, "classes": ["Greek", "Irish"]}


def test_a_row_for_each_part_and_one_for_all():
    shown = SequenceModule(SPEC, cell="gru", hidden_size=8, embedding_size=4)._repr_html_()
    told, table = ET.fromstring(f"<div>{shown}</div>")
    assert told.text == "SequenceModule: task Classification, optimizer adamw, scheduler none"
    heads, *rows = ([cell.text or "" for cell in row] for row in table.iter("tr"))
    assert heads == ["part", "settings", "parameters"]
    assert {name: int(count) for name, _, count in rows} == {
        "encoder": 30 * 4,
        "recurrent": 3 * 8 * (4 + 8 + 1) + 8,
        "pooling": 0,
        "head": 8 * 2 + 2,
        "SequenceModel": 120 + 320 + 18,
    }
    settings = {name: what for name, what, _ in rows}
    assert settings["recurrent"].startswith("Recurrent gru(): gates")
    assert settings["pooling"] == "Last"


class Loud(nn.Identity):
    def extra_repr(self):
        return "<b>loud</b>"


def test_what_a_part_says_of_itself_is_no_markup():
    model = SequenceModule(SPEC, cell="gru", hidden_size=8).model
    model.pooling = Loud()
    assert "<b>" not in model._repr_html_()
    assert "Loud &lt;b&gt;loud&lt;/b&gt;" in model._repr_html_()
