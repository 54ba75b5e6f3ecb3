"""callbacks=diagnostics: what it leaves, that it changes nothing, and that no epoch is measured twice."""

import json
import math
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_module
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from seqlab.config.compose import make_config
from seqlab.diagnostics import figures, influence, jacobian_norms, recording, state_gradients
from seqlab.errors import RunError
from seqlab.io import console_log
from seqlab.models.build import make_data
from seqlab.runs.diagnostics_file import read_snapshots
from seqlab.runs.folder import RunFolder
from seqlab.runs.load import load_run
from seqlab.training import fit
from seqlab.training.callbacks import Diagnostics, Resume

SMALL = (
    "data=adding",
    "data.length=9",
    "data.train_samples=160",
    "data.val_samples=40",
    "data.test_samples=40",
    "model.hidden_size=8",
    "trainer.accelerator=cpu",
    "trainer.max_epochs=3",
    "task.baselines=false",
    "callbacks.figures=false",
    "callbacks.diagnostics_samples=6",
    "logger=none",
    "verbosity=quiet",
)


def run(folder: Path, *overrides: str, resume: bool = False) -> Path:
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        config = make_config(compose("config", [*SMALL, *overrides]))
    console_log.configure(config.verbosity)
    return fit.train(config, folder, resume=resume).folder.path


def last_of(folder: Path) -> dict:
    return torch.load(folder / "checkpoints/last.ckpt", weights_only=True)


