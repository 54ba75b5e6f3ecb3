"""The exponential average of the weights."""

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from seqlab.data import BatchLoader, TokenSamples
from seqlab.models.lightning_module import SequenceModule
from seqlab.training.callbacks import EMAWeightAveraging

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


def trained(encoder: str, accumulate: int = 1) -> tuple[SequenceModule, AfterSteps]:
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
        max_epochs=2,
        logger=False,
        callbacks=[EMAWeightAveraging(0.7), steps],
        accumulate_grad_batches=accumulate,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=0,
        use_distributed_sampler=False,
    ).fit(module, BatchLoader(samples, 4, order="shuffled"))
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


def test_constants_are_not_averaged():
    module, _ = trained("ngrams")
    assert module.model.encoder.ngrams.tolist() == CODES
