"""A cell's plan as C++: the ``struct Cell`` that loop.h runs, with the arithmetic for one row written out."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from torch import fx

from seqlab.cells import Layout
from seqlab.cells.declared import Width
from seqlab.engines.native.arrange import make_plan
from seqlab.engines.native.expressions import UnknownOperationError, expression, variable
from seqlab.engines.native.plan import Location, Plan, Stage
from seqlab.engines.native.recipe import recipe_of, version_of_writers
from seqlab.engines.native.rows import RowCode, joint, operation_name, stage_rows
from seqlab.engines.program import Program
from seqlab.engines.tape import TraceError
from seqlab.engines.trace import KEPT
from seqlab.engines.widths import width_of
from seqlab.io.cache import cached_text, key_of

TEMPLATE = """\
// The kernel of cell '{name}'. loop.h explains a Cell and the slots of a row.
#include "loop.h"

namespace {{

struct Cell {{
{declarations}

    template <class Step> static void forward(const Step& at) {{
{forward}
    }}

    template <bool given_wanted, class Step> static void backward(const Step& at) {{
{backward}
    }}
}};

}}  // namespace

extern "C" const int64_t lanes = LANES;
extern "C" int64_t forward(const Call* calls, int64_t count, Parallel parallel) {{
    return run<Cell, false>(calls, count, parallel);
}}
extern "C" int64_t backward(const Call* calls, int64_t count, Parallel parallel) {{
    return run<Cell, true>(calls, count, parallel);
}}
"""


@dataclass(frozen=True)
class Source:
    """A kernel's source, the plan it follows, and the slots of "saved" that it uses."""

    text: str
    plan: Plan
    saved: int

    @staticmethod
    @lru_cache(maxsize=KEPT)
    def of(program: Program, layout: Layout) -> "Source":
        """Write the kernel of a cell for a layer that has the blocks of a layout.

        Raises:
            TraceError: the kernel does not support an operation; the message names it and the line.
        """
        plan = make_plan(program, layout)
        # Kept, because torch takes a third of the time to a first training step to differentiate a stage.
        kept = cached_text(
            "sources",
            key_of(recipe_of(program, layout)),
            version_of_writers(),
            lambda: json.dumps(_written(program, plan, layout)),
        )
        text, saved = json.loads(kept)
        return Source(text, plan, saved)


def _written(program: Program, plan: Plan, layout: Layout) -> tuple[str, int]:
    """Return a kernel's source, and the slots of "saved" that it uses."""
    rows: list[tuple[RowCode, RowCode]] = []
    saved = plan.saved
    for stage in plan.stages:
        rows.append(stage_rows(plan, stage, saved))
        slots = [location.slot for location, _ in rows[-1][0].writes if location.kind == "saved"]
        saved = max([saved, *(slot + 1 for slot in slots)])
    try:
        text = TEMPLATE.format(
            name=program.name,
            declarations=_indented(_declarations(program, plan, layout, saved), 1),
            forward=_indented(_forward(plan, [forward for forward, _ in rows]), 2),
            backward=_indented(_backward(plan, [backward for _, backward in rows]), 2),
        )
    except UnknownOperationError as error:
        line = _line_of(plan, str(error))
        message = f"the native engine does not support '{error}' (cell '{program.name}', {line})"
        raise TraceError(message) from error
    return text, saved


def _line_of(plan: Plan, operation: str) -> str:
    """Return the line of the step from which an operation came."""
    for node in (node for stage in plan.stages for node in stage.nodes):
        alone = joint(Stage(nodes=[node], outputs=[node]))
        if operation in map(operation_name, alone.nodes):
            return str(node.meta.get("line"))
    return "an unknown line"


