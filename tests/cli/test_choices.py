"""What has no file in conf/ is chosen by its registered name or its path."""

import json
import sys
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hydra.core.config_store import ConfigStore

from seqlab import cli
from seqlab.cells import cells
from seqlab.cli.choices import offer
from seqlab.config.packaged import PACKAGED, names_of

QUICK = (
    *("model.hidden_size=4", "trainer.max_epochs=1", "trainer.limit_train_batches=4"),
    *("callbacks=none", "logger=none", "verbosity=quiet"),
)
MINE = """
from torch.optim import SGD

from seqlab import register_optimizer


@register_optimizer("halving")
class Halving(SGD):
    def __init__(self, params, lr: float = 0.5, *, half: float = 0.5):
        super().__init__(params, lr=lr * half)
"""


@pytest.fixture
def settings_of_run(train):
    """Return what trains with further arguments, and returns the settings that are kept."""

    def run(*arguments):
        assert train(*QUICK, *arguments) == 0
        (record,) = Path("out").rglob("run.json")
        assert json.loads(record.read_text())["status"] == "done"
        return yaml.safe_load((record.parent / "config.yaml").read_text())

    return run


def test_an_optimizer_of_torch_by_name_and_a_scheduler_by_path(settings_of_run):
    path = "torch.optim.lr_scheduler.StepLR"
    found = settings_of_run(
        "optimizer=rmsprop", "optimizer.alpha=0.9", f"scheduler={path}", "scheduler.step_size=1"
    )
    assert found["optimizer"].items() >= {"name": "rmsprop", "alpha": 0.9, "lr": 0.01}.items()
    own = {"name": path, "step_size": 1, "gamma": 0.1}
    assert found["scheduler"] == own | {"interval": "epoch", "monitor": None}


def test_a_setting_that_a_file_does_not_list_is_the_classs_own(settings_of_run):
    assert settings_of_run("optimizer.amsgrad=true")["optimizer"]["amsgrad"] is True


@pytest.mark.parametrize(
    "choice", [["optimizer=halving", "imports=[my_things]"], ["optimizer=my_things.Halving"]]
)
def test_an_optimizer_of_the_users_own_in_the_working_folder(settings_of_run, choice):
    Path("my_things.py").write_text(MINE)
    found = settings_of_run(*choice, "optimizer.half=0.25", "scheduler=none")
    own = {"name": choice[0].partition("=")[2], "lr": 0.5, "half": 0.25}
    assert found["optimizer"].items() >= own.items()


OWN_CELL = """
from torch import tanh

from seqlab import Cell, State, register_cell


@register_cell("leaky_here")
class Leaky(Cell):
    gates = ("h",)

    def step(self, x, u, s):
        return State(h=0.9 * s.h + 0.1 * tanh(x.h + u.h(s.h)))
"""


def test_a_cell_of_the_users_own_is_a_model_like_those_with_a_file(settings_of_run):
    Path("my_leaky.py").write_text(OWN_CELL)
    model = settings_of_run("imports=[my_leaky]", "model=leaky_here", "model.dropout=0.2")["model"]
    assert (model["cell"], model["dropout"], model["embedding_size"]) == ("leaky_here", 0.2, 64)


def test_a_module_that_is_not_there_is_said_before_what_it_would_register(train, capsys):
    assert train("imports=[my_lost]", "model=of_my_lost", "optimizer=of_my_lost") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("seqlab: imports=my_lost: there is no such module")


OWN_LOGGER = """
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger

from seqlab import register_logger


@register_logger("mine")
class Mine(CSVLogger):
    def __init__(self, folder: Path, *, called: str = "own", flush: int = 1):
        super().__init__(folder, called, "", flush_logs_every_n_steps=flush)
"""


def test_loggers_of_lightning_and_of_the_users_own_beside_each_other(settings_of_run):
    Path("my_things.py").write_text(OWN_LOGGER)
    Path("mine/logger").mkdir(parents=True)
    target = "lightning.pytorch.loggers.csv_logs.CSVLogger"
    Path("mine/logger/rows.yaml").write_text(
        f"rows:\n  _target_: {target}\n  save_dir: ${{paths.output_dir}}/rows\n  name: csv/\n"
    )
    found = settings_of_run(
        *("--config-dir=mine", "imports=[my_things]", "logger=[csv,mine,rows]", "logger.mine.called=ours")
    )
    (folder,) = (record.parent for record in Path("out").rglob("run.json"))
    assert found["logger"]["mine"] == {"_target_": "mine", "called": "ours", "flush": 1}
    assert (folder / "csv/metrics.csv").exists()
    for rows in (folder / "ours/metrics.csv", Path("out/rows/csv/version_0/metrics.csv")):
        assert "val/accuracy" in rows.read_text()
        assert "model.hidden_size: 4" in (rows.parent / "hparams.yaml").read_text()


