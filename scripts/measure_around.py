"""What regularisers around a cell cost: training with each on the native engine, beside the plain cell."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence

import torch
from measure import Block, Measurement, count, in_turn, ratios
from measure_cells import LIMIT, SHAPES, step

from seqlab.cells import Cell, cells, regularized
from seqlab.nn import Recurrent

CASES = ("names", "gallery", "jena")
VARIANTS = ("zoneout", "recurrent_dropout", "weight_drop")


def around(cell: Cell) -> Mapping[str, Cell]:
    """Return a cell with each regulariser around it, by the names of their settings."""
    return {name: regularized(cell, **{**dict.fromkeys(VARIANTS, 0.0), name: 0.2}) for name in VARIANTS}


def measure(names: Sequence[str], threads: int, rounds: int | None) -> Iterator[Block]:
    """Yield the ratios of cells with a regulariser to the plain ones, a block a shape."""
    torch.set_num_threads(threads)
    for case in CASES:
        found = [one for name in names for one in _compared(name, case, threads, rounds)]
        yield Block(f"around a cell, {case}: {SHAPES[case]}, {count(threads, 'thread')}", found)


def _compared(name: str, case: str, threads: int, rounds: int | None) -> Iterator[Measurement]:
    torch.manual_seed(0)
    shape = SHAPES[case]
    x = torch.randn(shape.B, shape.T, shape.I, requires_grad=True)
    nets = {"plain": cells[name](), **around(cells[name]())}
    sizes = {"input_size": shape.I, "hidden_size": shape.H, "engine": "native"}
    actions = {variant: step(Recurrent(cell, **sizes), x) for variant, cell in nets.items()}
    times = in_turn(actions, rounds or shape.rounds, shape.calls, math.inf if rounds else 2 * LIMIT)
    for variant in VARIANTS:
        yield Measurement(
            *("around", name, case, variant, ratios(times[variant], times["plain"]), "plain", threads),
            rounds=len(times[variant]),
            own=statistics.median(times[variant]),
            other=statistics.median(times["plain"]),
        )