def equal(one: object, other: object) -> bool:
    """Return whether two nested values are the same to the last bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


@pytest.fixture(scope="module")
def every_epoch(tmp_path_factory) -> Path:
    """Return a run that has measured every epoch."""
    return run(tmp_path_factory.mktemp("every") / "run", "callbacks.diagnostics_every=1")


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Path:
    """Return a run with figures and a dashboard that has measured every second epoch."""
    settings = ("callbacks=diagnostics", "callbacks.diagnostics_every=2", "callbacks.diagnostics_samples=6")
    dashboard = ("callbacks.figures=true", "logger=tensorboard")
    return run(tmp_path_factory.mktemp("shown") / "run", *settings, *dashboard)


def test_a_run_with_diagnostics_ends_bit_for_bit_as_one_without(every_epoch, tmp_path):
    without = run(tmp_path / "run")
    assert not (without / "diagnostics.json").exists()
    one, other = last_of(every_epoch), last_of(without)
    for name in ("state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step"):
        assert equal(one[name], other[name]), name
    for name in ("ranks", "monitored"):  # random numbers, sums of scores; the journal has more lines
        assert equal(one["resume"][name], other["resume"][name]), name


def test_it_measures_before_training_every_so_many_epochs_and_after_the_last(shown, every_epoch):
    found = read_snapshots(shown / "diagnostics.json")
    assert [(one.epoch, one.step) for one in found] == [(0, 0), (2, 6), (3, 9)]
    assert [one.epoch for one in read_snapshots(every_epoch / "diagnostics.json")] == [0, 1, 2, 3]


def test_the_last_snapshot_is_what_the_diagnostics_say_of_the_last_weights(every_epoch):
    loaded = load_run(every_epoch, "last")
    data = make_data(loaded.config)
    data.setup()
    probe = data.samples["val"].batch(torch.tensor([0, 8, 16, 23, 31, 39]))
    with recording(loaded.module.model.recurrent) as runs:
        loaded.module(probe.x, probe.lengths)
    last = read_snapshots(every_epoch / "diagnostics.json")[-1]
    (layer,) = last.layers
    norms = jacobian_norms(runs[0], layer.distances)
    assert layer.distances == [1, 2, 3, 4, 5, 7, 9]
    assert layer.jacobian == pytest.approx(norms.mean.tolist(), abs=0.1)
    assert layer.growth_rate == pytest.approx(norms.growth_rate, abs=0.02)
    (gradients,) = state_gradients(loaded.module, probe)
    for state in ("h", "c"):
        expected = gradients.by_distance(state).tolist()
        assert layer.gradients[state] == pytest.approx(expected, rel=1e-4, abs=1e-12)
    assert layer.gradient[0] == pytest.approx(layer.gradients["h"][0])  # there c no longer matters
    felt = influence(loaded.module, probe)
    assert last.influence == pytest.approx(felt.mean.tolist(), rel=1e-4)
    assert last.half_length == pytest.approx(felt.half_length, rel=1e-4)


def test_figures_and_curves_of_every_measurement_are_in_the_dashboard(shown):
    names = {"gradient_flow", "gates", "memory"}
    assert {file.stem for file in (shown / "figures").iterdir()} > names
    events = EventAccumulator(str(shown), size_guidance={"images": 0, "histograms": 0})
    events.Reload()
    assert set(events.Tags()["images"]) > names
    found = read_snapshots(shown / "diagnostics.json")
    half = [event.value for event in events.Scalars("diagnostics/half_length")]
    assert half == pytest.approx([one.half_length for one in found])
    rate = [event.value for event in events.Scalars("diagnostics/layer_1/growth_rate")]
    assert rate == pytest.approx([one.layers[0].growth_rate for one in found])
    shares = [event.value for event in events.Scalars("diagnostics/layer_1/saturation_f")]
    gates = [one.layers[0].gates["f"] for one in found]
    assert shares == pytest.approx([sum(gate.shut + gate.open) / 9 for gate in gates], abs=1e-5)
    counted = [event.histogram_value for event in events.Histograms("diagnostics/layer_1/f")]
    assert [list(one.bucket) for one in counted] == [gate.counts for gate in gates]
    assert [(one.num, one.min, one.max) for one in counted] == [(sum(gate.counts), 0, 1) for gate in gates]


@pytest.mark.slow
def test_figures_of_the_sample_say_that_they_are(train, monkeypatch):
    titles = []
    monkeypatch.setattr(figures, "draw", lambda _snapshots, title: titles.append(title) or {})
    small = ("trainer.max_epochs=1", "trainer.limit_train_batches=1", "model.hidden_size=4", "logger=none")
    assert train(*small, "callbacks=diagnostics", "callbacks.figures=true", "verbosity=quiet") == 0
    assert titles == ["names-lstm (SAMPLE DATA)"]


def test_no_figures_are_drawn_where_none_are_wanted(every_epoch):
    assert not (every_epoch / "figures").exists()


@pytest.mark.slow
def test_a_run_that_goes_on_measures_no_epoch_twice(every_epoch, tmp_path, monkeypatch):
    save = Resume._save

    def fail_after_two_epochs(callback, trainer):
        if trainer.current_epoch == 2:
            raise RuntimeError
        save(callback, trainer)

    with monkeypatch.context() as patched:
        patched.setattr(Resume, "_save", fail_after_two_epochs)
        with pytest.raises(RuntimeError):
            run(tmp_path / "run", "callbacks.diagnostics_every=1")
    file = tmp_path / "run/diagnostics.json"
    # The second epoch was measured, and then its state was lost: it is trained and measured again.
    assert [one.epoch for one in read_snapshots(file)] == [0, 1, 2]
    run(tmp_path / "run", "callbacks.diagnostics_every=1", resume=True)
    assert read_snapshots(file) == read_snapshots(every_epoch / "diagnostics.json")
    rows = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    steps = [row["step"] for row in map(json.loads, rows) if "diagnostics/half_length" in row]
    assert steps == [0, 2, 5, 8]


def test_a_damaged_file_stops_a_run_in_one_line(tmp_path):
    (tmp_path / "diagnostics.json").write_text('[{"epoch": -1}]')
    callback = Diagnostics(RunFolder(tmp_path), every=1, samples=1, figures=None, title="")
    with pytest.raises(RunError, match=r"diagnostics.json is damaged: '0.epoch'.*; remove it"):
        callback._snapshots()


@pytest.mark.product(3)
@pytest.mark.parametrize("precision", ["64-true", "bf16-true", "bf16-mixed"])
def test_every_precision_is_measured(tmp_path, precision):
    settings = (f"trainer.precision={precision}", "callbacks.diagnostics_every=9", "trainer.max_epochs=1")
    (*_, last) = read_snapshots(run(tmp_path / "run", *settings) / "diagnostics.json")
    assert math.isfinite(last.half_length)
    assert math.isfinite(last.layers[0].growth_rate)


@pytest.mark.slow
def test_of_two_processes_one_measures_and_none_waits_for_ever(started, tmp_path):
    process = started(
        *("trainer=ddp", "trainer.accelerator=cpu", "callbacks=diagnostics", "callbacks.diagnostics_every=1"),
        "name=two",
    )
    shown = process.communicate(timeout=200)[0]
    assert process.returncode == 0, shown
    (file,) = tmp_path.glob("two/*/diagnostics.json")
    assert [one.epoch for one in read_snapshots(file)] == [0, 1, 2, 3]
