"""Steps of a SequenceModule: gradients, clipping, rates, and numbers that are none."""

import math

import pytest
import torch
from lightning.pytorch import Callback
from torch.nn import functional

from seqlab.errors import TrainingError
from seqlab.models.lightning_module import SequenceModule

from .small import (
    MODEL,
    SGD,
    Gradients,
    Journal,
    SaveAt,
    Weights,
    loader_of,
    module_of,
    norm_of,
    trainer_of,
    weights_of,
)

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")


@pytest.mark.parametrize("clip", [0.05, 1e6, None])
def test_the_norm_is_logged_as_it_was_and_the_gradient_is_clipped(clip):
    journal, gradients = Journal(), Gradients()
    trainer = trainer_of(gradients, logger=journal, gradient_clip_val=clip)
    trainer.fit(module_of(), loader_of(40))
    assert journal.values("step/gradient_norm") == pytest.approx(dict(enumerate(gradients.before)), rel=1e-5)
    assert len(gradients.before) == 5
    assert min(gradients.before) > 0.05
    expected = [min(norm, clip or math.inf) for norm in gradients.before]
    assert gradients.after == pytest.approx(expected, rel=1e-4)


def test_clipping_by_value_bounds_every_number():
    gradients = Gradients()
    trainer_of(gradients, gradient_clip_val=0.01, gradient_clip_algorithm="value").fit(
        module_of(), loader_of(40)
    )
    assert gradients.largest == pytest.approx([0.01] * 5)


def test_the_first_step_is_the_clipped_gradient_of_the_mean_cross_entropy():
    module, journal = module_of(), Journal()
    batch = next(iter(loader_of(8)))
    before = weights_of(module)
    loss = functional.cross_entropy(module(batch.x, batch.lengths), batch.y)
    loss.backward()
    norm = norm_of(module)
    gradient = {name: p.grad.clone() for name, p in module.named_parameters()}
    module.zero_grad()

    trainer_of(logger=journal, gradient_clip_val=norm / 4).fit(module, loader_of(8))
    assert journal.values("step/gradient_norm")[0] == pytest.approx(norm, rel=1e-5)
    assert journal.values("step/loss")[0] == pytest.approx(loss.item(), rel=1e-5)
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(parameter.detach(), before[name] - 0.1 * gradient[name] / 4)


@pytest.mark.parametrize(
    ("settings", "groups"),
    [
        ({"accumulate_grad_batches": 3}, [3, 2]),
        ({"accumulate_grad_batches": 3, "gradient_clip_val": 0.05}, [3, 2]),
        ({"accumulate_grad_batches": 9}, [5]),
        ({"accumulate_grad_batches": 3, "limit_train_batches": 4}, [3, 1]),
        ({"accumulate_grad_batches": 2, "limit_train_batches": 4}, [2, 2]),
    ],
)
def test_a_step_is_the_mean_of_its_batches_however_few_an_epoch_leaves_for_the_last_one(settings, groups):
    loader, expected, module = loader_of(37), module_of(), module_of()
    optimizer = torch.optim.SGD(expected.parameters(), lr=0.1)
    for epoch in range(2):
        loader.set_epoch(epoch)
        batches = iter(list(loader))
        for size in groups:
            optimizer.zero_grad()
            group = [next(batches) for _ in range(size)]
            losses = [functional.cross_entropy(expected(batch.x, batch.lengths), batch.y) for batch in group]
            torch.stack(losses).mean().backward()
            torch.nn.utils.clip_grad_norm_(expected.parameters(), settings.get("gradient_clip_val", math.inf))
            optimizer.step()
    trainer = trainer_of(epochs=2, **settings)
    trainer.fit(module, loader_of(37))
    assert trainer.global_step == 2 * len(groups)
    torch.testing.assert_close(weights_of(module), weights_of(expected), rtol=1e-5, atol=1e-6)


