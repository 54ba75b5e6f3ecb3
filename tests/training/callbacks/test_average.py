"""The exponential average of the weights."""

import json
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from torch import nn

from seqlab.data import BatchLoader, TokenSamples
from seqlab.models.lightning_module import SequenceModule
from seqlab.training.callbacks import EMAWeightAveraging, NonMonotonicAveraging

pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")

CODES = [2**40 + 12345, 2**40 + 12346, 2**61 + 7]
"""N-grams whose numbers no float32 holds."""


class AfterSteps(Callback):
    """Keeps the weights after every step of the optimizer."""

    def __init__(self) -> None:
        self.kept = []

    def on_train_batch_end(self, trainer, pl_module, *_arguments):
        if trainer.global_step > len(self.kept):
            self.kept.append([weight.detach().double().clone() for weight in pl_module.parameters()])


def trained(
    encoder: str | nn.Module,
    accumulate: int = 1,
    epochs: int = 2,
    callbacks: tuple[Callback, ...] = (),
    *,
    val: bool = False,
) -> tuple[SequenceModule, AfterSteps]:
    torch.manual_seed(0)
    spec = {
        "kind": "tokens",
        "input_size": 4,
        "symbols": list("abcd"),
        "ngrams": CODES,
        "classes": ["x", "y"],
    }
    module = SequenceModule(spec=spec, model={"cell": "gru", "hidden_size": 4, "encoder": encoder})
    samples = TokenSamples.of([[1, 2], [3], [2, 3, 1], [1]] * 4, [0, 1] * 8)
    steps = AfterSteps()
    Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        callbacks=list(callbacks) or [EMAWeightAveraging(0.7), steps],
        accumulate_grad_batches=accumulate,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=0,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
    ).fit(module, BatchLoader(samples, 4, order="shuffled"), BatchLoader(samples, 4) if val else None)
    return module, steps


@pytest.mark.parametrize(("accumulate", "count"), [(1, 8), (2, 4)])
def test_the_average_begins_with_the_first_step_and_takes_its_share_of_each(accumulate, count):
    module, steps = trained("embedding", accumulate)
    assert len(steps.kept) == count
    expected = steps.kept[0]
    for weights in steps.kept[1:]:
        expected = [0.7 * mean + 0.3 * weight for mean, weight in zip(expected, weights, strict=True)]
    for weight, mean in zip(module.parameters(), expected, strict=True):
        torch.testing.assert_close(weight.detach().double(), mean, rtol=1e-6, atol=1e-7)


class Normed(nn.Module):
    """Tokens as normalized numbers, with running statistics."""

    output_size = 1

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(1)

    def forward(self, x):
        return self.norm(100 + x[:, None].float()).transpose(1, 2)


def test_the_average_has_the_statistics_of_the_present_network():
    module, _ = trained(Normed())
    norm = module.model.encoder.norm
    assert norm.num_batches_tracked == 8
    share_of_first = 0.9**8
    assert norm.running_mean.item() == pytest.approx(101 * (1 - share_of_first), rel=0.01)


def test_constants_are_not_averaged():
    module, _ = trained("ngrams")
    assert module.model.encoder.ngrams.tolist() == CODES


class Scored(Callback):
    """Gives validation a score an epoch."""

    def __init__(self, scores: list[float]) -> None:
        self.scores = scores

    def on_validation_epoch_end(self, trainer, pl_module):
        trainer.callback_metrics["score"] = torch.tensor(self.scores[trainer.current_epoch])


def mean_after(scores: list[float], patience: int) -> int | None:
    """Return the number of validations before the mean begins, by the paper's algorithm 1."""
    logs = []
    for number, score in enumerate(scores, 1):
        if len(logs) > patience and score > min(logs[: len(logs) - patience]):
            return number
        logs.append(score)
    return None


@pytest.mark.parametrize(
    ("scores", "mode", "begun"),
    [
        ([3, 4, 5, 4.5, 4.2, 4.1], "min", 4),
        ([-3, -4, -5, -4.5, -4.2, -4.1], "max", 4),
        ([6, 5, 4, 4.5, 3, 2], "min", None),
    ],
)
def test_the_mean_begins_when_validation_stalls_and_is_of_all_steps_since(scores, mode, begun):
    callback, steps = NonMonotonicAveraging("score", mode, 2), AfterSteps()
    module, _ = trained("embedding", epochs=6, callbacks=[Scored(scores), callback, steps], val=True)
    assert mean_after([one if mode == "min" else -one for one in scores], 2) == begun
    since = steps.kept[4 * begun :] if begun else steps.kept[-1:]
    for weight, *seen in zip(module.parameters(), *since, strict=True):
        torch.testing.assert_close(weight.detach().double(), torch.stack(seen).mean(0), rtol=1e-5, atol=1e-6)
    resumed = NonMonotonicAveraging("score", mode, 2)
    resumed.load_state_dict(callback.state_dict())
    assert resumed._share() == (1 / (len(since) + 1) if begun else 1.0)


def test_the_scores_of_a_run_are_of_its_best_weights_and_not_of_the_last_average(train):
    settings = ("data=names", "data.source=sample", "model=gru", "model.hidden_size=4", "callbacks=none")
    overfit = ("data.limit_train_samples=32", "optimizer.lr=0.1", "scheduler=none", "task.monitor=val/loss")
    assert train(*settings, *overfit, "trainer.max_epochs=20", "callbacks.weight_average=0.5") == 0
    (run,) = Path("out").glob("**/run.json")
    found = json.loads(run.read_text())["metrics"]
    lines = [json.loads(line) for line in (run.parent / "metrics.jsonl").read_text().splitlines()]
    each = [line for line in lines if "val/loss" in line]
    best = min(each, key=lambda line: line["val/loss"])
    assert best is not each[-1]
    assert found["val/accuracy"] == best["val/accuracy"]
    assert found["val/loss"] == best["val/loss"]
