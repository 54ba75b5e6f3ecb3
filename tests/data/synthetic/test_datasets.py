"""The made-up tasks as data modules: deterministic, split by split, in the form that models read."""

import pytest
import torch

from seqlab.data import Adding, CopyMemory, Parity, SequenceData, TemporalOrder, datasets

SIZES = {"train_samples": 60, "val_samples": 20, "test_samples": 30}
ALL = ("adding", "copy", "parity", "temporal_order")


def made(name: str, seed: int = 0, **settings: int) -> SequenceData:
    data = SequenceData(datasets[name](**SIZES | settings), seed=seed)
    data.setup()
    return data


def everything(data: SequenceData, split: str) -> tuple[torch.Tensor, ...]:
    samples = data.samples[split]
    batch = samples.batch(torch.arange(len(samples)))
    return batch.x, batch.lengths, batch.y


def equal(first: SequenceData, second: SequenceData, split: str) -> bool:
    pairs = zip(everything(first, split), everything(second, split), strict=True)
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", ALL)
def test_a_split_has_as_many_sequences_as_were_asked_for(name):
    data = made(name)
    assert data.spec.sizes == {"train": 60, "val": 20, "test": 30}
    assert {split: len(samples) for split, samples in data.samples.items()} == data.spec.sizes
    assert data.spec.source == "generated"
    assert len(made(name, limit_train_samples=7).samples["train"]) == 7


@pytest.mark.parametrize("name", ALL)
def test_one_seed_draws_the_same_sequences_and_another_seed_draws_others(name):
    first, again, other = made(name), made(name, seed=5), made(name, samples_seed=1)
    for split in ("train", "val", "test"):
        assert equal(first, again, split)
        assert not equal(first, other, split)
    assert first.spec.sha256 == again.spec.sha256 != other.spec.sha256


@pytest.mark.parametrize("name", ALL)
def test_more_training_sequences_change_no_other_split(name):
    few, many = made(name), made(name, train_samples=90)
    assert equal(few, many, "val")
    assert equal(few, many, "test")
    assert few.spec.sha256 != many.spec.sha256


@pytest.mark.parametrize("name", ALL)
def test_no_two_splits_are_drawn_alike(name):
    data = made(name, train_samples=30, val_samples=30, test_samples=30)
    x, _, y = everything(data, "train")
    for split in ("val", "test"):
        other_x, _, other_y = everything(data, split)
        assert x.shape != other_x.shape or not torch.equal(x, other_x)
        assert not torch.equal(y, other_y)


@pytest.mark.parametrize("name", ALL)
def test_every_class_has_a_name_and_every_token_a_symbol(name):
    spec, (x, _, y) = made(name).spec, everything(made(name), "train")
    if spec.kind == "tokens":
        assert int(x.max()) < spec.input_size == len(spec.symbols)
        assert int(y.max()) < len(spec.classes)
        assert sum(spec.class_counts) == y.numel()
    else:
        assert x.shape[2] == spec.input_size == len(spec.features)


def test_adding_is_described_by_its_marked_numbers():
    data = made("adding", length=9)
    x, _, y = everything(data, "test")
    first, second = data.describe("test", 3).split(" + ")
    found = [(float(part.split()[0]), int(part.split()[-1])) for part in (first, second)]
    assert sum(number for number, _ in found) == pytest.approx(float(y[3]), abs=1e-4)
    assert [step - 1 for _, step in found] == x[3, :, 1].nonzero().flatten().tolist()


def test_copy_asks_at_the_last_steps_for_the_first_symbols():
    data = SequenceData(CopyMemory(length=4, recalled=3, **SIZES))
    data.setup()
    text = data.describe("test", 2)
    asked = [data.spec.classes[number] for number in data.samples["test"].y[2]]
    assert text == "".join(asked) + "___:___"
    assert data.spec.tagged_steps == 3


def test_the_strings_of_paritys_test_are_longer_than_those_learnt_from():
    drawn = dict.fromkeys(SIZES, 500)
    data = SequenceData(Parity(length=6, test_length=20, **drawn))
    data.setup()
    spans = {split: samples.lengths.aminmax() for split, samples in data.samples.items()}
    assert {split: (int(low), int(high)) for split, (low, high) in spans.items()} == {
        "train": (1, 6),
        "val": (1, 6),
        "test": (7, 20),
    }
    text = data.describe("test", 0)
    assert data.spec.classes[int(data.samples["test"].y[0])] == ("even", "odd")[text.count("1") % 2]


def test_temporal_order_names_its_classes_by_the_symbols_that_matter():
    data = SequenceData(TemporalOrder(relevant=3, **SIZES))
    data.setup()
    assert len(data.spec.classes) == 8
    for index in range(30):
        symbols = "".join(symbol for symbol in data.describe("test", index) if symbol in "XY")
        assert data.spec.classes[int(data.samples["test"].y[index])] == symbols


def test_a_row_that_fills_up_holds_any_sequence():
    data = SequenceData(Adding(length=5, **SIZES))
    data.setup()
    batch = data.samples["val"].batch(torch.tensor([-1, 4]))
    assert batch.ids.tolist() == [-1, 4]
    assert torch.equal(batch.x[1], data.samples["val"].batch(torch.tensor([4])).x[0])
