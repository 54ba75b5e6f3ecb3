"""SequenceModule: what is trained, logged, clipped and saved."""

import json
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from lightning.pytorch.loggers.logger import Logger
from sklearn.metrics import accuracy_score, f1_score
from torch import nn
from torch.nn import functional

from seqlab.cells import Cell, State
from seqlab.data import BatchLoader, TokenSamples
from seqlab.errors import ConfigError, TrainingError
from seqlab.models.lightning_module import SequenceModule

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")

SPEC = {"kind": "tokens", "input_size": 8, "classes": ["Greek", "Irish", "Polish"]}
MODEL = {"cell": "gru", "hidden_size": 8, "embedding_size": 6}
SGD = {"name": "sgd", "lr": 0.1}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Keep torch from waiting for other threads, which costs more than these small models do."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


def test_scores_equal_scikit_learns_on_samples_answered_one_by_one():
    module = module_of().eval()
    rows, y = rows_of(29)
    logits = torch.cat([module(torch.tensor([row]), torch.tensor([len(row)])) for row in rows]).detach()
    predicted = logits.argmax(1)
    options = {"labels": range(3), "average": "macro", "zero_division": 0}
    for stage in ("validate", "test"):
        trainer = trainer_of()
        getattr(trainer, stage)(module, loader_of(29, order="sequential"), verbose=False)
        found, prefix = trainer.callback_metrics, {"validate": "val", "test": "test"}[stage]
        assert float(found[f"{prefix}/accuracy"]) == pytest.approx(accuracy_score(y, predicted))
        assert float(found[f"{prefix}/f1_macro"]) == pytest.approx(f1_score(y, predicted, **options))
        assert float(found[f"{prefix}/loss"]) == pytest.approx(
            float(functional.cross_entropy(logits, torch.tensor(y)))
        )
    assert [row["text"] for row in module.task.tables(str)["predictions"]] == [
        str(sample) for sample in range(29)
    ]


def test_a_second_test_loader_is_scored_apart_and_leaves_no_predictions():
    module = module_of()
    trainer_of().test(
        module, [loader_of(29, order="sequential"), loader_of(12, order="balanced")], verbose=False
    )
    assert int(module.task.counts("test").sum()) == 29
    assert int(module.task.counts("balanced").sum()) == 12
    assert len(module.task.tables(str)["predictions"]) == 29


def test_training_scores_are_those_of_one_epoch():
    module = module_of(optimizer={"name": "sgd", "lr": 1e-12})
    trainer = trainer_of(epochs=3)
    trainer.fit(module, loader_of(24))
    rows, y = rows_of(24)
    logits = torch.cat([module(torch.tensor([row]), torch.tensor([len(row)])) for row in rows])
    accuracy = accuracy_score(y, logits.argmax(1))
    assert float(trainer.callback_metrics["train/accuracy"]) == pytest.approx(accuracy)
    assert int(module.task.counts("train").sum()) == 24


def test_each_training_sample_passes_the_network_as_often_as_the_task_says_with_other_masks():
    module = module_of(model=MODEL | {"dropout": 0.5}, task={"consistency": 1.0})
    seen: dict[bool, list[torch.Tensor]] = {True: [], False: []}
    module.model.register_forward_hook(lambda model, _inputs, output: seen[model.training].append(output))
    trainer_of().fit(module, loader_of(8), loader_of(8))
    (first, second), (scored,) = seen[True][0].chunk(2), seen[False][:1]
    assert first.shape == second.shape == scored.shape == (8, 3)
    assert (first != second).any()


