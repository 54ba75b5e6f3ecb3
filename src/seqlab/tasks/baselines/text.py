"""Baselines of text classification: the most frequent class, and a linear model of character n-grams."""

import json
import logging
import statistics
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from seqlab.data import SequenceData
from seqlab.io.cache import cached_folder
from seqlab.tasks.confusion import scores

log = logging.getLogger(__name__)

SHORT = 20
"""Texts with a median length up to this count as names, longer ones as prose."""
MOST_TEXTS = 300_000
"""Maximum number of training texts of the linear model: its n-grams must fit into memory."""


@dataclass(frozen=True)
class Recipe:
    """A linear model of TF-IDF-weighted character n-grams.

    Attributes:
        ngrams: shortest and longest n-gram.
        penalty: C of scikit-learn.
        is_logistic: whether it is logistic regression; else it is a linear support vector machine.
        marks_ends: whether n-grams include the beginning and end of a text, and its case.
    """

    ngrams: tuple[int, int]
    penalty: float
    is_logistic: bool
    marks_ends: bool


# Case, beginning and end tell much about a name's language. For prose a linear SVM is faster and no worse.
NAMES = Recipe((1, 5), 20.0, is_logistic=True, marks_ends=True)
PROSE = Recipe((1, 3), 0.3, is_logistic=False, marks_ends=False)


@dataclass(frozen=True)
class Labelled:
    """Texts of one split and their classes."""

    texts: Sequence[str]
    y: np.ndarray

    @classmethod
    def of(cls, data: SequenceData, split: str) -> "Labelled":
        """Return the texts of a data set's split."""
        samples = data.samples[split]
        return cls([data.describe(split, number) for number in range(len(samples))], samples.y.numpy())


def majority(y: Mapping[str, np.ndarray], num_classes: int) -> dict[str, float]:
    """Score the most frequent class of the training data.

    Args:
        y: classes of the texts of every split.
        num_classes: number of classes.

    Returns:
        ``{"test/accuracy": …, "test/f1_macro": …, …}`` for every split except training.
    """
    answer = np.bincount(y["train"], minlength=num_classes).argmax()
    asked = {split: true for split, true in y.items() if split != "train"}
    return _scored({split: np.full(len(true), answer) for split, true in asked.items()}, asked, num_classes)


def char_ngrams(train: Labelled, splits: Mapping[str, Labelled], num_classes: int) -> dict[str, float]:
    """Score a linear model of character n-grams; computed once and cached.

    Names get logistic regression, longer texts a linear support vector machine: see ``NAMES`` and ``PROSE``.

    Returns:
        ``{"test/accuracy": …, "test/f1_macro": …, …}`` for every split given.
    """
    recipe = NAMES if statistics.median(map(len, train.texts)) <= SHORT else PROSE
    key = sha256(repr(recipe).encode())
    for split in (train, *splits.values()):
        key.update(json.dumps([list(split.texts), split.y.tolist()]).encode())

    def fit(folder: Path) -> None:
        log.info("baseline: a linear model of character n-grams, once for these data and this split …")
        metrics = _scored(_fit(recipe, train, splits), {name: s.y for name, s in splits.items()}, num_classes)
        (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")

    folder = cached_folder("baselines", key.hexdigest()[:24], fit)
    metrics: dict[str, float] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics


def _fit(recipe: Recipe, train: Labelled, splits: Mapping[str, Labelled]) -> dict[str, np.ndarray]:
    # Slow to import, and only needed if the result is not cached.
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    vectorizer = TfidfVectorizer(
        analyzer="char",
        ngram_range=recipe.ngrams,
        lowercase=not recipe.marks_ends,
        preprocessor=(lambda text: f"^{text}$") if recipe.marks_ends else None,
        sublinear_tf=not recipe.is_logistic,
        min_df=1 if recipe.is_logistic else 2,
    )
    classifier = (
        # Newton's method needs a third of the default's memory, and converges.
        LogisticRegression(C=recipe.penalty, max_iter=100, solver="newton-cg")
        if recipe.is_logistic
        else LinearSVC(C=recipe.penalty)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        x = vectorizer.fit_transform(train.texts)
        asked = {name: vectorizer.transform(split.texts) for name, split in splits.items()}
        del vectorizer  # its n-grams take as much memory as everything else
        classifier.fit(x, train.y)
    return {name: classifier.predict(found) for name, found in asked.items()}


def _scored(
    predicted: Mapping[str, np.ndarray], true: Mapping[str, np.ndarray], num_classes: int
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for split, y in true.items():
        pairs = torch.from_numpy(y * num_classes + predicted[split])
        counts = torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)
        metrics |= {f"{split}/{score}": value for score, value in scores(counts).items()}
    return metrics
