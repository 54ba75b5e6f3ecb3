"""Several processes count, score and predict exactly as one does, for any number of test samples."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from seqlab.tasks.further import compute_metrics

from .rank import FURTHER

COUNTS = range(1, 21)
SCRIPT = Path(__file__).with_name("rank.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where three processes, as one, two and three ranks, have written what they know at the end."""
    folder = tmp_path_factory.mktemp("ranks")
    with ExitStack() as stack:
        processes = []
        for rank in range(3):
            process = subprocess.Popen(
                [sys.executable, SCRIPT, str(rank), str(folder)],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stderr=subprocess.PIPE,
                text=True,
            )
            processes.append(stack.enter_context(process))
            stack.callback(process.kill)
        shown = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], "\n".join(shown)
    return folder


@pytest.fixture(params=[1, 2, 3], ids=["one rank", "two ranks", "three ranks"])
def ranks(request, folder) -> list[dict[int, dict]]:
    """Results by number of samples, of every rank."""
    files = [folder / f"{request.param}-{rank}.json" for rank in range(request.param)]
    return [{int(count): values for count, values in json.loads(file.read_text()).items()} for file in files]


def answers(count: int) -> list[tuple[int, int, list[int]]]:
    """Return number, class and answers of every sample, in units of 40."""
    return [(i, i * i % 4, [(i * 7 + 3 * column) % 5 for column in range(4)]) for i in range(count)]


def matrix(count: int) -> list[list[int]]:
    counts = [[0] * 4 for _ in range(4)]
    for _, true, row in answers(count):
        counts[true][row.index(max(row))] += 1
    return counts


def test_further_scores_are_those_of_all_samples(ranks):
    for count in COUNTS:
        logits, y = (torch.tensor([one[place] for one in answers(count)]) for place in (2, 1))
        expected = compute_metrics(FURTHER, (40.0 * logits).softmax(1).double(), y)
        assert [results[count]["further"] for results in ranks] == [expected] * len(ranks)


def test_counts_are_those_of_all_samples(ranks):
    for results in ranks:
        assert {count: results[count]["counts"] for count in COUNTS} == {
            count: matrix(count) for count in COUNTS
        }


def test_predictions_are_those_of_all_samples_in_their_order(ranks):
    for results in ranks:
        assert {count: results[count]["predictions"] for count in COUNTS} == {
            count: [[i, true, row.index(max(row))] for i, true, row in answers(count)] for count in COUNTS
        }
        assert all(results[count]["probabilities"] == [1.0] * count for count in COUNTS)


def test_labels_are_counted_over_all_samples(ranks):
    for count in COUNTS:
        true = np.array([[(i >> column) % 2 for column in range(4)] for i in range(count)])
        predicted = np.array([[value >= 2 for value in row] for *_, row in answers(count)]).astype(int)
        for results in ranks:
            found = results[count]["labels"]
            assert found["scores"]["exact_match"] == accuracy_score(true, predicted)
            assert found["scores"]["f1_macro"] == pytest.approx(
                f1_score(true, predicted, average="macro", zero_division=0)
            )
            assert [row["text"] for row in found["table"]] == [str(i) for i in range(count)]


def test_tags_and_spans_are_those_of_one_rank(ranks, folder):
    alone = json.loads((folder / "1-0.json").read_text())
    for results in ranks:
        for count in COUNTS:
            assert results[count]["tags"] == alone[str(count)]["tags"]
        assert 0 < results[20]["tags"]["scores"]["span_f1"] < 1


def test_the_loss_is_the_mean_over_all_samples(ranks):
    # Cross-entropy with answers 40 apart: the largest answer less that of the true class.
    expected = {count: sum(max(row) - row[true] for _, true, row in answers(count)) for count in COUNTS}
    for results in ranks:
        sums = {count: results[count]["loss"] * count / 40 for count in COUNTS}
        assert {count: round(value) for count, value in sums.items()} == expected
        assert sums == pytest.approx(expected, abs=1e-4)