OWN_METRIC = """
import torch
from torchmetrics import Metric

from seqlab import register_metric


@register_metric("sure")
class Sure(Metric):
    higher_is_better = True

    def __init__(self, *, at_least: float = 0.5):
        super().__init__()
        self.at_least = at_least
        self.add_state("shares", default=[], dist_reduce_fx="cat")

    def update(self, preds, target):
        self.shares.append((preds.max(1).values >= self.at_least).double())

    def compute(self):
        return torch.cat(self.shares).mean()
"""


def test_metrics_of_torchmetrics_and_of_the_users_own_score_a_run(settings_of_run, monkeypatch, capfd):
    Path("my_pkg.py").write_text(OWN_METRIC)
    found = settings_of_run(
        *("task.metrics.sure._target_=my_pkg.Sure", "task.metrics.sure.at_least=0.1"),
        *("task.metrics.auroc={}", "task.monitor=val/auroc"),
    )["task"]
    assert found["metrics"]["sure"] == {"_target_": "my_pkg.Sure", "at_least": 0.1}
    (file,) = Path("out").rglob("run.json")
    record = json.loads(file.read_text())
    metrics = record["metrics"]
    assert {"val/auroc", "test/auroc", "val/sure", "test/sure"} <= metrics.keys()
    assert (record["task"]["monitor"], record["score"]) == ("val/auroc", metrics["val/auroc"])
    assert '"val/sure"' in (file.parent / "metrics.jsonl").read_text()

    def seqlab(*words):
        monkeypatch.setattr(sys, "argv", ["seqlab", *words])
        capfd.readouterr()
        return cli.main(), capfd.readouterr()

    del sys.modules["my_pkg"]
    code, shown = seqlab("eval", str(file.parent))
    assert (code, "imports=my_pkg: a run's own modules are executed only if" in shown.err) == (2, True)
    code, shown = seqlab("eval", str(file.parent), "--imports", "my_pkg")
    assert (code, f"{metrics['test/sure']:.4f}" in shown.out) == (0, True)
    del sys.modules["my_pkg"]
    assert seqlab("predict", str(file.parent), "Satoshi")[0] == 0
    assert "my_pkg" not in sys.modules
    code, shown = seqlab("report", "out")
    assert "auroc" in shown.out


OWN_CALLBACK = """
from pathlib import Path

from lightning.pytorch import Callback


class Telling(Callback):
    def __init__(self, folder: Path, *, words: str = "done"):
        self.file, self.words = folder / "told.txt", words

    def on_fit_end(self, trainer, pl_module):
        self.file.write_text(self.words)
"""
TEMPLATE = """
stop:
  _target_: lightning.pytorch.callbacks.EarlyStopping
  monitor: val/accuracy
  min_delta: 0.
  patience: 9
  mode: max
rich_progress_bar:
  _target_: lightning.pytorch.callbacks.RichProgressBar
"""


def test_callbacks_of_lightning_and_of_the_users_own_beside_seqlabs(settings_of_run):
    Path("my_pkg.py").write_text(OWN_CALLBACK)
    Path("mine/callbacks").mkdir(parents=True)
    Path("mine/callbacks/template.yaml").write_text(TEMPLATE)
    found = settings_of_run(
        *("--config-dir=mine", "callbacks=[template,my_pkg.Telling]", "callbacks.telling.words=hello"),
        *("callbacks.figures=false", "callbacks.stop.verbose=true"),
    )["callbacks"]
    (folder,) = (record.parent for record in Path("out").rglob("run.json"))
    assert (folder / "told.txt").read_text() == "hello"
    assert found["telling"] == {"_target_": "my_pkg.Telling", "words": "hello"}
    assert found["stop"].items() >= {"patience": 9, "verbose": True, "check_finite": True}.items()
    assert (found["figures"], found["predictions"]) == (False, 100_000)


def test_target_chooses_as_a_name_does_on_the_command_line_and_in_a_file(settings_of_run):
    Path("mine/scheduler").mkdir(parents=True)
    Path("mine/scheduler/steps.yaml").write_text(
        "_target_: torch.optim.lr_scheduler.StepLR\n_partial_: true\nstep_size: 2\n"
    )
    found = settings_of_run(
        *("--config-dir=mine", "scheduler=steps", "scheduler.gamma=0.5"),
        *("optimizer._target_=torch.optim.SGD", "optimizer.momentum=0.9"),
    )
    assert found["optimizer"].items() >= {"name": "torch.optim.SGD", "momentum": 0.9}.items()
    expected = {"name": "torch.optim.lr_scheduler.StepLR", "step_size": 2, "gamma": 0.5}
    assert found["scheduler"].items() >= expected.items()


