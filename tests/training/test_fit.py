"""A run from the command line to its folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from seqlab.inference.evaluate import evaluate

QUICK = ("trainer.max_epochs=2", "model.hidden_size=16", "model.embedding_size=8")


def the_run(root: Path = Path("out")) -> Path:
    """Return the folder of the only run below ``root``."""
    (record,) = root.rglob("run.json")
    return record.parent


def record_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One finished run, looked at by several tests."""
    root = tmp_path_factory.mktemp("finished")
    environment = {key: value for key, value in os.environ.items() if key != "SEQLAB_DATA_DIR"}
    command = [sys.executable, Path(__file__).parents[2] / "train.py", "model=lstm", "data=names", *QUICK]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (root / "stdout").write_text(done.stdout)
    (root / "stderr").write_text(done.stderr)
    return the_run(root / "outputs")


def test_the_folder_holds_all_that_the_design_names(finished):
    files = {str(path.relative_to(finished)) for path in finished.rglob("*") if path.is_file()}
    assert files >= {
        "config.yaml",
        "run.json",
        "run.log",
        "metrics.jsonl",
        "predictions.csv",
        "checkpoints/best.safetensors",
        "checkpoints/best.json",
        "checkpoints/last.ckpt",
        "figures/loss.png",
        "figures/accuracy.png",
        "figures/confusion_val.png",
        "figures/confusion_test.png",
    }
    assert finished.parent.name == "names-lstm"


def test_run_json_says_what_happened(finished):
    record = record_of(finished)
    assert record["status"] == "done"
    assert record["engine"] == "native"
    assert (record["data"]["name"], record["data"]["source"]) == ("names", "sample")
    assert record["best_checkpoint"] == "checkpoints/best.safetensors"
    scores = {"loss", "accuracy", "precision_macro", "recall_macro", "f1_macro"}
    assert set(record["metrics"]) == {f"{stage}/{name}" for stage in ("val", "test") for name in scores}
    assert record["baselines"]["majority"]["test/accuracy"] < record["metrics"]["test/accuracy"]
    weights = load_file(finished / record["best_checkpoint"])
    assert record["parameters"] == sum(tensor.numel() for tensor in weights.values())


def test_scores_equal_scikit_learns_on_the_written_predictions(finished):
    table = pd.read_csv(finished / "predictions.csv", keep_default_na=False)
    metrics = record_of(finished)["metrics"]
    true, predicted = table["true"], table["predicted"]
    options = {"labels": record_of(finished)["data"]["classes"], "average": "macro", "zero_division": 0}
    assert metrics["test/accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert metrics["test/f1_macro"] == pytest.approx(f1_score(true, predicted, **options))
    assert metrics["test/recall_macro"] == pytest.approx(recall_score(true, predicted, **options))
    assert metrics["test/precision_macro"] == pytest.approx(precision_score(true, predicted, **options))


def test_best_scores_are_those_of_the_best_epoch(finished):
    rows = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    epochs = [row["val/accuracy"] for row in rows if "val/accuracy" in row]
    assert len(epochs) == 2
    assert record_of(finished)["metrics"]["val/accuracy"] == pytest.approx(max(epochs), abs=1e-6)


def test_metrics_jsonl_holds_loss_rate_and_gradient_norm_of_steps(finished):
    rows = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    for name in ("step/loss", "step/lr", "step/gradient_norm"):
        assert [row["step"] for row in rows if name in row] == [0, 20, 40, 60]


def test_tensorboard_has_scalars_figures_and_hyperparameters(finished):
    events = EventAccumulator(str(finished), size_guidance={"images": 0})
    events.Reload()
    tags = events.Tags()
    scalars = {"train/loss", "val/loss", "val/accuracy", "val/f1_macro", "step/lr", "step/gradient_norm"}
    assert scalars | {"with_best_weights/val/accuracy"} <= set(tags["scalars"])
    assert {"confusion_val", "confusion_test", "loss", "accuracy"} <= set(tags["images"])
    best = events.Scalars("with_best_weights/val/accuracy")[0].value
    assert best == pytest.approx(record_of(finished)["metrics"]["val/accuracy"], abs=1e-6)
    assert not [name for name in tags["scalars"] if name.startswith("test/")]
    content = events.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    values = HParamsPluginData.FromString(content).session_start_info.hparams
    first = ["1 model", "2 cell", "3 hidden size", "4 learning rate"]  # TensorBoard sorts by name
    assert sorted(values)[:4] == first
    model, cell, size = (values[name] for name in first[:3])
    assert (model.string_value, cell.string_value, size.number_value) == ("names-lstm", "lstm", 16)
    (shown,) = events.Tensors("config/text_summary")
    assert (finished / "config.yaml").read_text() in shown.tensor_proto.string_val[0].decode()


def test_tensorboard_calls_a_run_by_its_folder_and_shows_curves_before_single_points(finished):
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(finished.parents[1]))
    (run,) = (name for name in multiplexer.Runs() if finished.name in name)
    assert run == f"{finished.parent.name}/{finished.name}"
    multiplexer.Reload()
    scalars = multiplexer.Runs()[run]["scalars"]
    curves = [tag for tag in scalars if len(multiplexer.Scalars(run, tag)) > 1]
    points = set(scalars) - set(curves)
    assert len(points) > 5
    assert min(points) > max(curves)
    assert not (finished / "hparams.yaml").exists()


