"""How fast are the cells beside torch.nn? What do padding and the first use of a cell cost?

Run:  python scripts/bench_cells.py [--parts cells,lengths,first_use,around] [--shapes names,…]
      [--cells lstm,…|all] [--engines native,torch,eager,reference] [--threads 1,2]
      [--rounds N] [--output FOLDER] [--check]

Prints Markdown tables of four things, measured on the CPU:
  1. cells: forward and backward, with gradients for the input and every weight, of each cell on each engine.
     A variant and its counterpart in torch.nn (LSTM, GRU, RNN) are timed in turn in one process, and what is
     shown is the median of the rounds' ratios and its quartiles: below 1 is faster than torch.nn;
  2. lengths: time a sample, with the lengths of names and of reviews of up to 256 characters, against
     torch.nn on random batches padded to their longest. Real lengths if SEQLAB_DATA_DIR is set;
  3. first use: seconds to a cell's first result in a fresh process, without and with a cache, and how many
     compilations other sizes cause;
  4. around: what zoneout, recurrent dropout and weight drop cost in training, beside the plain lstm and gru.

What is compared is timed side by side: on a busy machine believe the ratios, and of those the narrow ones.
Without options the eager and the reference engine run at one shape only, and the largest shape has two cells.
--cells all takes every cell of docs/cells.md; those without a counterpart stand beside nn.LSTM. The times in
that page are of the shape "gallery", which runs only where it is named.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import measure_around
import measure_cells
import measure_first_use
import measure_lengths
from chart_cells import write
from measure import PRESETS, Block, Measurement, count, duration, headline, table

from seqlab.cells import cells
from seqlab.engines import ENGINES

PARTS = ("cells", "lengths", "first_use", "around")


@dataclass(frozen=True)
class Limit:
    """What a median must not exceed, and what it aims at."""

    cells: str
    cases: str
    must: float
    aim: float
    variant: str = "native"

    def covers(self, one: Measurement) -> bool:
        """Say whether a measurement is held to this limit."""
        is_meant = self.cells == "all" or one.cell in self.cells.split()
        return is_meant and one.case in self.cases.split(",") and one.variant == self.variant


LIMITS = (
    Limit("lstm", "names", 1.0, 0.90),
    Limit("lstm", "shopping", 1.0, 0.70),
    Limit("lstm", "jena", 1.0, 0.60),
    Limit("lstm", "single", 1.0, 0.60),
    Limit("lstm gru", "big", 1.0, 0.80),
    Limit("gru rnn", "names,shopping,jena", 0.60, 0.45),
    Limit("lstm_peephole lstm_layernorm gru_reset_before", "names,shopping,jena", 1.3, 1.0),
    Limit("lstm", "reviews", 0.60, 0.40, measure_lengths.BUCKETED),
    *(Limit("all", "names,gallery,jena", 1.3, 1.1, variant) for variant in measure_around.VARIANTS),
    Limit("all", "first use", 5.0, 2.0, measure_first_use.EMPTY),
    Limit("all", "first use", 0, 0, measure_first_use.SIZES),
)
"""The specification: ratios to torch.nn, seconds, compilations."""


def measured(options: argparse.Namespace) -> Iterator[Block]:
    """Yield the blocks of all parts that are wanted."""
    for threads in options.threads:
        if "cells" in options.parts:
            for case in options.shapes:
                names = options.cells or measure_cells.SHAPES[case].cells or PRESETS
                yield measure_cells.measure(names, case, options.engines, threads, options.rounds)
        if "lengths" in options.parts:
            yield from measure_lengths.measure(options.cells or PRESETS, threads, options.rounds)
        if "around" in options.parts:
            yield from measure_around.measure(options.cells or ("lstm", "gru"), threads, options.rounds)
    if "first_use" in options.parts:
        yield measure_first_use.measure(options.cells or PRESETS, options.rounds)


def show(block: Block) -> None:
    """Print a block: a row a cell, a column a variant, what it is compared with, and the limits."""
    variants = list(dict.fromkeys(one.variant for one in block.found))
    rows: dict[str, list[Measurement]] = {}
    for one in block.found:
        rows.setdefault(one.cell, []).append(one)
    is_compared = any(one.against for one in block.found)
    header = ["cell", *variants, *(["against", "its time"] if is_compared else []), "must", "aim"]
    lines = []
    for cell, found in rows.items():
        values = {one.variant: str(one.value) for one in found}
        other = next((one.other for one in found if not math.isnan(one.other)), math.nan)
        compared = [found[0].against, duration(other)] if is_compared else []
        limits = [limit for one in found for limit in LIMITS if limit.covers(one)]
        held = [", ".join(f"{getattr(limit, kind):g}" for limit in limits) for kind in ("must", "aim")]
        lines.append([cell, *(values[variant] for variant in variants), *compared, *held])
    print(f"\n**{block.title}**\n\n{table(header, lines)}", flush=True)
    for note in dict.fromkeys(one.note for one in block.found if one.note and one.variant != "torch"):
        print(f"\n–: {note}")


def missed(found: Sequence[Measurement]) -> list[str]:
    """Return a line for each measurement that exceeds its must, or could not be taken."""
    lines = []
    for one in found:
        for limit in LIMITS:
            if limit.covers(one) and not one.value.median <= limit.must:  # nan is a miss too
                where = [one.cell, one.case, one.variant]
                what = ", ".join(where + ([count(one.threads, "thread")] if one.against else []))
                got = one.note or f"{one.value.median:.3g}"
                lines.append(f"missed: {what}: must be at most {limit.must:g}, got {got}")
    return lines


def among(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return what reads names with commas between them, all of which are known."""

    def names(text: str) -> list[str]:
        wrong = [name for name in text.split(",") if name not in known]
        if wrong:
            raise argparse.ArgumentTypeError(f"'{wrong[0]}' is none of {', '.join(known)}")
        return text.split(",")

    return names


def named_cells(text: str) -> list[str]:
    """Return cells by name, or all of seqlab's own."""
    own = [name for name in cells if name not in cells.theirs()]
    return own if text == "all" else among(tuple(cells))(text)


def positive(text: str) -> int:
    """Return a number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of 1 or more")
    return int(text)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; a wrong one ends the process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shapes = measure_cells.SHAPES
    parser.add_argument("--parts", type=among(PARTS), default=PARTS, help=", ".join(PARTS))
    usual = tuple(name for name in shapes if name != "gallery")
    parser.add_argument("--shapes", type=among(tuple(shapes)), default=usual, help=", ".join(shapes))
    parser.add_argument("--cells", type=named_cells, default=(), help="those that conf/model names, or all")
    parser.add_argument("--engines", type=among(tuple(ENGINES)), default=(), help=", ".join(ENGINES))
    parser.add_argument(
        "--threads", type=lambda text: [positive(each) for each in text.split(",")], default=[1, 2]
    )
    parser.add_argument("--rounds", type=positive, help="how often everything is timed; else by its size")
    parser.add_argument("--output", type=Path, help="folder for bench_cells.csv and bench_cells.png")
    parser.add_argument("--check", action="store_true", help="exit code 1 if something exceeds its must")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    options = read_options(arguments)
    print(headline(), flush=True)
    found: list[Measurement] = []
    for block in measured(options):
        show(block)
        found += block.found
    if options.output:
        write(options.output, found)
    lines = missed(found) if options.check else []
    print(*lines, sep="\n", end="\n" if lines else "", file=sys.stderr)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
