# ruff: noqa: E501 (a table of mistakes, one a line)
"""What people get wrong: each mistake has its line and exit code 2, before any data are read."""

import json
import sys
from pathlib import Path

import pytest

from seqlab.config.exit_codes import FAILED
from seqlab.registry.catalog import tasks

SOURCES = {
    "syntax.py": "x = (\n",
    "exits.py": "import sys\nsys.exit(0)\n",
    "raises.py": "\nraise ValueError('no licence')\n",
    "needs.py": "import nope_inside\n",
    "own/experiment/twice.yaml": "# @package _global_\nmodel:\n  hidden_size: 3\n  hidden_size: 4\n",
    "own/experiment/cut.yaml": "# @package _global_\nmodel: [\n",
    "own/experiment/typo.yaml": "# @package _global_\nmodel:\n  hiden_size: 4\n",
    "o'wn/experiment/mine.yaml": "# @package _global_\n",
    "trap/Greek.txt": "Pappas\n",
    "trap/Irish.txt": "",  # an error, as soon as these data are read
}

MISTAKES: dict[str, list[str]] = {
    "modle=lstm": ["modle is unknown; did you mean 'model'?"],
    "model=lsmt": ["model=lsmt: unknown model; did you mean 'lstm' or 'slstm'?"],
    "model.hiden_size=3": ["model.hiden_size is unknown; did you mean 'model.hidden_size'"],
    "optimiser.lr=0.1": ["optimiser.lr is unknown; did you mean optimizer.lr=0.1?"],
    "lr=0.1": ["lr is unknown; did you mean optimizer.lr=0.1?"],
    "epochs=3": ["epochs is unknown; did you mean trainer.max_epochs=3?"],
    "hidden_size=64": ["hidden_size is unknown; did you mean model.hidden_size=64?"],
    "hiden_size=64": ["hiden_size is unknown; did you mean model.hidden_size=64?"],
    "batch_size=8": ["batch_size is unknown; did you mean data.batch_size=8?"],
    "model.learning_rate=1": ["model.learning_rate is unknown; did you mean optimizer.lr=1?"],
    "devices=2": ["devices is unknown; did you mean launcher.devices=2 or trainer.devices=2?"],
    "-m lr=0.1,0.2": ["lr is unknown; did you mean optimizer.lr=0.1,0.2?"],
    "experiment=jena_lstm data=names": ["experiment=jena_lstm is for data=jena_climate; leave data=names out, or the experiment"],
    "++model.hiden=3": ["model.hiden is unknown; did you mean 'hidden_size'?"],
    "+model.hidden_size=3": ["+model.hidden_size=3: model.hidden_size exists already; leave out the +"],
    "~modl": ["modl is unknown; did you mean 'model'?"],
    "~scheduler": ["scheduler is missing; there are: cosine, none, onecycle, plateau"],
    "scheduler=null": ["scheduler=null: name one; there are: cosine, none, onecycle, plateau"],
    "data.标签=x": ["data.标签 is unknown; "],
    "name=../up": ["name: '../up' must name a folder below paths.output_dir"],
    "name=/up": ["name: '/up' must name a folder below paths.output_dir"],
    "name='a\u200bb'": ["name: 'a\\u200bb' has line breaks, control characters or invisible ones"],
    "trainer.limit_train_batches=0": ["trainer.limit_train_batches: 0 would train on nothing; 1 is one batch"],
    "trainer.max_steps=0": ["trainer.max_steps: 0 would train nothing; -1 is no limit"],
    "hydra.run.dir=here": ["hydra.run.dir=here has no effect; the folder of a run is below paths.output_dir"],
    "hydra.searchpath=[http://x.y]": ["hydra.searchpath=[http://x.y]: Hydra cannot read from http://"],
    "model=[lstm,gru]": ["model=[lstm,gru]: name one file of model/; set single keys beside it"],
    "logger=[tensorboard,none]": ["logger: none cannot be combined; leave it out of the list, or the others"],
    "logger=[tensorboard,cvs]": ["logger=cvs: unknown logger; did you mean 'csv'? "],
    "logger=[]": ["logger is missing"],
    "model=null": ["model=null: name one; there are: bigru, "],
    "optimizer.lr=abc": ["optimizer.lr must be a valid number, got 'abc'"],
    "optimizer.lr=-1": ["optimizer.lr must be greater than 0, got -1"],
    "optimizer.betas=[0.9]": ["optimizer.betas has too few values"],
    "optimizer.lr=nan": ["optimizer.lr must be a finite number, got nan"],
    "optimizer.lr=": ["optimizer.lr must be a valid number, got ''"],
    "model.hidden_size=0": ["model.hidden_size must be greater than or equal to 1, got 0"],
    "model.hidden_size=64.5": ["model.hidden_size must be a valid integer, got 64.5"],
    "model.hidden_size=null": ["model.hidden_size must be a valid integer, got None"],
    "model.hidden_size=${seed}": ["model.hidden_size must be greater than or equal to 1, got 0"],
    "model.bidirectional=maybe": ["model.bidirectional must be a valid boolean, got 'maybe'"],
    "model.pooling=frist": [
        "model.pooling: no pooling named 'frist'; there are: combined, last, max, mean"
    ],
    "model.encoder=linear": ["model.encoder=linear does not read tokens; use embedding or ngrams or onehot"],
    "model.cell=lsm": ["model: no cell named 'lsm'; did you mean 'lstm'"],
    "model.options.dt=1": ["model: cell 'lstm' has no option 'dt'; it has none"],
    "engine=nativ": ["engine: no engine named 'nativ'; did you mean 'native'?"],
    "seed=1.5": ["seed must be a valid integer, got 1.5"],
    "seed=-1": ["seed must be greater than or equal to 0, got -1"],
    "task=forecasting": ["task=forecasting does not suit data=names; use task=classification"],
    "data.split=groped": ["data.split must be 'grouped' or 'random_lines', got 'groped'"],
    "trainer.accelerator=gpu": ["trainer.accelerator: this machine has no gpu; use trainer.accelerator=cpu or auto"],
    "trainer.devices=-1": ["trainer.devices must be greater than or equal to 1 or a valid list or 'auto', got -1"],
    "trainer.devices=[]": ["trainer.devices must be a valid integer or a list of one or more or 'auto', got []"],
    "trainer.strategy=dpp": ["trainer.strategy: no strategy named 'dpp'; did you mean 'ddp'"],
    "trainer.limit_val_batches=0 scheduler=plateau": ["scheduler=plateau watches a score of validation"],
    "trainer.limit_val_batches=0 callbacks=early_stopping": ["callbacks.early_stopping_patience watches a score of validation"],
    "scheduler=plateau scheduler.monitor=val/acc": ["scheduler.monitor=val/acc is not a score of classification; did you mean 'val/accuracy'"],
    "trainer.devices=[0,1": ["'trainer.devices=[0,1' is not KEY=VALUE; put a value with special characters in quotes"],
    "trainer.devices=0,1": ["trainer.devices=0,1 has several values: write a list as trainer.devices=[…], or begin with -m"],
    "model=lstm,gru": ["model=lstm,gru has several values: name one, or begin with -m"],
    "task.metrics=[auroc] task.metrics.auroc.max_fpr=0.1": ["task.metrics.auroc.max_fpr: task.metrics is set to the list ['auroc'], which has no keys; set all of it as task.metrics=[…], or leave the list out"],
    "-m task.metrics=[auroc] task.metrics.auroc.max_fpr=0.1,0.2": ["task.metrics.auroc.max_fpr: task.metrics is set to the list ['auroc'], which has no keys"],
    "imports=[json] imports.x=1": ["imports.x: imports is set to the list ['json'], which has no keys"],
    "-m figures.format=[png] figures.format.x=1": ["figures.format.x: figures.format is set to the list ['png'], which has no keys"],
    "seed=1 seed.x=2": ["seed.x: seed is 1, which has no keys; set seed=…"],
    "model.encoder_options={a:1}": ["model.encoder_options: encoder 'auto' has no setting 'a'; it has none"],
    "name='a": ["'name='a' is not KEY=VALUE"],
    "model.hidden_size:3": ["'model.hidden_size:3' is not KEY=VALUE"],
    "name=${nope}": ["name: Interpolation key 'nope' not found"],
    "imports=nope": ["imports=nope: there is no such module in"],
    "imports=[syntax]": ["imports=syntax: it fails with SyntaxError: '(' was never closed (", "syntax.py:1)"],
    "imports=[exits]": ["imports=exits: it fails with SystemExit: 0 (", "exits.py:2)"],
    "imports=[raises]": ["imports=raises: it fails with ValueError: no licence (", "raises.py:2)"],
    "imports=[needs]": ["imports=needs: it fails with ModuleNotFoundError: No module named 'nope_inside' (", "needs.py:1)"],
    "paths.output_dir=/dev/null/x": ["cannot write to /dev/null/x: Not a directory; set paths.output_dir to a folder of yours"],
    "--hlep": ["no option '--hlep'; did you mean '--help'"],
    "--cfg jbo": ["argument --cfg/-c: invalid choice: 'jbo'"],
    "--config-dir": ["argument --config-dir/-cd: expected one argument"],
    "--config-dir nowhere": ["--config-dir=nowhere: the folder does not exist"],
    "--config-dir own experiment=twice": ["own/experiment/twice.yaml, line 4: found duplicate key hidden_size"],
    "--config-dir own experiment=cut": ["own/experiment/cut.yaml, line 3: "],
    "--config-dir o'wn modle=x": ["modle is unknown; did you mean 'model'?"],
    "--config-dir own experiment=typo": ["model.hiden_size is unknown; did you mean 'hidden_size'"],
    "-m model.hiden_size=3,4": ["model.hiden_size is unknown; did you mean 'model.hidden_size'"],
    "-m model=gru,null": ["model=null: name one; there are: bigru, "],
    "-m model=gru,lsmt": ["model=lsmt: unknown model; did you mean 'lstm'"],
    "-m launcher=pol seed=1,2": ["launcher=pol: unknown launcher; did you mean 'pool'?"],
    "-m sweep=optna": ["sweep=optna: unknown sweep; did you mean 'optuna'?"],
    "-m sweep=cells,seeds": ["sweep=cells,seeds: only one at a time; run the command once for each"],
    "sweep=cells,seeds": ["sweep=cells,seeds: only one at a time; run the command once for each"],
    "-m hydra/launcher=basic seed=0,1": [
        "hydra/launcher=basic ignores what the folder already contains; use launcher=basic"
    ],
    "sweep=cells": ["sweep=cells needs -m: seqlab train -m sweep=cells"],
}  # fmt: skip

