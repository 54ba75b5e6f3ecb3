"""The processes of test_ranks_forecasting.py: what each knows as one of 1, 2 and 3 ranks, in FOLDER."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from seqlab.data import BatchLoader, WindowSamples
from seqlab.tasks import Forecasting

COUNTS = range(1, 14)
RANKS = 3
READ, HORIZON = 3, 2


def samples(count: int) -> WindowSamples:
    """Return windows of two columns, both targets, of small whole numbers."""
    steps = torch.arange(count + READ + HORIZON - 1)
    values = torch.stack([steps * steps % 7, 3 * steps % 5], 1).float()
    return WindowSamples(
        values,
        (steps.numpy() * 3600).astype("datetime64[s]"),
        np.arange(count),
        input_steps=READ,
        horizon_steps=HORIZON,
        targets=(1, 0),
    )


def answers(sample: int) -> list[float]:
    """Return small whole numbers, so that every error is exact."""
    return [float((sample * 5 + 2 * number) % 6) for number in range(2 * HORIZON)]


def evaluate(count: int, rank: int, world_size: int) -> dict[str, object]:
    """Score ``count`` windows, three rows a batch; rows that only fill up are answered at random."""
    series = {"columns": ["b", "a"], "targets": ["a", "b"], "means": [-2.0, 4.0], "scales": [0.5, 2.0]}
    task = Forecasting(series | {"horizon_steps": HORIZON, "step_minutes": 60})
    for batch in BatchLoader(samples(count), 3, rank=rank, world_size=world_size):
        rows = [answers(sample) if sample >= 0 else [1e9] * (2 * HORIZON) for sample in batch.ids.tolist()]
        for stage in ("test", "train"):
            task.step(stage, torch.tensor(rows), batch)
    return {
        "test": task.compute("test"),
        "train": task.compute("train"),
        "predictions": list(task.tables(str)["predictions"]),
    }


def main(rank: int, folder: Path) -> None:
    """Meet the other ranks through a file, in groups of growing size, and write what each group found."""
    for world_size in range(rank + 1, RANKS + 1):
        meeting = f"file://{folder / f'meeting-{world_size}'}"
        dist.init_process_group(
            "gloo", init_method=meeting, rank=rank, world_size=world_size, timeout=timedelta(seconds=60)
        )
        results = {count: evaluate(count, rank, world_size) for count in COUNTS}
        (folder / f"{world_size}-{rank}.json").write_text(json.dumps(results))
        dist.destroy_process_group()


if __name__ == "__main__":
    # Forked here, the ranks share one import of torch, which takes longer than all they do.
    others = []
    for rank in range(1, RANKS):
        if not (child := os.fork()):
            main(rank, Path(sys.argv[1]))
            os._exit(0)
        others.append(child)
    main(0, Path(sys.argv[1]))
    sys.exit(any(os.waitpid(child, 0)[1] for child in others))
