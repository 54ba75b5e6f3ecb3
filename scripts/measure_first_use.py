"""How long does a cell's first result take in a fresh process, and does a new size compile anything?"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

from measure import NOTHING, Block, Measurement, Spread, unsupported_reason

EMPTY, CACHED, SIZES = "seconds, empty cache", "seconds, from the cache", "compilations for a new B, T, H"
VARIANTS = (EMPTY, CACHED, SIZES)

# Imports are over when the clock starts; sizes of one batch, then others in B, T and H.
FIRST_USE = """
import json, sys, time
import torch
from seqlab.io.cache import cache_dir
from seqlab.nn import Recurrent
def run(B, T, H):
    cell = Recurrent(sys.argv[1], input_size=57, hidden_size=H, engine="native")
    cell(torch.randn(B, T, 57))[0].sum().backward()
def compiled():
    return len(list((cache_dir() / "native").glob("*/kernel.so")))
x = torch.randn(64, 16, 57)
start = time.perf_counter()
Recurrent(sys.argv[1], input_size=57, hidden_size=128, engine="native")(x)
seconds, before = time.perf_counter() - start, compiled()
for sizes in ((64, 16, 128), (1, 16, 128), (64, 200, 128), (64, 16, 50), (7, 3, 300)):
    run(*sizes)
print(json.dumps({"seconds": seconds, "compiled": before, "more": compiled() - before}))
"""


def measure(names: Sequence[str], rounds: int | None) -> Block:
    """Return what each cell costs in processes of its own, the first without a cache, the next with one."""
    return Block(
        "first use: from the construction of a network to its first result, imports not counted",
        [each for cell in names for each in first_use(cell, rounds or 1)],
    )


def first_use(cell: str, rounds: int) -> Iterator[Measurement]:
    """Yield the seconds from an empty cache and from a filled one, and compilations for new sizes."""
    if refused := unsupported_reason("native", cell):
        for variant in VARIANTS:
            yield Measurement("first use", cell, "first use", variant, NOTHING, note=refused)
        return
    values: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="seqlab-bench-") as cache:
            fresh, cached = run(cell, cache), run(cell, cache)
        if not fresh["compiled"]:
            raise SystemExit(f"nothing was compiled for {cell}; where does the native engine keep kernels?")
        values[EMPTY].append(fresh["seconds"])
        values[CACHED].append(cached["seconds"])
        values[SIZES].append(fresh["more"] + cached["more"])
    for variant in VARIANTS:
        yield Measurement("first use", cell, "first use", variant, Spread.of(values[variant]), rounds=rounds)


def run(cell: str, cache: str) -> dict[str, float]:
    """Use a cell in a process of its own; return what that says."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_USE, cell],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SEQLAB_CACHE_DIR": cache},
    )
    if done.returncode:
        raise SystemExit(f"{cell} gave no result:\n{done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
