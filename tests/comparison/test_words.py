"""What a comparison says in words, against what the records hold."""

import pytest

from seqlab.comparison.figures.comparison import comparison
from seqlab.comparison.words import MEANINGS, deciding, in_words, listed
from seqlab.tasks.baselines.names import FORECASTS

from .conftest import LANGUAGE_MODEL

SIZES = {"train": 2051, "val": 256, "test": 259}
DATA = {"name": "names", "source": "real", "classes": ["cat", "dog"], "series": None, "sizes": SIZES}


@pytest.fixture
def write(classify):
    """Return what leaves a run of a language model, with the loss of a token and the bits of a character."""

    def leave(name: str, loss: float, bits: float, *, scores=LANGUAGE_MODEL["scores"], **tokens):
        known = {f"test/{score['name']}" for score in scores}
        found = {"test/loss": loss, "test/bits_per_character": bits}
        classify(
            name,
            task=LANGUAGE_MODEL | {"problem_type": "language_model", "scores": scores},
            metrics={name: value for name, value in found.items() if name in known},
            baselines={"unigram": {"test/loss": 3.0, "test/bits_per_character": 3.5}},
            data_settings=tokens,
        )

    return leave


@pytest.fixture
def text(benchmark):
    return lambda: " ".join(in_words(benchmark()))


def test_networks_seeds_split_and_the_best_are_named(classify, text, benchmark):
    for name, accuracy in (("own LSTM", 0.75), ("RNN", 0.5)):
        for seed in range(2):
            classify(name, seed=seed, accuracy=accuracy + seed / 10, model={"cell": name}, data=DATA)
    assert deciding(benchmark()) == "test/accuracy"
    assert "2 networks are compared on names: own LSTM and RNN." in text()
    assert "trained 2 times, with seeds 0 and 1" in text()
    assert "of the 259 test samples" in text()
    assert "2,051 samples were trained on, 256 chose the weights" in text()
    assert "own LSTM has the best accuracy, 0.8000; next is RNN with 0.5500 (higher is better)." in text()
    assert "weights of the epoch with the best val/accuracy were kept" in text()


def test_baselines_are_explained_and_said_to_be_beaten_or_not(classify, text):
    for name, accuracy in (("good", 0.45), ("bad", 0.3)):
        classify(name, accuracy=accuracy, model={"cell": name})
    assert f"majority {MEANINGS['majority']}." in text()
    assert "Better than majority (0.4000): good." in text()


def test_every_baseline_of_forecasts_has_a_meaning():
    assert set(MEANINGS).issuperset(FORECASTS)


@pytest.mark.parametrize(("accuracy", "who"), [(0.3, "no network"), (0.5, "every network")])
def test_none_and_every_network_can_be_better(classify, text, accuracy, who):
    classify("one", accuracy=accuracy)
    assert f"Better than majority (0.4000): {who}." in text()
    assert "trained once, with seed 0" in text()


def test_lower_errors_are_better(forecast, text):
    forecast("jena")
    assert "Better than persistence (2.5000): every network." in text()
    assert "(lower is better)" in text()
    assert "the scores say nothing about the real data" in text()


def test_different_splits_are_a_warning(classify, text):
    classify("one", data=DATA)
    classify("two", data=DATA | {"sizes": SIZES | {"test": 100}}, model={"cell": "gru"})
    assert "do not all have the same split" in text()


def test_nothing_is_said_of_unfinished_runs(classify, text):
    classify("one", status="failed")
    assert text() == ""


def test_lists_read_as_a_sentence():
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


@pytest.mark.parametrize("tokens", [{"tokens": "bpe"}, {"min_count": 9}, {"documents": "line"}])
def test_language_models_of_different_tokens_are_compared_by_characters(write, text, benchmark, tokens):
    write("characters", 2.5, 3.7, tokens="characters", min_count=2, documents="none")
    write("others", 5.4, 2.0, **{"tokens": "characters", "min_count": 2, "documents": "none"} | tokens)
    assert [group.label for group in benchmark().groups] == ["others", "characters"]
    assert "others has the best bits per character, 2.0000; next is characters with 3.7000" in text()
    assert "Better than unigram (3.5000): others." in text()
    assert "different tokens" in text()
    assert "same split" not in text()
    figure = comparison(benchmark()).figures[()]
    assert [one.text for one in figure.layout.annotations] == ["bits per character"]


def test_none_is_the_best_if_a_language_model_of_other_tokens_has_no_bits_per_character(write, text):
    write("characters", 2.5, 3.7, tokens="characters")
    write("bpe", 5.4, 2.0, tokens="bpe", scores=LANGUAGE_MODEL["scores"][:1])
    assert "has the best" not in text()
    assert "Better than" not in text()
    assert "does not tell which is better." in text()


def test_language_models_of_the_same_tokens_are_compared_by_what_chose_their_weights(write, text):
    for name, loss in (("gru", 2.5), ("lstm", 2.4)):
        write(f"{name} network", loss, 3.7, tokens="characters", batch_size=len(name))
    assert "lstm network has the best loss, 2.4000" in text()
    assert "different tokens" not in text()
