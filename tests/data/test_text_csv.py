"""Labelled texts of a user's own: every kind of file gives the same data."""

import csv
import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqlab.data import SequenceData, Texts
from seqlab.errors import DataError

CLASSES = ("书", "phones", "water heaters")
ROWS = [
    (f"{noun} {number}, {word}", label)
    for number in range(20)
    for word in ("good", "bad")
    for noun, label in zip(("book", "phone", "heater"), CLASSES, strict=True)
]


def write_csv(path: Path, *, separator: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(["id", "label", "text"])
        writer.writerows([number, label, text] for number, (text, label) in enumerate(ROWS))
    return path


def as_csv(folder: Path) -> tuple[Path, dict]:
    return write_csv(folder / "my.csv"), {}


def as_zip(folder: Path) -> tuple[Path, dict]:
    with zipfile.ZipFile(folder / "my.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(write_csv(folder / "inside.csv"), "folder/inside.csv")
    return folder / "my.zip", {}


def as_semicolons(folder: Path) -> tuple[Path, dict]:
    return write_csv(folder / "my.csv", separator=";"), {"separator": "semicolon"}


def as_tsv(folder: Path) -> tuple[Path, dict]:
    return write_csv(folder / "my.tsv", separator="\t"), {}


def as_gb18030(folder: Path) -> tuple[Path, dict]:
    return write_csv(folder / "my.csv", encoding="gb18030"), {"encoding": "gb18030"}


def as_json_lines(folder: Path) -> tuple[Path, dict]:
    lines = [json.dumps({"label": label, "text": text, "more": 1}) for text, label in ROWS]
    (folder / "my.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "my.jsonl", {}


def as_folder(folder: Path) -> tuple[Path, dict]:
    for name in CLASSES:
        texts = [text for text, label in ROWS if label == name]
        (folder / f"{name}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return folder, {}


KINDS = [as_csv, as_zip, as_semicolons, as_tsv, as_gb18030, as_json_lines, as_folder]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_texts_and_classes(kind, tmp_path):
    path, settings = kind(tmp_path)
    data = SequenceData(Texts(path=str(path), **settings))
    data.setup()
    found = [
        (data.describe(split, number), data.spec.classes[int(label)])
        for split, samples in data.samples.items()
        for number, label in enumerate(samples.y)
    ]
    assert sorted(found) == sorted(ROWS)
    assert set(data.spec.classes) == set(CLASSES)
    assert data.spec.task == "classification"
    assert data.spec.path == str(path)


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_a_table_to_predict_is_read_by_its_column_of_texts(kind, tmp_path):
    path, settings = kind(tmp_path)
    data = SequenceData(Texts(path=str(path), **settings))
    data.setup()
    assert data.spec.unlabelled(data.dataset, [], path).names == [text for text, _ in ROWS]


def test_a_table_to_predict_needs_no_labels_but_the_column_of_texts(tmp_path, caplog):
    data = SequenceData(Texts(path=str(as_csv(tmp_path)[0])))
    data.setup()
    asked = tmp_path / "asked.csv"
    asked.write_text('more,text\n1,"one, two"\n2, \n')
    assert data.spec.unlabelled(data.dataset, ["a"], asked).names == ["a", "one, two"]
    assert "1 rows without a text were skipped" in caplog.text
    asked.write_text("more,txt\n1,one\n")
    with pytest.raises(DataError, match=r"no column 'text'; did you mean 'txt'"):
        data.spec.unlabelled(data.dataset, [], asked)
    asked.rename(tmp_path / "asked.txt")
    assert data.spec.unlabelled(data.dataset, [], tmp_path / "asked.txt").names == ["more,txt", "1,one"]


def test_a_zip_and_what_is_in_it_have_one_fingerprint(tmp_path):
    path, _ = as_zip(tmp_path)
    both = [SequenceData(Texts(path=str(file))) for file in (path, tmp_path / "inside.csv")]
    for data in both:
        data.setup()
    assert both[0].spec.sha256 == both[1].spec.sha256


def test_rare_tokens_are_unknown_and_counted_in_the_training_part_only(tmp_path):
    path, _ = as_csv(tmp_path)
    data = SequenceData(Texts(path=str(path), tokens="words", min_count=3))
    data.setup()
    words = [
        word
        for number in range(data.spec.sizes["train"])
        for word in data.describe("train", number).replace(",", " ,").split()
    ]
    assert set(data.spec.symbols[4:]) == {word for word in words if words.count(word) >= 3}
    assert data.spec.ngrams == ()


def test_texts_are_cut_to_the_largest_length_and_the_spec_tells_how(tmp_path):
    path, _ = as_csv(tmp_path)
    data = SequenceData(Texts(path=str(path), max_length=5, keep="end", min_count=1, bos_eos=False))
    data.setup()
    batch = next(iter(data.test_dataloader()))
    assert batch.x.shape[1] == 5
    for row, number in zip(batch.x.tolist(), batch.ids.tolist(), strict=True):
        assert "".join(data.spec.symbols[token] for token in row) == data.describe("test", number)[-5:]
    assert (data.spec.text.max_length, data.spec.text.keep) == (5, "end")


def test_a_class_that_is_never_in_training_is_an_error(tmp_path):
    rows = "".join(f"text number {number},a\n" for number in range(40))
    (tmp_path / "my.csv").write_text("text,label\n" + rows + "only one,b\n")
    with pytest.raises(
        DataError, match=r"my\.csv: class 'b' has (validation|test) texts but no training text"
    ):
        SequenceData(
            Texts(path=str(tmp_path / "my.csv"), split="random_lines", split_seed=seed_for_b())
        ).setup()


def seed_for_b() -> int:
    """Return a seed with which the last of 41 rows is not in training."""
    import numpy as np  # noqa: PLC0415

    return next(seed for seed in range(99) if 40 in np.random.default_rng(seed).permutation(41)[:8])


def test_random_lines_says_how_many_texts_are_in_two_splits(tmp_path, caplog):
    rows = "".join(f"Text {number % 10},{'ab'[number % 2]}\n" for number in range(100))
    (tmp_path / "my.csv").write_text("text,label\n" + rows)
    data = SequenceData(Texts(path=str(tmp_path / "my.csv"), split="random_lines"))
    data.setup()
    texts = {
        split: [data.describe(split, number) for number in range(size)]
        for split, size in data.spec.sizes.items()
    }
    shared = sum(text in texts["train"] for split in ("val", "test") for text in texts[split])
    assert shared > 0
    assert f"{shared} texts of validation and test also occur in training" in caplog.text


@pytest.mark.product(2)
@pytest.mark.parametrize("command", ["my.csv", "my.jsonl"])
def test_a_network_is_trained_and_asked_from_the_command_line(command, train, tmp_path, capsys, monkeypatch):
    from seqlab import cli  # noqa: PLC0415

    kind = as_csv if command == "my.csv" else as_json_lines
    kind(tmp_path)
    quick = [
        "trainer.max_epochs=20",
        "model.pooling=max",
        "model.hidden_size=16",
        "data.batch_size=8",
        "callbacks.figures=false",
    ]
    assert train("data=text_csv", f"data.path={command}", "model=gru", *quick) == 0
    (run,) = (tmp_path / "out").rglob("run.json")
    assert json.loads(run.read_text())["metrics"]["test/accuracy"] > 0.8
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["seqlab", "predict", str(run.parent), "a book, good", "a phone, bad"])
    assert cli.main() == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("a book, good\t书 ")
    assert second.startswith("a phone, bad\tphones ")
    assert set(pd.read_csv(run.parent / "classes.csv")["class"]) == set(CLASSES)


TAGGED = [("a b", ["x"]), ("c", []), ("d", ["y", "x"]), ("e f", ["y"])] * 10


def tagged_csv(folder: Path) -> dict:
    rows = [f"{text} {n};{'|'.join(labels)}" for n, (text, labels) in enumerate(TAGGED)]
    (folder / "my.csv").write_text("text;tags\n" + "\n".join(rows) + "\n")
    return {"path": "my.csv", "separator": "semicolon", "label": "tags", "label_separator": "|"}


def tagged_columns(folder: Path) -> dict:
    rows = [f"{text} {n},{'x' in labels},{int('y' in labels)}" for n, (text, labels) in enumerate(TAGGED)]
    (folder / "columns.csv").write_text("text,x,y\n" + "\n".join(rows) + "\n")
    return {"path": "columns.csv", "label": ["x", "y"]}


def tagged_json(folder: Path) -> dict:
    rows = [json.dumps({"text": f"{text} {n}", "tags": labels}) for n, (text, labels) in enumerate(TAGGED)]
    (folder / "my.jsonl").write_text("\n".join(rows))
    return {"path": "my.jsonl", "label": "tags"}


def tagged_packed(folder: Path) -> dict:
    content = (folder / tagged_json(folder)["path"]).read_bytes()
    (folder / "my.jsonl.gz").write_bytes(gzip.compress(content))
    return {"path": "my.jsonl.gz", "label": "tags"}


def tagged_lists(folder: Path) -> dict:
    rows = [(f"{text} {n}", str(labels)) for n, (text, labels) in enumerate(TAGGED)]
    pd.DataFrame(rows, columns=["text", "tags"]).to_csv(folder / "lists.csv", index=False)
    return {"path": "lists.csv", "label": "tags"}


@pytest.mark.parametrize("kind", [tagged_csv, tagged_columns, tagged_json, tagged_packed, tagged_lists])
def test_several_labels_are_the_same_however_they_are_written(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = SequenceData(Texts(**kind(tmp_path)).for_problem("multilabel"))
    data.setup()
    found = {
        data.describe(split, number): [name for name, on in zip("xy", y, strict=True) if on]
        for split, samples in data.samples.items()
        for number, y in enumerate(samples.y.tolist())
    }
    assert found == {f"{text} {n}": sorted(labels) for n, (text, labels) in enumerate(TAGGED)}
    assert data.spec.classes == ("x", "y")


def test_several_text_columns_are_joined_those_that_are_not_blank(tmp_path):
    rows = "".join(f"{'ab'[n % 2]},Title {n},{'Body' * (n % 3)}\n" for n in range(60))
    (tmp_path / "my.csv").write_text("label,title,body\n" + rows)
    data = SequenceData(Texts(path=str(tmp_path / "my.csv"), text=["title", "body"]))
    data.setup()
    texts = {data.describe(split, n) for split, size in data.spec.sizes.items() for n in range(size)}
    assert texts == {f"Title {n} {'Body' * (n % 3)}".strip() for n in range(60)}


def test_a_file_without_a_header_is_read_by_the_numbers_of_its_columns(tmp_path):
    (tmp_path / "sms.tsv").write_text(
        "".join(f"{'spam' if n % 3 else 'ham'}\tmessage {n}\n" for n in range(60))
    )
    data = SequenceData(Texts(path=str(tmp_path / "sms.tsv"), header=False, text=1, label=0))
    data.setup()
    assert data.spec.classes == ("ham", "spam")
    assert sum(data.spec.sizes.values()) == 60


def given_files(folder: Path) -> Texts:
    """Write 60 texts, 20 for testing of which 5 are in the first file too, and 10 for validation."""
    for name, numbers in (("train", range(60)), ("test", range(55, 75)), ("val", range(100, 110))):
        rows = "".join(f"{'ab'[n % 2]},{'TEXT' if name == 'test' else 'text'} {n}\n" for n in numbers)
        (folder / f"{name}.csv").write_text("label,text\n" + rows)
    return Texts(path=str(folder / "train.csv"), test_path=str(folder / "test.csv"))


def texts_of(data: SequenceData) -> dict[str, list[int]]:
    return {
        split: [int(data.describe(split, number).split()[1]) for number in range(size)]
        for split, size in data.spec.sizes.items()
    }


def test_a_given_test_file_is_the_test_split_and_what_is_in_training_too_is_counted(tmp_path, caplog):
    data = SequenceData(given_files(tmp_path))
    data.setup()
    found = texts_of(data)
    assert found["test"] == list(range(55, 75))
    assert sorted(found["train"] + found["val"]) == list(range(60))
    shared = len(set(found["train"]) & set(range(55, 60)))
    assert (len(found["val"]), shared > 0) == (6, True)
    assert f"{shared} of 20 given test texts also occur in training" in caplog.text
    assert str(tmp_path / "test.csv") in data.spec.origin


def test_with_both_files_given_the_first_is_all_training(tmp_path):
    settings = given_files(tmp_path).model_copy(update={"val_path": str(tmp_path / "val.csv")})
    data = SequenceData(settings)
    data.setup()
    assert texts_of(data) == {
        "train": list(range(60)),
        "val": list(range(100, 110)),
        "test": list(range(55, 75)),
    }
    before = data.spec.sha256
    (tmp_path / "val.csv").write_text("label,text\na,text 1\nb,text 2\n")
    data = SequenceData(settings)
    data.setup()
    assert data.spec.sha256 != before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("label,words\na,b\n", "test.csv, line 1: the header has no column 'text'"),
        ("label,text\nc,new\n", "class 'c' has test texts but no training text"),
        (None, r"data.test_path=.*test.csv does not exist; set data.test_path to your file"),
    ],
)
def test_a_given_file_that_cannot_be_a_split_is_an_error(content, said, tmp_path):
    data = SequenceData(given_files(tmp_path))
    (tmp_path / "test.csv").unlink()
    if content is not None:
        (tmp_path / "test.csv").write_text(content)
    with pytest.raises(DataError, match=said):
        data.setup()


def test_numbers_of_a_given_file_are_scaled_as_the_training_is(tmp_path):
    (tmp_path / "train.csv").write_text("text,label\n" + "".join(f"text {n},{n}\n" for n in range(40)))
    (tmp_path / "test.csv").write_text("text,label\na,100\nb,-3.5\n")
    settings = Texts(path=str(tmp_path / "train.csv"), test_path=str(tmp_path / "test.csv"))
    data = SequenceData(settings.for_problem("regression"))
    data.setup()
    train = [float(data.describe("train", n).split()[1]) for n in range(data.spec.sizes["train"])]
    assert (data.spec.target_mean, data.spec.target_std) == pytest.approx((np.mean(train), np.std(train)))
    y = data.samples["test"].y.numpy() * data.spec.target_std + data.spec.target_mean
    assert y.tolist() == pytest.approx([100, -3.5], abs=1e-4)
