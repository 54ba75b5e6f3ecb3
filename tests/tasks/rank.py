"""One process of test_ranks.py: python rank.py RANK FOLDER writes what it knows as a rank of 1, 2 and 3."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from seqlab.data import BatchLoader, TokenSamples
from seqlab.functional.lengths import EVERY_STEP
from seqlab.tasks import Classification, Multilabel, Tagging
from seqlab.tasks.further import FurtherScores

COUNTS = range(1, 21)
CLASSES = 4
FURTHER = {name: {"_target_": name} for name in ("matthews_corr_coef", "hinge_loss")}


def samples(count: int) -> TokenSamples:
    """Return samples of different lengths and classes."""
    lengths = torch.tensor([1 + 3 * number % 5 for number in range(count)])
    y = torch.tensor([number * number % CLASSES for number in range(count)])
    return TokenSamples.of([[1] * length for length in lengths.tolist()], y.tolist())


def logits(sample: int) -> list[float]:
    """Return answers so far apart that every sample's cross-entropy is a multiple of 40, to the last bit."""
    return [40.0 * ((sample * 7 + 3 * number) % 5) for number in range(CLASSES)]


def evaluate(count: int, rank: int, world_size: int) -> dict[str, object]:
    """Score ``count`` test samples, three rows a batch; rows that only fill up are answered at random."""
    task = Classification([f"class {number}" for number in range(CLASSES)])
    further = FurtherScores(task, FURTHER)
    for batch in BatchLoader(samples(count), 3, rank=rank, world_size=world_size):
        rows = [logits(sample) if sample >= 0 else [0.0, 9.0, 0.0, 0.0] for sample in batch.ids.tolist()]
        task.step("test", torch.tensor(rows), batch)
        further.update(task, "test", torch.tensor(rows), batch)
    return {
        "further": further.compute(task, "test"),
        "counts": task.counts("test").tolist(),
        "loss": task.compute("test")["loss"],
        "predictions": task.predictions.compute()[0].tolist(),
        "probabilities": task.predictions.compute()[1].reshape(-1).tolist(),
    }


def labelled(count: int, rank: int, world_size: int) -> dict[str, object]:
    """Score the labels of the same samples: which of the four answers are the largest, and which are even."""
    task = Multilabel([f"label {number}" for number in range(CLASSES)])
    for batch in BatchLoader(samples(count), 3, rank=rank, world_size=world_size):
        rows = [logits(sample) if sample >= 0 else [0.0, 9.0, 0.0, 0.0] for sample in batch.ids.tolist()]
        true = [[(sample >> column) % 2 for column in range(CLASSES)] for sample in batch.ids.tolist()]
        task.step("test", torch.tensor(rows) - 80, batch._replace(y=torch.tensor(true)))
    return {"scores": task.compute("test"), "table": list(task.tables(str)["predictions"])}


def tagged(count: int, rank: int, world_size: int) -> dict[str, object]:
    """Score a tag at every step of sequences of different lengths."""
    task = Tagging(["B-a", "I-a", "B-b", "O"], None, EVERY_STEP)
    for batch in BatchLoader(samples(count), 3, rank=rank, world_size=world_size):
        steps = torch.arange(batch.x.shape[1])
        true = (batch.ids[:, None] + steps) % CLASSES
        outputs = torch.nn.functional.one_hot((batch.ids[:, None] * steps + 1) % CLASSES, CLASSES).float()
        task.step("test", outputs, batch._replace(y=true.where(steps < batch.lengths[:, None], -1)))
    found = task.compute("test")
    return {"scores": {name: found[name] for name in ("accuracy", "span_f1")}}


def main(rank: int, folder: Path) -> None:
    """Meet the other ranks through a file, in groups of growing size, and write what each group found."""
    for world_size in range(rank + 1, 4):
        meeting = f"file://{folder / f'meeting-{world_size}'}"
        dist.init_process_group(
            "gloo", init_method=meeting, rank=rank, world_size=world_size, timeout=timedelta(seconds=60)
        )
        results = {
            count: evaluate(count, rank, world_size)
            | {"labels": labelled(count, rank, world_size), "tags": tagged(count, rank, world_size)}
            for count in COUNTS
        }
        (folder / f"{world_size}-{rank}.json").write_text(json.dumps(results))
        dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