def test_the_rate_that_is_logged_follows_the_schedule():
    journal = Journal()
    scheduler = {"name": "cosine", "interval": "step", "min_lr": 0.0}
    trainer_of(logger=journal, epochs=2).fit(module_of(scheduler=scheduler), loader_of(40))
    expected = {step: 0.05 * (1 + math.cos(math.pi * step / 10)) for step in range(10)}
    assert journal.values("step/lr") == pytest.approx(expected)


@pytest.mark.parametrize("every", [1, 4])
def test_steps_are_logged_as_often_as_the_trainer_says(every):
    journal = Journal()
    trainer_of(logger=journal, epochs=2, log_every_n_steps=every).fit(module_of(), loader_of(40))
    for metric in ("step/loss", "step/lr", "step/gradient_norm"):
        assert list(journal.values(metric)) == list(range(0, 10, every))


def test_a_step_that_an_optimizer_evaluates_several_times_is_logged_once():
    losses = []
    for repeats in (1, 3):
        journal = Journal()
        module = module_of(optimizer={"name": "lbfgs", "lr": 0.1, "max_iter": repeats})
        trainer_of(logger=journal).fit(module, loader_of(24))
        losses.append([(step, row["step/loss"]) for step, row in journal.rows if "step/loss" in row])
    once, thrice = losses
    assert [step for step, _ in thrice] == [0, 1, 2]
    assert thrice[0] == once[0]
    assert thrice[1] != once[1]


@pytest.mark.parametrize(("accumulate", "steps"), [(1, 10), (2, 6)])
def test_onecycle_has_a_rate_for_every_step_and_ends_near_zero(accumulate, steps):
    scheduler = {"name": "onecycle", "interval": "step", "warmup": 0.3}
    trainer = trainer_of(epochs=2, accumulate_grad_batches=accumulate)
    trainer.fit(module_of(scheduler=scheduler), loader_of(40))
    assert trainer.global_step == steps
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.1 / 25 / 1e4)


def test_plateau_watches_the_metric_it_is_told_to():
    class Rates(Callback):
        found: tuple[float, ...] = ()

        def on_train_epoch_end(self, trainer, pl_module):
            self.found += (trainer.optimizers[0].param_groups[0]["lr"],)

    scheduler = {"name": "plateau", "interval": "epoch", "monitor": "val/accuracy", "mode": "max"}
    scheduler |= {"factor": 0.5, "patience": 0, "min_lr": 0.0}
    rates = Rates()
    # With no weight moving, the accuracy never gets better than in the first epoch.
    module = module_of(scheduler=scheduler, optimizer={"name": "sgd", "lr": 1e-12})
    trainer_of(rates, epochs=3, num_sanity_val_steps=0).fit(module, loader_of(16), loader_of(16))
    assert rates.found == pytest.approx([1e-12, 1e-12, 5e-13])


def test_each_training_sample_passes_the_network_as_often_as_the_task_says_with_other_masks():
    module = module_of(model=MODEL | {"dropout": 0.5}, task={"consistency": 1.0})
    seen: dict[bool, list[torch.Tensor]] = {True: [], False: []}
    module.model.register_forward_hook(lambda model, _inputs, output: seen[model.training].append(output))
    trainer_of().fit(module, loader_of(8), loader_of(8))
    (first, second), (scored,) = seen[True][0].chunk(2), seen[False][:1]
    assert first.shape == second.shape == scored.shape == (8, 3)
    assert (first != second).any()


@pytest.mark.parametrize(
    ("optimizer", "kind"),
    [(None, torch.optim.AdamW), (SGD, torch.optim.SGD), ({"name": "adam", "lr": 0.1}, torch.optim.Adam)],
)
def test_the_optimizer_moves_every_parameter(optimizer, kind):
    module, trainer = module_of(optimizer=optimizer), trainer_of()
    before = weights_of(module)
    trainer.fit(module, loader_of(24))
    assert type(trainer.optimizers[0]) is kind
    assert not any(torch.equal(before[name], value) for name, value in weights_of(module).items())


