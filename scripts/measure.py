"""What benchmarks share: variants timed in turn, medians with quartiles, the machine, Markdown tables."""

import math
import os
import platform
import random
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Self

import torch

from seqlab.cells import cells
from seqlab.engines import ENGINES
from seqlab.engines.native.compiler import CompilerError, find_compiler

PRESETS = tuple(
    name for name in cells if (Path(__file__).parents[1] / "conf" / "model" / f"{name}.yaml").exists()
)
"""Cells with a file in conf/model: what is measured where none are named."""


class Spread(NamedTuple):
    """The median of some values and their quartiles; nan where nothing could be measured."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Return the spread of one value or more."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, method="inclusive"))

    def __str__(self) -> str:
        if math.isnan(self.median):
            return "–"
        if self.low == self.high:
            return f"{self.median:.3g}"
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


FEWEST = 3
"""Rounds that are timed however long they take."""

NOTHING = Spread(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Measurement:
    """One number of a benchmark.

    Attributes:
        part: of the benchmark.
        cell: the cell measured.
        case: on what: a shape or a data set.
        variant: how it is run.
        value: the ratio to ``against``, or a plain number where that is empty.
        against: what it is compared with.
        threads: torch's threads.
        rounds: that were timed.
        own: median seconds of the variant.
        other: median seconds of ``against``.
        note: why nothing was measured.
    """

    part: str
    cell: str
    case: str
    variant: str
    value: Spread
    against: str = ""
    threads: int = 1
    rounds: int = 0
    own: float = math.nan
    other: float = math.nan
    note: str = ""


class Block(NamedTuple):
    """Measurements that stand in one table."""

    title: str
    found: list[Measurement]


def in_turn(
    actions: Mapping[str, Callable[[], object]], rounds: int, calls: int = 1, limit: float = math.inf
) -> dict[str, list[float]]:
    """Time every action once a round, in a new random order each round.

    Args:
        actions: what is timed, by name.
        rounds: how often; some more rounds come first and do not count.
        calls: of an action, back to back, that make one time.
        limit: seconds after which no round begins, once there are ``FEWEST``.

    Returns:
        Seconds of a call in each round, by name.
    """
    times: dict[str, list[float]] = {name: [] for name in actions}
    shuffled = random.Random(0)
    warm_up, begin = 1 + rounds // 10, time.perf_counter()
    for number in range(warm_up + rounds):
        if number >= warm_up + FEWEST and time.perf_counter() - begin > limit:
            break
        for name in shuffled.sample(list(actions), len(actions)):
            start = time.perf_counter()
            for _ in range(calls):
                actions[name]()
            if number >= warm_up:
                times[name].append((time.perf_counter() - start) / calls)
    return times


def ratios(own: Sequence[float], other: Sequence[float]) -> Spread:
    """Return the spread of the ratios, round by round."""
    return Spread.of([one / two for one, two in zip(own, other, strict=True)])


def unsupported_reason(engine: str, cell: str, device: str = "cpu") -> str:
    """Return why an engine cannot run a cell there; empty if it can."""
    return ENGINES[engine].unsupported_reason(cells[cell](), torch.float32, torch.device(device)) or ""


def wait_for(device: str) -> None:
    """Wait until a device has done all that it was told."""
    if device == "cuda":
        torch.cuda.synchronize()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its first column left and the others right."""
    lines = [header, [":--", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def duration(seconds: float) -> str:
    """Return seconds in the unit that suits them."""
    if math.isnan(seconds):
        return "–"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def count(number: int, what: str) -> str:
    """Return ``1 thread``, ``2 threads``."""
    return f"{number} {what}{'s' * (number != 1)}"


def headline() -> str:
    """Return the machine and how busy it is, the versions and the command line."""
    versions = f"torch {version('torch')}, seqlab {version('seqlab')}, Python {platform.python_version()}"
    command = shlex.join(["python", *sys.argv])
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    machine = f"{processor()}, {count(os.cpu_count() or 1, 'core')}{load}"
    return f"{machine}; {versions}; {compiler()}\n\n`{command}`"


def processor() -> str:
    """Return what the processor calls itself."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def compiler() -> str:
    """Return the first line of what the C++ compiler says of itself."""
    try:
        command = [find_compiler(), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (CompilerError, OSError, subprocess.CalledProcessError, IndexError) as error:
        return f"no compiler ({error})"
