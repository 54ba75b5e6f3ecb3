"""Numeric sequences with a class at every step."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import Sequences
from seqlab.data.sequences.tags import steps_of
from seqlab.errors import DataError

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(2, 9, 40)
STATES = ("deep", "rem", "wake")


def walks() -> pd.DataFrame:
    """Return rows of sequences, shuffled: the state of a step says its values."""
    rows = [
        (f"w{n}", step, STATES[(n + step // 2) % 3], n + step / 10, -step, f"p{n // 4}")
        for n, length in enumerate(LENGTHS)
        for step in range(length)
    ]
    table = pd.DataFrame(rows, columns=["id", "t", "state", "ax", "ay", "person"])
    return table.sample(frac=1, random_state=0)


def sequences(path, table, **settings):
    table.to_csv(path, index=False)
    settings = {"series_id": "id", "label": "state", "features": ["ax", "ay"], **settings}
    return Sequences(path=str(path), **settings).for_problem("tagging")


@pytest.fixture
def loaded(tmp_path):
    return sequences(tmp_path / "walks.csv", walks(), group="person").load()


def states_of(name: str) -> list[str]:
    table = walks()
    return table[table.id == name].sort_values("t").state.tolist()


def test_every_step_has_its_class_in_a_batch_and_padding_has_none(loaded):
    assert (loaded.spec.classes, loaded.spec.task, loaded.spec.fits()) == (STATES, "tagging", True)
    for split, samples in loaded.samples.items():
        batch = samples.batch(torch.tensor([*range(len(samples)), -1]))
        for number, length in enumerate(batch.lengths[:-1].tolist()):
            name = loaded.describe(split, number)
            assert [STATES[y] for y in batch.y[number, :length]] == states_of(name)
            assert (batch.y[number, length:] == -1).all()
            assert not batch.x[number, length:].any()
            x = batch.x[number, :length].double() * torch.tensor(loaded.spec.sequences.scales)
            first = (x + torch.tensor(loaded.spec.sequences.means))[:, 0]
            assert first.tolist() == pytest.approx([int(name[1:]) + s / 10 for s in range(length)], abs=1e-4)


def test_splits_are_of_whole_groups_and_steps_are_counted(loaded):
    names = {split: [loaded.describe(split, n) for n in range(len(s))] for split, s in loaded.samples.items()}
    people = {split: {int(name[1:]) // 4 for name in found} for split, found in names.items()}
    assert sum(map(len, people.values())) == 10
    assert all(people.values())
    counts = Counter(state for name in names["train"] for state in states_of(name))
    assert loaded.spec.class_counts == tuple(counts[state] for state in STATES)
    y = loaded.samples["train"].y.numpy()
    assert np.bincount(y).tolist() == list(loaded.spec.class_counts)


def test_arrays_hold_the_same_as_rows(tmp_path, loaded):
    x = np.full((40, 8, 2), np.nan)
    y = np.full((40, 8), "", dtype="U9")
    for (name, step), row in walks().set_index(["id", "t"]).iterrows():
        x[int(name[1:]), step], y[int(name[1:]), step] = (row.ax, row.ay), row.state
    np.savez(tmp_path / "a.npz", x=np.nan_to_num(x, nan=99), y=y, lengths=LENGTHS)
    data = Sequences(path=str(tmp_path / "a.npz")).for_problem("tagging").load()
    assert data.spec.classes == STATES
    batch = data.samples["test"].batch(torch.arange(len(data.samples["test"])))
    for number, length in enumerate(batch.lengths.tolist()):
        name = f"w{data.describe('test', number)[2:-1]}"
        assert [STATES[found] for found in batch.y[number, :length]] == states_of(name)


def test_steps_without_a_number_keep_their_class(tmp_path):
    table = walks()
    table.loc[table.t >= 1, ["ax", "ay"]] = np.nan
    data = sequences(tmp_path / "walks.csv", table).load()
    found = {length for samples in data.samples.values() for length in samples.lengths.tolist()}
    assert found == set(LENGTHS.tolist())


def test_asked_sequences_keep_all_steps_without_a_column_of_labels(tmp_path, loaded):
    table = walks().drop(columns=["state", "person"])
    table.loc[table.t == LENGTHS[3] - 1, ["ax", "ay"]] = np.nan
    table[table.id == "w3"].to_csv(tmp_path / "new.csv", index=False)
    asked = loaded.spec.unlabelled(Sequences(path="walks.csv"), [], tmp_path / "new.csv")
    assert [tuple(one) for one in asked.names] == [("w3", LENGTHS[3])]
    assert asked.samples.batch(torch.tensor([0])).x.shape == (1, LENGTHS[3], 2)


def test_steps_of_some_sequences_are_in_their_order():
    assert steps_of(np.array([2, 3, 1]), np.array([2, 0])).tolist() == [5, 0, 1]


def test_tags_change_what_is_read(tmp_path):
    table = walks()
    one = sequences(tmp_path / "a.csv", table).load().spec.sha256
    table.iloc[0, 2] = next(state for state in STATES if state != table.iloc[0, 2])
    assert sequences(tmp_path / "b.csv", table).load().spec.sha256 != one


def test_a_class_without_a_training_step_is_said(tmp_path, caplog):
    train, test = walks(), walks()
    test.iloc[0, 2] = "light"
    test.to_csv(tmp_path / "test.csv", index=False)
    sequences(tmp_path / "train.csv", train, test_path=str(tmp_path / "test.csv")).load()
    assert "no training step has the label light, so it cannot be predicted" in caplog.text


@pytest.mark.parametrize(
    ("change", "settings", "said"),
    [
        ({"state": "deep"}, {}, "all steps have the label 'deep'; is data.label the right column?"),
        (
            {},
            {"label": "ax", "features": ["ay"]},
            f"classes in {LENGTHS.sum()} steps; is data.label the right column",
        ),
        (
            {},
            {"layout": "wide"},
            "task=tagging reads a label at every step: a row a step with a column",
        ),
        (
            {"state": np.tile(np.arange(25) / 4, 9)[: LENGTHS.sum()]},
            {},
            "25 classes in .* steps; is data.label",
        ),
        ({}, {"label": None, "features": None}, "state and person may hold labels; set data.label"),
    ],
)
def test_what_has_no_tags_is_refused(change, settings, said, tmp_path):
    with pytest.raises(DataError, match=said):
        sequences(tmp_path / "a.csv", walks().assign(**change), **settings).load()


def test_a_missing_tag_is_named_by_sequence_and_step(tmp_path):
    table = walks()
    table.loc[(table.id == "w5") & (table.t == 1), "state"] = ""
    with pytest.raises(DataError, match="w5, step 2: column 'state' is blank; fill it in or remove the row"):
        sequences(tmp_path / "a.csv", table).load()


def test_tags_of_arrays_are_as_long_as_the_sequences(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones((4, 3)), y=np.zeros((4, 2), int))
    said = r"y has the shape \[4, 2\]; with x of 4 sequences of 3 steps it must be \[4, 3\]"
    with pytest.raises(DataError, match=said):
        Sequences(path=str(tmp_path / "a.npz")).for_problem("tagging").load()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"label": "state"}, "use task=tagging to predict a label at every step"),
        ({"label": None, "features": None}, "with task=tagging if they change within a sequence"),
    ],
)
def test_a_class_that_changes_within_a_sequence_leads_to_tagging(settings, said, tmp_path):
    table = walks().drop(columns="person")
    table.to_csv(tmp_path / "a.csv", index=False)
    settings = {"features": ["ax"], **settings}
    with pytest.raises(DataError, match=said):
        Sequences(path=str(tmp_path / "a.csv"), series_id="id", **settings).load()


@pytest.mark.parametrize("lengths", [None, [2, 3, 3, 2, 3]])
def test_arrays_without_lengths_are_padded_by_missing_numbers(lengths, tmp_path):
    x = RANDOM.normal(size=(5, 3))
    x[0, 2] = x[1, 2] = np.nan
    y = np.array([[0, 1, 9], [0, 1, 1 if lengths else 9], [1, 0, 0], [1, 0, 9 if lengths else 0], [0, 0, 1]])
    np.savez(tmp_path / "a.npz", x=x, y=y, **({"lengths": lengths} if lengths else {}))
    loaded = (
        Sequences(path=str(tmp_path / "a.npz"), val_share=0.2, test_share=0.2).for_problem("tagging").load()
    )
    steps = [length for samples in loaded.samples.values() for length in samples.lengths.tolist()]
    assert loaded.spec.classes == ("0", "1")
    assert sorted(steps) == sorted(lengths or [2, 2, 3, 3, 3])


FULL = np.array([[0, 1, 2, 0], [1, 2, 0, 2], [2, 0, 1, 1], [0, 1, 1, 2], [1, 0, 2, 1]])
ENDS = [2, 4, 3, 4, 3]


def padded(path, by, *, x=None, full=FULL, dtype=int, **settings):
    """Save five sequences of up to four steps, the labels behind their ends replaced, and load them."""
    y = full.astype(dtype)
    for row, end in zip(y, ENDS, strict=True):
        row[end:] = by
    x = RANDOM.normal(size=(5, 4, 2)) if x is None else x
    np.savez(path, x=x, y=y)
    settings = {"val_share": 0.2, "test_share": 0.2, **settings}
    return Sequences(path=str(path), **settings).for_problem("tagging").load()


def steps_in(loaded):
    found = {}
    for split, samples in loaded.samples.items():
        for number, length in enumerate(samples.lengths.tolist()):
            found[int(loaded.describe(split, number)[2:-1])] = length
    return [found[number] for number in range(5)]


@pytest.mark.parametrize(
    ("by", "dtype"),
    [
        (-1, int),
        (-100, int),
        (-1.0, float),
        (np.nan, float),
        (-999, int),
        ("", "U9"),
        ("<pad>", "U9"),
        ("-1", "U9"),
    ],
)
def test_labels_that_only_pad_are_no_class(by, dtype, tmp_path, caplog):
    loaded = padded(tmp_path / "a.npz", by, dtype=dtype)
    assert loaded.spec.classes == ("0", "1", "2")
    assert steps_in(loaded) == ENDS
    assert (
        "ends 3 of 5 sequences and is cut off as padding; data.padding=none takes it for a class"
        in caplog.text
    )


def test_features_padded_by_zeros_are_cut_with_their_labels(tmp_path):
    x = RANDOM.normal(size=(5, 4, 2))
    for row, end in zip(x, ENDS, strict=True):
        row[end:] = 0
    loaded = padded(tmp_path / "a.npz", -1, x=x)
    names = [int(loaded.describe("train", n)[2:-1]) for n in range(len(loaded.samples["train"]))]
    kept = np.concatenate([x[name, : ENDS[name]] for name in names])
    assert loaded.spec.sequences.means == pytest.approx(tuple(kept.mean(0)))


def test_a_label_can_be_named_as_padding_or_as_a_class(tmp_path):
    assert steps_in(padded(tmp_path / "a.npz", 9, padding=9)) == ENDS
    every = padded(tmp_path / "a.npz", -1, padding="none")
    assert (steps_in(every), every.spec.classes) == ([4] * 5, ("-1", "0", "1", "2"))


@pytest.mark.parametrize(
    ("by", "change", "settings", "said"),
    [
        (
            255,
            {},
            {},
            "label '255' stands only at ends; data.padding=255 cuts it off as padding",
        ),
        (
            -1,
            {(1, 1): -1},
            {},
            "label '-1' stands before other labels; data.padding=none takes it for a class",
        ),
        (1, {(1, 0): -100}, {}, "label '-100' stands before other labels; data.padding=none"),
        (9, {(1, 1): 9}, {"padding": 9}, "label '9' stands before other labels, as in sequence 2"),
        (-1, {(0, 0): -1, (0, 1): -1}, {}, "sequence 1 has only the label '-1', its padding; remove it"),
        ("", {(1, 1): ""}, {}, r"x\[1\], step 2: column 'y' is blank"),
    ],
)
def test_what_may_be_padding_or_a_class_is_asked(by, change, settings, said, tmp_path):
    full = FULL.astype(object)
    for place, label in change.items():
        full[place] = label
    with pytest.raises(DataError, match=said):
        padded(tmp_path / "a.npz", by, full=full, dtype="U9", **settings)


def test_minus_one_beside_one_is_a_class_and_said(tmp_path, caplog):
    signs = np.where(FULL > 1, -1, FULL)
    assert padded(tmp_path / "a.npz", -1, full=signs).spec.classes == ("-1", "0", "1")
    assert "label '-1' is taken for a class, as it stands before other labels" in caplog.text


def test_rows_with_an_id_are_padded_too(tmp_path):
    table = walks().sort_values(["id", "t"])
    codes = {state: number for number, state in enumerate(STATES)}
    table["state"] = table["state"].map(codes)
    last = table.groupby("id")["t"].transform("max") == table["t"]
    table.loc[last, "state"] = -1
    loaded = sequences(tmp_path / "walks.csv", table).load()
    assert loaded.spec.classes == ("0", "1", "2")
    assert sum(int(samples.lengths.sum()) for samples in loaded.samples.values()) == LENGTHS.sum() - 40
