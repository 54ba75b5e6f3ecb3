"""From numeric sequences to samples: answers, splits, scaling."""

import logging
from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from seqlab.data import Sequences
from seqlab.errors import DataError

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(2, 9, 90)
X = RANDOM.normal(5, 3, (90, 8, 2))
X[:, :, 1] *= 100
Y = np.repeat([2, 10, 1], [50, 30, 10])


def saved(path, x=X, y=Y, lengths=LENGTHS, **more):
    np.savez(path, x=x, y=y, lengths=lengths, **more)
    return str(path)


def number(loaded, split, index):
    return int(loaded.describe(split, index)[2:-1])


def numbers(loaded, split):
    return [number(loaded, split, index) for index in range(len(loaded.samples[split]))]


@pytest.fixture
def loaded(tmp_path):
    return Sequences(path=saved(tmp_path / "a.npz"), val_share=0.2, test_share=0.1).load()


def test_every_sequence_is_in_one_split_and_classes_have_equal_shares(loaded):
    found = {split: numbers(loaded, split) for split in ("train", "val", "test")}
    assert sorted(row for rows in found.values() for row in rows) == list(range(90))
    counts = {split: Counter(Y[rows].tolist()) for split, rows in found.items()}
    assert counts["val"] == {2: 10, 10: 6, 1: 2}
    assert counts["test"] == {2: 5, 10: 3, 1: 1}
    assert loaded.spec.sizes == {"train": 63, "val": 18, "test": 9}
    assert loaded.spec.class_counts == (7, 35, 21)


def test_classes_that_are_numbers_are_in_their_order(loaded):
    assert loaded.spec.classes == ("1", "2", "10")
    for split, samples in loaded.samples.items():
        assert [loaded.spec.classes[y] for y in samples.y.tolist()] == list(
            map(str, Y[numbers(loaded, split)].tolist())
        )


def test_scales_are_those_of_the_training_part(loaded):
    steps = {split: [X[row, : LENGTHS[row]] for row in numbers(loaded, split)] for split in loaded.samples}
    scaler = StandardScaler().fit(np.concatenate(steps["train"]))
    np.testing.assert_allclose(loaded.spec.sequences.means, scaler.mean_, rtol=1e-12)
    np.testing.assert_allclose(loaded.spec.sequences.scales, scaler.scale_, rtol=1e-12)
    for split, samples in loaded.samples.items():
        for index, values in enumerate(steps[split]):
            found = samples.batch(torch.tensor([index])).x[0].numpy()
            np.testing.assert_allclose(found, scaler.transform(values), rtol=2e-6, atol=1e-6)


def test_inputs_in_their_own_units_are_scaled_to_the_same_bits(loaded):
    row = number(loaded, "test", 0)
    own = torch.from_numpy(X[row : row + 1, : LENGTHS[row]])
    batch = loaded.samples["test"].batch(torch.tensor([0]))
    assert torch.equal(loaded.spec.scaled(own), batch.x)
    assert loaded.spec.fits()


def test_a_group_is_in_one_split(tmp_path):
    group = np.array([f"speaker {number % 18}" for number in range(90)])
    loaded = Sequences(path=saved(tmp_path / "a.npz", group=group), val_share=0.2, test_share=0.2).load()
    found = [set(group[numbers(loaded, split)]) for split in ("train", "val", "test")]
    assert sum(map(len, found)) == len(set.union(*found)) == 18


