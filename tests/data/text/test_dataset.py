"""What all data sets of texts do: against a plain recomputation from the texts themselves."""

import random
from collections import Counter, defaultdict
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest
import torch

from seqlab.data import SequenceData
from seqlab.data.source import Source
from seqlab.data.text.dataset import TextData
from seqlab.data.text.records import Record
from seqlab.errors import DataError

SPLITS = ("train", "val", "test")


class Reader:
    """Texts in memory, with one label each."""

    columns: tuple[str, ...] = ("kind",)
    recipe = "memory"

    def __init__(self, rows: list[tuple[str, ...]]) -> None:
        self.rows, self.findings, self.reads = rows, Counter(), 0

    def fingerprint(self) -> str:
        return sha256(repr(self.rows).encode()).hexdigest()

    def records(self):
        self.reads += 1
        return (Record(text, tuple(labels)) for text, *labels in self.rows)


class Memory(TextData):
    """A data set of a list of texts, whole unless something else is asked."""

    registered_as = "memory"

    min_count: int = 1
    max_length: int | None = None
    bos_eos: bool = False
    rows: list[tuple[str, ...]]
    _reader: Reader

    def model_post_init(self, _context: object) -> None:
        self._reader = Reader(self.rows)

    def find(self) -> Source:
        return Source("real", Path("memory.csv"), "here")

    def read(self, source: Source) -> Reader:
        return self._reader


def memory(rows: list[tuple[str, ...]], kind: type[Memory] = Memory, **settings) -> SequenceData:
    data = SequenceData(kind(rows=rows, **settings))
    data.setup()
    return data


def reads(data: SequenceData) -> int:
    """Return how often the texts were read."""
    return data.dataset._reader.reads


def parts(data: SequenceData) -> dict[str, list[tuple[str, str]]]:
    """Return the text and the class of every sample by split."""
    return {
        split: [
            (data.describe(split, number), data.spec.classes[int(label)])
            for number, label in enumerate(data.samples[split].y)
        ]
        for split in SPLITS
    }


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str]]:
    """A hundred texts of three classes, some the same, some alike but for case and blanks, one empty."""
    chosen = random.Random(0)
    made = []
    for number in range(100):
        text = "".join(chosen.choice("abcdefghij  ÄÖ好书") for _ in range(chosen.randint(2, 9)))
        kind = "xyz"[number % 3]
        made.append((f"{kind}{text}{chosen.choice(kind + 'qrs')}", kind))
        if number % 10 == 0:
            made += [made[-1], (f" {made[-1][0].upper()}  ", kind)]
    return [*made, ("\ufeff", "x")]


def clean(text: str) -> str:
    return text.replace("\ufeff", "").strip()


def alike(text: str) -> str:
    return " ".join(text.lower().split())


@pytest.mark.parametrize("split", ["grouped", "random_lines"])
def test_every_text_is_in_one_split_with_its_class(rows, split):
    data = memory(rows, split=split)
    found = parts(data)
    everything = sorted(pair for part in found.values() for pair in part)
    assert everything == sorted((clean(text), kind) for text, kind in rows if clean(text))
    assert data.spec.sizes == {name: len(part) for name, part in found.items()}
    assert data.spec.classes == ("x", "y", "z")
    train = Counter(kind for _, kind in found["train"])
    assert data.spec.class_counts == tuple(train[name] for name in data.spec.classes)


@pytest.mark.parametrize("seed", range(5))
def test_texts_that_are_alike_are_in_one_split_unless_lines_are_drawn(rows, seed, caplog):
    found = parts(memory(rows, split_seed=seed))
    places = defaultdict(set)
    for split, part in found.items():
        for text, _ in part:
            places[alike(text)].add(split)
    assert {len(splits) for splits in places.values()} == {1}
    assert "also occur in training" not in caplog.text
    drawn = parts(memory(rows, split="random_lines", split_seed=seed, val_share=0.3, test_share=0.3))
    known = {alike(text) for text, _ in drawn["train"]}
    shared = sum(alike(text) in known for split in ("val", "test") for text, _ in drawn[split])
    assert shared > 0
    assert f"{shared} texts of validation and test also occur in training" in caplog.text


