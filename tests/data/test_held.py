"""Tables and arrays that Python holds, as the data module that a Trainer takes."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import Sequences, Series, Tagged, Texts
from seqlab.data.held import arrays_as_file
from seqlab.errors import ConfigError, DataError


@pytest.fixture
def reviews() -> pd.DataFrame:
    """Return forty reviews of two classes, all different."""
    words = ("good", "bad") * 20
    return pd.DataFrame(
        {
            "review": [f"{word} book {number}" for number, word in enumerate(words)],
            "cat": [{"good": "pos", "bad": "neg"}[word] for word in words],
            "stars": np.linspace(1, 5, 40),
        }
    )


def test_a_frame_is_read_as_the_file_that_it_would_be(tmp_path, reviews):
    reviews.to_csv(tmp_path / "reviews.csv", index=False)
    held = Texts.from_frame(reviews, text="review", label="cat")
    file = Texts.from_frame(tmp_path / "reviews.csv", text="review", label="cat")
    assert held.spec.classes == ("neg", "pos")
    assert held.spec.meaning == file.spec.meaning
    for split, samples in held.samples.items():
        torch.testing.assert_close(samples.y, file.samples[split].y)
        texts = [held.describe(split, number) for number in range(len(samples))]
        assert texts == [file.describe(split, number) for number in range(len(samples))]
        assert set(texts) <= set(reviews["review"])


def test_validation_and_test_can_be_frames_of_their_own(reviews):
    train, val, test = reviews[:20], reviews[20:32], reviews[32:]
    data = Texts.from_frame(train, val=val, test=test, text="review", label="stars", task="regression")
    assert data.spec.sizes == {"train": 20, "val": 12, "test": 8}
    assert data.spec.target_mean == pytest.approx(train["stars"].mean())
    assert {data.describe("test", number) for number in range(8)} == set(test["review"])


def test_a_series_and_a_table_of_tokens_are_read_from_frames():
    values = np.sin(np.arange(400) / 9)
    frame = pd.DataFrame({"load": values}, index=pd.date_range("2021", periods=400, freq="h"))
    data = Series.from_frame(frame, targets="load", input_steps=12, horizon_steps=2)
    assert data.spec.task == "forecasting"
    tokens = pd.DataFrame(
        {"s": np.repeat(np.arange(30), 3), "w": [f"w{n}" for n in range(90)], "t": ["P", "O", "O"] * 30}
    )
    tagged = Tagged.from_frame(tokens, token="w", label="t", sentence="s")
    assert tagged.spec.classes == ("O", "P")


def test_arrays_of_one_length_and_of_several_are_the_same_sequences():
    random = np.random.default_rng(0)
    x = [random.normal(size=(3 + number % 4, 2)) for number in range(40)]
    y = ["low", "high"] * 20
    padded = np.zeros((40, 6, 2))
    for place, one in enumerate(x):
        padded[place, : len(one)] = one
    objects = np.empty(40, object)
    objects[:] = x
    ragged = Sequences.from_arrays(objects, y)
    assert ragged.spec.sequences == Sequences.from_arrays(x, y).spec.sequences
    filled = Sequences.from_arrays(padded, np.array(y), lengths=[len(one) for one in x])
    assert ragged.spec.classes == filled.spec.classes == ("high", "low")
    assert ragged.spec.sequences.means == pytest.approx(
        np.concatenate([x[int(name[2:-1])] for name in _names(ragged)]).mean(0)
    )
    for split, samples in ragged.samples.items():
        every = torch.arange(len(samples))
        for found, expected in zip(samples.batch(every), filled.samples[split].batch(every), strict=True):
            torch.testing.assert_close(found, expected)


def _names(data) -> list[str]:
    return [data.describe("train", number) for number in range(len(data.samples["train"]))]


def test_sequences_have_numbers_labels_of_steps_and_splits_of_their_own():
    x = np.random.default_rng(1).normal(size=(24, 5))
    data = Sequences.from_arrays(x[:16], np.arange(16.0), test=(x[16:], np.arange(8.0)), task="regression")
    assert data.spec.sizes["test"] == 8
    steps = Sequences.from_arrays(list(x), [["u", "v", "u", "u", "v"]] * 24, task="tagging")
    assert steps.spec.classes == ("u", "v")


def test_a_label_that_is_no_number_is_missing_and_no_class():
    x = np.random.default_rng(1).normal(size=(30, 5))
    y = np.arange(30) % 2.0
    y[3] = np.nan
    with pytest.raises(DataError, match="is blank"):
        Sequences.from_arrays(x, y).setup()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"txt": "review"}, "Texts has no setting 'txt'; did you mean 'text'"),
        ({"val_share": 2}, "val_share must be less than 1, got 2"),
        ({"task": "forecasting"}, "task=forecasting does not suit data=text_csv"),
    ],
)
def test_a_wrong_setting_is_a_line(reviews, settings, message):
    with pytest.raises(ConfigError, match=message):
        Texts.from_frame(reviews, **settings)


def test_a_single_column_is_no_table(reviews):
    with pytest.raises(ConfigError, match="from_frame takes a DataFrame or a dict of columns, not a Series"):
        Texts.from_frame(pd.DataFrame(reviews)["review"], text="review", label="cat")


def test_arrays_that_are_no_sequences_are_refused():
    with pytest.raises(ConfigError, match="give numbers"):
        Sequences.from_arrays([["a"]], [1])
    with pytest.raises(DataError, match=r"x\[0\]: column 'y' is blank"):
        Sequences.from_arrays(np.ones((4, 3)), [None, "a", "b", "a"]).setup()
    with pytest.raises(DataError, match=r"y has the shape \[3\]"):
        Sequences.from_arrays(np.ones((4, 3)), [0, 1, 0]).setup()
    with pytest.raises(DataError, match=r"x of shape \[0, 5, 2\] holds no number"):
        Sequences.from_arrays(np.zeros((0, 5, 2)), []).setup()
    with pytest.raises(ConfigError, match=r"val must be a tuple \(x, y\) or \(x, y, lengths\)"):
        Sequences.from_arrays(np.ones((4, 3)), [0, 1, 0, 1], val=np.ones((4, 3)))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([(5, 2), (6, 1)], r"x\[0\] has the shape \[5, 2\], and x\[1\] has \[6, 1\]"),
        ([(5, 2), (5, 1)], r"x\[0\] has the shape \[5, 2\], and x\[1\] has \[5, 1\]"),
        ([(5, 2), (5, 2), (6,)], r"x\[0\] has the shape \[5, 2\], and x\[2\] has \[6\]"),
        ([(), (6,)], r"x\[0\] has the shape \[\], and x\[1\] has \[6\]"),
    ],
)
def test_sequences_with_other_columns_are_refused(x, message):
    with pytest.raises(ConfigError, match=message):
        Sequences.from_arrays([np.ones(shape) for shape in x], [0, 1, 0])


@pytest.mark.parametrize(
    ("y", "lengths", "message"),
    [
        ([5, 5, 5], None, r"y\[1\] has 5 labels, and x\[1\] has 7 steps"),
        ([5, 8, 6], None, r"y\[1\] has 8 labels, and x\[1\] has 7 steps"),
        ([5, 7, 7], None, r"y\[2\] has 7 labels, and x\[2\] has 6 steps"),
        ([5, 7, 6], [5, 4, 6], None),
        ([5, 4, 6], [5, 4, 6], None),
        ([5, 3, 6], [5, 4, 6], r"y\[1\] has 3 labels, and x\[1\] has 4 steps"),
    ],
)
def test_every_step_has_one_label(y, lengths, message):
    x = [np.ones((steps, 2)) for steps in (5, 7, 6)]
    labels = [["u"] * count for count in y]
    if message is None:
        file = Sequences.from_arrays(x, labels, lengths=lengths, task="tagging").dataset.path
        assert np.load(file)["y"].shape == (3, 7)
    else:
        with pytest.raises(ConfigError, match=message):
            Sequences.from_arrays(x, labels, lengths=lengths, task="tagging")


def test_sequences_without_labels_of_steps_have_equally_many_labels():
    with pytest.raises(ConfigError, match=r"y\[0\] has the shape \[2\], and y\[1\] has \[1\]"):
        Sequences.from_arrays(np.ones((2, 3)), [[0, 1], [1]], task="multilabel")


NUMBERS = np.array([[1.5, 2.0, 3.25], [4.0, 0.5, 6.0]])


@pytest.mark.parametrize(
    "x",
    [
        torch.tensor(NUMBERS, requires_grad=True),
        list(torch.tensor(NUMBERS, requires_grad=True)),
        torch.tensor(NUMBERS, dtype=torch.bfloat16),
        NUMBERS.astype(object),
        [[Decimal(number) for number in row] for row in NUMBERS],
        pd.DataFrame(NUMBERS).convert_dtypes(),
        pd.Series(list(NUMBERS)),
        (row for row in NUMBERS),
    ],
    ids=["with gradient", "list", "bfloat16", "objects", "decimals", "nullable", "series", "generator"],
)
def test_numbers_are_read_whatever_holds_them(x):
    assert np.load(arrays_as_file(x))["x"].tolist() == NUMBERS.tolist()


@pytest.mark.parametrize(
    "x",
    [
        np.ma.masked_equal(NUMBERS, 0.5),
        list(np.ma.masked_equal(NUMBERS, 0.5)),
        np.where(NUMBERS == 0.5, None, NUMBERS),
        pd.DataFrame(NUMBERS, dtype=object).replace(0.5, pd.NA),
    ],
    ids=["masked", "list", "objects", "frame"],
)
def test_a_number_that_is_masked_or_none_is_missing(x):
    found = np.load(arrays_as_file(x))["x"]
    np.testing.assert_array_equal(found, np.where(NUMBERS == 0.5, np.nan, NUMBERS))


@pytest.mark.parametrize(
    "y",
    [
        ["a", None, "b"],
        ["a", np.nan, "b"],
        pd.Series(["a", pd.NA, "b"]),
        pd.Series(["a", None, "b"], dtype="category"),
        np.ma.masked_equal(np.array(["a", "?", "b"]), "?"),
    ],
    ids=["None", "NaN", "NA", "category", "masked"],
)
def test_a_label_that_is_missing_is_blank(y):
    assert np.load(arrays_as_file(np.ones((3, 2)), y))["y"].tolist() == ["a", "", "b"]
