"""Is a scan faster than the native loop for linear recurrences on this CPU?

Run:  python scripts/bench_scan.py [--rounds N]

Forward and backward of one layer of mingru, h' = (1 − z) ⊙ h + z ⊙ n, with gradients for the input and every
weight: the native engine, and torch's own operations with the recurrence as a scan. Two scans are tried: by
doubling, log₂ T passes over all steps; and in blocks, √T steps of √T blocks side by side, then of the blocks.
Prints the median time of each and the ratio to native: below 1, a scan would be worth having.
"""

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable

import torch
from measure import headline, table
from torch import Tensor
from torch.nn.functional import linear, pad

from seqlab.nn import Recurrent

SHAPES = {
    "names": (64, 10, 64, 128),
    "jena": (64, 120, 14, 64),
    "long": (16, 1024, 32, 128),
    "one": (1, 4096, 32, 64),
}
"""B, T, I, H."""


def doubling(a: Tensor, b: Tensor) -> Tensor:
    """Return all h_t = a_t h_(t−1) + b_t from h = 0, [B, T, H], in log₂ T passes (Hillis and Steele 1986)."""
    span = 1
    while span < a.shape[1]:
        b = b + a * pad(b[:, :-span], (0, 0, span, 0))
        a = a * pad(a[:, :-span], (0, 0, span, 0), value=1.0)
        span *= 2
    return b


def blocks(a: Tensor, b: Tensor) -> Tensor:
    """Return the same: first within blocks of √T steps, all side by side, then from block to block."""
    batch, steps, size = a.shape
    width = math.isqrt(steps - 1) + 1
    count = -(-steps // width)
    short = (0, 0, 0, count * width - steps)
    a_in, b_in = (pad(part, short).view(batch, count, width, size) for part in (a, b))
    products, sums = [a_in[:, :, 0]], [b_in[:, :, 0]]
    for step in range(1, width):
        products.append(products[-1] * a_in[:, :, step])
        sums.append(sums[-1] * a_in[:, :, step] + b_in[:, :, step])
    before, starts = torch.zeros_like(b[:, 0]), []
    for block in range(count):
        starts.append(before)
        before = products[-1][:, block] * before + sums[-1][:, block]
    start = torch.stack(starts, 1)[:, :, None]
    made = torch.stack(sums, 2) + torch.stack(products, 2) * start
    return made.view(batch, count * width, size)[:, :steps]


def times(run: Callable[[], Tensor], leaves: list[Tensor], rounds: int) -> float:
    """Return the median milliseconds of a forward and a backward pass."""
    taken = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        torch.autograd.grad(run().square().sum(), leaves)
        taken.append(1e3 * (time.perf_counter() - start))
    return statistics.median(taken[2:])


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args(arguments).rounds
    print(headline(), flush=True)
    rows = []
    for name, (batch, steps, inputs, size) in SHAPES.items():
        torch.manual_seed(0)
        native = Recurrent("mingru", input_size=inputs, hidden_size=size, engine="native")
        layer, x = native.layers[0], torch.randn(batch, steps, inputs, requires_grad=True)

        def scanned(
            scan: Callable[[Tensor, Tensor], Tensor], x: Tensor = x, layer: torch.nn.Module = layer
        ) -> Tensor:
            z, n = linear(x, layer.W, layer.b).chunk(2, -1)
            z = z.sigmoid()
            return scan(1 - z, z * n)

        leaves = [x, layer.W, layer.b]
        loop = times(lambda x=x, native=native: native(x)[0], leaves, rounds)
        row = [f"{name} [{batch}, {steps}, {inputs}] → {size}", f"{loop:.2f}"]
        for scan in (doubling, blocks):
            torch.testing.assert_close(scanned(scan), native(x)[0], atol=1e-4, rtol=1e-4)
            taken = times(lambda scan=scan, scanned=scanned: scanned(scan), leaves, rounds)
            row += [f"{taken:.2f} ({taken / loop:.1f}×)"]
        rows.append(row)
    print(table(["mingru", "native (ms)", "doubling", "blocks"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