SEVERAL: dict[str, list[str]] = {
    "experiment=jena_lstm data=names seed=-1": ["experiment=jena_lstm", "seed"],
    "experiment=jena_lstm data=names seed=-1 lr=1": ["lr", "experiment=jena_lstm", "seed"],
    "experiment=names_quick data=names seed=-1": ["seed"],
    "modle=x model.hiden_size=3 optimizer.lr=abc seed=-1": ["modle", "model.hiden_size", "seed", "optimizer.lr"],
    "--config-dir own modle=x seed=1.5": ["modle", "seed"],
    "model=lsmt model.hiden_size=3 data=nmaes": ["model=lsmt:", "data=nmaes:"],
    "model.num_layers=0 trainer.strategy=dpp imports=[nope] modle=x": ["modle", "imports=nope:"],
    "-m optimizer.lr=-1,1,x model.hiden_size=3,4 modle=x": ["model.hiden_size", "modle", "optimizer.lr", "optimizer.lr"],
    "-m seed=1,x,-1 modle=gru,lstm data.batch_size=0": ["modle", "data.batch_size", "seed", "seed"],
}  # fmt: skip
"""Commands with several mistakes, and what the lines are about."""


@pytest.fixture
def complaints(train, tmp_path, monkeypatch, capfd):
    """Return what runs a command on data that are a trap, and what it complains of."""
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 0)
    for name, source in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)

    def run(command: str) -> list[str]:
        modules = set(sys.modules)
        try:
            code = train("data.root=trap", *command.split())
        finally:
            for name in set(sys.modules) - modules:
                if (tmp_path / f"{name}.py").exists():
                    del sys.modules[name]
        shown = capfd.readouterr()
        assert code == 2
        assert "Traceback" not in shown.err
        assert "encoding the texts" not in shown.err
        assert not list(Path("out").rglob("run.json"))
        return [line.removeprefix("seqlab: ") for line in shown.err.splitlines()]

    return run