def _declarations(program: Program, plan: Plan, layout: Layout, saved: int) -> Iterator[str]:
    numbers = {
        "STATES": len(program.state),
        "RESULTS": len(plan.results),
        "OUTPUT": plan.results.index(program.output),
        "INPUTS": len(plan.inputs),
        "GATES": len(plan.slots),
        "GIVEN": len(plan.given),
        "SAVED": saved,
        "NORMS": len(plan.norms),
        "OWN": len(plan.own),
        "BLOCKS": len(layout.recurrent),
        "RECURRENT": sum(len(product.calls) for product in plan.products),
        "PRODUCT_COUNT": len(plan.products),
    }
    for name, value in numbers.items():
        yield f"static constexpr int64_t {name} = {value};"
    yield _array("int64_t", "INPUT_BLOCKS", [str(layout.inputs.index(gate)) for gate in plan.inputs])
    gates = [gate for product in plan.products for gate in product.gates]
    yield _array("int64_t", "RECURRENT_BLOCKS", [str(layout.recurrent.index(gate)) for gate in gates])
    widths = {
        "INPUT_WIDTHS": [plan.width(f"x_{gate}") for gate in layout.inputs],
        "BLOCK_ROWS": [plan.width(f"x_{gate}") for gate in layout.recurrent],
        "BLOCK_COLUMNS": [plan.width(f"u_{gate}") for gate in layout.recurrent],
        "GATE_WIDTHS": [plan.widths.index(width) for width in plan.slots],
        "GIVEN_WIDTHS": [plan.width(f"i_{name}") for name in plan.given],
        "RESULT_WIDTHS": plan.result_widths,
        "OWN_WIDTHS": [plan.width(f"p_{name}") for name, _ in plan.own],
    }
    for name, numbers_of in widths.items():
        yield _array("int", name, list(map(str, numbers_of)))
    products: list[str] = []
    blocks = 0
    for product in plan.products:
        kind, slot = plan.locations[product.vector]
        start = "Start::sum" if product.added else "Start::zero"
        count = len(product.calls)
        products.append(f"{{Location::{kind}, {slot}, {product.slot}, {count}, {blocks}, {start}}}")
        blocks += count
    yield _array("Product", "PRODUCTS", products)


def _array(kind: str, name: str, values: Sequence[str]) -> str:
    return f"static constexpr {kind} {name}[{max(1, len(values))}] = {{{', '.join(values)}}};"


def _indented(lines: Iterable[str], depth: int) -> str:
    return "\n".join("    " * depth + line for line in lines)


def _segments(plan: Plan) -> list[list[int]]:
    """Group the stages that one loop over rows can compute: until the next product, which needs all rows."""
    segments: list[list[int]] = [[]]
    for number, stage in enumerate(plan.stages):
        if stage.products:
            segments.append([])
        segments[-1].append(number)
    return segments


def _at(location: Location, gradient: str = "") -> str:
    if location.kind == "given" and not gradient:
        return f"row.given[{location.slot}]"
    return f"row.{gradient}{location.kind} + {location.slot} * row.width"


def _rows(make: str, body: list[str]) -> Iterator[str]:
    if body:
        yield "for (int64_t i = 0; i < at.rows; i++) {"
        yield f"    const auto row = at.{make}(i);"
        yield from ("    " + line for line in body)
        yield "}"


def _lanes(code: RowCode, loads: list[str], stores: list[str], width: str) -> Iterator[str]:
    if stores:
        yield f"for (int64_t j = 0; j < {width}; j += LANES) {{"
        yield from ("    " + line for line in loads)
        yield from (f"    const auto {variable(node)} = {expression(node)};" for node in code.nodes)
        yield from ("    " + line for line in stores)
        yield "}"


def _loads(locations: dict[fx.Node, Location], gradient: str = "") -> list[str]:
    return [
        f"const Vec {variable(node)} = {_number(location.slot)};"
        if location.kind == "numbers"
        else f"const Vec {variable(node)} = load({_at(location, gradient)} + j);"
        for node, location in locations.items()
    ]


def _extent(plan: Plan, width: Width) -> str:
    """Return how far a loop over a slot goes: whole vectors of its width; a number fills its slot."""
    is_only = len(plan.widths) == 2  # noqa: PLR2004 (and the other is ())
    return "row.width" if width == () or is_only else f"row.wide({plan.widths.index(width)})"


def _size(plan: Plan, width: Width) -> str:
    return f"row.sizes[{plan.widths.index(width)}]"


def _number(slot: int) -> str:
    return f"number_{slot}"