def breaking(kind: str, number: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fourth batch have a loss, or gradients of the head, that are no number."""
    step, batches = SequenceModule.training_step, iter(range(99))

    def broken(self, batch, batch_idx):
        loss = step(self, batch, batch_idx)
        if next(batches) != 3:
            return loss
        if kind == "loss":
            return loss * number
        # The loss stays what it is; the gradient of this is infinite or NaN.
        bias = self.model.head.linear.bias
        return loss + (bias - bias.detach()).sum() * number

    monkeypatch.setattr(SequenceModule, "training_step", broken)


@pytest.mark.parametrize("number", [math.inf, math.nan])
@pytest.mark.parametrize("kind", ["loss", "gradient"])
@pytest.mark.parametrize(
    "clipping",
    [
        {},
        {"gradient_clip_val": 0.5},
        {"gradient_clip_val": 0.5, "gradient_clip_algorithm": "value"},
        {"accumulate_grad_batches": 2},
    ],
)
def test_numbers_that_are_none_stop_the_run_before_they_reach_the_weights(
    monkeypatch, clipping, kind, number
):
    breaking(kind, number, monkeypatch)
    module, weights = module_of(), Weights()
    trainer = trainer_of(weights, epochs=2, **clipping)
    with pytest.raises(TrainingError) as caught:
        trainer.fit(module, loader_of(16))
    step = 3 // clipping.get("accumulate_grad_batches", 1)
    assert trainer.global_step == step
    first, remedy = str(caught.value).splitlines()
    assert f"the loss or gradient is not finite at step {step}, epoch 2, learning rate 0.1: loss " in first
    assert remedy.startswith("try a smaller optimizer.lr or trainer.gradient_clip_val;")
    for name, value in weights_of(module).items():
        assert torch.isfinite(value).all()
        assert torch.equal(value, weights.before[name])


@pytest.mark.parametrize("behind", [1, 3, 99])
def test_where_numbers_arrive_late_no_weights_of_such_a_step_are_scored_or_saved(
    monkeypatch, arriving_late, tmp_path, behind
):
    arriving_late(behind)
    breaking("gradient", math.nan, monkeypatch)
    module, journal = module_of(), Journal()
    validated, saved = [], SaveAt(4, tmp_path / "broken.ckpt")
    monkeypatch.setattr(SequenceModule, "validation_step", lambda *_arguments: validated.append(1))
    trainer = trainer_of(saved, logger=journal, num_sanity_val_steps=0)
    with pytest.raises(TrainingError, match=r"at step 3, epoch 1, learning rate 0.1: loss .* norm nan, "):
        trainer.fit(module, loader_of(48), loader_of(16))
    assert not validated
    assert not saved.path.exists()
    assert list(journal.values("step/loss")) == [0, 1, 2]


def test_where_numbers_arrive_late_the_same_is_logged(arriving_late):
    def logged() -> list[tuple[int, dict[str, float]]]:
        journal = Journal()
        settings = {"accumulate_grad_batches": 2, "log_every_n_steps": 2}
        trainer_of(logger=journal, epochs=2, **settings).fit(module_of(), loader_of(40))
        return journal.rows

    at_once = logged()
    arriving_late(4)
    assert logged() == at_once
    assert [step for step, row in at_once if "step/loss" in row] == [0, 2, 4]


def test_the_samples_of_the_batch_are_named(monkeypatch):
    breaking("loss", math.nan, monkeypatch)
    seen = []

    class Ids(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            seen.append(batch.ids.tolist())

    with pytest.raises(TrainingError) as caught:
        trainer_of(Ids(), epochs=1).fit(module_of(), loader_of(200, batch_size=32))
    first, *_ = str(caught.value).splitlines()
    assert f"training samples {', '.join(map(str, seen[3][:20]))} and 12 more" in first
