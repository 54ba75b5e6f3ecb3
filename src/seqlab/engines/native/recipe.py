"""What the source of a kernel depends on: the cell's step, the layer's blocks, and what writes it."""

from functools import cache
from hashlib import sha256
from pathlib import Path

import torch
from torch import fx

from seqlab.cells import Layout
from seqlab.engines.program import Program
from seqlab.engines.widths import width_of

PACKAGE = Path(__file__).parents[2]
WRITERS = ("engines", "cells/surrogate.py", "compat/torch.py")
"""Files and folders of seqlab by which a source is written."""


def recipe_of(program: Program, layout: Layout) -> list[object]:
    """Return what tells the source of a cell from that of any other, as values of JSON."""
    nodes = [
        [node.name, _name(node), repr(node.args), repr(node.kwargs), width_of(node)]
        for node in program.graph.nodes
    ]
    named = [program.name, program.state, program.output, program.inputs, program.own, program.norms]
    return [*named, program.numbers, layout.inputs, layout.recurrent, layout.others, nodes]


def _name(node: fx.Node) -> str:
    target = node.target
    return target if isinstance(target, str) else f"{target.__module__}.{target.__name__}"


@cache
def version_of_writers() -> str:
    """Return a hash of torch's version and of the files by which sources are written."""
    places = [PACKAGE / name for name in WRITERS]
    files = [file for place in places for file in (sorted(place.rglob("*.py")) or [place])]
    found = sha256(torch.__version__.encode())
    for file in files:
        found.update(file.read_bytes())
    return found.hexdigest()[:24]
