"""Small modules, data and trainers for the tests of this folder."""

import math
import random
from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers.logger import Logger

from seqlab.data import BatchLoader, TokenSamples
from seqlab.models.lightning_module import SequenceModule

# What Lightning says of training without validation.
SPEC = {"kind": "tokens", "input_size": 8, "classes": ["Greek", "Irish", "Polish"]}
MODEL = {"cell": "gru", "hidden_size": 8, "embedding_size": 6}
SGD = {"name": "sgd", "lr": 0.1}


def rows_of(count: int) -> tuple[list[list[int]], list[int]]:
    """Return token sequences; the class is which of three tokens stands among noise."""
    generator = random.Random(0)
    y = [number % 3 for number in range(count)]
    rows = [generator.choices([6, 7], k=generator.randint(1, 5)) for _ in y]
    for row, label in zip(rows, y, strict=True):
        row[generator.randrange(len(row))] = 3 + label
    return rows, y


def loader_of(count: int, batch_size: int = 8, order: str = "shuffled") -> BatchLoader:
    rows, y = rows_of(count)
    return BatchLoader(TokenSamples.of(rows, y), batch_size, order=order)


def module_of(**settings: Any) -> SequenceModule:
    torch.manual_seed(0)
    return SequenceModule(**{"spec": SPEC, "model": MODEL, "optimizer": SGD} | settings)


class Journal(Logger):
    """Keeps what is logged as (step, metrics)."""

    name, version = "journal", 0

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[int, dict[str, float]]] = []

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.rows.append((step, dict(metrics)))

    def log_hyperparams(self, *_arguments: Any) -> None:
        pass

    def values(self, metric: str) -> dict[int, float]:
        return {step: metrics[metric] for step, metrics in self.rows if metric in metrics}


def trainer_of(*callbacks: Callback, epochs: int = 1, **settings: Any) -> Trainer:
    return Trainer(
        **{"logger": False, "log_every_n_steps": 1} | settings,
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=list(callbacks),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def weights_of(module: SequenceModule) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def norm_of(module: SequenceModule) -> float:
    return math.sqrt(sum(value**2 for p in module.parameters() for value in p.grad.flatten().tolist()))


class SaveAt(Callback):
    """Saves one checkpoint after so many steps."""

    def __init__(self, step: int, path: Any) -> None:
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_arguments):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


class Gradients(Callback):
    """Keeps the norm before clipping, and the gradient after it, of every step."""

    def __init__(self) -> None:
        self.before: list[float] = []
        self.after: list[float] = []
        self.largest: list[float] = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.before.append(norm_of(pl_module))

    def on_train_batch_end(self, trainer, pl_module, *_arguments):
        self.after.append(norm_of(pl_module))
        self.largest.append(max(float(p.grad.abs().max()) for p in pl_module.parameters()))


class Weights(Callback):
    """Keeps the weights as they were before every batch."""

    def on_train_batch_start(self, trainer, pl_module, *_arguments):
        self.before = weights_of(pl_module)
