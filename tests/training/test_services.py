"""Loggers of services, without a server: MLflow's store below outputs, and Weights & Biases offline."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seqlab import cli

# These packages have warnings of their own.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

SETTINGS = (
    *("model=gru", "data=names", "data.source=sample", "model.hidden_size=8", "name=small"),
    *("trainer.limit_train_batches=3", "trainer.max_epochs=1", "trainer.accelerator=cpu"),
    *("task.baselines=false", "callbacks.figures=false", "verbosity=quiet"),
)
DIVERGING = ("optimizer=sgd", "optimizer.lr=1e38")


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Return what trains as the command does, with runs below a folder of this test alone."""
    for name in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *settings: cli.train([*SETTINGS, f"paths.output_dir={tmp_path}/outputs", *settings])


def folder_of(name: str = "small") -> Path:
    (folder,) = Path("outputs", name).iterdir()
    return folder


def resume() -> int:
    return cli.train([f"resume={folder_of()}", "trainer.max_epochs=2", "verbosity=quiet"])


def record_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "run.json").read_text())


def val_losses(folder: Path) -> tuple[list[int], list[float]]:
    """Return the steps and values in metrics.jsonl."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    found = [row for row in rows if "val/loss" in row]
    return [row["step"] for row in found], [row["val/loss"] for row in found]


@pytest.fixture
def client(tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    return mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")


def runs_in(client):
    """Return the runs in the store, oldest first."""
    experiment = client.get_experiment_by_name("names")
    return client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])


def test_mlflow_has_settings_scores_and_state_and_a_resumed_run_goes_on_there(train, client):
    assert train("logger=mlflow") == 0
    assert resume() == 0
    (run,) = runs_in(client)
    assert (run.info.run_name, run.info.status) == ("small", "FINISHED")
    assert (run.data.params["model.cell"], run.data.params["model.hidden_size"]) == ("gru", "8")
    scores = record_in(folder_of())["metrics"]
    assert run.data.metrics["test/accuracy"] == pytest.approx(scores["test/accuracy"])
    losses = client.get_metric_history(run.info.run_id, "val/loss")
    steps, values = val_losses(folder_of())
    assert len(steps) == 2
    assert [one.step for one in losses] == steps
    assert [one.value for one in losses] == pytest.approx(values)


def test_a_run_that_is_resumed_in_another_folder_goes_on_in_its_store(train, client, tmp_path, monkeypatch):
    assert train("logger=mlflow", "paths.output_dir=outputs") == 0
    folder = folder_of().resolve()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert cli.train([f"resume={folder}", "trainer.max_epochs=2", "verbosity=quiet"]) == 0
    (run,) = runs_in(client)
    assert len(client.get_metric_history(run.info.run_id, "val/loss")) == 2
    assert not (tmp_path / "elsewhere" / "outputs").exists()


def test_mlflow_knows_a_run_that_failed_one_that_goes_on_and_one_that_was_stopped(train, client, monkeypatch):
    assert train("logger=mlflow", "name=bad", *DIVERGING) == 1
    assert train("logger=mlflow") == 0
    seen = []

    def stopped(*_given, **_settings):
        seen.extend(run.info.status for run in runs_in(client))
        raise KeyboardInterrupt

    monkeypatch.setattr("lightning.pytorch.Trainer.fit", stopped)
    assert resume() == 130
    assert seen == ["FAILED", "RUNNING"]
    assert [run.info.status for run in runs_in(client)] == ["FAILED", "KILLED"]


def test_the_jobs_of_a_sweep_are_runs_in_one_store_of_mlflow(train, client):
    assert train("-m", "logger=mlflow", "seed=0,1", "launcher=basic") == 0
    assert [run.data.params["seed"] for run in runs_in(client)] == ["0", "1"]


class Kept(NamedTuple):
    """What Weights & Biases has kept of a run."""

    id: str
    config: dict[str, str]
    history: list[dict[str, float]]
    exit_code: int


def kept_in(folder: Path) -> list[Kept]:
    """Return what lies in a run folder for ``wandb sync``, oldest first."""
    return [_kept(file) for file in sorted(folder.glob("wandb/offline-run-*/*.wandb"))]


def _kept(file: Path) -> Kept:
    from wandb.proto import wandb_internal_pb2  # noqa: PLC0415 (an extra)

    found = {}
    history = []
    for written in _records(file.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(written)
        kind = record.WhichOneof("record_type")
        found[kind] = getattr(record, kind)
        if kind == "history":
            history.append({one.nested_key[0]: json.loads(one.value_json) for one in record.history.item})
    config = {one.key: json.loads(one.value_json) for one in found["config"].update}
    return Kept(found["run"].run_id, config, history, found["exit"].exit_code)


def _records(data: bytes) -> Iterator[bytes]:
    """Yield the records of a file in LevelDB's format, after a header of seven bytes."""
    place, record = 7, b""
    while place + 7 <= len(data):
        rest = 2**15 - place % 2**15
        if rest < 7:
            place += rest
            continue
        length, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        record += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # the whole of it, or its last part
            yield record
            record = b""


@pytest.fixture
def _wandb():
    pytest.importorskip("wandb", reason="the extra wandb is not installed")


OFFLINE = ("logger=wandb", "logger.wandb.offline=true")


@pytest.mark.usefixtures("_wandb")
def test_two_runs_of_one_process_are_two_runs_in_wandb_which_knows_how_they_ended(train):
    assert train(*OFFLINE, "name=good", "seed=3") == 0
    assert train(*OFFLINE, "name=bad", *DIVERGING) == 1
    (good,), (bad,) = kept_in(folder_of("good")), kept_in(folder_of("bad"))
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert (good.config["model.cell"], good.config["seed"], bad.config["seed"]) == ("gru", 3, 0)
    record = record_in(folder_of("good"))
    assert good.id == record["logged_as"]["wandb"] != bad.id
    (accuracy,) = (row["test/accuracy"] for row in good.history if "test/accuracy" in row)
    assert accuracy == pytest.approx(record["metrics"]["test/accuracy"])
    losses = [(row["trainer/global_step"], row["val/loss"]) for row in good.history if "val/loss" in row]
    assert losses == list(zip(*val_losses(folder_of("good")), strict=True))


@pytest.mark.usefixtures("_wandb")
def test_a_resumed_run_has_the_same_id_in_wandb(train):
    assert train(*OFFLINE) == 0
    assert resume() == 0
    assert [one.id for one in kept_in(folder_of())] == 2 * [record_in(folder_of())["logged_as"]["wandb"]]
