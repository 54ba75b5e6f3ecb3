"""What a model is compared with, against scikit-learn."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, mean_absolute_error, precision_recall_fscore_support
from sklearn.pipeline import make_pipeline

from seqlab.tasks.baselines import text as text_baselines
from seqlab.tasks.baselines.text import NAMES, PROSE, Labelled, char_ngrams, majority, of_classes


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def expected(true: np.ndarray, predicted: np.ndarray, split: str, classes: int) -> dict[str, float]:
    options = {"labels": range(classes), "average": "macro", "zero_division": 0}
    precision, recall, f1, _ = precision_recall_fscore_support(true, predicted, **options)
    accuracy = accuracy_score(true, predicted)
    values = {"accuracy": accuracy, "precision_macro": precision, "recall_macro": recall, "f1_macro": f1}
    return {f"{split}/{name}": value for name, value in values.items()}


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        pytest.param([0, 1, 1, 2], [1, 0, 1], [2, 1], id="all classes"),
        pytest.param([3, 3, 3, 0], [0, 1], [3, 3, 2], id="absent classes"),
        pytest.param([2, 2, 1, 1, 0], [1, 2, 2], [1], id="a tie"),
        pytest.param([2], [0], [0, 1], id="never right"),
    ],
)
def test_the_majority_equals_scikit_learns_dummy(train, val, test):
    splits = {"train": np.array(train), "val": np.array(val), "test": np.array(test)}
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(train), 1)), train)
    truth: dict[str, float] = {}
    for split, y in (("val", val), ("test", test)):
        truth |= expected(np.array(y), dummy.predict(np.zeros((len(y), 1))), split, classes=4)
    assert majority(splits, num_classes=4) == pytest.approx(truth)


def texts(classes: int, each: int) -> Labelled:
    """Return texts whose class is one character n-gram among noise."""
    random = np.random.default_rng(each)
    y = np.arange(classes * each) % classes
    noise = ["".join(random.choice(list("xyz"), size=4)) for _ in y]
    return Labelled(
        [f"{text[:2]}{'abc'[label]}{'abc'[label]}{text[2:]}" for text, label in zip(noise, y, strict=True)], y
    )


def test_n_grams_solve_what_n_grams_can_solve():
    scored = char_ngrams(texts(3, 20), {"val": texts(3, 5), "test": texts(3, 7)}, of_classes(3))
    assert set(scored) == {
        f"{split}/{name}"
        for split in ("val", "test")
        for name in ("accuracy", "precision_macro", "recall_macro", "f1_macro")
    }
    assert set(scored.values()) == {1.0}


def test_n_grams_are_fitted_once_for_the_same_data_and_anew_for_others(monkeypatch):
    fitted = []
    fit = text_baselines.fit_and_predict
    monkeypatch.setattr(
        text_baselines, "fit_and_predict", lambda *arguments: fitted.append(1) or fit(*arguments)
    )
    first = char_ngrams(texts(3, 20), {"test": texts(3, 5)}, of_classes(3))
    assert char_ngrams(texts(3, 20), {"test": texts(3, 5)}, of_classes(3)) == first
    assert len(fitted) == 1
    char_ngrams(texts(3, 20), {"test": texts(3, 6)}, of_classes(3))
    char_ngrams(texts(3, 19), {"test": texts(3, 5)}, of_classes(3))
    assert len(fitted) == 3


def test_a_cache_that_cannot_be_written_is_only_a_warning(cache, caplog):
    cache.write_text("a file where a folder should be")
    scored = char_ngrams(texts(3, 20), {"test": texts(3, 5)}, of_classes(3))
    assert scored["test/accuracy"] == 1.0
    assert "cannot be written" in caplog.text


@pytest.mark.parametrize(("length", "recipe"), [(8, NAMES), (30, PROSE)])
def test_names_and_prose_have_models_of_their_own(length, recipe, monkeypatch):
    used = []
    fit = text_baselines.fit_and_predict
    monkeypatch.setattr(text_baselines, "fit_and_predict", lambda r, *rest: used.append(r) or fit(r, *rest))
    train = texts(3, 20)
    long = Labelled([text.ljust(length, "z") for text in train.texts], train.y)
    assert char_ngrams(long, {"test": long}, of_classes(3))["test/accuracy"] == 1.0
    assert used == [recipe]


def test_numbers_are_predicted_by_ridge_regression_as_scikit_learn_does():
    train, test = texts(3, 20), texts(3, 5)
    numbers = {
        name: Labelled(split.texts, split.y * 1.5) for name, split in {"train": train, "test": test}.items()
    }

    def scoring(predicted, true):
        return {"mae": mean_absolute_error(true, predicted)}

    found = char_ngrams(numbers["train"], {"test": numbers["test"]}, scoring, "number")
    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 5), lowercase=False, preprocessor="^{}$".format
    )
    model = make_pipeline(vectorizer, Ridge()).fit(train.texts, train.y * 1.5)
    expected = mean_absolute_error(test.y * 1.5, model.predict(test.texts))
    assert found == {"test/mae": pytest.approx(expected, rel=1e-4)}
