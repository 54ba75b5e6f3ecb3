"""Asking a trained classifier about texts."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from seqlab.data.text import Vocabulary, fold_to_ascii
from seqlab.runs.load import LoadedRun

log = logging.getLogger(__name__)

BATCH = 1024


@dataclass(frozen=True)
class Answer:
    """The most probable classes of a text, the best first."""

    text: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


def predict(run: LoadedRun, texts: Sequence[str], top: int) -> list[Answer]:
    """Classify texts with a run's network.

    Args:
        run: a loaded run.
        texts: what to classify, each at least one character long.
        top: how many classes to name.
    """
    prepared = [fold_to_ascii(text) or text if run.config.data.ascii else text for text in texts]
    vocabulary = Vocabulary(tuple(run.spec["symbols"]))
    samples = vocabulary.encode(prepared, [0] * len(prepared), marks=run.config.data.marks)
    unseen = sorted({symbol for text in prepared for symbol in text} - set(vocabulary.symbols))
    if unseen:
        shown = "".join(unseen[:20])
        log.warning("%d characters were never seen in training and count as unknown: %s", len(unseen), shown)
    answers: list[Answer] = []
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            ids = torch.arange(start, min(start + BATCH, len(texts)))
            batch = samples.batch(ids)
            best = run.module(batch.x, batch.lengths).softmax(1).topk(min(top, len(run.spec["classes"])))
            for row, sample in enumerate(ids.tolist()):
                names = tuple(run.spec["classes"][number] for number in best.indices[row].tolist())
                answers.append(Answer(texts[sample], names, tuple(best.values[row].tolist())))
    return answers