def test_equal_sequences_are_in_one_split(tmp_path):
    path = saved(tmp_path / "a.npz", X[np.arange(90) // 3], Y, LENGTHS[np.arange(90) // 3])
    loaded = Sequences(path=path, val_share=0.3, test_share=0.3).load()
    found = [{row // 3 for row in numbers(loaded, split)} for split in ("train", "val", "test")]
    assert sum(map(len, found)) == 30


def test_given_files_are_splits_as_they_are(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seqlab")
    train, test = saved(tmp_path / "a.npz"), saved(tmp_path / "b.npz", X[:7] + 1, Y[:7], LENGTHS[:7])
    loaded = Sequences(path=train, test_path=test, val_share=0.2).load()
    assert loaded.spec.sizes == {"train": 72, "val": 18, "test": 7}
    assert numbers(loaded, "test") == list(range(7))
    own = torch.from_numpy(X[:1, : LENGTHS[0]] + 1)
    assert torch.equal(loaded.samples["test"].batch(torch.tensor([0])).x, loaded.spec.scaled(own))
    assert f"{tmp_path / 'b.npz'}: 7 sequences of" in caplog.text
    loaded = Sequences(path=train, test_path=test, val_path=test).load()
    assert loaded.spec.sizes == {"train": 90, "val": 7, "test": 7}


def test_test_sequences_that_occur_in_training_are_counted(tmp_path, caplog):
    train, test = saved(tmp_path / "a.npz"), saved(tmp_path / "b.npz", X[:7], Y[:7], LENGTHS[:7])
    Sequences(path=train, test_path=test, val_path=test).load()
    assert "7 of 7 given test sequences also occur in training" in caplog.text


def test_a_missing_number_is_the_one_before_it_or_the_mean_of_training(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seqlab")
    x, y, lengths = np.ones((8, 4, 1)) * np.arange(1, 5)[:, None], [0, 1] * 4, [4] * 8
    x[:, 0] += np.arange(8)[:, None]
    test = np.array([[[np.nan], [7], [np.nan], [9]], [[np.nan], [np.nan], [5], [np.nan]]])
    train = saved(tmp_path / "a.npz", x, y, lengths)
    other = saved(tmp_path / "b.npz", test, [0, 1], [4, 4])
    loaded = Sequences(path=train, test_path=other, val_path=train).load()
    mean = x.mean()
    batch = loaded.samples["test"].batch(torch.tensor([0, 1]))
    found = batch.x[:, :, 0].double() * loaded.spec.sequences.scales[0] + mean
    np.testing.assert_allclose(found, [[mean, 7, 7, 9], [mean, mean, 5, mean]], rtol=1e-6)
    assert batch.lengths.tolist() == [4, 3]
    assert "4 of 7 numbers are missing" in caplog.text
    assert "1 of 2 sequences end in missing numbers" in caplog.text


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"y": np.zeros(90, int)}, "all sequences have the class '0'"),
        (
            {"y": np.arange(90)},
            "column 'y' has 90 classes in 90 sequences .is data.label the right column.*task=regression",
        ),
        (
            {"y": np.array([f"n{n}" for n in range(90)])},
            "column 'y' has 90 classes in 90 sequences .is data.label the right",
        ),
        ({"y": np.where(np.arange(90) == 4, "", "a")}, r"x\[4\]: column 'y' is blank; fill it in"),
        ({"x": np.where([True, False], X, np.nan)}, "'channel 2' has no number in the training part"),
    ],
)
def test_what_cannot_be_learnt_is_refused(tmp_path, arrays, reason):
    with pytest.raises(DataError, match=reason):
        Sequences(path=saved(tmp_path / "a.npz", **arrays)).load()


def test_other_channels_or_classes_of_a_test_file_are_refused(tmp_path):
    train = saved(tmp_path / "a.npz")
    other = saved(tmp_path / "b.npz", X[:, :, :1])
    with pytest.raises(DataError, match=r"b\.npz has the channels channel 1, and"):
        Sequences(path=train, test_path=other).load()
    with pytest.raises(DataError, match=r"class '7' has test sequences but no training sequence"):
        Sequences(path=train, test_path=saved(tmp_path / "c.npz", y=np.where(Y == 1, 7, Y))).load()
    np.savez(tmp_path / "d.npz", x=X)
    with pytest.raises(DataError, match=r"d\.npz: the sequences have no labels"):
        Sequences(path=train, test_path=str(tmp_path / "d.npz")).load()
    with pytest.raises(DataError, match=r"data\.test_path=.*e\.npz does not exist; set data\.test_path"):
        Sequences(path=train, test_path=str(tmp_path / "e.npz")).load()


def test_numbers_are_answered_in_units_of_the_training_part(tmp_path):
    y = RANDOM.normal(1000, 50, 90)
    loaded = Sequences(path=saved(tmp_path / "a.npz", y=y)).for_problem("regression").load()
    train = numbers(loaded, "train")
    assert loaded.spec.target_mean == pytest.approx(y[train].mean(), rel=1e-12)
    assert loaded.spec.target_std == pytest.approx(y[train].std(), rel=1e-12)
    for split, samples in loaded.samples.items():
        found = samples.y.double() * loaded.spec.target_std + loaded.spec.target_mean
        np.testing.assert_allclose(found, y[numbers(loaded, split)], rtol=1e-6)
    assert (loaded.spec.task, loaded.spec.classes) == ("regression", ())


def test_columns_of_switches_are_several_labels(tmp_path):
    y = RANDOM.integers(0, 2, (90, 3))
    loaded = Sequences(path=saved(tmp_path / "a.npz", y=y)).for_problem("multilabel").load()
    assert loaded.spec.classes == ("label 1", "label 2", "label 3")
    for split, samples in loaded.samples.items():
        assert samples.y.tolist() == y[numbers(loaded, split)].tolist()
    with pytest.raises(
        DataError, match="has 3 columns of labels; several are predicted with task=multilabel"
    ):
        Sequences(path=str(tmp_path / "a.npz")).load()


@pytest.mark.parametrize(
    ("settings", "problem_type", "said"),
    [
        ({}, "regression", "has 2 columns of labels; several are predicted with task=multilabel"),
        (
            {"label_separator": "pipe"},
            "multilabel",
            r"a\.npz has 2 columns of labels; data\.label_separator is for",
        ),
    ],
)
def test_further_columns_of_labels_are_never_left_out(settings, problem_type, said, tmp_path):
    data = Sequences(path=saved(tmp_path / "a.npz", y=RANDOM.integers(0, 2, (90, 2))), **settings)
    with pytest.raises(DataError, match=said):
        data.for_problem(problem_type).load()


def test_a_column_with_a_separator_holds_several_labels(tmp_path):
    rows = [f"{n},{n + 1},{'up|fast' if n % 3 == 0 else 'up' if n % 3 == 1 else ''}" for n in range(30)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["v1,v2,kinds", *rows]))
    data = Sequences(path=str(path), label="kinds", label_separator="pipe").for_problem("multilabel")
    loaded = data.load()
    assert loaded.spec.classes == ("fast", "up")
    for split, samples in loaded.samples.items():
        for index, y in enumerate(samples.y.tolist()):
            n = int(loaded.describe(split, index).removeprefix("line ")) - 2
            assert y == [n % 3 == 0, n % 3 < 2]


def test_several_columns_are_refused_for_one_answer():
    data = Sequences(path="a.csv", label=["a", "b"])
    assert data.unsupported_reason("classification") == "several labels are predicted with task=multilabel"
    assert data.unsupported_reason("multilabel") is None
    with pytest.raises(ValueError, match="label_separator is for labels in one column"):
        Sequences(path="a.csv", label=["a", "b"], label_separator="pipe")


def test_several_labels_need_columns_or_a_separator(tmp_path):
    data = Sequences(path=saved(tmp_path / "a.npz")).for_problem("multilabel")
    with pytest.raises(DataError, match=r"task=multilabel reads data.label=\[a,b\]"):
        data.load()


def test_a_column_of_words_is_left_out_of_the_features_and_a_label_is_not(tmp_path):
    path = tmp_path / "rows.csv"
    rows = [f"{n},{n + 1},{n % 2}" for n in range(20)]
    path.write_text("\n".join(["v1,v2,label", *rows, "1,wet,0"]))
    with pytest.raises(DataError, match=r"column 'v2' is 'wet'.*leave the column out of data\.features"):
        Sequences(path=str(path), label="label").load()
    path.write_text("\n".join(["v1,v2,label", *rows, "1,2,wet"]))
    with pytest.raises(DataError, match="column 'label' is 'wet'") as error:
        Sequences(path=str(path), label="label").for_problem("regression").load()
    assert "features" not in str(error.value)