@pytest.mark.product(5)
@pytest.mark.parametrize("command", MISTAKES)
def test_a_mistake_is_answered_in_a_line_before_data_are_read(complaints, command):
    (line,) = complaints(command)
    first, *others = MISTAKES[command]
    assert first in line
    assert not others or line.endswith(others[0])


@pytest.mark.product(3)
@pytest.mark.parametrize("command", SEVERAL)
def test_all_mistakes_of_a_command_or_a_sweep_are_said_at_once(complaints, command):
    lines = complaints(command)
    assert [line.split()[0] for line in lines] == SEVERAL[command]


def test_the_data_of_these_tests_are_a_trap(train, capfd):
    Path("trap").mkdir()
    for name in ("Greek.txt", "Irish.txt"):
        Path("trap", name).write_text(SOURCES[f"trap/{name}"])
    assert train("data.root=trap") == 2
    assert "encoding the texts" in capfd.readouterr().err


def test_a_mistake_in_data_of_their_own_is_said_though_an_experiment_is_for_others(train, capfd):
    given = ["data=text_csv", "data.path=nope.csv", "data.text=a", "data.label=b"]
    assert train("experiment=names_best", *given) == 2
    assert capfd.readouterr().err.endswith("nope.csv does not exist; set data.path to your file\n")


