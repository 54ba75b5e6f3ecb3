"""Targets made from labels: a class, a number, or several labels for each text or sequence."""

import json
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from seqlab.data.splits import HELD_OUT, SPLITS
from seqlab.data.text.doubts import doubts
from seqlab.errors import DataError

log = logging.getLogger(__name__)

Rows = Mapping[str, np.ndarray]
"""The samples of each split, by their numbers."""


class Labelled(Protocol):
    """Samples with labels, such as a corpus of texts."""

    @property
    def noun(self) -> str:
        """What one is called."""

    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        """The different labels of each column of them."""

    @property
    def labels(self) -> np.ndarray:
        """The place of each sample's label among those of the column, [N, columns]."""

    def __len__(self) -> int: ...

    def strata(self) -> np.ndarray:
        """Return a number for each sample's combination of labels, in the order of their names, [N]."""


class Targets(ABC):
    """The targets of N texts or sequences.

    Args:
        labelled: the samples.
        column: the label column to predict; None for the first, or for all that together say it.
        path: of their file, for messages.

    Attributes:
        strata: a number for each sample, [N]; every split gets the same fractions of the samples of each.
    """

    strata: np.ndarray

    def __init__(self, labelled: Labelled, column: str | None, path: Path) -> None:
        self.path, self.noun = path, labelled.noun
        self.column = column or next(iter(labelled.classes))
        self.values = labelled.classes[self.column]
        self.numbers = labelled.labels[:, list(labelled.classes).index(self.column)]

    @abstractmethod
    def check(self, rows: Rows) -> None:
        """Refuse splits of which nothing can be learnt.

        Raises:
            DataError: with the reason and the remedy.
        """

    @abstractmethod
    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return what the spec says of the targets, and these as networks output them, [N] or [N, C].

        Args:
            train: the training samples; nothing is learnt from others.
        """

    def _require_two(self, what: str) -> None:
        if len(self.values) < 2:  # noqa: PLR2004 (of which one is told from the other)
            only = f"{what} '{self.values[0]}'"
            raise DataError(
                f"{self.path}: all {self.noun}s have the {only}; add {self.noun}s of another {what}"
            )


class Classes(Targets):
    """One class for each sample."""

    def __init__(self, labelled: Labelled, column: str | None, path: Path) -> None:
        super().__init__(labelled, column, path)
        self._require_two("class")
        self.strata = labelled.strata()

    def check(self, rows: Rows) -> None:
        """Refuse splits in which a class has no training sample, so that its score would be meaningless."""
        counts = {
            split: np.bincount(self.numbers[rows[split]], minlength=len(self.values)) for split in SPLITS
        }
        doubt = "; it ".join(doubts(self.values, len(self.numbers), self.noun))
        unknown = (counts["train"] == 0) & (counts["val"] + counts["test"] > 0)
        is_missing = bool(unknown.any() and counts["train"].any())
        if doubt and (is_missing or not all(map(len, rows.values()))):
            raise DataError(f"{self.path}: column '{self.column}' {doubt}")
        if is_missing:
            number = int(unknown.argmax())
            where = " and ".join(name for split, name in HELD_OUT.items() if counts[split][number])
            found = f"class '{self.values[number]}' has {where} {self.noun}s but no training {self.noun}"
            raise DataError(f"{self.path}: {found}; add {self.noun}s, or remove it")
        if doubt:
            log.warning("%s: column '%s' %s", self.path, self.column, doubt)

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return the classes with their training samples, and the number of each sample's class, [N]."""
        counts = np.bincount(self.numbers[train], minlength=len(self.values))
        if missing := int((counts == 0).sum()):  # which no split has led to
            log.warning(
                "data.limit_train_samples leaves %d classes without a training %s", missing, self.noun
            )
        return {"classes": self.values, "class_counts": tuple(counts.tolist())}, self.numbers


class Numbers(Targets):
    """One number for each sample."""

    def __init__(self, labelled: Labelled, column: str | None, path: Path) -> None:
        super().__init__(labelled, column, path)
        self._require_two("number")
        self.strata = np.zeros(len(labelled), np.int32)

    def check(self, rows: Rows) -> None:
        """Accept every split: a number that no training sample has can be predicted."""

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return mean and standard deviation of the training numbers, and all numbers scaled so, [N]."""
        y = np.array([float(value) for value in self.values])[self.numbers]
        mean, std = float(y[train].mean()), float(y[train].std())
        std = std if 0 < std < math.inf else 1.0
        return {"target_mean": mean, "target_std": std}, ((y - mean) / std).astype(np.float32)


class Labels(Targets):
    """Any number of labels for each sample: columns of 0 and 1, or one with lists in JSON."""

    def __init__(self, labelled: Labelled, column: str | None, path: Path) -> None:
        super().__init__(labelled, column, path)
        if self.values[0].startswith("["):
            sets = [json.loads(value) for value in self.values]
            self.names = tuple(sorted({name for found in sets for name in found}))
            has = np.array([[name in found for name in self.names] for found in sets], np.uint8)
            self.y = has.reshape(len(sets), -1)[self.numbers]
        else:
            self.names = tuple(labelled.classes)
            is_on = [
                np.array([int(value) for value in values], np.uint8) for values in labelled.classes.values()
            ]
            self.y = np.stack([on[labelled.labels[:, place]] for place, on in enumerate(is_on)], axis=1)
        if not self.y.any():
            raise DataError(f"{path}: no {self.noun} has a label; is data.label the right column?")
        self.strata = self._rarest()

    def check(self, rows: Rows) -> None:
        """Warn of labels that can be neither learnt nor tested."""
        for split in ("train", "test"):
            missing = [
                name for name, on in zip(self.names, self.y[rows[split]].any(0), strict=True) if not on
            ]
            if missing and len(rows[split]):
                which = {"train": "training", "test": "test"}[split]
                names = ", ".join(missing)
                log.warning("%s: no %s %s has the label %s", self.path, which, self.noun, names)

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return the labels with their training samples, and which labels each sample has, 0 or 1, [N, C]."""
        counts = self.y[train].sum(0, dtype=np.int64)
        return {"classes": self.names, "class_counts": tuple(counts.tolist())}, self.y

    def _rarest(self) -> np.ndarray:
        """Return the rarest label of each sample, or a number beyond all if it has none, [N]."""
        order = np.argsort(self.y.sum(0, dtype=np.int64), kind="stable")
        first = self.y[:, order].argmax(1)
        return np.where(self.y.any(1), order[first], len(self.names)).astype(np.int32)


class Following(Targets):
    """The next token at every step of each text; splits have the same fractions of each label."""

    def __init__(self, labelled: Labelled, column: str | None, path: Path) -> None:
        super().__init__(labelled, column, path)
        self.strata = labelled.strata()

    def check(self, rows: Rows) -> None:
        """Take any splits."""

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:  # noqa: ARG002
        """Return nothing to declare, and no targets but 0: the texts are their own."""
        return {}, np.zeros_like(self.numbers)


TARGETS: dict[str, type[Targets]] = {
    "classification": Classes,
    "regression": Numbers,
    "multilabel": Labels,
    "language_model": Following,
}
"""The class that makes the targets of each problem type."""
