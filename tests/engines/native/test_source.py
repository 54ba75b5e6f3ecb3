"""The generated C++: written once for a cell, the same for every size and precision."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from torch import tanh

from seqlab.cells import Cell, Layout, State, cells
from seqlab.engines.native import source as writing
from seqlab.engines.native.arrange import make_plan
from seqlab.engines.native.recipe import recipe_of
from seqlab.engines.native.source import Source
from seqlab.engines.trace import trace

from ...cells.textbook import TEXTBOOK
from ..cells_for_tests import EveryNorm, EveryProduct, RecurrentHighway, WithoutGates


class Power(Cell):
    gates = ("h",)
    exponent: float = 2.0

    def step(self, x, u, s):
        return State(h=3 * tanh(x.h + u.h(s.h)) ** self.exponent)


def source_of(cell):
    program = trace(cell).program
    return Source.of(program, program.layout)


def text_of(cell):
    return source_of(cell).text


def test_a_source_is_written_once_and_always_the_same():
    program = trace(cells["gru"]()).program
    made = source_of(cells["gru"]())
    assert source_of(cells["gru"]()) is made
    again = writing._written(program, make_plan(program, program.layout), program.layout)
    assert again == (made.text, made.saved)


def test_a_source_is_kept_until_what_writes_it_changes(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path))
    program = trace(cells["gru"]()).program
    first = Source.of.__wrapped__(program, program.layout)
    monkeypatch.setattr(writing, "stage_rows", lambda *_: pytest.fail("differentiated again"))
    kept = Source.of.__wrapped__(program, program.layout)
    assert (kept.text, kept.saved) == (first.text, first.saved)
    monkeypatch.setattr(writing, "version_of_writers", lambda: "another")
    with pytest.raises(pytest.fail.Exception, match="differentiated again"):
        Source.of.__wrapped__(program, program.layout)


def test_cells_with_other_sources_have_other_recipes():
    made = [cells[name]() for name in TEXTBOOK]
    made += [Power(exponent=1.5), Power(exponent=2.0), EveryNorm(), RecurrentHighway(), WithoutGates()]
    programs = [trace(cell).program for cell in made]
    recipes = {json.dumps(recipe_of(program, program.layout)) for program in programs}
    assert len(recipes) == len({text_of(cell) for cell in made}) == len(made)


def test_numbers_are_no_part_of_the_source_but_whole_ones_and_powers_are():
    assert source_of(EveryProduct(rate=0.125)) is source_of(EveryProduct(rate=0.25))
    assert source_of(Power(exponent=1.5)) is not source_of(Power(exponent=2.0))
    assert "at.number(0)" in text_of(EveryProduct())
    assert "real(3.0)" in text_of(Power())


@pytest.mark.parametrize("cell", [*TEXTBOOK, EveryNorm, EveryProduct, RecurrentHighway, WithoutGates])
def test_the_declared_counts_are_the_cells(cell):
    cell = cells[cell]() if isinstance(cell, str) else cell()
    layout, source = Layout.of(cell), source_of(cell)
    plan = make_plan(trace(cell).program, layout)
    counts = {
        "STATES": len(cell.state),
        "RESULTS": len({*cell.state, cell.output}),
        "INPUTS": len(layout.inputs),
        "BLOCKS": len(layout.recurrent),
        "SAVED": source.saved,
        "NORMS": source.text.count("= standardize("),
        "OWN": len(plan.own),
        "PRODUCT_COUNT": source.text.count("at.product("),
    }
    for name, count in counts.items():
        assert f"constexpr int64_t {name} = {count};" in source.text, name
    backward = source.text.partition("void backward")[2]
    assert backward.count("at.product_backward(") == counts["PRODUCT_COUNT"]
    assert backward.count("standardize_backward(") == counts["NORMS"]


def test_the_name_of_a_cell_cannot_end_the_comment_that_holds_it():
    assert text_of(cells["lstm"]()).startswith("// The kernel of cell 'lstm'.")
    assert '\n#include "loop.h"\n' in text_of(cells["lstm"]())


def test_threads_of_python_may_write_sources_at_once():
    names = ["lstm", "gru", "mgu", "elman"] * 2
    expected = [text_of(cells[name]()) for name in names]
    start = Barrier(len(names))

    def write(name):
        start.wait()
        return text_of(cells[name]())

    Source.of.cache_clear()
    with ThreadPoolExecutor(len(names)) as pool:
        assert list(pool.map(write, names)) == expected
