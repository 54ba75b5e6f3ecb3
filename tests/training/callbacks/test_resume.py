"""A run that is ended somewhere and goes on ends bit for bit where it would have ended.

Every run here has 3 epochs of 8 batches; what was saved is of a step above 0, else nothing would be shown.
"""

import os
import signal
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer

from seqlab.runs.checkpoint.files import Checkpoints

PLACES = {
    "before a batch": ("on_train_batch_start", 11),
    "after a batch": ("on_train_batch_end", 14),
    "at the start of an epoch": ("on_train_epoch_start", 16),
    "in the middle of validation": ("on_validation_batch_start", 16),
    "after validation": ("on_validation_end", 16),
    "at the end of an epoch": ("on_train_epoch_end", 24),
    "at the end of training": ("on_train_end", 24),
    "while testing": ("on_test_batch_start", 24),
}
VARIANTS = {
    "cosine by epoch": ("scheduler=cosine", "scheduler.interval=epoch", "checkpoint.every_steps=3"),
    "cosine by step and averaged weights": (
        *("scheduler=cosine", "scheduler.interval=step"),
        *("callbacks.weight_average=0.9", "checkpoint.every_steps=3"),
    ),
    "plateau": ("scheduler=plateau", "scheduler.patience=0", "checkpoint.every_steps=3"),
    "no schedule and early stopping": (
        *("scheduler=none", "callbacks.early_stopping_patience=2", "checkpoint.every_steps=5"),
    ),
    "two batches a step": ("trainer.accumulate_grad_batches=2", "checkpoint.every_steps=1"),
    "validation after every second epoch": (
        *("trainer.check_val_every_n_epoch=2", "scheduler=plateau", "checkpoint.every_steps=3"),
    ),
    "no validation": ("trainer.limit_val_batches=0", "checkpoint.every_steps=3"),
    "an optimizer that keeps flat vectors": (
        *("~optimizer", "+optimizer={name: lbfgs, lr: 0.1, max_iter: 3}", "checkpoint.every_steps=3"),
    ),
    "an optimizer that keeps rows and columns": (
        *("~optimizer", "+optimizer={name: adafactor}", "checkpoint.every_steps=3"),
    ),
    "forecasting": (
        *("data=series_csv", "data.path=series.csv", "data.targets=[load]", "data.input_days=0.5"),
        *("data.horizon_days=0.25", "checkpoint.every_steps=3"),
    ),
    "a forecast that goes on with its state": (
        *("data=series_csv", "data.path=series.csv", "data.targets=[load]", "data.input_steps=12"),
        *("data.horizon_steps=6", "data.stateful=true", "data.batch_size=2", "model.num_layers=2"),
        "checkpoint.every_steps=3",
    ),
    "numeric sequences": (
        *("data=sequences", "data.path=sequences.npz", "model.bidirectional=true", "model.pooling=max"),
        "checkpoint.every_steps=3",
    ),
    "noise inside a step, and a side input": (
        *(
            "data=sequences",
            "data.path=sequences.npz",
            "+data.side_inputs={dt: 'channel 2'}",
            "model.cell=ltc",
        ),
        *("model.zoneout=0.2", "model.recurrent_dropout=0.2", "model.weight_drop=0.1", "engine=eager"),
        "checkpoint.every_steps=3",
    ),
    "a regression of generated data": ("data=adding", "data.length=12", "checkpoint.every_steps=3"),
    "tags at every step": ("data=tagged", "data.path=a.conll", "checkpoint.every_steps=3"),
    "a language model": (
        *("data=text_file", "data.path=a.txt", "data.steps=5", "model.num_layers=2", "scheduler=cosine"),
        "checkpoint.every_steps=3",
    ),
    "layers that differ": (
        *("data=text_file", "data.path=a.txt", "data.steps=5", "model.cell=[gru,lstm]"),
        *("model.hidden_size=[6,4]", "model.outputs=all", "model.dropout=0.2", "checkpoint.every_steps=3"),
    ),
    "several labels": (
        *("data=text_csv", "data.path=a.csv", "data.label=[x,y]", "task=multilabel"),
        "checkpoint.every_steps=3",
    ),
    "numbers of texts": (
        *("data=text_csv", "data.path=a.csv", "data.label=z", "task=regression"),
        "checkpoint.every_steps=3",
    ),
}
DAILY = (
    *("cosine by step and averaged weights", "forecasting", "an optimizer that keeps flat vectors"),
    "an optimizer that keeps rows and columns",
)
"""Of the default tier: the most state, other shapes, another sampler; others differ in scores or counters."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of the uninterrupted run with some settings, trained once."""
    folders = {}

    def trained(runs, config):
        key = config.model_dump_json()
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp("whole") / "run"
            runs.train(config, folders[key])
        return folders[key]

    return trained


