"""What a model must be compared with: the most frequent class, and a linear model of character n-grams."""

import json
import logging
import secrets
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch

from seqlab.cache import cache_dir
from seqlab.tasks.confusion import scores

log = logging.getLogger(__name__)

NGRAMS, PENALTY = (1, 5), 20.0
RECIPE = f"TF-IDF of characters {NGRAMS}, case kept, ends marked; logistic regression, C={PENALTY}"
"""Part of the cache's key: change it with the model."""


@dataclass(frozen=True)
class Labelled:
    """Texts of one split and their classes."""

    texts: Sequence[str]
    y: np.ndarray


def majority(train: Labelled, splits: Mapping[str, Labelled], num_classes: int) -> dict[str, float]:
    """Score always answering the most frequent class of the training part.

    Returns:
        ``{"test/accuracy": …, "test/f1_macro": …, …}`` for every split given.
    """
    answer = np.bincount(train.y, minlength=num_classes).argmax()
    return _scored(
        {name: np.full(len(split.y), answer) for name, split in splits.items()}, splits, num_classes
    )


def char_ngrams(train: Labelled, splits: Mapping[str, Labelled], num_classes: int) -> dict[str, float]:
    """Score logistic regression on TF-IDF of character 1- to 5-grams; computed once, then cached.

    Returns:
        ``{"test/accuracy": …, "test/f1_macro": …, …}`` for every split given.
    """
    key = sha256(RECIPE.encode())
    for split in (train, *splits.values()):
        key.update(json.dumps([list(split.texts), split.y.tolist()]).encode())
    file = cache_dir() / "baselines" / f"char_ngrams-{key.hexdigest()[:24]}.json"
    if file.exists():
        known: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
        return known
    log.info("baseline: logistic regression on character n-grams, once for these data and this split …")
    metrics = _scored(_fit_ngrams(train, splits), splits, num_classes)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{secrets.token_hex(4)}.tmp")
        draft.write_text(json.dumps(metrics), encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        log.warning("the baseline could not be cached in %s: %s", file.parent, error.strerror)
    return metrics


def _fit_ngrams(train: Labelled, splits: Mapping[str, Labelled]) -> dict[str, np.ndarray]:
    # Slow to import, and only ever needed on a miss.
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    # Case and the ends of a text tell much about a name's language.
    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=NGRAMS, lowercase=False, preprocessor=lambda text: f"^{text}$"
    )
    classifier = LogisticRegression(C=PENALTY, max_iter=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(vectorizer.fit_transform(train.texts), train.y)
    return {name: classifier.predict(vectorizer.transform(split.texts)) for name, split in splits.items()}


def _scored(
    predicted: Mapping[str, np.ndarray], splits: Mapping[str, Labelled], num_classes: int
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, split in splits.items():
        pairs = torch.from_numpy(split.y * num_classes + predicted[name])
        counts = torch.bincount(pairs, minlength=num_classes**2).view(num_classes, num_classes)
        metrics |= {f"{name}/{score}": value for score, value in scores(counts).items()}
    return metrics
