"""Does it pay to keep large blocks of memory from step to step, as seqlab.models.malloc has it?

Run:  python scripts/bench_malloc.py [--rounds 15]

Prints, for networks with embeddings of several sizes, the time of a training step (forward, backward, AdamW)
with large blocks kept beside one with glibc's own limit of 32 MiB, in turn in one process, and the pages that
the system has cleared in each.
"""

import argparse
import resource
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import torch
from measure import Spread, duration, headline, in_turn, ratios, table
from torch import Tensor

from seqlab.models.malloc import LARGEST, keep_large_blocks
from seqlab.nn import Recurrent

LIMITS = {"kept": LARGEST, "given back": 32 * 2**20}
"""The largest block that is kept, in bytes; the second is the most that glibc chooses by itself."""
ROWS = (10_000, 80_000, 320_000)
WIDTH, STEPS, BATCH = 128, 80, 64


def step_of(rows: int) -> Callable[[], None]:
    """Return a training step of an LSTM over tokens, whose embedding has so many rows."""
    embedding = torch.nn.Embedding(rows, WIDTH)
    recurrent = Recurrent("lstm", input_size=WIDTH, hidden_size=128)
    optimizer = torch.optim.AdamW([*embedding.parameters(), *recurrent.parameters()])
    tokens = torch.randint(rows, (BATCH, STEPS))

    def step() -> None:
        loss: Tensor = recurrent(embedding(tokens))[0].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def measured(rows: int, rounds: int) -> list[str]:
    """Return the row of the table for an embedding."""
    step, cleared = step_of(rows), defaultdict(list)

    def run(name: str) -> None:
        keep_large_blocks(LIMITS[name])
        step()  # which takes what it needs, or gives it back
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        step()
        cleared[name].append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

    times = in_turn({name: partial(run, name) for name in LIMITS}, rounds)
    ratio = ratios(times["kept"], times["given back"])
    pages = [f"{Spread.of(cleared[name]).median:,.0f}" for name in LIMITS]
    seconds = [duration(Spread.of(times[name]).median / 2) for name in LIMITS]
    return [f"{rows:,} × {WIDTH}", f"{rows * WIDTH / 2**18:.0f} MiB", *seconds, str(ratio), *pages]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    head = ["embedding", "its gradient", *LIMITS, "ratio", *(f"pages, {name}" for name in LIMITS)]
    print(f"{headline()}\n\n{table(head, [measured(rows, options.rounds) for rows in ROWS])}")


if __name__ == "__main__":
    main()