VIEWS = [
    {
        "bos_eos": bos_eos,
        "keep": keep,
        "max_length": max_length,
        "min_count": min_count,
        "limit_train_samples": limit,
    }
    for bos_eos, keep, max_length, min_count, limit in product(
        [True, False], ["begin", "end"], [None, 1, 3], [1, 4], [None, 40]
    )
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: "-".join(map(str, view.values())))
def test_samples_are_the_texts_in_symbols_of_the_training_part(rows, view):
    data = memory(rows, **view)
    bos_eos, keep, max_length, min_count, limit = view.values()
    found = parts(data)
    assert limit is None or len(found["train"]) == limit
    # Counted in the whole texts, whatever is kept of them.
    counts = Counter(character for text, _ in found["train"] for character in text)
    known = sorted(character for character, count in counts.items() if count >= min_count)
    assert data.spec.symbols == ("<pad>", "<unk>", "<begin>", "<end>", *known)
    assert data.spec.input_size == len(data.spec.symbols)
    unknown = 0
    for split in SPLITS:
        batch = data.samples[split].batch(torch.arange(data.spec.sizes[split]))
        for row, length, (text, _) in zip(
            batch.x.tolist(), batch.lengths.tolist(), found[split], strict=True
        ):
            tokens = [character if character in known else "<unk>" for character in text]
            tokens = ["<begin>", *tokens, "<end>"] if bos_eos else tokens
            if max_length:
                tokens = tokens[:max_length] if keep == "begin" else tokens[-max_length:]
            assert [data.spec.symbols[token] for token in row[:length]] == tokens
            assert set(row[length:]) <= {0}
            unknown += tokens.count("<unk>")
    assert unknown > 0 or min_count == 1 or max_length == 1


@pytest.mark.parametrize("max_length", [None, 3])
def test_ngrams_are_those_of_the_training_part_as_it_is_kept(rows, max_length):
    data = memory(rows, ngrams=2, max_length=max_length)
    number = {symbol: place for place, symbol in enumerate(data.spec.symbols)}
    counts = Counter(
        number[text[at]] * len(number) + number[text[at + 1]]
        for text in (text[:max_length] for text, _ in parts(data)["train"])
        for at in range(len(text) - 1)
    )
    assert data.spec.ngrams == tuple(sorted(code for code, count in counts.items() if count >= 5))
    assert data.spec.ngrams


@pytest.mark.parametrize(
    "settings",
    [{"bos_eos": True}, {"max_length": 2}, {"min_count": 3}, {"split_seed": 1}, {"split": "random_lines"}],
)
def test_a_second_run_reads_nothing_again_whatever_its_view(rows, settings):
    first = memory(rows)
    again = memory(rows, **settings)
    assert (reads(first), reads(again)) == (1, 0)
    texts = [sorted(text for part in parts(data).values() for text, _ in part) for data in (first, again)]
    assert texts[0] == texts[1]


def test_the_same_settings_give_the_same_samples_with_and_without_the_cache(rows, tmp_path, monkeypatch):
    first = memory(rows)
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "another"))
    again = memory(rows)
    assert reads(again) == 1
    assert first.spec == again.spec
    for split in SPLITS:
        ids = torch.arange(first.spec.sizes[split])
        for one, other in zip(first.samples[split].batch(ids), again.samples[split].batch(ids), strict=True):
            assert torch.equal(one, other)


def test_a_text_under_two_classes_stays_in_one_split_and_is_counted(caplog):
    rows = [(f"text {number}", kind) for number in range(30) for kind in "ab"]
    found = parts(memory(rows))
    texts = {split: {text for text, _ in part} for split, part in found.items()}
    assert sum(map(len, texts.values())) == 30
    assert {split: len(part) for split, part in found.items()} == {"train": 48, "val": 6, "test": 6}
    assert "30 texts occur with two or more labels; no model can distinguish them" in caplog.text