def test_the_sample_is_named_wherever_a_score_is_shown(finished):
    root = finished.parents[2]
    assert "SAMPLE DATA" in (root / "stderr").read_text()
    assert "SAMPLE DATA" in (root / "stdout").read_text()
    assert "SAMPLE DATA" in (finished / "run.log").read_text()


def test_the_final_table_shows_model_baseline_and_facts(finished):
    shown = (finished.parents[2] / "stdout").read_text()
    for word in ("test/accuracy", "majority", "parameters", "engine", "time", str(finished)):
        assert word in shown.replace("\n", "").replace("               ", "") or word in shown


def test_checkpoints_hold_plain_values_and_rebuild_the_module(finished):
    from seqlab.models.lightning_module import SequenceModule  # noqa: PLC0415

    checkpoint = torch.load(finished / "checkpoints/last.ckpt", weights_only=True)
    module = SequenceModule(**checkpoint["hyper_parameters"])
    module.load_state_dict(checkpoint["state_dict"])
    assert (
        len(checkpoint["hyper_parameters"]["spec"]["symbols"])
        == module.model.encoder.embedding.num_embeddings
    )


def test_the_same_seed_gives_the_same_run_twice(train):
    quick = ("trainer.limit_train_batches=4", "task.baselines=false", "callbacks=none", "logger=none")
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert train(*QUICK, *quick, f"paths.output_dir={folder}", f"seed={seed}", "verbosity=quiet") == 0
    first, again, other = (
        torch.load(the_run(Path(folder)) / "checkpoints/last.ckpt", weights_only=True)["state_dict"]
        for folder in "abc"
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.product(6)
@pytest.mark.parametrize("engine", ["reference", "torch"])
@pytest.mark.parametrize(
    "model", ["rnn", "rnn_relu", "gru", "lstm", "bigru", "bilstm", "gru_two_layers", "lstm_two_layers"]
)
def test_every_model_runs_on_every_engine(train, model, engine):
    assert (
        train(
            f"model={model}",
            f"engine={engine}",
            "debug=default",
            "trainer.detect_anomaly=false",
            "verbosity=quiet",
            "callbacks=none",
            *QUICK[1:],
        )
        == 0
    )
    assert record_of(the_run())["engine"] == engine


@pytest.mark.product(3)
@pytest.mark.parametrize(
    "settings",
    [
        (
            "optimizer=sgd scheduler=cosine logger=csv data.sampling=balanced model.encoder=onehot "
            "model.pooling=max task.label_smoothing=0.1 trainer.precision=64-true trainer.profiler=simple"
        ),
        (
            "optimizer=adam scheduler=none logger=none data.split=random_lines model.pooling=mean "
            "task.class_weight_power=0.5 callbacks.weight_average=0.9 trainer.gradient_clip_val=null"
        ),
        (
            "scheduler=plateau callbacks=early_stopping data.ascii=true model.pooling=combined "
            "model.init=kaiming trainer.precision=bf16-mixed"
        ),
        (
            "data.bos_eos=false model.bidirectional=true model.merge=sum task.baselines=true "
            "callbacks.score_balanced=true trainer.gradient_clip_algorithm=value "
            "trainer.accumulate_grad_batches=2"
        ),
        "trainer.limit_val_batches=0 trainer.max_steps=7",
        "trainer.limit_test_batches=0 trainer.check_val_every_n_epoch=2",
    ],
)
def test_every_setting_runs_and_leaves_a_finished_record(train, settings):
    quick = ("debug=default", "verbosity=quiet", "trainer.detect_anomaly=false", *QUICK[1:])
    assert train(*quick, *settings.split()) == 0
    assert record_of(the_run())["status"] == "done"


@pytest.mark.slow
def test_overfit_learns_its_samples_by_heart(train):
    assert train("debug=overfit", "verbosity=quiet", "callbacks=none", "trainer.detect_anomaly=false") == 0
    rows = [json.loads(line) for line in (the_run() / "metrics.jsonl").read_text().splitlines()]
    assert [row["train/accuracy"] for row in rows if "train/accuracy" in row][-1] == 1.0


def test_a_run_that_fails_says_so_in_its_record_and_exits_1(train, monkeypatch, capsys):
    from seqlab.models.lightning_module import SequenceModule  # noqa: PLC0415

    def broken(*_arguments):
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(SequenceModule, "training_step", broken)
    assert train(*QUICK, "verbosity=quiet") == 1
    record = record_of(the_run())
    assert (record["status"], record["error"]) == ("failed", "RuntimeError: the disk is on fire")
    assert "Traceback" in (the_run() / "run.log").read_text()
    assert "Traceback" not in capsys.readouterr().err


def test_a_run_whose_numbers_overflow_stops_and_leaves_a_sound_checkpoint(train, monkeypatch, capsys):
    from seqlab.models.lightning_module import SequenceModule  # noqa: PLC0415

    step = SequenceModule.training_step

    def overflowing(self, batch, batch_idx):
        return step(self, batch, batch_idx) * (float("nan") if self.global_step == 5 else 1)

    monkeypatch.setattr(SequenceModule, "training_step", overflowing)
    assert train(*QUICK, "verbosity=quiet", "checkpoint.every_steps=1") == 1
    *_, what, remedy = capsys.readouterr().err.splitlines()
    assert what.startswith("seqlab: the loss or gradient is not finite at step 5, epoch 1, learning rate 0.")
    assert "training samples " in what
    assert remedy.startswith("seqlab: try a smaller optimizer.lr")
    last = torch.load(the_run() / "checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 5
    assert all(torch.isfinite(tensor).all() for tensor in last["state_dict"].values())
    record = record_of(the_run())
    assert (record["status"], record["error"].splitlines()[0]) == ("failed", what.removeprefix("seqlab: "))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 143)]
)
def test_a_stopped_run_is_marked_interrupted_and_says_so(tmp_path, number, code):
    run = subprocess.Popen(
        [sys.executable, "-m", "seqlab", "train", "trainer.max_epochs=2000", "trainer.accelerator=cpu"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores Ctrl-C, and its children would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads yet)
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not list(tmp_path.rglob("last.ckpt")):
            time.sleep(0.2)
        run.send_signal(number)
        _, shown = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == code, shown
    assert "Traceback" not in shown
    run = the_run(tmp_path)
    assert record_of(run)["status"] == "interrupted"
    step = torch.load(run / "checkpoints/last.ckpt", weights_only=True)["global_step"]
    assert step > 0
    assert f"stopped after step {step}; to resume: seqlab train resume={run}" in shown


@pytest.mark.slow
def test_two_processes_share_one_folder_and_score_as_one_does(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "SEQLAB_DATA_DIR"}
    command = [sys.executable, "-m", "seqlab", "train", "trainer=ddp", "trainer.accelerator=cpu", *QUICK]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = the_run(tmp_path)
    assert record_of(run)["engine"] == "native"
    table = pd.read_csv(run / "predictions.csv", keep_default_na=False)
    assert len(table) == record_of(run)["data"]["sizes"]["test"]
    accuracy = (table["true"] == table["predicted"]).mean()
    assert record_of(run)["metrics"]["test/accuracy"] == pytest.approx(accuracy, abs=1e-12)
    alone = evaluate(run)
    scores = ["accuracy", "precision_macro", "recall_macro", "f1_macro"]
    assert [record_of(run)["metrics"][f"test/{name}"] for name in scores] == [
        alone[f"test/{name}"] for name in scores
    ]


@pytest.mark.slow
@pytest.mark.real_data
def test_the_main_job_reaches_eighty_percent_on_real_names(train, real_data):
    settings = ("model=lstm", "data=names", f"data.root={real_data}", "task.baselines=true")
    assert train(*settings, "verbosity=quiet") == 0
    record = record_of(the_run())
    assert record["data"]["source"] == "real"
    assert record["metrics"]["test/accuracy"] >= 0.80
    assert record["baselines"]["majority"]["test/accuracy"] == pytest.approx(0.52, abs=0.01)