def _numbers(rows: Iterable[RowCode]) -> Iterator[str]:
    """Write the code that reads each number once, into all lanes."""
    slots = {
        location.slot for code in rows for location in code.values.values() if location.kind == "numbers"
    }
    for slot in sorted(slots):
        yield f"const Vec {_number(slot)} = all(at.number({slot}));"


def _forward(plan: Plan, rows: list[RowCode]) -> Iterator[str]:
    products, norms = 0, 0
    yield from _numbers(rows)
    for segment in _segments(plan):
        body: list[str] = []
        for number in segment:
            stage, code = plan.stages[number], rows[number]
            for _ in stage.products:
                yield f"at.product({products});"
                products += 1
            extent, size = _extent(plan, stage.width), _size(plan, stage.width)
            for norm in stage.norms:
                locations = f"{_at(plan.locations[norm.source])}, {_at(plan.locations[norm.result])}"
                arguments = f"{locations}, {size}, {extent}, at.number({norm.eps})"
                body.append(f"row.scales[{norms}] = standardize({arguments});")
                norms += 1
            stores = [f"store({_at(location)} + j, {variable(node)});" for location, node in code.writes]
            body += _lanes(code, _loads(code.values), stores, extent)
        yield from _rows("row", body)


def _single(plan: Plan) -> set[Location]:
    """Return the locations of numbers."""
    located = {location for node, location in plan.locations.items() if width_of(node) == ()}
    slots = {Location("gates", slot) for slot, width in enumerate(plan.slots) if width == ()}
    return located | slots


def _backward(plan: Plan, rows: list[RowCode]) -> Iterator[str]:
    products, norms = len(plan.products), len(plan.norms)
    written = {location for location in plan.locations.values() if location.kind in ("after", "own")}
    reached = {location for code in rows for location, _ in code.writes} | {
        plan.locations[norm.source] for norm in plan.norms
    }
    reached |= {plan.locations[product.vector] for product in plan.products}
    everything = [Location("gates", slot) for slot in range(len(plan.slots))]
    everything += [Location("given", slot) for slot in range(len(plan.given))]
    everything += [Location("before", slot) for slot in range(len(plan.results))]
    yield from _numbers(rows)
    # Loops of several widths add to the gradient of a number.
    single = _single(plan)
    summed = [location for location in single if location.kind not in ("numbers", "after", "own")]
    written |= set(summed)
    missing = [location for location in everything if location not in reached and location not in summed]
    cleared = [f"clear({_at(location, 'd_')}, row.width);" for location in (*missing, *summed)]
    for segment in reversed(_segments(plan)):
        body, cleared = cleared, []
        for number in reversed(segment):
            stage, code = plan.stages[number], rows[number]
            extent, size = _extent(plan, stage.width), _size(plan, stage.width)
            stores: list[str] = []
            for location, node in code.writes:
                earlier = f"load({_at(location, 'd_')} + j) + " if location in written else ""
                inside = location in single and stage.width != ()
                value = f"first({variable(node)}, {size} - j)" if inside else variable(node)
                wanted = "if constexpr (given_wanted) " if location.kind == "given" else ""
                stores.append(f"{wanted}store({_at(location, 'd_')} + j, {earlier}{value});")
                written.add(location)
            body += _lanes(code, _loads(code.values) + _loads(code.gradients, "d_"), stores, extent)
            for norm in reversed(stage.norms):
                norms -= 1
                source, result = plan.locations[norm.source], plan.locations[norm.result]
                if source not in written:
                    body.append(f"clear({_at(source, 'd_')}, row.width);")
                    written.add(source)
                body.append(
                    f"standardize_backward({_at(result, 'd_')}, {_at(result)}, row.scales[{norms}], "
                    f"{_at(source, 'd_')}, {size}, {extent});"
                )
        yield from _rows("row_backward", body)
        if body:
            yield "at.clear_tails();"
        for product in reversed(plan.stages[segment[0]].products if segment else []):
            products -= 1
            location = plan.locations[product.vector]
            start = "sum" if location in written else "zero"
            yield f"at.product_backward({products}, Start::{start});"
            written.add(location)