@pytest.fixture
def saved(monkeypatch):
    """Return the steps at which last.ckpt is saved, as they come."""
    steps = []
    save = Checkpoints.save_checkpoint

    def noted(self, checkpoint, path, **options):
        if "last" in str(path):
            steps.append(checkpoint["global_step"])
        save(self, checkpoint, path, **options)

    monkeypatch.setattr(Checkpoints, "save_checkpoint", noted)
    return steps


@pytest.mark.product(2)
@pytest.mark.parametrize("place", PLACES)
def test_wherever_a_run_is_ended_it_goes_on_to_the_same_end(runs, killed, whole, place):
    config = runs.settings("checkpoint.every_steps=3")
    hook, step = PLACES[place]
    with killed(hook, step):
        runs.train(config)
    assert 0 < runs.step() <= step
    runs.train(config)
    runs.assert_same("run", whole(runs, config))


@pytest.mark.parametrize(
    "variant", [pytest.param(name, marks=[pytest.mark.slow] * (name not in DAILY)) for name in VARIANTS]
)
def test_whatever_a_run_does_it_goes_on_to_the_same_end_from_three_ends(runs, killed, whole, variant):
    hours = pd.date_range("2021-03-01", periods=300, freq="h")
    load = 50 + 10 * np.sin(2 * np.pi * hours.hour.to_numpy() / 24) + np.arange(300) % 7
    pd.DataFrame({"time": hours.astype(str), "load": load}).to_csv("series.csv", index=False)
    random = np.random.default_rng(0)
    x, lengths = random.normal(size=(120, 9, 2)), random.integers(2, 10, 120)
    np.savez("sequences.npz", x=x, lengths=lengths, y=random.integers(0, 3, 120))
    words = [f"w{n % 7} {['B-a', 'I-a', 'O'][n % 3]}\n" + "\n" * (n % 5 == 0) for n in range(300)]
    Path("a.conll").write_text("".join(words))
    Path("a.txt").write_text("".join(f"line {n % 7} of a text\n" for n in range(200)))
    rows = [f"text {n},{n % 2},{n % 3 % 2},{n}\n" for n in range(80)]
    Path("a.csv").write_text("text,x,y,z\n" + "".join(rows))
    config = runs.settings(*VARIANTS[variant])
    expected = whole(runs, config)
    total = runs.step(expected)
    for hook, step in (
        ("on_train_batch_end", total // 4),
        ("on_train_epoch_end", 2 * total // 3),
        ("on_train_batch_start", 5 * total // 6),
    ):
        with killed(hook, step):
            runs.train(config)
        assert 0 < runs.step() <= step
    runs.train(config)
    runs.assert_same("run", expected)


def test_where_numbers_arrive_late_a_run_goes_on_to_the_same_end(runs, killed, whole, arriving_late):
    config = runs.settings("checkpoint.every_steps=3")
    expected = whole(runs, config)
    arriving_late(4)
    with killed("on_train_batch_start", 11):
        runs.train(config)
    runs.train(config)
    runs.assert_same("run", expected)


def test_ended_between_epochs_again_and_again_a_run_goes_on_to_the_same_end(runs, killed, whole):
    config = runs.settings(*VARIANTS["plateau"])
    for step in (8, 16, 20):
        with killed("on_train_batch_start", step):
            runs.train(config)
        assert runs.step() == (step if step % 8 == 0 else 18)
    runs.train(config)
    runs.assert_same("run", whole(runs, config))


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["plateau", "cosine by step and averaged weights", "two batches a step"])
def test_ended_after_any_batch_a_run_goes_on_to_the_same_end(runs, killed, whole, variant):
    config = runs.settings(*VARIANTS[variant], "checkpoint.every_steps=1")
    expected = whole(runs, config)
    for step in range(2, runs.step(expected)):
        with killed("on_train_batch_start", step):
            runs.train(config, str(step))
        assert runs.step(str(step)) == step
        runs.train(config, str(step))
        runs.assert_same(str(step), expected)


def test_without_other_settings_the_state_is_saved_between_epochs(runs, saved):
    runs.train(runs.settings())
    assert saved == [8, 16, 24]


def test_the_state_is_saved_every_so_many_steps_and_between_epochs(runs, saved):
    runs.train(runs.settings("checkpoint.every_steps=3"))
    # After the last batch of an epoch its validation is under way: step 24 is saved at the end.
    assert saved == [3, 6, 8, 9, 12, 15, 16, 18, 21, 24]


def test_the_state_is_saved_so_many_minutes_after_the_last_saving(runs, happening, saved, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("seqlab.training.callbacks.resume.time", SimpleNamespace(monotonic=lambda: clock.now))

    def a_minute_passes():
        clock.now += 60

    with happening("on_train_batch_start", None, a_minute_passes):
        runs.train(runs.settings("checkpoint.every_minutes=3"))
    assert saved == [3, 6, 8, 11, 14, 16, 19, 22, 24]


def test_what_was_logged_after_the_state_is_logged_again_and_stands_there_once(runs, killed, monkeypatch):
    # Files that one process begins within a second are read in the order of this number, as text.
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(10))
    config = runs.settings("logger=[tensorboard,csv]", "checkpoint.every_steps=3")
    runs.train(config, "whole")
    for step in (5, 18):
        with killed("on_train_batch_end", step):
            runs.train(config)
        assert 0 < runs.step() < step
    with killed("on_test_end", 24):
        runs.train(config)
    runs.train(config)
    runs.train(config)  # killed once all was done but for its last words
    found = scalars_in(runs.root / "run")
    assert found == scalars_in(runs.root / "whole")
    table, expected = ((runs.root / name / "csv/metrics.csv").read_text() for name in ("run", "whole"))
    assert table == expected
    assert set(Counter((tag, step) for tag, step, _ in found).values()) == {1}
    assert [step for tag, step, _ in found if tag == "step/loss"] == list(range(24))


def test_a_run_whose_folder_was_moved_keeps_its_best_score(runs, killed):
    # Weights that hardly move are best after the first epoch.
    config = runs.settings("optimizer=sgd", "optimizer.lr=1e-9", "scheduler=none", "checkpoint.every_steps=3")
    runs.train(config, "whole")
    with killed("on_train_batch_end", 14):
        runs.train(config, "before")
    (runs.root / "before").rename(runs.root / "run")
    runs.train(config)
    runs.assert_same("run", "whole")
    assert runs.record()["best_checkpoint"] == "checkpoints/best.safetensors"
    assert not (runs.root / "before").exists()


def scalars_in(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return [
        (tag, event.step, event.value)
        for tag in sorted(events.Tags()["scalars"])
        if "/" in tag  # the number of the epoch is logged beside the scores of each stage
        for event in events.Scalars(tag)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [(), ("data=text_file", "data.path=a.txt", "data.steps=5", "model=lstm")],
    ids=["names", "a language model"],
)
def test_two_processes_that_are_killed_go_on_to_the_same_end(runs, started, arrived, tmp_path, data):
    Path("a.txt").write_text("".join(f"line {n % 7} of a text\n" for n in range(200)))
    ranks = ("trainer=ddp", "trainer.accelerator=cpu")
    settings = (*ranks, "trainer.max_epochs=12", "checkpoint.every_steps=3", *data)
    whole = started(*settings, "name=whole")
    assert whole.wait() == 0
    (expected,) = (tmp_path / "whole").iterdir()
    process = started(*settings, "name=killed")
    run = arrived(process, "killed", 13)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < runs.step(run) < runs.step(expected)
    again = started(*settings, f"resume={run}")
    assert again.wait() == 0, again.communicate()
    runs.assert_same(run, expected)
