"""How wide every value of a step is: elementwise work keeps a width, products change it."""

from typing import cast

from torch import fx

from seqlab.cells import Cell
from seqlab.cells.declared import Width
from seqlab.engines.tape import norm, product, trace_error


def width_of(node: fx.Node) -> Width:
    """Return how wide a node's value is; () is a number a sequence."""
    return cast("Width", node.meta.get("width", "H"))


def infer_widths(cell: Cell, graph: fx.Graph) -> dict[str, Width]:
    """Note the width of every node; return that of the vectors which each gate's U multiplies.

    Raises:
        TraceError: an operation mixes two widths.
    """
    declared = cell.widths
    columns: dict[str, Width] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            node.meta["width"] = declared.get(str(node.target), ())
        elif node.target is product:
            gate, vector = cast("tuple[str, fx.Node]", node.args)
            node.meta["width"] = declared[f"x_{gate}"]
            if columns.setdefault(gate, width_of(vector)) != width_of(vector):
                what = f"u.{gate} of vectors of the widths {columns[gate]!r} and {width_of(vector)!r}"
                raise trace_error(cell, what, node.meta["line"])
        elif node.op == "call_function":
            node.meta["width"] = _common(cell, node)
    return columns


def _common(cell: Cell, node: fx.Node) -> Width:
    read = [source for source in node.all_input_nodes if width_of(source) != ()]
    widths = list(dict.fromkeys(map(width_of, read)))
    if node.target is norm:
        widths = list(dict.fromkeys((*widths, cell.widths[f"p_{node.args[0]}"])))
    if len(widths) > 1:
        raise trace_error(
            cell, f"vectors of the widths {widths[0]!r} and {widths[1]!r} together", node.meta["line"]
        )
    return widths[0] if widths else ()
