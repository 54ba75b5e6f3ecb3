"""Several labels: loss and scores over all batches are those of torch and scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, precision_score
from torch.nn import functional

from seqlab.data import Batch, DataSpec
from seqlab.tasks import Multilabel
from seqlab.tasks.further import FurtherScores, compute_metrics, try_out

LABELS = ("rude", "threat", "never")
SPEC = DataSpec(
    name="made",
    kind="tokens",
    task="multilabel",
    input_size=0,
    classes=LABELS,
    source="real",
    origin="",
    sha256="",
    sizes={},
)
RANDOM = np.random.default_rng(3)
LOGITS = torch.from_numpy(RANDOM.normal(size=(11, 3)).astype(np.float32))
TRUE = torch.from_numpy((RANDOM.random((11, 3)) < [0.5, 0.3, 0.0]).astype(np.int64))
ORDER = [[4, 0, -1, 9], [1, 2, 3], [10, 8, -1], [5, 6, 7]]


def batches() -> list[tuple[torch.Tensor, Batch]]:
    """Return all samples in batches of different sizes, with rows that only fill up."""
    return [
        (
            LOGITS[ids],
            Batch(torch.zeros(len(ids), 1), torch.ones(len(ids)), TRUE[ids], torch.tensor(ids)),
        )
        for ids in ORDER
    ]


def test_the_loss_is_torchs_over_the_rows_that_count():
    outputs, batch = batches()[0]
    outputs = outputs.clone().requires_grad_()
    loss = Multilabel(LABELS).step("train", outputs, batch)
    rows = [0, 1, 3]
    expected = functional.binary_cross_entropy_with_logits(LOGITS[[4, 0, 9]], TRUE[[4, 0, 9]].float())
    assert float(loss.detach()) == pytest.approx(float(expected))
    loss.backward()
    assert outputs.grad[2].tolist() == [0.0] * 3
    assert outputs.grad[rows].abs().min() > 0


@pytest.mark.parametrize("stage", ["train", "val", "test"])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_scores_are_those_of_scikit_learn_over_all_batches(stage, threshold):
    task = Multilabel(LABELS, threshold=threshold)
    for outputs, batch in batches():
        task.step(stage, outputs, batch)
    found, predicted = task.compute(stage), (LOGITS.sigmoid() >= threshold).int()
    assert found.pop("loss") == pytest.approx(
        float(functional.binary_cross_entropy_with_logits(LOGITS, TRUE.float())), rel=1e-5
    )
    assert found == pytest.approx(
        {
            "f1_micro": f1_score(TRUE, predicted, average="micro", zero_division=0),
            "f1_macro": f1_score(TRUE, predicted, average="macro", zero_division=0),
            "exact_match": accuracy_score(TRUE, predicted),
            "hamming": hamming_loss(TRUE, predicted),
        }
    )


def test_tables_have_every_sample_in_order_and_every_label():
    task = Multilabel(LABELS)
    for outputs, batch in batches():
        task.step("test", outputs, batch)
    tables = task.tables(str)
    assert [row["text"] for row in tables["predictions"]] == [str(number) for number in range(11)]
    for number, row in enumerate(tables["predictions"]):
        has = [name for name, on in zip(LABELS, TRUE[number], strict=True) if on]
        assert row["true"] == "|".join(has)
        assert row["p(rude)"] == pytest.approx(float(LOGITS[number, 0].sigmoid()), abs=1e-6)
    predicted = (LOGITS.sigmoid() >= 0.5).int()
    precision = precision_score(TRUE, predicted, average=None, zero_division=0)
    assert [row["precision"] for row in tables["labels"]] == pytest.approx(precision.tolist())
    assert [row["support"] for row in tables["labels"]] == TRUE.sum(0).tolist()
    assert set(task.figures({}, "run")) == {"loss", "f1_micro", "labels_test"}


def test_a_reset_stage_forgets_its_batches():
    task = Multilabel(LABELS)
    for outputs, batch in batches():
        task.step("test", outputs, batch)
    task.reset("test")
    task.step("test", *batches()[1])
    assert len(task.tables(str)["predictions"]) == 3


def test_predictions_name_the_labels_from_the_threshold_on():
    task = Multilabel(LABELS, threshold=0.6)
    rows = task.decode(SPEC, ["a\tb", "c"], torch.tensor([[0.6, 0.59, 0.9], [0.1, 0.2, 0.3]]), top=2)
    assert [row["labels"] for row in rows] == [["rude", "never"], []]
    assert list(rows[0]["probabilities"]) == ["never", "rude"]
    lines = task.lines(rows)
    assert lines[0].endswith("\trude, never\tnever 0.900  rude 0.600")
    assert lines[1].startswith("c\t–\t")


def test_further_metrics_are_those_of_several_labels():
    settings = {"auc": {"_target_": "multilabel_auroc"}}
    task = Multilabel(LABELS[:2])
    further = FurtherScores(task, settings)
    for outputs, batch in batches():
        further.update(task, "val", outputs[:, :2], batch._replace(y=batch.y[:, :2]))
    expected = compute_metrics(settings, LOGITS[:, :2].sigmoid().double(), TRUE[:, :2])
    assert further.compute(task, "val") == pytest.approx(expected, rel=1e-6)
    try_out(settings, 3, is_multilabel=True)


def test_a_spec_of_labels_fits():
    assert replace(SPEC, class_counts=(1, 2, 3)).fits()
    assert not replace(SPEC, classes=(), class_counts=()).fits()
