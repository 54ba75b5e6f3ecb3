"""Every single answer of an evaluation."""

import pytest
import torch

from seqlab.tasks.predictions import Predictions


def test_answers_are_sorted_by_id_and_leave_out_rows_that_only_fill_up():
    ids = [[4, 0, -1], [2, -1, -1], [3, 1, 5]]
    true = [[0, 1, 2], [2, 0, 0], [1, 1, 0]]
    generator = torch.Generator().manual_seed(0)
    predictions, expected = Predictions(), []
    for batch_ids, batch_true in zip(ids, true, strict=True):
        logits = torch.randn(3, 3, generator=generator)
        predictions.update(torch.tensor(batch_ids), torch.tensor(batch_true), logits)
        for sample, label, row in zip(batch_ids, batch_true, logits.tolist(), strict=True):
            exponents = torch.tensor(row, dtype=torch.float64).exp()
            best = max(range(3), key=row.__getitem__)
            if sample >= 0:
                expected.append((sample, label, best, float(exponents[best] / exponents.sum())))
    answers, probabilities = predictions.compute()
    assert answers.tolist() == [[*row[:3]] for row in sorted(expected)]
    assert probabilities.tolist() == pytest.approx([row[3] for row in sorted(expected)], abs=1e-6)


def test_a_reset_forgets_all_answers():
    predictions = Predictions()
    predictions.update(torch.tensor([0, 1]), torch.tensor([0, 1]), torch.eye(2))
    predictions.reset()
    predictions.update(torch.tensor([7]), torch.tensor([1]), torch.tensor([[0.0, 1.0]]))
    assert predictions.compute()[0].tolist() == [[7, 1, 1]]
