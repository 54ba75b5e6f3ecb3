"""Tagged sentences as samples: splits, vocabulary, batches, the case of the CoNLL files."""

from pathlib import Path

import pytest
import torch

from seqlab.data import SequenceData
from seqlab.data import kept as kept_module
from seqlab.data.tagged import prepare
from seqlab.data.tagged.declared import sentence_of, tokens_of
from seqlab.data.tagged.own import Tagged
from seqlab.errors import DataError

WORDS = ["Bonn/B-LOC", "and/O", "Acme/B-ORG", "works/O", "Ann/B-PER", "Lee/I-PER"]


def sentences(count: int, start: int = 0) -> list[list[str]]:
    return [
        [WORDS[(n * step + step) % 6] for step in range(1, 2 + n % 4)] for n in range(start, start + count)
    ]


def write(path: Path, rows: list[list[str]]) -> Path:
    path.write_text("\n\n".join("\n".join(word.replace("/", " ") for word in row) for row in rows) + "\n")
    return path


def load(path: Path, **settings: object) -> SequenceData:
    data = SequenceData(Tagged(path=str(path), **settings))
    data.setup()
    return data


def test_a_batch_has_the_tag_of_every_token_and_padding_has_none(tmp_path):
    data = load(write(tmp_path / "a.conll", sentences(40)), min_count=1)
    spec, found = data.spec, []
    assert (spec.classes, spec.task, spec.fits()) == (
        ("B-LOC", "B-ORG", "B-PER", "I-PER", "O"),
        "tagging",
        True,
    )
    for split, samples in data.samples.items():
        batch = samples.batch(torch.tensor([*range(len(samples)), -1]))
        for number, length in enumerate(batch.lengths[:-1].tolist()):
            tokens = [spec.symbols[token] for token in batch.x[number, :length]]
            assert " ".join(tokens) == data.describe(split, number)
            tags = [spec.classes[tag] for tag in batch.y[number, :length]]
            assert (batch.y[number, length:] == -1).all()
            assert not batch.x[number, length:].any()
            found.append([f"{token}/{tag}" for token, tag in zip(tokens, tags, strict=True)])
    assert sorted(found) == sorted(sentences(40))
    train = [word.partition("/")[2] for n in range(spec.sizes["train"]) for word in _row(data, n)]
    assert spec.class_counts == tuple(train.count(name) for name in spec.classes)


def _row(data: SequenceData, number: int) -> list[str]:
    batch = data.samples["train"].batch(torch.tensor([number]))
    return [f"/{data.spec.classes[tag]}" for tag in batch.y[0]]


def test_equal_sentences_are_in_one_split_and_rare_words_are_unknown(tmp_path):
    rows = [*sentences(40), ["Rare/O", "and/O"]]
    data = load(write(tmp_path / "a.conll", rows), split_seed=2)
    split_of: dict[str, set[str]] = {}
    for split, size in data.spec.sizes.items():
        for number in range(size):
            split_of.setdefault(data.describe(split, number).lower(), set()).add(split)
    assert all(len(splits) == 1 for splits in split_of.values())
    assert "Rare" not in data.spec.symbols
    assert "and" in data.spec.symbols


def test_lower_case_is_read_alike(tmp_path):
    data = load(write(tmp_path / "a.conll", sentences(40)), lowercase=True, min_count=1)
    assert set(data.spec.symbols[4:]) == {word.partition("/")[0].lower() for word in WORDS}
    assert "Bonn" in {
        word for n in range(data.spec.sizes["train"]) for word in data.describe("train", n).split()
    }


def test_given_files_are_splits_and_shared_sentences_are_counted(tmp_path, caplog):
    write(tmp_path / "test.conll", [*sentences(3), ["Zoe/B-MISC", "sings/O"]])
    path = write(tmp_path / "train.conll", sentences(12))
    data = load(path, test_path=str(tmp_path / "test.conll"), val_path=str(path), min_count=1)
    assert data.spec.sizes == {"train": 12, "val": 12, "test": 4}
    assert "3 of 4 given test sentences also occur in training" in caplog.text
    assert "no training token has the tag B-MISC" in caplog.text
    assert data.describe("test", 3) == "Zoe sings"


@pytest.mark.parametrize(
    "tokens",
    [
        ["Ann", "sings"],
        ["10\u00a0000", "km"],
        ["New York", "is", "10\u00a0000"],
        ["New York"],
        ["\u3000"],
        ["a\rb"],
    ],
)
def test_a_sentence_is_taken_apart_into_its_tokens(tokens):
    assert tokens_of(sentence_of(tokens)) == tokens


def test_a_sentence_to_predict_is_taken_apart_as_those_of_training(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("10\u00a0000 B\nkm O\n\n5\u00a0000 B\nkm O\n\nkm O\n", encoding="utf-8")
    data = load(path, val_path=str(path), test_path=str(path), min_count=1)
    assert "10\u00a0000" in data.spec.symbols
    assert data.describe("train", 0) == "10\u00a0000 km"
    samples, names = data.spec.unlabelled(data.dataset, [" 10\u00a0000  km\n", " "], None)
    assert names == ["10\u00a0000 km"]
    assert (
        samples.batch(torch.tensor([0])).x.tolist()
        == data.samples["train"].batch(torch.tensor([0])).x.tolist()
    )


def test_one_tag_alone_is_an_error(tmp_path):
    (tmp_path / "a.conll").write_text("a O\nb O\n\nc O\n")
    with pytest.raises(DataError, match="all tokens have the tag 'O'"):
        load(tmp_path / "a.conll")


@pytest.fixture
def reads(monkeypatch):
    """Every file is large enough for the cache; return the files that were parsed."""
    monkeypatch.setattr(kept_module, "LARGE", 0)
    read, files = prepare.read, []

    def noted(data: Tagged, path: Path, **settings: object) -> object:
        files.append(path.name)
        return read(data, path, **settings)

    monkeypatch.setattr(prepare, "read", noted)
    return files


def test_a_large_file_is_parsed_once_for_all_settings_but_its_columns(tmp_path, reads, monkeypatch):
    path = write(tmp_path / "a.conll", sentences(40))
    first = load(path)
    for settings in ({}, {"lowercase": True}, {"min_count": 1}, {"val_share": 0.2}):
        again = load(path, **settings)
    assert reads == ["a.conll"]
    again = load(path)
    assert again.spec == first.spec
    for split, samples in first.samples.items():
        rows = torch.arange(len(samples))
        assert torch.equal(again.samples[split].batch(rows).x, samples.batch(rows).x)
        assert torch.equal(again.samples[split].batch(rows).y, samples.batch(rows).y)
        assert [again.describe(split, n) for n in rows] == [first.describe(split, n) for n in rows]
    load(path, token=1, label=0)
    load(write(path, sentences(41)))
    assert reads == ["a.conll"] * 3
    monkeypatch.setattr(kept_module, "LARGE", 2**20)
    assert load(write(path, sentences(40))).spec == first.spec
    assert reads == ["a.conll"] * 4
