"""trainer.precision: what trains is read again by every command, and what cannot train is refused before."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.engines import ENGINES

SMALL = (
    *("model.hidden_size=6", "model.embedding_size=4", "data.batch_size=16", "trainer.limit_train_batches=4"),
    *("trainer.limit_val_batches=1.0", "callbacks.figures=false", "task.baselines=false"),
    *("logger=none", "verbosity=quiet"),
)
DTYPES = {
    "32-true": torch.float32,
    "64-true": torch.float64,
    "bf16-true": torch.bfloat16,
    "bf16-mixed": torch.float32,
}


def run_of(name: str) -> Path:
    (record,) = Path("out", name).glob("*/run.json")
    return record.parent


def record_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def last_of(run: Path) -> dict:
    return torch.load(run / "checkpoints/last.ckpt", weights_only=True)


@pytest.fixture
def series(tmp_path):
    """Write a series whose values bfloat16 rounds."""
    hours = pd.date_range("2021-03-01", periods=300, freq="h")
    load = 50 + 10 * np.sin(2 * np.pi * hours.hour.to_numpy() / 24) + np.arange(300) % 7 / 9
    pd.DataFrame({"time": hours.astype(str), "load": load}).to_csv("series.csv", index=False)
    settings = ("data=series_csv", "data.path=series.csv", "data.targets=[load]", "data.input_days=0.5")
    return (*settings, "data.horizon_days=0.25")


def others_slow(*quick: tuple[str, ...], second: tuple[str, ...] = ("",)) -> list:
    """Return all precisions, each with each of ``second``; but for the quick ones they are slow."""
    every = [(precision, other) if other else (precision,) for precision in DTYPES for other in second]
    return [pytest.param(*one, marks=() if one in quick else pytest.mark.slow) for one in every]


@pytest.mark.product(2)
@pytest.mark.parametrize(
    ("precision", "average"),
    others_slow(("64-true", "null"), ("bf16-true", "0.5"), second=("null", "0.5")),
)
def test_what_is_trained_is_read_by_every_command_and_goes_on_to_the_same_end(
    train, command, precision, average
):
    settings = (*SMALL, f"trainer.precision={precision}", f"callbacks.weight_average={average}")
    assert train(*settings, "scheduler=none", "trainer.max_epochs=2", "name=whole") == 0
    assert train(*settings, "scheduler=none", "trainer.max_epochs=1", "name=part") == 0
    part, whole = run_of("part"), run_of("whole")
    assert {tensor.dtype for tensor in last_of(part)["state_dict"].values()} == {DTYPES[precision]}
    code, shown, _ = command("eval", part, "--json")
    recorded = record_of(part)["metrics"]
    assert code == 0
    assert json.loads(shown) == {name: recorded[name] for name in json.loads(shown)}
    code, answer, _ = command("predict", part, "Satoshi", "--json")
    assert code == 0
    assert command("explain", part, "Satoshi")[0] == 0
    for kind in ("safetensors", "onnx"):
        assert command("export", part, "--to", kind)[0] == 0
        code, again, _ = command("predict", part / f"model.{kind}", "Satoshi", "--json")
        assert code == 0
        if kind == "safetensors":
            assert again == answer
    assert command("train", f"resume={part}", "trainer.max_epochs=2")[0] == 0
    found, expected = last_of(part), last_of(whole)
    for name, tensor in expected["state_dict"].items():
        assert torch.equal(found["state_dict"][name], tensor), name
    assert record_of(part)["metrics"] == record_of(whole)["metrics"]


@pytest.mark.slow
@pytest.mark.parametrize("precision", others_slow(("bf16-true",)))
def test_forecasts_are_compared_with_values_as_they_were_measured(train, command, series, precision):
    settings = (*SMALL, *series, "trainer.max_epochs=1", "callbacks=diagnostics")
    assert train(*settings, f"trainer.precision={precision}") == 0
    (run,) = Path("out").glob("*/*")
    measured = pd.read_csv("series.csv")["load"].to_numpy()
    true = pd.read_csv(run / "predictions.csv")["true"].to_numpy()
    assert np.abs(true[:, None] - measured).min(1).max() < 1e-4  # float32; bfloat16 would be 0.1 off
    code, shown, _ = command("eval", run, "--json")
    assert (code, json.loads(shown)) == (0, record_of(run)["metrics"])
    assert command("predict", run, "--file", "series.csv")[0] == 0
    assert command("explain", run, "--file", "series.csv")[0] == 0
    assert command("export", run, "--to", "onnx")[0] == 0


@pytest.mark.parametrize(
    ("precision", "encoder"),
    others_slow(("bf16-true", "identity"), ("bf16-mixed", "linear"), second=("identity", "linear")),
)
def test_the_record_names_the_engine_that_has_run(train, series, monkeypatch, precision, encoder):
    ran = set()
    for engine in ENGINES.values():

        def noted(*arguments, _run=engine.run, _name=engine.name, **named):
            ran.add(_name)
            return _run(*arguments, **named)

        monkeypatch.setattr(engine, "run", noted)
    settings = (*SMALL, *series, f"model.encoder={encoder}", "trainer.max_epochs=1", "callbacks=none")
    assert train(*settings, f"trainer.precision={precision}") == 0
    (run,) = Path("out").glob("*/*")
    assert {record_of(run)["engine"]} == ran


@pytest.mark.parametrize("encoder", ["onehot", pytest.param("ngrams", marks=pytest.mark.slow)])
@pytest.mark.parametrize("precision", ["64-true", pytest.param("bf16-true", marks=pytest.mark.slow)])
def test_every_encoder_has_the_networks_type(train, command, precision, encoder):
    settings = (*SMALL, f"model.encoder={encoder}", "trainer.max_epochs=1", "callbacks=none")
    assert train(*settings, f"trainer.precision={precision}", "name=run") == 0
    assert command("predict", run_of("run"), "Satoshi")[0] == 0


@pytest.mark.parametrize(
    ("precision", "line"),
    [
        ("16-mixed", "trainer.precision=16-mixed needs a GPU; on the CPU use bf16-mixed"),
        (
            "16-true",
            "trainer.precision must be '32-true', '64-true', '16-mixed', 'bf16-mixed' or 'bf16-true'",
        ),
    ],
)
def test_what_a_processor_cannot_do_is_refused_before_training(train, capsys, precision, line):
    assert train(*SMALL, f"trainer.precision={precision}") == 2
    assert line in capsys.readouterr().err
    assert not Path("out").exists()


def test_an_engine_that_lacks_the_type_is_refused_before_training(train, capsys):
    assert train(*SMALL, "trainer.precision=bf16-true", "engine=native") == 2
    assert (
        "engine=native cannot run here: the native engine does not support bfloat16"
        in capsys.readouterr().err
    )
