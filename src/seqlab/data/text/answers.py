"""What a question makes of the labels of a corpus: a class, a number, or several labels for each text."""

import json
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.data.splits import SPLITS
from seqlab.data.text.corpus import Corpus
from seqlab.data.text.doubts import doubts
from seqlab.errors import DataError

log = logging.getLogger(__name__)

Rows = Mapping[str, np.ndarray]
"""The texts of each split, as numbers in the corpus."""


class Answers(ABC):
    """What is asked of N texts.

    Args:
        corpus: the texts.
        column: the label column to predict; None for the first, or for all that together say it.
        path: of the texts, for messages.

    Attributes:
        strata: a number for each text, [N]; every split gets the same fractions of the texts of each.
    """

    strata: np.ndarray

    def __init__(self, corpus: Corpus, column: str | None, path: Path) -> None:
        self.path = path
        self.column = column or next(iter(corpus.classes))
        self.values = corpus.classes[self.column]
        self.numbers = corpus.labels[:, list(corpus.classes).index(self.column)]

    @abstractmethod
    def check(self, rows: Rows) -> None:
        """Refuse splits of which nothing can be learnt.

        Raises:
            DataError: with the reason and the remedy.
        """

    @abstractmethod
    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return what the spec says of the answers, and the targets as networks answer them, [N] or [N, C].

        Args:
            train: the training texts; nothing is learnt from others.
        """

    def _require_two(self, what: str) -> None:
        if len(self.values) < 2:  # noqa: PLR2004 (of which one is told from the other)
            only = f"{what} '{self.values[0]}'"
            raise DataError(f"{self.path}: all texts have the {only}; add texts of another {what}")


class Classes(Answers):
    """One class for each text."""

    def __init__(self, corpus: Corpus, column: str | None, path: Path) -> None:
        super().__init__(corpus, column, path)
        self._require_two("class")
        self.strata = corpus.strata()

    def check(self, rows: Rows) -> None:
        """Refuse splits in which a class has no training text, so that its score would be meaningless."""
        counts = {
            split: np.bincount(self.numbers[rows[split]], minlength=len(self.values)) for split in SPLITS
        }
        doubt = "; it ".join(doubts(self.values, len(self.numbers)))
        unknown = (counts["train"] == 0) & (counts["val"] + counts["test"] > 0)
        is_missing = bool(unknown.any() and counts["train"].any())
        if doubt and (is_missing or not all(map(len, rows.values()))):
            raise DataError(f"{self.path}: column '{self.column}' {doubt}")
        if is_missing:
            name = self.values[int(unknown.argmax())]
            raise DataError(
                f"{self.path}: class '{name}' has test texts but no training text; add texts, or remove it"
            )
        if doubt:
            log.warning("%s: column '%s' %s", self.path, self.column, doubt)

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return the classes with their training texts, and the number of each text's class, [N]."""
        counts = np.bincount(self.numbers[train], minlength=len(self.values))
        if missing := int((counts == 0).sum()):  # which no split has led to
            log.warning("data.limit_train_samples leaves %d classes without a training text", missing)
        return {"classes": self.values, "class_counts": tuple(counts.tolist())}, self.numbers


class Numbers(Answers):
    """One number for each text."""

    def __init__(self, corpus: Corpus, column: str | None, path: Path) -> None:
        super().__init__(corpus, column, path)
        self._require_two("number")
        self.strata = np.zeros(len(corpus), np.int32)

    def check(self, rows: Rows) -> None:
        """Accept every split: a number that no training text has can be predicted."""

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return mean and standard deviation of the training numbers, and all numbers scaled so, [N]."""
        y = np.array([float(value) for value in self.values])[self.numbers]
        mean, std = float(y[train].mean()), float(y[train].std())
        std = std if 0 < std < math.inf else 1.0
        return {"target_mean": mean, "target_std": std}, ((y - mean) / std).astype(np.float32)


class Labels(Answers):
    """Any number of labels for each text: columns of 0 and 1, or one with lists in JSON."""

    def __init__(self, corpus: Corpus, column: str | None, path: Path) -> None:
        super().__init__(corpus, column, path)
        if self.values[0].startswith("["):
            sets = [json.loads(value) for value in self.values]
            self.names = tuple(sorted({name for found in sets for name in found}))
            has = np.array([[name in found for name in self.names] for found in sets], np.uint8)
            self.y = has.reshape(len(sets), -1)[self.numbers]
        else:
            self.names = tuple(corpus.classes)
            is_on = [
                np.array([int(value) for value in values], np.uint8) for values in corpus.classes.values()
            ]
            self.y = np.stack([on[corpus.labels[:, place]] for place, on in enumerate(is_on)], axis=1)
        if not self.y.any():
            raise DataError(f"{path}: no text has a label; is data.label the right column?")
        self.strata = self._rarest()

    def check(self, rows: Rows) -> None:
        """Warn of labels that can be neither learnt nor tested."""
        for split in ("train", "test"):
            missing = [
                name for name, on in zip(self.names, self.y[rows[split]].any(0), strict=True) if not on
            ]
            if missing and len(rows[split]):
                texts = {"train": "training", "test": "test"}[split]
                log.warning("%s: no %s text has the label %s", self.path, texts, ", ".join(missing))

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return the labels with their training texts, and which labels each text has, 0 or 1, [N, C]."""
        counts = self.y[train].sum(0, dtype=np.int64)
        return {"classes": self.names, "class_counts": tuple(counts.tolist())}, self.y

    def _rarest(self) -> np.ndarray:
        """Return the rarest label of each text, or a number beyond all if it has none, [N]."""
        order = np.argsort(self.y.sum(0, dtype=np.int64), kind="stable")
        first = self.y[:, order].argmax(1)
        return np.where(self.y.any(1), order[first], len(self.names)).astype(np.int32)


ANSWERS: dict[str, type[Answers]] = {
    "classification": Classes,
    "regression": Numbers,
    "multilabel": Labels,
}
"""What makes the answers to a question."""
