"""Texts and tagged tokens as people have them: the commands of the cases read what pandas reads."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from seqlab.data import Loaded
from seqlab.errors import ConfigError, DataError

pytestmark = pytest.mark.real_data

CSV = "data=text_csv data.path={path} "


def found(loaded: Loaded, splits: Sequence[str] = ("train", "val", "test")) -> dict[str, object]:
    """Return what is said of each text: its class, its labels, or its number in its own unit."""
    spec, samples, describe = loaded
    said: dict[str, object] = {}
    for split in splits:
        assert len(samples[split])
        for index, y in enumerate(samples[split].y.tolist()):
            if spec.task == "multilabel":
                answer = {spec.classes[place] for place, is_so in enumerate(y) if is_so}
            elif spec.task == "regression":
                answer = pytest.approx(y * spec.target_std + spec.target_mean, abs=1e-5)
            else:
                answer = spec.classes[y]
            said[describe(split, index)] = answer
    return said


def by(table: pd.DataFrame, text: str | int = "text", label: str | int = "label") -> dict[str, str]:
    return dict(zip(table[text], table[label].astype(str), strict=True))


def _json(path: str) -> dict[str, str]:
    return {row["text"]: str(row["label"]) for row in json.loads(Path(path).read_text())}


def _news(path: str) -> dict[str, str]:
    table = pd.read_csv(path, header=None)
    return by(table.assign(text=table[1] + " " + table[2]), label=0)


def _files(path: str) -> dict[str, str]:
    return {file.read_text().strip(): file.parent.name for file in Path(path).glob("*/*.txt")}


CLASSES = {
    "cp1252/excel.csv": ("data.encoding=cp1252", lambda path: by(pd.read_csv(path, encoding="cp1252"))),
    "names-csv/names.csv": (
        "data.text=name data.label=sex",
        lambda path: by(pd.read_csv(path), "name", "sex"),
    ),
    "one-file-a-text/aclImdb/train": ("", _files),
    "other-containers/t.csv.gz": ("", lambda path: by(pd.read_csv(path))),
    "other-containers/t.json": ("", _json),
    "text-without-header/news.csv": ("data.header=false data.text=[1,2] data.label=0", _news),
    "text-without-header/sms.tsv": (
        "data.header=false data.text=1 data.label=0",
        lambda path: by(pd.read_csv(path, sep="\t", header=None), 1, 0),
    ),
}
"""A file, the settings that read it, and the class of each text."""


@pytest.mark.parametrize("name", CLASSES)
def test_every_text_has_its_class(name, case, read):
    settings, expected = CLASSES[name]
    path = str(case(name))
    _, loaded = read(CSV + settings, path=path)
    assert found(loaded) == expected(path)
    assert loaded.spec.classes == tuple(sorted(set(expected(path).values())))


def _columns(path: str) -> dict[str, set[str]]:
    rows = pd.read_csv(path).to_dict("records")
    return {row["text"]: {name for name in ("rude", "threat") if row[name]} for row in rows}


def _lists(path: str) -> dict[str, set[str]]:
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return {row["text"]: {str(label) for label in row["label"]} for row in rows}


def _separated(path: str) -> dict[str, set[str]]:
    table = pd.read_csv(path, keep_default_na=False)
    return {text: set(labels.split("|")) for text, labels in zip(table["text"], table["labels"], strict=True)}


SEVERAL = {
    "multi-label/comments.csv": ("data.label=[rude,threat]", _columns),
    "multi-label/tags.csv": ("data.label=labels data.label_separator=pipe", _separated),
    "other-containers/t.jsonl": ("", _lists),
}
"""A file, the settings that read it, and the labels of each text."""


@pytest.mark.parametrize("name", SEVERAL)
def test_every_text_has_all_its_labels(name, case, read):
    settings, expected = SEVERAL[name]
    path = str(case(name))
    _, loaded = read(f"{CSV}{settings} task=multilabel", path=path)
    assert found(loaded) == expected(path)


def test_labels_behind_a_separator_are_a_class_of_their_own_with_a_warning(case, read, caplog):
    path = case("multi-label/tags.csv")
    _, loaded = read(CSV + "data.label=labels", path=path)
    assert found(loaded) == by(pd.read_csv(path, keep_default_na=False), label="labels")
    assert "'rude|threat', which task=multilabel data.label_separator=pipe reads" in caplog.text


def test_texts_have_their_numbers(case, read):
    path = case("text-regression/ratings.csv")
    with pytest.raises(DataError, match=r"classes in 80 texts .*task=regression"):
        read(CSV + "data.label=score", path=path)
    _, loaded = read(CSV + "data.label=score task=regression", path=path)
    table = pd.read_csv(path).set_index("text")["score"]
    assert found(loaded) == table.to_dict()
    train = table[list(found(loaded, ["train"]))]
    assert loaded.spec.target_mean == pytest.approx(train.mean())
    assert loaded.spec.target_std == pytest.approx(train.std(ddof=0))


def test_columns_are_joined_and_the_given_test_is_the_test(case, read):
    path, test_path = (case(f"train-and-test-files/{name}.csv") for name in ("train", "test"))
    command = CSV + "data.text=[title,body] data.test_path={test_path}"
    _, loaded = read(command, path=path, test_path=test_path)
    tables = [pd.read_csv(file) for file in (path, test_path)]
    given, tested = (by(table.assign(text=table["title"] + " " + table["body"])) for table in tables)
    assert found(loaded, ["train", "val"]) == given
    assert found(loaded, ["test"]) == tested


def test_tokens_have_their_tags(case, read):
    path = case("token-tagging/train.conll")
    sentences = [block.splitlines() for block in path.read_text().strip().split("\n\n")]
    pairs = [[line.split(" ") for line in sentence] for sentence in sentences]
    with pytest.raises(ConfigError, match="data=tagged reads texts with a tag at every token"):
        read("task=tagging data=text_csv data.path={path}", path=path)
    _, (spec, samples, describe) = read("data=tagged data.path={path}", path=path)
    said = Counter()
    for split, part in samples.items():
        tags = iter(spec.classes[number] for number in part.y.tolist())
        for index, length in enumerate(part.lengths.tolist()):
            said[describe(split, index), tuple(next(tags) for _ in range(length))] += 1
    assert said == Counter(
        (" ".join(token for token, _ in one), tuple(tag for _, tag in one)) for one in pairs
    )
    assert spec.classes == tuple(sorted({tag for one in pairs for _, tag in one}))


REFUSED = {
    "cp1252/excel.csv": ("", r"not UTF-8.*data\.encoding=cp1252"),
    "multi-label/comments.csv": ("data.label=[rude,threat]", "several labels .* task=multilabel"),
    "one-file-a-text/aclImdb": ("", r"aclImdb/train data\.test_path=.*aclImdb/test"),
    "other-containers/t.jsonl": ("", r"got \[0, 1\]; several labels .* task=multilabel"),
    "other-containers/t.parquet": ("", r"cannot be read \(.*save it again"),
    "other-containers/x.npy": ("", "no column 'text'"),
    "other-containers/x.npz": ("", "which is no table; .*data=sequences"),
    "sequence-to-sequence/pairs.tsv": (
        "data.text=source data.label=target",
        r"60 classes in 60 texts .*sequence to sequence\) is not supported",
    ),
    "text-without-header/sms.tsv": ("data.text=1 data.label=0", r"data\.header=false"),
}
"""What cannot be read as it is, and what is answered."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_so_is_told_what_it_needs(name, case, read):
    settings, message = REFUSED[name]
    with pytest.raises((ConfigError, DataError), match=message):
        read(CSV + settings, path=case(name))


def test_a_table_given_as_names_is_told_its_command(case, read):
    path = case("names-csv/names.csv")
    with pytest.raises(DataError, match=r"data=text_csv data\.path=\S+ data\.text=name data\.label=sex"):
        read("data=names data.root={path}", path=path)
