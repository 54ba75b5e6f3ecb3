"""ConfusionMatrix and the scores that derive from it, against scikit-learn and torchmetrics."""

import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from torch import Tensor
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)

from seqlab.tasks.confusion import ConfusionMatrix, class_scores, scores

# (classes C, classes that occur as the truth, classes that are answered, rows)
CASES = [
    pytest.param(2, range(2), range(2), 30, id="two classes"),
    pytest.param(7, range(7), range(7), 500, id="all classes"),
    pytest.param(7, [0, 3, 6], range(7), 60, id="truths absent"),
    pytest.param(7, range(7), [1, 2], 60, id="answers absent"),
    pytest.param(7, [1, 3], [3, 5], 40, id="classes nowhere"),
    pytest.param(5, [0, 1], [2, 3], 20, id="never right"),
    pytest.param(4, [2], [2], 9, id="one class"),
    pytest.param(18, range(18), range(18), 3, id="fewer rows than classes"),
]


def draw(true_classes, predicted_classes, rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return true and predicted classes that agree about half of the time where they can."""
    generator = torch.Generator().manual_seed(seed)

    def pick(classes) -> Tensor:
        return torch.tensor(list(classes))[torch.randint(len(classes), (rows,), generator=generator)]

    true, predicted = pick(true_classes), pick(predicted_classes)
    agree = (torch.rand(rows, generator=generator) < 0.5) & torch.isin(
        true, torch.tensor(list(predicted_classes))
    )
    return true, torch.where(agree, true, predicted)


def counted(true: Tensor, predicted: Tensor, classes: int, batch: int = 1000) -> Tensor:
    matrix = ConfusionMatrix(classes)
    for start in range(0, len(true), batch):
        part = slice(start, start + batch)
        matrix.update(predicted[part], true[part], torch.ones(len(true[part]), dtype=torch.bool))
    return matrix.compute()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("classes", "true_classes", "predicted_classes", "rows"), CASES)
def test_counts_and_scores_equal_scikit_learns(classes, true_classes, predicted_classes, rows, seed):
    true, predicted = draw(true_classes, predicted_classes, rows, seed)
    counts = counted(true, predicted, classes, batch=7)
    labels = range(classes)
    assert counts.tolist() == confusion_matrix(true, predicted, labels=labels).tolist()

    options = {"labels": labels, "zero_division": 0}
    names = ("precision", "recall", "f1")
    for name, values in zip(names, precision_recall_fscore_support(true, predicted, **options), strict=False):
        assert class_scores(counts)[name].tolist() == pytest.approx(values.tolist(), abs=1e-15)
    macro = precision_recall_fscore_support(true, predicted, average="macro", **options)
    expected = {"accuracy": accuracy_score(true, predicted)}
    expected |= {f"{name}_macro": value for name, value in zip(names, macro, strict=False)}
    assert scores(counts) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classes", [2, 5, 18])
def test_scores_equal_torchmetrics_where_all_classes_occur(classes, seed):
    true, predicted = draw(range(classes), range(classes), 40 * classes, seed)
    assert len(true.unique()) == len(predicted.unique()) == classes
    metrics = {
        "accuracy": MulticlassAccuracy(classes, average="micro"),
        "precision_macro": MulticlassPrecision(classes),
        "recall_macro": MulticlassRecall(classes),
        "f1_macro": MulticlassF1Score(classes),
    }
    expected = {name: float(metric(predicted, true)) for name, metric in metrics.items()}
    assert scores(counted(true, predicted, classes)) == pytest.approx(expected, abs=1e-6)


def test_rows_that_do_not_count_never_count():
    true, predicted = draw(range(5), range(5), 200, seed=0)
    valid = torch.arange(200) % 3 > 0
    matrix = ConfusionMatrix(5)
    matrix.update(predicted, true, valid)
    assert matrix.compute().tolist() == confusion_matrix(true[valid], predicted[valid]).tolist()
    matrix.update(predicted, true, torch.zeros(200, dtype=torch.bool))
    assert int(matrix.compute().sum()) == int(valid.sum())


def test_a_reset_starts_at_zero():
    matrix = ConfusionMatrix(2)
    for _ in range(2):
        matrix.update(torch.tensor([0, 1]), torch.tensor([0, 0]), torch.tensor([True, True]))
        assert matrix.compute().tolist() == [[1, 1], [0, 0]]
        matrix.reset()
        assert matrix.counts.tolist() == [[0, 0], [0, 0]]


def test_scores_of_nothing_are_zero():
    assert set(scores(torch.zeros(3, 3, dtype=torch.int64)).values()) == {0.0}


def test_counts_are_exact_where_32_bit_floats_are_not():
    counts = torch.tensor([[2**24, 0], [1, 2**24]])
    assert scores(counts)["accuracy"] == (2**25) / (2**25 + 1)
