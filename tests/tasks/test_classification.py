"""Classification: loss, scores, predictions and figures of every stage."""

import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support
from torch import Tensor
from torch.nn import functional

from seqlab.data import Batch
from seqlab.tasks import Classification

CLASSES = ("Greek", "Irish", "Polish", "Welsh")
STAGES = ("train", "val", "test", "balanced")


def batch_of(ids: list[int], y: list[int]) -> Batch:
    rows = len(ids)
    lengths = torch.ones(rows, dtype=torch.int64)
    return Batch(torch.ones(rows, 1, dtype=torch.int64), lengths, torch.tensor(y), torch.tensor(ids))


def answers(rows: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, len(CLASSES), generator=torch.Generator().manual_seed(seed)) * 3


def batches() -> list[tuple[Batch, Tensor]]:
    """Return three batches of different sizes, with rows that only fill up among them."""
    return [
        (batch_of([3, 0, 1, -1, 6], [0, 1, 1, 3, 2]), answers(5, seed=1)),
        (batch_of([-1, 2], [1, 0]), answers(2, seed=2)),
        (batch_of([4, 5, 7, 8], [3, 3, 0, 0]), answers(4, seed=3)),
    ]


def counting() -> tuple[Tensor, Tensor]:
    """Return the logits and classes of all rows that count, in the order of the batches."""
    logits = [row for batch, rows in batches() for row, i in zip(rows, batch.ids, strict=True) if i >= 0]
    true = [y for batch, _ in batches() for y, i in zip(batch.y, batch.ids, strict=True) if i >= 0]
    return torch.stack(logits), torch.stack(true)


def stepped(stage: str) -> Classification:
    task = Classification(CLASSES)
    for batch, logits in batches():
        task.step(stage, logits, batch)
    return task


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("number", range(3))
def test_a_batchs_loss_is_the_mean_cross_entropy_of_the_rows_that_count(stage, number):
    batch, logits = batches()[number]
    valid = batch.ids >= 0
    expected = functional.cross_entropy(logits[valid], batch.y[valid])
    assert float(Classification(CLASSES).step(stage, logits, batch)) == pytest.approx(
        float(expected), rel=1e-6
    )


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_smoothing_and_class_weights_change_the_loss_of_training_alone(smoothing, power):
    task = Classification(CLASSES, [1000, 100, 10, 1], label_smoothing=smoothing, class_weight_power=power)
    batch, logits = batches()[0]
    valid = batch.ids >= 0
    raw = [count**-power for count in (1000, 100, 10, 1)]
    weights = torch.tensor([4 * value / sum(raw) for value in raw])
    weighted = functional.cross_entropy(
        logits[valid], batch.y[valid], weight=weights, label_smoothing=smoothing
    )
    plain = functional.cross_entropy(logits[valid], batch.y[valid])
    assert float(task.step("train", logits, batch)) == pytest.approx(float(weighted), rel=1e-5)
    for stage in ("val", "test", "balanced"):
        assert float(task.step(stage, logits, batch)) == pytest.approx(float(plain), rel=1e-6)


def test_consistency_adds_the_mean_divergence_of_two_passes_to_the_loss_of_training_alone():
    task, plain = Classification(CLASSES, consistency=0.7), Classification(CLASSES)
    first, logits = batches()[0]
    batch, logits = first.repeated(task.passes), torch.cat([logits, logits.flip(0)])
    p, q = (passed[first.ids >= 0].double().log_softmax(1) for passed in logits.chunk(2))
    divergence = [
        functional.kl_div(one, other, reduction="batchmean", log_target=True)
        for one, other in ((p, q), (q, p))
    ]
    expected = float(plain.step("train", logits, batch)) + 0.7 * float(sum(divergence)) / 2
    assert float(task.step("train", logits, batch)) == pytest.approx(expected, rel=1e-5)
    assert task.compute("train") == pytest.approx(plain.compute("train"))
    for stage in ("val", "test", "balanced"):
        assert float(task.step(stage, logits, batch)) == float(plain.step(stage, logits, batch))


def test_the_gradient_is_that_of_the_mean_and_none_of_a_row_that_only_fills_up():
    batch, logits = batches()[0]
    logits.requires_grad_()
    Classification(CLASSES).step("train", logits, batch).backward()
    valid = batch.ids >= 0
    target = functional.one_hot(batch.y, len(CLASSES))
    expected = (logits.detach().softmax(1) - target) * valid[:, None] / valid.sum()
    torch.testing.assert_close(logits.grad, expected)


def test_a_batch_without_any_row_that_counts_has_loss_and_gradient_zero():
    task, logits = Classification(CLASSES), answers(2).requires_grad_()
    loss = task.step("train", logits, batch_of([-1, -1], [0, 3]))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad.tolist() == [[0.0] * 4] * 2


def test_a_batch_without_any_row_that_counts_does_not_change_the_epochs_loss():
    task = Classification(CLASSES)
    batch, logits = batches()[0]
    loss = task.step("val", logits, batch).item()
    task.step("val", answers(2), batch_of([-1, -1], [0, 3]))
    assert task.compute("val")["loss"] == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("stage", STAGES)
