"""Write docs/cells.md, the gallery of all cells, from their classes.

Run:  python scripts/gallery.py [--time [CELL ...]] [--check]

--time measures cells anew (all, or those named) into docs/cells.csv: forward and backward of one layer on the
native engine and of torch.nn.LSTM, as scripts/bench_cells.py does at the shape "gallery". --check writes
nothing and ends with exit code 1 if docs/cells.md is not what would be written.
"""

import argparse
import csv
import inspect
import sys
from itertools import groupby
from pathlib import Path

import torch
from measure_cells import SHAPES, compare

from seqlab.cells import Cell, Layout, cells
from seqlab.cli.cells import recurrence
from seqlab.engines import serving

DOCS = Path(__file__).parent.parent / "docs"
PAGE, TIMES = DOCS / "cells.md", DOCS / "cells.csv"
SHAPE = SHAPES["gallery"]
SIZES = f"B={SHAPE.B}, T={SHAPE.T}, I={SHAPE.I}, H={SHAPE.H}"

TEXTBOOK = tuple(f"seqlab.cells.{name}" for name in ("gru", "lstm", "rnn"))
"""The families that come first."""

HEAD = f"""\
# Cells

<!-- Written by scripts/gallery.py from the classes in src/seqlab/cells; change those. -->

{{count}} cells, family by family: the equations as they are in the class, their source, the parameters of a
layer with I inputs and H units, the engines that run it, and how long a forward and backward pass takes on
`native` beside torch.nn.LSTM ({SIZES}, float32, one thread of a CPU; below 1 is faster;
docs/cells.csv). σ is the sigmoid, ⊙ the product unit by unit, a prime the value after the step. "linear" says
that the new states are affine in the old, unit by unit.
"""


def page() -> str:
    """Return the gallery."""
    times = read_times()
    own = [(name, cells[name]) for name in cells if name not in cells.theirs()]
    own.sort(key=lambda entry: (entry[1].__module__ not in TEXTBOOK, entry[1].__module__))
    parts = [HEAD.format(count=len(own)), " · ".join(f"[{name}](#{name})" for name, _ in own) + "\n"]
    for module, family in groupby(own, key=lambda entry: entry[1].__module__):
        title = (sys.modules[module].__doc__ or module).strip().splitlines()[0]
        parts.append(f"## {title.rstrip('.').replace('``', '`')}\n")
        parts += [_entry(name, cls, times.get(name)) for name, cls in family]
    return "\n".join(parts)


def _entry(name: str, cls: type[Cell], ratio: float | None) -> str:
    cell = cls()
    title, *rest = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    equations, notes = rest[:1], [" ".join(note.replace("``", "`").split()) for note in rest[1:]]
    facts = [f"{Layout.of(cell).formula(cell)} parameters", ", ".join(serving(cell))]
    facts += [f"{ratio:.2f} × nn.LSTM"] if ratio is not None else []
    facts += filter(None, [recurrence(cell)])
    options = ", ".join(f"`{option}={value}`" for option, value in cell.options.items())
    facts += [f"options {options}"] if options else []
    blocks = [f"```text\n{one}\n```" for one in equations]
    return "\n\n".join([f"### {name}", title, *blocks, *notes, " · ".join(facts)]) + "\n"


def read_times() -> dict[str, float]:
    """Return the measured ratios to nn.LSTM by cell."""
    if not TIMES.exists():
        return {}
    with TIMES.open(encoding="utf-8", newline="") as file:
        return {row["cell"]: float(row["ratio to nn.LSTM"]) for row in csv.DictReader(file)}


def measure(names: list[str]) -> None:
    """Time cells beside nn.LSTM, and keep the ratios."""
    torch.set_num_threads(1)
    ratios = read_times()
    for name in names:
        (found,) = compare(name, "gallery", ["native"], 1, SHAPE.rounds, beside="lstm")
        ratios[name] = found.value.median
        print(f"{name}: {ratios[name]:.2f}", flush=True)
        with TIMES.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["cell", "ratio to nn.LSTM"])
            writer.writerows([cell, f"{ratio:.2f}"] for cell, ratio in sorted(ratios.items()))


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or say whether it is up to date; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--time", nargs="*", choices=list(cells), metavar="CELL")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    if options.time is not None:
        measure(options.time or list(cells))
    if options.check:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