@pytest.mark.parametrize(
    "cell", [*(pytest.param(cell, marks=pytest.mark.slow) for cell in ("rnn", "gru")), "lstm"]
)
def test_a_separable_problem_is_learnt_completely(cell):
    module = module_of(model=MODEL | {"cell": cell}, optimizer={"name": "adamw", "lr": 0.02})
    trainer = trainer_of(epochs=25, gradient_clip_val=5.0)
    trainer.fit(module, loader_of(96))
    trainer.validate(module, loader_of(96), verbose=False)
    assert trainer.callback_metrics["val/accuracy"] == 1.0


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    def trained(seed: int) -> dict[str, torch.Tensor]:
        seed_everything(seed, verbose=False)
        module = SequenceModule(spec=SPEC, model=MODEL | {"dropout": 0.3})
        trainer_of(epochs=2).fit(module, loader_of(40))
        return weights_of(module)

    first, again, other = trained(0), trained(0), trained(1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_a_checkpoint_holds_plain_values_and_the_weights_that_rebuild_the_module(tmp_path):
    settings = {
        "spec": SPEC,
        "model": MODEL | {"num_layers": 2, "bidirectional": True},
        "task": {"label_smoothing": 0.1},
        "optimizer": {"name": "adam", "lr": 0.01, "betas": [0.9, 0.99]},
        "scheduler": {"name": "cosine", "interval": "step", "min_lr": 0.0},
    }
    module, trainer = SequenceModule(**settings), trainer_of()
    trainer.fit(module, loader_of(24))
    trainer.save_checkpoint(tmp_path / "module.ckpt")
    checkpoint = torch.load(tmp_path / "module.ckpt", weights_only=True)
    assert json.loads(json.dumps(checkpoint["hyper_parameters"])) == settings

    rebuilt = SequenceModule(**checkpoint["hyper_parameters"])
    rebuilt.load_state_dict(checkpoint["state_dict"])
    batch = next(iter(loader_of(24)))
    torch.testing.assert_close(
        rebuilt.eval()(batch.x, batch.lengths), module.eval()(batch.x, batch.lengths), rtol=0, atol=0
    )


def test_a_checkpoint_holds_nothing_but_the_networks_weights():
    assert all(name.startswith("model.") for name in module_of().state_dict())


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


class Weights(Callback):
    """Keeps the weights as they were before every batch."""

    def on_train_batch_start(self, trainer, pl_module, *_arguments):
        self.before = weights_of(pl_module)


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


class SaveAt(Callback):
    """Saves one checkpoint after so many steps."""

    def __init__(self, step: int, path: Any) -> None:
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *_arguments):
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


@pytest.mark.parametrize(
    "scheduler", [{"name": "none"}, {"name": "cosine", "interval": "step", "min_lr": 0.0}]
)
@pytest.mark.parametrize("step", [3, 5, 8, 10])
def test_a_run_that_is_continued_from_a_checkpoint_ends_with_the_same_weights(tmp_path, step, scheduler):
    path = tmp_path / "middle.ckpt"
    whole = module_of(scheduler=scheduler)
    trainer_of(SaveAt(step, path), epochs=3).fit(whole, loader_of(40))
    continued, trainer = module_of(scheduler=scheduler), trainer_of(epochs=3)
    trainer.fit(continued, loader_of(40), ckpt_path=path)
    assert trainer.global_step == 15
    torch.testing.assert_close(weights_of(continued), weights_of(whole), rtol=0, atol=0)


def test_validate_and_test_return_the_scores_as_they_are_and_predict_the_probabilities():
    module, trainer = module_of(), trainer_of()
    rows, y = rows_of(20)
    logits = torch.cat([module.eval()(torch.tensor([row]), torch.tensor([len(row)])) for row in rows])
    for stage, scored in (("val", trainer.validate), ("test", trainer.test)):
        (found,) = scored(module, loader_of(20, order="sequential"), verbose=False)
        assert found == {f"{stage}/{name}": value for name, value in module.scores(stage).items()}
        assert found[f"{stage}/f1_macro"] == pytest.approx(
            f1_score(y, logits.argmax(1), average="macro"), rel=1e-12
        )
    answers = torch.cat(trainer.predict(module, loader_of(20, order="given")))
    torch.testing.assert_close(answers, logits.softmax(1))


def test_validation_and_test_are_logged_once_at_the_last_step():
    journal = Journal()
    trainer = trainer_of(logger=journal, epochs=2)
    module = module_of()
    trainer.fit(module, loader_of(16), loader_of(16))
    journal.rows.clear()
    trainer.test(module, loader_of(16), verbose=False)
    ((step, row),) = journal.rows
    assert step == trainer.global_step == 4
    assert row == {f"test/{name}": value for name, value in module.scores("test").items()} | {"epoch": 2}


def test_what_lightning_tries_before_training_is_not_logged():
    journal = Journal()
    trainer = trainer_of(logger=journal, num_sanity_val_steps=2)
    trainer.fit(module_of(), loader_of(16), loader_of(16))
    assert list(journal.values("val/loss")) == [1]


def test_a_network_of_parts_of_ones_own():
    class Wide(nn.Module):
        output_size = 5

        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(8, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.table(x)

    class Halving(Cell):
        gates, state, output = ("h",), ("h",), "h"

        def step(self, x, u, s):
            return State(h=0.5 * s.h + torch.tanh(x.h + u.h(s.h)))

    module = SequenceModule(
        SPEC, encoder=Wide(), cell=Halving(), hidden_size=4, engine="eager", optimizer="sgd"
    )
    assert module.hparams["model"] == {"hidden_size": 4, "engine": "eager"}
    trainer = trainer_of()
    trainer.fit(module, loader_of(16))
    assert type(trainer.optimizers[0]) is torch.optim.SGD


def test_an_unknown_argument_is_answered_with_those_that_were_meant():
    with pytest.raises(ConfigError, match="no argument 'hiden_size'; did you mean 'hidden_size'"):
        SequenceModule(SPEC, hiden_size=4)
