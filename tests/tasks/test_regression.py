"""Regression: mean squared error, exact over batches, beside its baselines."""

from itertools import chain

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error

from seqlab.data import Adding, Batch, SequenceData
from seqlab.tasks import Regression

IDS = [[2, 0, -1], [3], [1, -1]]
TRUE = [[0.5, 1.0, 9.0], [2.0], [-1.0, 9.0]]
ANSWERS = [[0.0, 1.5, 0.0], [5.0], [0.25, 0.0]]


def batches() -> list[tuple[torch.Tensor, Batch]]:
    return [
        (
            torch.tensor(answers)[:, None],
            Batch(torch.zeros(len(ids), 1, 2), torch.ones(len(ids)), torch.tensor(y), torch.tensor(ids)),
        )
        for ids, y, answers in zip(IDS, TRUE, ANSWERS, strict=True)
    ]


def counting(values: list[list[float]]) -> list[float]:
    pairs = zip(chain(*IDS), chain(*values), strict=True)
    return [value for sample, value in pairs if sample >= 0]


def test_a_batchs_loss_is_the_mean_squared_error_of_the_rows_that_count():
    answers, batch = batches()[0]
    answers.requires_grad_()
    loss = Regression().step("train", answers, batch)
    assert float(loss.detach()) == pytest.approx((0.5**2 + 0.5**2) / 2)
    loss.backward()
    assert answers.grad.flatten().tolist() == pytest.approx([-0.5, 0.5, 0.0])


@pytest.mark.parametrize("stage", ["train", "val", "test"])
def test_a_stages_errors_are_those_of_scikit_learn_over_all_batches(stage):
    task = Regression()
    for answers, batch in batches():
        task.step(stage, answers, batch)
    found = task.compute(stage)
    assert (
        found["mse"] == found["loss"] == pytest.approx(mean_squared_error(counting(TRUE), counting(ANSWERS)))
    )
    assert found["mae"] == pytest.approx(mean_absolute_error(counting(TRUE), counting(ANSWERS)))
    task.reset(stage)
    task.step(stage, *batches()[1])
    assert task.compute(stage) == {"loss": 9, "mse": 9, "mae": 3}


def test_the_table_has_every_test_answer_in_the_order_of_the_samples():
    task = Regression()
    for answers, batch in batches():
        task.step("test", answers, batch)
    rows = task.tables(str)["predictions"]
    assert [row["text"] for row in rows] == ["0", "1", "2", "3"]
    assert [row["true"] for row in rows] == [1.0, -1.0, 0.5, 2.0]
    assert [row["predicted"] for row in rows] == [1.5, 0.25, 0.0, 5.0]


def test_the_baselines_are_the_training_mean_and_ridge_regression_on_all_inputs():
    data = SequenceData(Adding(length=6, train_samples=300, val_samples=50, test_samples=80))
    data.setup()
    found = Regression().baselines(data, fitted=True)
    x, y = (
        {split: getattr(s.batch(torch.arange(len(s))), name).numpy() for split, s in data.samples.items()}
        for name in ("x", "y")
    )
    ridge = Ridge().fit(x["train"].reshape(300, -1), y["train"])
    for split in ("val", "test"):
        mean = np.full_like(y[split], y["train"].mean())
        assert found["mean"][f"{split}/mse"] == pytest.approx(mean_squared_error(y[split], mean), rel=1e-5)
        assert found["mean"][f"{split}/mae"] == pytest.approx(mean_absolute_error(y[split], mean), rel=1e-5)
        answers = ridge.predict(x[split].reshape(len(x[split]), -1))
        assert found["ridge"][f"{split}/mse"] == pytest.approx(
            mean_squared_error(y[split], answers), rel=1e-3
        )
        median = np.full_like(y[split], np.median(y["train"]))
        assert found["median"][f"{split}/mae"] == pytest.approx(
            mean_absolute_error(y[split], median), rel=1e-5
        )
    assert set(Regression().baselines(data, fitted=False)) == {"mean", "median"}


def test_the_answers_are_drawn_against_the_truth():
    task = Regression()
    for answers, batch in batches():
        task.step("test", answers, batch)
    history = {f"{stage}/{name}": [(0, 1.0)] for stage in ("train", "val") for name in ("loss", "mae")}
    figures = task.figures(history, "run")
    assert set(figures) == {"loss", "mae", "predictions"}
    (axes,) = figures["predictions"].axes
    assert axes.collections[0].get_offsets().tolist() == [[1.0, 1.5], [-1.0, 0.25], [0.5, 0.0], [2.0, 5.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("true", "predicted")


MEAN, STD = 50.0, 20.0


def test_scaled_answers_are_scored_tabled_and_answered_in_the_targets_units():
    task = Regression.of({"target_mean": MEAN, "target_std": STD}, {})
    for answers, batch in batches():
        task.step("test", answers, batch)
    true, predicted = (MEAN + STD * np.array(counting(values)) for values in (TRUE, ANSWERS))
    found = task.compute("test")
    assert found["mse"] == pytest.approx(mean_squared_error(true, predicted))
    assert found["mae"] == pytest.approx(mean_absolute_error(true, predicted))
    assert found["loss"] == pytest.approx(mean_squared_error(true, predicted) / STD**2)
    assert [row["predicted"] for row in task.tables(str)["predictions"]] == [80.0, 55.0, 50.0, 150.0]
    answers = task.predict(torch.tensor([[0.25]]), torch.zeros(1, 1, 2))
    assert (answers.tolist(), answers.dtype) == ([[55.0]], torch.float64)


def test_numbers_are_printed_beside_what_was_asked():
    rows = Regression().decode(None, ["a\tb", "c"], torch.tensor([[0.5], [2.0]]), top=3)
    assert rows == [{"text": "a\tb", "value": 0.5}, {"text": "c", "value": 2.0}]
    assert [line.rpartition("\t")[2] for line in Regression().lines(rows)] == ["0.5", "2"]
