"""A run that is made longer, once or several times, ends bit for bit as one as long from the start.

Straight runs have 3 epochs of 8 batches; the others 1 epoch at first, then 2, then 3.
"""

import json

import pytest
import torch
from lightning.pytorch import Callback

AVERAGED = "callbacks.weight_average=0.9"
VARIANTS = {
    "averaged weights": ("scheduler=none", AVERAGED),
    "plateau, early stopping, three batches a step": (
        *("scheduler=plateau", "scheduler.patience=0", "callbacks.early_stopping_patience=2"),
        *(AVERAGED, "trainer.accumulate_grad_batches=3", "trainer.gradient_clip_val=0.1"),
        "checkpoint.every_steps=2",
    ),
    "one cycle made for three epochs": (
        *("scheduler=onecycle", "scheduler.epochs=3", AVERAGED, "trainer.accumulate_grad_batches=3"),
    ),
    "diagnostics": ("scheduler=none", "callbacks.diagnostics_every=2", "callbacks.diagnostics_samples=3"),
}


def lengthen(runs, *settings: str, to: int = 3, name: str = "run") -> None:
    for epochs in range(1, to + 1):
        runs.train(runs.settings(*settings, f"trainer.max_epochs={epochs}"), name)


@pytest.mark.product(4)
@pytest.mark.parametrize("variant", VARIANTS)
def test_made_longer_twice_a_run_ends_as_one_that_was_as_long_from_the_start(runs, variant):
    settings = VARIANTS[variant]
    runs.train(runs.settings(*settings), "straight")
    lengthen(runs, *settings)
    runs.assert_same("run", "straight")
    if "diagnostics" in variant:
        found, expected = (
            json.loads((runs.root / name / "diagnostics.json").read_text()) for name in ("run", "straight")
        )
        assert found == expected


@pytest.mark.slow
def test_killed_in_between_it_ends_there_too(runs, killed):
    settings = VARIANTS["plateau, early stopping, three batches a step"]
    runs.train(runs.settings(*settings), "straight")
    for epochs, hook, step in (
        (1, "on_train_batch_end", 2),
        (2, "on_train_batch_start", 5),
        (3, "on_test_end", 9),
    ):
        config = runs.settings(*settings, f"trainer.max_epochs={epochs}")
        with killed(hook, step):
            runs.train(config)
        runs.train(config)
    runs.assert_same("run", "straight")


@pytest.mark.product(2)
@pytest.mark.parametrize("hook", ["on_train_end", "on_fit_end"])
def test_whatever_a_callback_does_at_the_end_is_no_part_of_the_state(runs, monkeypatch, hook):
    def spoil(_self, trainer, module):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.zero_()
        trainer.optimizers[0].param_groups[0]["lr"] = 99.0
        for logger in trainer.loggers:
            logger.log_metrics({"spoilt": 1.0}, step=trainer.global_step)

    runs.train(runs.settings("scheduler=none"), "straight")
    with monkeypatch.context() as patch:
        spoiling = type("Spoiling", (Callback,), {hook: spoil})
        patch.setattr("seqlab.training.trainer.progress", lambda _verbosity: [spoiling()])
        lengthen(runs, "scheduler=none", to=2)
    runs.train(runs.settings("scheduler=none"))
    runs.assert_same("run", "straight")


@pytest.mark.slow
def test_a_run_that_early_stopping_has_ended_has_no_further_epoch(runs, killed):
    # Weights that hardly move are best after the first epoch.
    still = ("optimizer=sgd", "optimizer.lr=1e-9", "scheduler=none", "callbacks.early_stopping_patience=1")
    runs.train(runs.settings(*still, "trainer.max_epochs=5"), "straight")
    assert runs.record("straight")["epochs"] < 5
    with killed("on_test_start", runs.step("straight")):
        runs.train(runs.settings(*still))
    runs.train(runs.settings(*still))
    runs.train(runs.settings(*still, "trainer.max_epochs=5"))
    runs.assert_same("run", "straight")


@pytest.mark.slow
def test_without_a_validation_it_is_the_average_that_is_scored_however_the_run_came_to_its_end(runs, killed):
    settings = ("scheduler=none", AVERAGED, "trainer.check_val_every_n_epoch=99")
    runs.train(runs.settings(*settings), "straight")
    with killed("on_test_start", 24):
        runs.train(runs.settings(*settings))
    runs.train(runs.settings(*settings))
    assert runs.record()["metrics"] == runs.record("straight")["metrics"]