def test_a_key_that_is_not_there_cannot_be_left_out(train, capfd):
    assert train("~data.root") == 2
    assert capfd.readouterr().err == "seqlab: Could not delete from config. 'data.root' does not exist.\n"


def test_one_module_needs_no_brackets(complaints, tmp_path):
    (tmp_path / "my_cell.py").write_text(
        "from seqlab import Cell, State, register_cell\n\n\n@register_cell('mine')\nclass Mine(Cell):\n"
        "    gates = ('a',)\n\n    def step(self, x, u, s):\n        return State(h=x.a + u.a(s.h))\n"
    )
    (line,) = complaints("imports=my_cell model.cell=mine seed=x")
    assert line == "seed must be a valid integer, got 'x'"
    lines = complaints("imports=my_cell model.cell=mine seed=x modle=x")
    assert [line.split()[0] for line in lines] == ["modle", "seed"]


def test_a_gpu_with_too_high_a_number_is_refused(complaints, monkeypatch):
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 2)
    (line,) = complaints("trainer.accelerator=gpu trainer.devices=[0,2]")
    assert line == "trainer.devices=[0, 2]: this machine has 2 GPUs, numbered from 0"
    (line,) = complaints("trainer.accelerator=gpu trainer.devices=3")
    assert "this machine has 2 GPUs" in line


@pytest.mark.product(3)
@pytest.mark.parametrize(
    ("data", "task", "loss"),
    [("names", "classification", ()), ("jena_climate", "forecasting", ("task.loss=quantiles",))],
)
def test_scores_that_can_be_watched_are_those_that_a_run_logs(train, data, task, loss):
    quick = ["trainer.limit_train_batches=1", "trainer.max_epochs=1", "callbacks=none", "logger=none"]
    small = ["model.hidden_size=4", "task.baselines=false", "verbosity=quiet", "scheduler=plateau"]
    assert train(f"data={data}", "data.source=sample", *loss, *quick, *small) == 0
    (file,) = Path("out").rglob("metrics.jsonl")
    logged = {name for line in file.read_text().splitlines() for name in json.loads(line)}
    assert {f"val/{score.name}" for score in tasks[task].scores} == {
        name for name in logged if name.startswith("val/")
    }


def test_an_error_of_ours_is_not_taken_for_a_mistake(train, monkeypatch, capfd):
    def fail(_: object) -> None:
        raise ValueError("of ours")

    monkeypatch.setattr("seqlab.config.compose.make_config", fail)
    assert train() == FAILED
    assert "the run failed: ValueError: of ours" in capfd.readouterr().err