WRONG = {
    "optimizer._target_=adamm": ["optimizer=adamm: unknown optimizer; did you mean 'adam'?"],
    "task.metrics=[r2_score]": ["task: metrics.r2_score: r2_score is not a metric of classification; "],
    "task.metrics=[aurocc]": ["task.metrics.aurocc: no metric named 'aurocc'; did you mean 'auroc'"],
    "task.metrics=[confusion_matrix]": [
        "task.metrics.confusion_matrix: a score is one number, but confusion"
    ],
    "task.metrics.auroc.averag=macro": ["task.metrics.auroc.averag is unknown; did you mean 'average'"],
    "task.metrics=[f_beta_score]": ["task.metrics.f_beta_score.beta is missing"],
    "callbacks=[default,early_stoping]": [
        "callbacks=early_stoping: unknown callbacks; did you mean 'early_stopping'"
    ],
    "callbacks=[default,timer] callbacks.timer.durations=1": [
        "callbacks.timer.durations is unknown; did you mean 'duration'"
    ],
    "callbacks.figure=false": ["callbacks.figure is unknown; did you mean 'callbacks.figures'"],
    "+callbacks.figure=false": ["callbacks: figure is unknown; did you mean 'figures'"],
    "+callbacks.bar={_target_:lightning.pytorch.loggers.CSVLogger,save_dir:x}": [
        "lightning.pytorch.loggers.CSVLogger is no callback: it must be a subclass of"
    ],
    "callbacks=[default,early_stopping] +callbacks.stop={_target_:early_stopping,monitor:val/acc}": [
        "callbacks.stop.monitor=val/acc is not a score of classification; did you mean 'val/accuracy'"
    ],
    "logger=wandbb": ["logger=wandbb: unknown logger; did you mean 'wandb'"],
    "logger=lightning.pytorch.callbacks.Timer": [
        "lightning.pytorch.callbacks.Timer is no logger: it must be"
    ],
    "logger=mlflow logger.mlflow.log_modell=1 logger.mlflow.run_name=[1]": [
        "logger.mlflow.run_name must be a valid string",
        "logger.mlflow.log_modell is unknown; did you mean 'log_model'",
    ],
    "logger=[none,csv]": ["logger: none cannot be combined"],
    "optimizer=adamm": ["optimizer=adamm: unknown optimizer; did you mean 'adam'?"],
    "optimizer=torch.optim.Adma": ["optimizer=torch.optim.Adma: torch.optim has no 'Adma'; did you mean"],
    "optimizer.amsgrd=true optimizer.lr=x": [
        "optimizer.lr must be a valid number",
        "optimizer.amsgrd is unknown; did you mean 'amsgrad'",
    ],
    "scheduler=steplr": ["scheduler.step_size must be set"],
    "optimizer=torch.hub.Path": ["torch.hub.Path is no optimizer: it must be a subclass of torch.optim.Opt"],
    "scheduler=plateau scheduler.interval=step": ["scheduler: monitor is a score, which is known once"],
}


@pytest.mark.product(3)
@pytest.mark.parametrize("arguments", WRONG)
def test_what_is_wrong_about_a_choice_is_said_in_a_line_each(train, capfd, arguments):
    assert train(*QUICK, *arguments.split()) == 2
    shown = [line for line in capfd.readouterr().err.splitlines() if line.startswith("seqlab: ")]
    assert len(shown) == len(WRONG[arguments])
    for line, words in zip(shown, WRONG[arguments], strict=True):
        assert line.startswith(f"seqlab: {words}")


def test_files_choose_what_has_no_file(tmp_path, monkeypatch):
    """Of more than fifty cells, some have no file; the one that builds on the others is chosen."""
    for group, name, text in (
        ("experiment", "mine", "defaults: [base, override /sweep: all, _self_]"),
        ("experiment", "base", "defaults: [override /optimizer: asgd]"),
        ("sweep", "all", f"hydra: {{sweeper: {{params: {{model: '{','.join(cells)}'}}}}}}"),
    ):
        (tmp_path / group).mkdir(exist_ok=True)
        (tmp_path / group / f"{name}.yaml").write_text(text)
    store = ConfigStore.instance()
    monkeypatch.setattr(store, "repo", deepcopy(store.repo))
    offer(["experiment=mine"], [PACKAGED, tmp_path])
    assert {f"{name}.yaml" for name in cells} - set(store.list("model")) <= {
        f"{name}.yaml" for name in names_of("model")
    }
    assert "asgd.yaml" in store.list("optimizer")


@pytest.mark.parametrize(
    "text", ["[", "defaults: {a: 1}", "hydra: 3", "7", "defaults: [3, null]", "defaults: [mine]"]
)
def test_a_file_that_is_none_offers_nothing(tmp_path, text):
    """It is Hydra that refuses it."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(text)
    offer(["experiment=mine"], [tmp_path])
