"""A task of the user's own, one file: trained, resumed, scored, predicted, reported and exported."""

import json
import sys
from pathlib import Path

import pytest

from seqlab.comparison.groups import compare
from seqlab.comparison.runs import read_runs
from seqlab.comparison.table import sheets
from seqlab.config.task import section_of
from seqlab.errors import ConfigError, ExportError
from seqlab.export.network import network_graph
from seqlab.registry.catalog import tasks
from seqlab.tasks import Classification, Forecasting
from seqlab.tasks.base import Task, register_task

from ..export.networks import SERIES, TEXTS, network

MINE = '''
import numpy as np
from torch import Tensor

from seqlab import Classification, Score, register_task


@register_task("focal")
class Focal(Classification):
    """Classification whose loss is small for what is nearly right."""

    scores = (*Classification.scores, Score("worst_recall", "worst recall", digits=2, each_epoch=True))
    monitor = "val/worst_recall"

    def __init__(self, *arguments, gamma: float = 2.0, **settings) -> None:
        super().__init__(*arguments, **settings)
        self.gamma = gamma

    def loss(self, logits: Tensor, true: Tensor) -> Tensor:
        valid = true >= 0
        log = logits.log_softmax(1).gather(1, true.clamp(min=0)[:, None])[:, 0]
        return -((1 - log.exp()) ** self.gamma * log * valid).sum() / valid.sum().clamp(min=1)

    def compute(self, stage: str) -> dict[str, float]:
        counts = self.counts(stage).double()
        recalls = counts.diagonal() / counts.sum(1).clamp(min=1)
        return super().compute(stage) | {"worst_recall": float(recalls.min())}

    def baselines(self, data, *, fitted):
        own = {"nobody": {"test/worst_recall": np.float32(0)}, "wrong": 0.5}
        return super().baselines(data, fitted=False) | own
'''
TINY = ("model.hidden_size=4", "trainer.limit_train_batches=2", "trainer.max_epochs=1", "logger=none")


@pytest.fixture
def mine(train):
    """A working folder with one file; ``train`` uses it."""
    Path("my_focal.py").write_text(MINE)
    yield lambda *arguments: train("imports=[my_focal]", "task=focal", *TINY, *arguments)
    sys.modules.pop("my_focal", None)


def test_a_task_of_ones_own_is_one_file(mine, command, caplog):
    assert mine("task.gamma=1.5", "task.baselines=true") == 0
    (record,) = Path("out").rglob("run.json")
    run, found = record.parent, json.loads(record.read_text())
    assert found["task"]["monitor"] == "val/worst_recall"
    assert found["score"] == found["metrics"]["val/worst_recall"]
    assert found["baselines"]["nobody"] == {"test/worst_recall": 0.0}
    assert found["baselines_missing"]["wrong"].startswith("Focal.baselines returns float for it")
    assert "worst_recall 0." in (run / "run.log").read_text()

    (benchmark,), _ = compare(read_runs(run))  # which imports nothing of the run's
    (sheet,) = sheets(benchmark)
    assert "worst recall" in sheet.columns
    assert (
        sheet.rows[0][sheet.columns.index("worst recall")] == f"{found['metrics']['test/worst_recall']:.2f}"
    )

    code, out, _ = command("eval", run, "--imports", "my_focal")
    assert code == 0
    assert "worst_recall" in out
    code, expected, _ = command("predict", run, "Novak", "--imports", "my_focal", "--json")
    code, _, complaint = command(
        "export", run, "--imports", "my_focal", "--to", "safetensors", "--out", "n.safetensors"
    )
    assert (code, complaint) == (0, "")
    code, out, complaint = command("predict", "n.safetensors", "Novak", "--imports", "my_focal", "--json")
    assert complaint == ""
    assert (code, json.loads(out)) == (0, json.loads(expected))
    sys.modules.pop("my_focal")
    tasks._entries.pop("focal")
    code, _, complaint = command("predict", "n.safetensors", "Novak")
    assert code == 2
    assert "task 'focal' is not registered; name its module with --imports 'my_focal'" in complaint


@pytest.mark.parametrize(("base", "spec"), [(Classification, TEXTS), (Forecasting, SERIES)])
def test_what_a_task_inherits_of_onnx_is_not_believed_beside_a_predict_of_its_own(base, spec):
    class Doubled(base):
        def predict(self, outputs, x):
            return 2 * super().predict(outputs, x)

    class Whole(Doubled):
        def add_tail(self, graph, outputs, x):
            tail = super().add_tail(graph, outputs, x)
            return graph.add("Add", tail, tail)

    module = network(spec)
    module.task.__class__ = Doubled
    with pytest.raises(ExportError) as refused:
        network_graph(module, spec)
    assert str(refused.value) == (
        "task Doubled cannot be exported to ONNX: Doubled has a method predict and no method add_tail; "
        "define add_tail, or use --to safetensors"
    )
    module.task.__class__ = Whole
    network_graph(module, spec)


def test_a_run_with_a_task_of_somebody_elses_imports_nothing(mine, command):
    assert mine() == 0
    (record,) = Path("out").rglob("run.json")
    del sys.modules["my_focal"]
    code, _, complaint = command("eval", record.parent)
    assert code == 2
    assert "--imports my_focal" in complaint


@pytest.mark.product(2)
@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("task.gama=2", "task.gama is unknown; did you mean 'task.gamma'"),
        ("task.gamma=much", "task.gamma must be a valid number, got 'much'"),
        (
            "task.monitor=val/worst_recal",
            "monitor=val/worst_recal is not a score of focal to choose by; did you mean 'val/worst_recall'",
        ),
        ("data=jena_climate", "task=focal does not suit data=jena_climate"),
    ],
)
def test_what_is_wrong_with_its_settings_is_said(mine, capfd, setting, said):
    assert mine(setting) == 2
    assert said in capfd.readouterr().err


def test_the_direction_is_that_of_the_score():
    section = {"name": "classification"}
    assert (section_of(section).watched, section_of(section).mode) == ("val/accuracy", "max")
    by_loss = section_of(section | {"monitor": "val/loss"})
    assert (by_loss.watched, by_loss.mode) == ("val/loss", "min")
    forecast = section_of({"name": "forecasting", "monitor": "val/rmse"})
    assert forecast.mode == "min"
    with pytest.raises(ValueError, match="monitor=val/bias is not a score of forecasting to choose by"):
        section_of({"name": "forecasting", "monitor": "val/bias"})


def test_a_task_without_a_method_that_all_have_is_refused():
    with pytest.raises(ConfigError) as refused:

        @register_task("half")
        class Half(Task):
            def step(self, stage, outputs, batch):
                return outputs.sum()

    assert str(refused.value) == (
        "task half: Half does not define baselines, compute, figures, of, tables; define them as seqlab.Task "
        "says, or subclass a task that does, such as Classification"
    )
    assert "half" not in tasks
