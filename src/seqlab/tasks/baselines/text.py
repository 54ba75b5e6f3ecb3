"""Baselines of texts: the most frequent class, and a linear model of character n-grams."""

import json
import logging
import statistics
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from seqlab.data import SequenceData
from seqlab.io.cache import cached_folder
from seqlab.tasks.confusion import scores

log = logging.getLogger(__name__)

SHORT = 20
"""Texts with a median length up to this count as names, longer ones as prose."""
MOST_TEXTS, MOST_CHARACTERS = 300_000, 100_000_000
"""Maximum number of texts of a split, and of the characters of all: their n-grams must fit into memory."""

Target = Literal["class", "labels", "number"]
"""What is predicted for a text: a class, any number of labels (0 or 1 each), or a number."""
Scoring = Callable[[np.ndarray, np.ndarray], Mapping[str, float]]
"""A function from predictions and targets to scores."""


@dataclass(frozen=True)
class Recipe:
    """A linear model of TF-IDF-weighted character n-grams.

    Attributes:
        ngrams: shortest and longest n-gram.
        c: C of scikit-learn, the inverse of how strong the regularisation is.
        is_logistic: whether it is logistic regression; otherwise it is a linear support vector machine.
        marks_ends: whether n-grams include the beginning and end of a text, and its case.
        target: what is predicted; numbers are predicted by ridge regression.
    """

    ngrams: tuple[int, int]
    c: float
    is_logistic: bool
    marks_ends: bool
    target: Target = "class"


# Case, beginning and end say much about the language of a name. For prose a linear SVM is faster and as good.
NAMES = Recipe((1, 5), 20.0, is_logistic=True, marks_ends=True)
PROSE = Recipe((1, 3), 0.3, is_logistic=False, marks_ends=False)


@dataclass(frozen=True)
class Labelled:
    """The texts of one split, with their classes [N], labels [N, C] or numbers [N]."""

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
    most = np.bincount(y["train"], minlength=num_classes).argmax()
    held_out = {split: true for split, true in y.items() if split != "train"}
    return scored(
        {split: np.full(len(true), most) for split, true in held_out.items()},
        held_out,
        of_classes(num_classes),
    )


def char_ngrams_of(data: SequenceData, scoring: Scoring, target: Target = "class") -> dict[str, float] | str:
    """Score a linear model of character n-grams on a data set's texts, or return why it is not fitted."""
    if any(len(samples) > MOST_TEXTS for samples in data.samples.values()):
        return f"not fitted to more than {MOST_TEXTS:,} texts"
    splits: dict[str, Labelled] = {}
    for split in data.samples:
        splits[split] = Labelled.of(data, split)
        if sum(sum(map(len, its.texts)) for its in splits.values()) > MOST_CHARACTERS:
            return f"not fitted to more than {MOST_CHARACTERS:,} characters"
    return char_ngrams(splits.pop("train"), splits, scoring, target)


def char_ngrams(
    train: Labelled, splits: Mapping[str, Labelled], scoring: Scoring, target: Target = "class"
) -> dict[str, float]:
    """Score a linear model of character n-grams; computed once and cached.

    Names get logistic regression, longer texts a linear support vector machine: see ``NAMES`` and ``PROSE``.

    Args:
        train: the training texts.
        splits: the texts to predict.
        scoring: the function that scores predictions.
        target: what is predicted.

    Returns:
        ``{"test/accuracy": …, "test/f1_macro": …, …}`` for every split given.
    """
    recipe = replace(recipe_for(train.texts), target=target)
    key = sha256(repr(recipe).encode())
    for split in (train, *splits.values()):
        key.update(json.dumps([list(split.texts), split.y.tolist()]).encode())

    def fit(folder: Path) -> None:
        log.info("baseline: a linear model of character n-grams, once for these data and this split …")
        metrics = scored(
            fit_and_predict(recipe, train, splits), {name: s.y for name, s in splits.items()}, scoring
        )
        (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")

    folder = cached_folder("baselines", key.hexdigest()[:24], fit)
    metrics: dict[str, float] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics


def recipe_for(texts: Sequence[str]) -> Recipe:
    """Return the linear model that suits such training texts."""
    return NAMES if statistics.median(map(len, texts)) <= SHORT else PROSE


def fit_and_predict(recipe: Recipe, train: Labelled, splits: Mapping[str, Labelled]) -> dict[str, np.ndarray]:
    """Fit a linear model to the training texts, and return its predictions for those of each split.

    Args:
        recipe: the model.
        train: the training texts.
        splits: the texts to predict, by name.
    """
    return fitter(recipe, train, splits)(recipe.c)


def fitter(
    recipe: Recipe, train: Labelled, splits: Mapping[str, Labelled]
) -> Callable[[float], dict[str, np.ndarray]]:
    """Return the same as a function of the model's C; the n-grams are counted once."""
    # Slow to import, and only needed if the result is not cached.
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    vectorizer = TfidfVectorizer(
        analyzer="char",
        ngram_range=recipe.ngrams,
        lowercase=not recipe.marks_ends,
        preprocessor=(lambda text: f"^{text}$") if recipe.marks_ends else None,
        sublinear_tf=not recipe.is_logistic,
        min_df=1 if recipe.is_logistic else 2,
    )
    x = vectorizer.fit_transform(train.texts)
    held_out = {name: vectorizer.transform(split.texts) for name, split in splits.items()}
    del vectorizer  # its n-grams take as much memory as everything else

    def fit(c: float) -> dict[str, np.ndarray]:
        model = _model(replace(recipe, c=c))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "Label .* is present in all training examples")
            model.fit(x, train.y)
        return {name: model.predict(found) for name, found in held_out.items()}

    return fit


def _model(recipe: Recipe) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge  # noqa: PLC0415
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    if recipe.target == "number":
        return Ridge()
    linear = (
        # Newton's method needs a third of the default's memory, and converges.
        LogisticRegression(C=recipe.c, max_iter=100, solver="newton-cg")
        if recipe.is_logistic
        else LinearSVC(C=recipe.c)
    )
    return OneVsRestClassifier(linear) if recipe.target == "labels" else linear


def of_classes(num_classes: int) -> Scoring:
    """Return the function that scores predicted classes."""

    def scoring(predicted: np.ndarray, true: np.ndarray) -> Mapping[str, float]:
        pairs = torch.from_numpy(true * num_classes + predicted)
        return scores(torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes))

    return scoring


def scored(
    predicted: Mapping[str, np.ndarray], true: Mapping[str, np.ndarray], scoring: Scoring
) -> dict[str, float]:
    """Return the scores of every split with predictions, ``{"test/accuracy": …, …}``."""
    return {
        f"{split}/{score}": value
        for split, found in predicted.items()
        for score, value in scoring(found, true[split]).items()
    }