def test_the_epochs_loss_is_the_mean_over_samples_and_not_over_batches(stage):
    logits, true = counting()
    expected = float(functional.cross_entropy(logits.double(), true))
    means = [
        float(functional.cross_entropy(rows[batch.ids >= 0], batch.y[batch.ids >= 0]))
        for batch, rows in batches()
    ]
    assert abs(sum(means) / 3 - expected) > 1e-2
    assert stepped(stage).compute(stage)["loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("stage", STAGES)
def test_scores_and_counts_equal_scikit_learns(stage):
    logits, true = counting()
    predicted = logits.argmax(1)
    task = stepped(stage)
    options = {"labels": range(4), "zero_division": 0, "average": "macro"}
    assert task.counts(stage).tolist() == confusion_matrix(true, predicted, labels=range(4)).tolist()
    assert task.compute(stage)["accuracy"] == accuracy_score(true, predicted)
    assert task.compute(stage)["f1_macro"] == pytest.approx(f1_score(true, predicted, **options))
    assert set(task.compute(stage)) == {"loss", "accuracy", "precision_macro", "recall_macro", "f1_macro"}


def test_stages_are_counted_apart_and_reset_apart():
    task = stepped("val")
    batch, logits = batches()[0]
    task.step("train", logits, batch)
    task.reset("train")
    task.step("test", logits, batch)
    assert [int(task.counts(stage).sum()) for stage in ("val", "test")] == [9, 4]
    task.reset("val")
    task.step("val", logits, batch)
    assert int(task.counts("val").sum()) == 4


def test_per_class_scores_equal_scikit_learns_and_carry_the_names():
    logits, true = counting()
    values = precision_recall_fscore_support(true, logits.argmax(1), labels=range(4), zero_division=0)
    rows = stepped("test").tables(str)["classes"]
    assert tuple(row["class"] for row in rows) == CLASSES
    for number, row in enumerate(rows):
        for place, key in enumerate(("precision", "recall", "f1", "samples")):
            assert row[key] == pytest.approx(float(values[place][number]))


def test_prediction_rows_are_sorted_by_id_and_tell_text_classes_and_probability():
    logits, true = counting()
    ids = [int(i) for batch, _ in batches() for i in batch.ids if i >= 0]
    rows = stepped("test").tables(lambda sample: f"name {sample}")["predictions"]
    assert [row["text"] for row in rows] == [f"name {sample}" for sample in range(9)]
    for place, sample in enumerate(ids):
        best = int(logits[place].argmax())
        probability = float(logits[place].double().softmax(0)[best])
        assert rows[sample]["true"] == CLASSES[true[place]]
        assert rows[sample]["predicted"] == CLASSES[best]
        assert rows[sample]["probability"] == pytest.approx(probability, abs=1e-6)


def test_only_the_answers_of_the_test_stage_are_kept_and_a_reset_drops_them():
    task = stepped("test")
    task.reset("test")
    first, second, third = batches()
    task.step("val", first[1], first[0])
    task.step("train", second[1], second[0])
    task.step("test", third[1], third[0])
    assert [row["text"] for row in task.tables(str)["predictions"]] == ["4", "5", "7", "8"]


def test_one_test_sample_is_enough():
    task = Classification(CLASSES)
    batch, logits = batches()[1]
    task.step("test", logits, batch)
    (row,) = task.tables(str)["predictions"]
    assert row["probability"] == pytest.approx(float(logits[1].softmax(0).max()), abs=1e-6)


def test_one_class_is_enough():
    task = Classification(["Greek"])
    task.step("val", torch.zeros(3, 1), batch_of([0, 1, 2], [0, 0, 0]))
    assert task.counts("val").tolist() == [[3]]
    assert task.compute("val") == dict.fromkeys(
        ["accuracy", "precision_macro", "recall_macro", "f1_macro"], 1.0
    ) | {"loss": 0.0}


@pytest.mark.parametrize(
    ("evaluated", "matrices"),
    [
        ((), set()),
        (("val",), {"confusion_val"}),
        (("test",), {"confusion_test"}),
        (("val", "test"), {"confusion_val", "confusion_test"}),
    ],
)
def test_figures_are_drawn_of_what_was_evaluated(evaluated, matrices):
    task = Classification(CLASSES)
    for stage in evaluated:
        for batch, logits in batches():
            task.step(stage, logits, batch)
    figures = task.figures({"train/loss": [(0, 1.0)], "val/accuracy": [(0, 0.5)]}, "names-lstm")
    assert set(figures) == {"loss", "accuracy"} | matrices
    logits, true = counting()
    expected = confusion_matrix(true, logits.argmax(1), labels=range(4)).tolist()
    for name in matrices:
        axes = figures[name].axes[0]
        written = {text.get_position(): int(text.get_text()) for text in axes.texts}
        assert [[written.get((column, row), 0) for column in range(4)] for row in range(4)] == expected
        part = "validation" if name == "confusion_val" else "test"
        assert (
            axes.get_title() == f"names-lstm: {part}, accuracy {accuracy_score(true, logits.argmax(1)):.4f}"
        )


def test_a_checkpoint_of_the_task_holds_no_counts():
    assert stepped("test").state_dict() == {}


def test_the_validation_accuracy_is_what_the_best_weights_are_chosen_by():
    assert (Classification.monitor, Classification.score("val/accuracy").mode) == ("val/accuracy", "max")
