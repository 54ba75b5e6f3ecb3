"""The generated C++: written once for a cell, the same for every size and precision."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from seqlab.cells import Layout, cells
from seqlab.engines.native.plan import make_plan
from seqlab.engines.native.source import Source
from seqlab.engines.program import Program

from ..cells_for_tests import EveryNorm, EveryProduct, RecurrentHighway, WithoutGates


def text_of(cell):
    return Source.of(Program.of(cell)).text


def test_a_source_is_written_once_and_always_the_same():
    program = Program.of(cells["gru"]())
    assert Source.of(program) is Source.of(program)
    again = Source.of.__wrapped__(program)
    assert (again.text, again.saved) == (Source.of(program).text, Source.of(program).saved)


def test_an_option_is_written_into_the_source_and_makes_another():
    assert text_of(EveryProduct(rate=0.125)) != text_of(EveryProduct(rate=0.25))
    assert "real(0.125)" in text_of(EveryProduct(rate=0.125))


@pytest.mark.parametrize("cell", [*cells, EveryNorm, EveryProduct, RecurrentHighway, WithoutGates])
def test_the_declared_counts_are_the_cells(cell):
    cell = cells[cell]() if isinstance(cell, str) else cell()
    layout, source = Layout.of(cell), Source.of(Program.of(cell))
    plan = make_plan(Program.of(cell), layout)
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
