"""Tagging: every step that is asked about is a sample of its own."""

import pytest
import torch
from sklearn.metrics import accuracy_score
from torch.nn import functional

from seqlab.data import Batch, CopyMemory, SequenceData
from seqlab.tasks import Tagging

CLASSES = ("a", "b", "c")
IDS = torch.tensor([4, -1, 0])
Y = torch.tensor([[0, 2], [1, 1], [2, 0]])


def logits() -> torch.Tensor:
    return torch.randn(3, 2, 3, generator=torch.Generator().manual_seed(0))


def batch() -> Batch:
    return Batch(torch.ones(3, 5, dtype=torch.int64), torch.full((3,), 5), Y, IDS)


def test_the_loss_is_the_mean_cross_entropy_over_the_steps_of_the_rows_that_count():
    expected = functional.cross_entropy(logits()[[0, 2]].flatten(0, 1), Y[[0, 2]].flatten())
    for stage in ("train", "val"):
        task = Tagging(CLASSES, None, 2)
        assert float(task.step(stage, logits(), batch())) == pytest.approx(float(expected))
        right = accuracy_score(Y[[0, 2]].flatten(), logits()[[0, 2]].flatten(0, 1).argmax(1))
        assert task.compute(stage)["accuracy"] == pytest.approx(right)
        assert int(task.counts(stage).sum()) == 4


def test_the_table_names_the_sequence_and_the_step_of_every_answer():
    task = Tagging(CLASSES, None, 2)
    task.step("test", logits(), batch())
    rows = task.tables(lambda sample: f"sequence {sample}")["predictions"]
    assert [row["text"] for row in rows] == [
        f"sequence {sample}, answer {step}" for sample in (0, 4) for step in (1, 2)
    ]
    assert [row["true"] for row in rows] == ["c", "a", "a", "c"]
    assert rows[2]["predicted"] == CLASSES[int(logits()[0, 0].argmax())]


def test_the_baseline_is_the_most_frequent_symbol_and_right_once_in_eight():
    data = SequenceData(CopyMemory(length=3, train_samples=200, val_samples=2000, test_samples=2000))
    data.setup()
    found = Tagging(data.spec.classes, None, 10).baselines(data, fitted=True)
    best = data.samples["train"].y.flatten().bincount().argmax()
    expected = (data.samples["test"].y == best).double().mean()
    assert found["majority"]["test/accuracy"] == pytest.approx(float(expected))
    assert found["majority"]["test/accuracy"] == pytest.approx(1 / 8, abs=0.01)
