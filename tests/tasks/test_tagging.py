"""Tagging: every step that is asked about is a sample of its own."""

from types import SimpleNamespace

import pytest
import torch
from sklearn.metrics import accuracy_score
from torch.nn import functional

from seqlab.data import Batch, CopyMemory, SequenceData
from seqlab.functional.lengths import EVERY_STEP
from seqlab.tasks import Tagging
from seqlab.tasks.further import FurtherScores, compute_metrics

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


TAGS = ("B-LOC", "I-LOC", "B-PER", "O")
LENGTHS = [3, 5, 1, 4, 2, 6]
ROWS = [[4, 0, -1], [1], [5, 2, 3, -1]]


def whole() -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return logits and tags of sentences of different lengths."""
    random = torch.Generator().manual_seed(1)
    outputs = [torch.randn(length, 4, generator=random) for length in LENGTHS]
    return outputs, [torch.randint(4, (length,), generator=random) for length in LENGTHS]


def padded(rows: list[int], filling: float) -> tuple[torch.Tensor, Batch]:
    """Return outputs and a batch, whose padding holds anything."""
    outputs, tags = whole()
    steps = max(LENGTHS[row] for row in rows)
    logits = torch.full((len(rows), steps, 4), filling)
    y = torch.full((len(rows), steps), -1)
    for place, row in enumerate(rows):
        logits[place, : LENGTHS[row]], y[place, : LENGTHS[row]] = outputs[row], tags[row]
    lengths = torch.tensor([LENGTHS[row] for row in rows])
    return logits, Batch(y.clamp(min=0), lengths, y, torch.tensor(rows))


@pytest.mark.parametrize("filling", [0.0, 1e4])
@pytest.mark.parametrize("stage", ["train", "test"])
def test_padding_counts_for_nothing_in_sequences_of_different_lengths(stage, filling):
    task = Tagging(TAGS, None, EVERY_STEP)
    for rows in ROWS:
        logits, batch = padded(rows, filling)
        logits.requires_grad_()
        loss = task.step(stage, logits, batch)
        kept = [row for row in rows if row >= 0]
        outputs, tags = ([part[row] for row in kept] for part in whole())
        expected = functional.cross_entropy(torch.cat(outputs), torch.cat(tags))
        assert float(loss.detach()) == pytest.approx(float(expected), rel=1e-5)
        loss.backward()
        inside = (batch.y >= 0) & (batch.ids >= 0)[:, None]
        assert not logits.grad[~inside].any()
    outputs, tags = map(torch.cat, whole())
    assert task.compute(stage)["accuracy"] == pytest.approx(accuracy_score(tags, outputs.argmax(1)))
    assert int(task.counts(stage).sum()) == sum(LENGTHS)


def test_tables_name_sentence_and_token_and_the_types_of_spans():
    task = Tagging(TAGS, None, EVERY_STEP)
    for rows in ROWS:
        task.step("test", *padded(rows, 9.0))
    tables = task.tables(lambda sample: " ".join(f"w{sample}.{step}" for step in range(LENGTHS[sample])))
    rows = [(row["sentence"], row["text"]) for row in tables["predictions"]]
    assert rows == [(n + 1, f"w{n}.{step}") for n, length in enumerate(LENGTHS) for step in range(length)]
    outputs, tags = map(torch.cat, whole())
    assert [row["true"] for row in tables["predictions"]] == [TAGS[tag] for tag in tags]
    assert [row["predicted"] for row in tables["predictions"]] == [TAGS[tag] for tag in outputs.argmax(1)]
    assert [row["type"] for row in tables["spans"]] == ["LOC", "PER"]
    assert sum(row["true"] for row in tables["spans"]) > 0
    task.reset("test")
    task.step("test", *padded([1], 0.0))
    assert len(task.tables(lambda _: "a b c d e")["predictions"]) == 5


def test_tags_of_no_spans_have_no_span_scores():
    task = Tagging(("NN", "VB", "DT", "O"), None, EVERY_STEP)
    task.step("val", *padded([1], 0.0))
    assert not [name for name in task.compute("val") if name.startswith("span")]


def test_predictions_are_lines_of_tokens_and_tags():
    task, spec = Tagging(TAGS, None, EVERY_STEP), SimpleNamespace(classes=TAGS)
    answers = torch.eye(4)[torch.tensor([[0, 1, 3], [2, 3, 3]])]
    rows = task.decode(spec, ["New York\ta\tb\t", "Ann"], answers, top=3)
    assert [row["tags"] for row in rows] == [["B-LOC", "I-LOC", "O"], ["B-PER"]]
    assert task.lines(rows) == ["New York\tB-LOC", "a\tI-LOC", "b\tO", "", "Ann\tB-PER"]


def test_further_metrics_judge_every_step_once():
    settings = {"kappa": {"_target_": "cohen_kappa"}}
    task = Tagging(TAGS, None, EVERY_STEP)
    further = FurtherScores(task, settings)
    for rows in ROWS:
        outputs, batch = padded(rows, 5.0)
        further.update(task, "val", outputs, batch)
    outputs, tags = map(torch.cat, whole())
    expected = compute_metrics(settings, outputs.softmax(1).double(), tags)
    assert further.compute(task, "val") == pytest.approx(expected)
