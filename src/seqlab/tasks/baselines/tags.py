"""Baselines of tagging: the most frequent tag, and each token's most frequent tag."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from seqlab.data import SequenceData
from seqlab.data.batches import Batch, Samples
from seqlab.tasks.confusion import ConfusionMatrix, scores
from seqlab.tasks.score import BaselineScores
from seqlab.tasks.spans import SpanCounts, span_scores, types_of

BLOCK = 4096
"""Maximum number of sentences in memory."""


def tag_baselines(data: SequenceData, classes: Sequence[str]) -> BaselineScores:
    """Score the most frequent tag, and for each token the tag that it has most often in training.

    An unknown token gets the most frequent tag of unknown training tokens, or else of all tokens.

    Args:
        data: tokens with a tag at every step.
        classes: the tags in the order of their numbers.
    """
    counts = np.zeros((data.spec.input_size, len(classes)), np.int64)
    for batch in _blocks(data.samples["train"]):
        inside = batch.y >= 0
        np.add.at(counts, (batch.x[inside].numpy(), batch.y[inside].numpy()), 1)
    usual = int(counts.sum(0).argmax())
    of_token = np.where(counts.any(1), counts.argmax(1), usual)
    predictions = {"majority": np.full_like(of_token, usual), "token_majority": of_token}
    return {name: _scored(data, classes, torch.from_numpy(one)) for name, one in predictions.items()}


def _scored(data: SequenceData, classes: Sequence[str], predictions: Tensor) -> dict[str, float]:
    found: dict[str, float] = {}
    has_spans = bool(types_of(classes))
    for split in ("val", "test"):
        confusion, spans = ConfusionMatrix(len(classes)), SpanCounts(classes)
        for batch in _blocks(data.samples[split]):
            inside, predicted = batch.y >= 0, predictions[batch.x]
            confusion.update(predicted[inside], batch.y[inside], torch.ones(int(inside.sum())) > 0)
            if has_spans:
                spans.update(predicted, batch.y, inside)
        of_spans: Mapping[str, Tensor] = span_scores(spans.counts.sum(0)) if has_spans else {}
        found |= {f"{split}/{name}": value for name, value in scores(confusion.counts).items()}
        found |= {f"{split}/span_{name}": float(value) for name, value in of_spans.items()}
    return found


def _blocks(samples: Samples) -> Iterator[Batch]:
    return map(samples.batch, torch.split(torch.arange(len(samples)), BLOCK))
