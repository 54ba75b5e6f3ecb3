"""A SequenceModule with a training step of one's own: clipped, logged and checked as ours."""

import math

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from torch.nn import functional
from torch.utils.data import DataLoader

from seqlab.errors import TrainingError
from seqlab.models.lightning_module import SequenceModule

from .small import (
    MODEL,
    SGD,
    SPEC,
    Gradients,
    Journal,
    Weights,
    loader_of,
    module_of,
    trainer_of,
    weights_of,
)

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")


class Own(SequenceModule):
    """Has a ``training_step`` of its own, which fails at the fourth batch if it is told to."""

    factor = 1.0

    def training_step(self, batch, batch_idx):
        x, lengths, y = batch[:3]
        loss = functional.cross_entropy(self(x, lengths), y)
        return loss[None] * (self.factor if batch_idx == 3 else 1.0)


def own_module(**settings) -> Own:
    torch.manual_seed(0)
    return Own(SPEC, model=MODEL, optimizer=SGD, **settings)


@pytest.mark.parametrize("clip", [None, 0.05])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_training_step_of_ones_own_is_clipped_and_logged_as_ours(accumulate, clip):
    ours, own, found = module_of(), own_module(), []
    for module in (ours, own):
        journal, gradients = Journal(), Gradients()
        settings = {"accumulate_grad_batches": accumulate, "gradient_clip_val": clip}
        trainer_of(gradients, logger=journal, **settings).fit(module, loader_of(32))
        steps = [row for _, row in journal.rows if "step/loss" in row]
        found.append((steps, gradients.after))
    assert found[0] == found[1]
    assert len(found[0][0]) == 4 // accumulate
    torch.testing.assert_close(weights_of(own), weights_of(ours), rtol=0, atol=0)


@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
@pytest.mark.parametrize("is_numbered", [True, False])
@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_a_loss_of_ones_own_that_is_no_number_stops_the_run(number, is_numbered):
    module, weights = own_module(), Weights()
    module.factor = number
    batches = [batch if is_numbered else tuple(batch)[:3] for batch in loader_of(40)]
    with pytest.raises(TrainingError, match=r"not finite at step 3, epoch 1, .*: loss") as caught:
        trainer_of(weights).fit(module, DataLoader(batches, batch_size=None))
    assert ("training samples" in str(caught.value)) is is_numbered
    assert all(torch.equal(value, weights.before[name]) for name, value in weights_of(module).items())


def test_scores_that_a_step_of_ones_own_has_not_updated_are_not_logged():
    class Scored(Own):
        def validation_step(self, batch, batch_idx):
            self.log("val/loss", 7.0, batch_size=8)

    trainer = trainer_of()
    trainer.fit(Scored(SPEC, model=MODEL), loader_of(16), loader_of(16))
    assert trainer.callback_metrics == {"val/loss": 7.0}


@pytest.mark.filterwarnings("ignore:`training_step` returned `None`")  # which Lightning says once a process
def test_a_batch_without_a_loss_is_left_out():
    class Sparing(Own):
        def training_step(self, batch, batch_idx):
            return super().training_step(batch, batch_idx) if batch_idx % 2 else None

    module, journal = Sparing(SPEC, model=MODEL, optimizer=SGD), Journal()
    trainer_of(logger=journal).fit(module, loader_of(40))
    assert len(journal.values("step/loss")) == 2


def test_the_loss_that_is_logged_is_not_multiplied_by_the_loss_scaler():
    losses = []
    for plugins in ([], [MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))]):
        journal = Journal()
        trainer_of(logger=journal, plugins=plugins).fit(module_of(engine="eager"), loader_of(16))
        losses.append(journal.values("step/loss"))
    assert losses[1] == pytest.approx(losses[0], rel=0.02)
