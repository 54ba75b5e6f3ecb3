"""Further scores against scikit-learn, of any batches; and metrics that cannot judge."""

import pytest
import torch
from sklearn.metrics import matthews_corrcoef, r2_score, roc_auc_score

from seqlab.config.choices import canonical
from seqlab.config.task import section_of
from seqlab.data import Batch
from seqlab.errors import ConfigError
from seqlab.tasks import Classification, Forecasting, Regression, Tagging
from seqlab.tasks.further import FurtherScores, compute_metrics, try_out

MCC = {"_target_": "matthews_corr_coef"}
R2 = {"_target_": "r2_score"}


def task_of(name, metrics, **settings):
    return section_of(canonical({"task": {"name": name, "metrics": metrics, **settings}})["task"])


def batches(task, outputs, x, y, sizes):
    """Yield the samples in batches of these sizes, each with a row more that does not count."""
    start = 0
    for size in sizes:
        rows = [*range(start, start + size), start]
        yield outputs[rows], Batch(x[rows], None, y[rows], torch.tensor([*rows[:-1], -1]))
        start += size


def scored(task, settings, *samples, sizes=(5, 2, 9)):
    further = FurtherScores(task, settings)
    for outputs, batch in batches(task, *samples, sizes):
        further.update(task, "val", outputs, batch)
    return further.compute(task, "val")


@pytest.fixture
def drawn():
    return torch.Generator().manual_seed(0)


def test_scores_of_classes_are_scikit_learns(drawn):
    logits, y = torch.randn(16, 3, generator=drawn), torch.arange(16) % 3
    settings = {"mcc": MCC, "auroc": {"_target_": "auroc", "average": "weighted"}}
    found = scored(Classification("abc"), settings, logits, y, y)
    probabilities = logits.double().softmax(1)
    expected = {
        "mcc": matthews_corrcoef(y, logits.argmax(1)),
        "auroc": roc_auc_score(y, probabilities, multi_class="ovr", average="weighted"),
    }
    assert found == pytest.approx(expected, abs=1e-6)


def test_scores_of_tags_count_every_step(drawn):
    logits, y = torch.randn(16, 4, 3, generator=drawn), torch.randint(3, (16, 4), generator=drawn)
    found = scored(Tagging("abc", None, 4), {"mcc": MCC}, logits, y, y)
    assert found["mcc"] == pytest.approx(matthews_corrcoef(y.flatten(), logits.argmax(-1).flatten()))


def test_scores_of_numbers_are_scikit_learns_whatever_the_batches(drawn):
    outputs, y = torch.randn(16, 1, generator=drawn), torch.randn(16, generator=drawn)
    found = scored(Regression(), {"r2": R2}, outputs, y, y)
    assert found["r2"] == pytest.approx(r2_score(y.double(), outputs[:, 0].double()), abs=1e-12)
    assert found == scored(Regression(), {"r2": R2}, outputs, y, y, sizes=(16,))


def test_scores_of_forecasts_are_in_units_each_targets_and_their_mean(drawn):
    series = {"columns": ["a", "b"], "targets": ["a", "b"], "means": [5.0, 50.0], "scales": [2.0, 30.0]}
    task = Forecasting(series | {"horizon_steps": 3, "step_minutes": 60})
    x, y = torch.randn(16, 7, 2, generator=drawn), torch.randn(16, 3, 2, generator=drawn)
    outputs = torch.randn(16, 6, generator=drawn)
    found = scored(task, {"off": {"_target_": "mean_absolute_percentage_error"}}, outputs, x, y)
    forecasts, targets = map(task.in_units, (task.forecast(outputs, x), y))
    each = ((forecasts - targets) / targets).abs().mean((0, 1))
    assert found == pytest.approx(
        {"off": float(each.mean()), "off/a": float(each[0]), "off/b": float(each[1])}, rel=1e-6
    )


CANNOT = [
    ("mean_absolute_error", 3, "task.metrics.x: RuntimeError: Predictions and targets are expected to have"),
    ("confusion_matrix", 3, "task.metrics.x: a score is one number, but confusion_matrix returns 9 numbers"),
    ("roc", 3, "task.metrics.x: a score is one number, but roc returns a tuple"),
    ("auroc", 0, "task.metrics.x: "),
    ("torchmetrics.classification.BinaryAUROC", 3, "task.metrics.x: "),
]


@pytest.mark.parametrize(("name", "classes", "said"), CANNOT)
def test_what_cannot_judge_is_refused_when_it_is_tried_out(name, classes, said):
    with pytest.raises(ConfigError) as error:
        try_out({"x": {"_target_": name}}, classes)
    assert str(error.value).startswith(said)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "name", ["matthews_corr_coef", "auroc", "cohen_kappa", "calibration_error", "hinge_loss"]
)
def test_metrics_of_classes_can_be_tried_out(name):
    for classes in (2, 3, 18):
        try_out({"x": {"_target_": name}}, classes)


@pytest.mark.parametrize(
    "name", ["r2_score", "pearson_corr_coef", "explained_variance", "spearman_corr_coef"]
)
def test_metrics_of_numbers_can_be_tried_out(name):
    try_out({"x": {"_target_": name}}, 0)


WRONG = [
    (["r2_score"], "metrics.r2_score: r2_score is not a metric of classification; "),
    (
        ["torchmetrics.classification.BinaryAUROC"],
        "torchmetrics.classification.BinaryAUROC is not a metric of classi",
    ),
    (["accuracy"], "metrics.accuracy: choose another name"),
    (["aurocc"], "no metric named 'aurocc'; did you mean 'auroc'"),
    ({"auroc": {"averages": "macro"}}, "averages"),
]


@pytest.mark.parametrize(("metrics", "said"), WRONG)
def test_a_wrong_metric_is_refused_before_anything_is_imported(metrics, said):
    with pytest.raises(ValueError, match="metrics") as error:
        task_of("classification", metrics)
    assert said in str(error.value)


def test_a_metric_says_which_way_is_better_and_can_choose_the_weights():
    task = task_of("regression", ["r2_score", "mean_absolute_percentage_error"], monitor="val/r2_score")
    *_, r2, off = task.scores
    assert (r2.name, r2.mode, off.mode, task.mode) == ("r2_score", "max", "min", "max")


def test_a_metric_that_fails_on_real_answers_names_itself():
    with pytest.raises(ConfigError, match=r"task\.metrics\.r2: ValueError: Needs at least two samples"):
        compute_metrics({"r2": R2}, torch.zeros(1), torch.zeros(1))