class Pairs(Reader):
    """Texts with two labels each."""

    columns = ("kind", "mood")


class MemoryOfPairs(Memory):
    """A data set of two label columns, of which the second is asked for."""

    @property
    def label_column(self) -> str:
        return "mood"

    def model_post_init(self, _context: object) -> None:
        self._reader = Pairs(self.rows)


def test_splits_have_the_same_shares_of_every_combination_of_labels():
    sizes = {("x", "good"): 200, ("x", "bad"): 100, ("y", "good"): 50, ("y", "bad"): 20}
    rows = [(f"{k} {m} {n}", k, m) for (k, m), size in sizes.items() for n in range(size)]
    random.Random(0).shuffle(rows)
    data = memory(rows, MemoryOfPairs, val_share=0.1, test_share=0.2)
    assert data.spec.classes == ("bad", "good")
    for split, share in {"train": 0.7, "val": 0.1, "test": 0.2}.items():
        found = Counter(tuple(text.split()[:2]) for text, _ in parts(data)[split])
        assert found == {pair: round(size * share) for pair, size in sizes.items()}
        assert all(text.split()[1] == label for text, label in parts(data)[split])


def test_a_class_that_training_never_sees_is_refused():
    rows = [(f"text {number}", "a") for number in range(40)] + [("only one", "b")]
    assert memory(rows).spec.class_counts == (32, 1)  # a grouped split keeps it for training
    outcomes = Counter(drawn(rows, seed) for seed in range(20))
    messages = {
        f"memory.csv: class 'b' has {where} texts but no training text; add texts, or remove it"
        for where in ("validation", "test")
    }
    assert set(outcomes) == {*messages, "1 for training"}


def test_a_class_that_a_limit_leaves_out_is_told_of(caplog):
    rows = [(f"text {number}", "ab"[number % 2]) for number in range(40)]
    data = memory(rows, limit_train_samples=1)
    assert sorted(data.spec.class_counts) == [0, 1]
    assert "data.limit_train_samples leaves 1 classes without a training text" in caplog.text


def drawn(rows: list[tuple[str, str]], seed: int) -> str:
    """Return how many texts of class b are drawn for training, or what is said if there is none."""
    try:
        return f"{memory(rows, split='random_lines', split_seed=seed).spec.class_counts[1]} for training"
    except DataError as error:
        return str(error)


def test_one_class_only_is_refused():
    with pytest.raises(
        DataError, match=r"memory\.csv: all texts have the class 'a'; add texts of another"
    ) as error:
        memory([(f"text {number}", "a") for number in range(40)])
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("rows", [[], [("\ufeff", "a"), (" ", "b")]])
def test_no_text_at_all_is_refused_and_the_file_is_named(rows):
    with pytest.raises(DataError, match=r"memory\.csv: there is no text.*; add texts"):
        memory(rows)


@pytest.mark.parametrize("settings", [{"val_share": 0.0}, {"test_share": 0.0}, {"val_share": 0.01}])
def test_a_split_without_texts_is_refused_with_the_settings_that_decide_it(rows, settings):
    with pytest.raises(DataError, match=r"data\.val_share and data\.test_share"):
        memory(rows[:30], **settings)


def test_a_file_to_predict_has_a_text_a_line_whatever_else_separates(tmp_path):
    data = memory([(f"text\x0c\u2028\x1e {number}", "ab"[number % 2]) for number in range(40)])
    (tmp_path / "asked.txt").write_bytes("one\x0ctext\u2028long\r\n\nan\x1eother\n".encode())
    found = data.spec.unlabelled(data.dataset, [], tmp_path / "asked.txt")
    assert found.names == ["one\x0ctext\u2028long", "an\x1eother"]
