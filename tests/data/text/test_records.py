"""Labelled texts from CSV and JSON Lines files."""

import hashlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data.table.dialect import LARGEST_CELL, Dialect
from seqlab.data.table.opening import open_table
from seqlab.data.text.labels import AnyClass, OneOf
from seqlab.data.text.records import CSVTexts, JSONLines, TextReader
from seqlab.errors import DataError

SENTIMENTS = {"0": "bad", "1": "good", "1.0": "good"}


@pytest.fixture
def csv_texts(tmp_path):
    """Return a function that reads a CSV of a text and the label columns ``cat``, any, and ``label``, two."""

    def read(content: str) -> CSVTexts:
        (tmp_path / "my.csv").write_text(content, encoding="utf-8", newline="")
        return CSVTexts(
            open_table(tmp_path / "my.csv"),
            texts=["review"],
            labels={"cat": AnyClass(), "label": OneOf(SENTIMENTS)},
        )

    return read


@pytest.fixture
def json_lines(tmp_path):
    """Return a function that writes lines, objects or as they are, and opens them."""

    def read(*lines: object, text: str = "text", label: str = "label") -> JSONLines:
        raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        (tmp_path / "my.jsonl").write_bytes(b"".join(line + b"\n" for line in raw))
        return JSONLines(tmp_path / "my.jsonl", texts=[text], labels={label: AnyClass()})

    return read


def read(reader: TextReader) -> list[tuple[str, ...]]:
    return [(record.text, *record.labels) for record in reader.records()]


def test_columns_are_found_by_name_and_values_translated(csv_texts):
    reader = csv_texts("id,label,review,cat\n7,1.0, Good , books \n8,0,NA,NA\n")
    assert reader.columns == ("cat", "label")
    assert read(reader) == [(" Good ", "books", "good"), ("NA", "NA", "bad")]
    assert read(reader) == read(reader)


def test_a_row_without_a_text_is_skipped_and_counted_whatever_its_labels_are(csv_texts):
    reader = csv_texts("review,cat,label\na,x,1\n,x,1\n  ,,9\nb,x,0\n")
    assert [text for text, *_ in read(reader)] == ["a", "b"]
    assert dict(reader.findings) == {"rows without a text were skipped": 2}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("b,x,2", "column 'label' is '2'; allowed are 0, 1, 1.0"),
        ("b,x,", "column 'label' is blank; fill it in or remove the row"),
        ("b,\ufeff ,1", "column 'cat' is blank; fill it in or remove the row"),
    ],
)
def test_a_label_that_is_blank_or_not_allowed_is_an_error_with_its_line(row, reason, csv_texts):
    with pytest.raises(DataError, match=rf"my\.csv, line 5: {re.escape(reason)}"):
        read(csv_texts(f'review,cat,label\n"a\n\na",x,1\n{row}\n'))


@pytest.mark.parametrize("missing", ["review", "cat", "label"])
def test_a_missing_column_is_an_error_before_a_row_is_read(missing, csv_texts):
    header = ",".join(name for name in ("review", "cat", "label", "more") if name != missing)
    with pytest.raises(DataError, match=f"line 1: the header has no column '{missing}'"):
        csv_texts(f"{header}\n\0\n")


OBJECT = st.fixed_dictionaries(
    {
        "text": st.text(st.characters(blacklist_categories=["Cs"]), min_size=1).filter(str.strip),
        "label": st.sampled_from(["a", "好", 3, 0, -1, True]),
    },
    optional={"more": st.none() | st.floats(allow_nan=False) | st.lists(st.text())},
)


@settings(deadline=None)
@given(objects=st.lists(OBJECT, max_size=8), is_ascii=st.booleans(), mark=st.booleans())
def test_objects_are_read_as_they_were_written(objects, is_ascii, mark, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "written.jsonl"
    content = "".join(f"{json.dumps(found, ensure_ascii=is_ascii)}\n" for found in objects)
    path.write_bytes((b"\xef\xbb\xbf" if mark and objects else b"") + content.encode())
    expected = [(found["text"], str(found["label"])) for found in objects]
    assert read(JSONLines(path, texts=["text"], labels={"label": AnyClass()})) == expected


def test_keys_are_the_named_ones_and_lines_without_a_text_are_skipped(json_lines):
    lines = [{"review": "a", "cat": " b "}, b"", {"review": " ", "cat": "b"}, {"cat": 1, "review": "null"}]
    reader = json_lines(*lines, text="review", label="cat")
    assert read(reader) == [("a", "b"), ("null", "1")]
    assert reader.columns == ("cat",)
    assert dict(reader.findings) == {"lines without a text were skipped": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON in UTF-8"),
        (b'{"text": "a", "label": "b"} {}', "not JSON in UTF-8"),
        ('{"text": "ñ", "label": "b"}'.encode("latin-1"), "not JSON in UTF-8"),
        (b"[" * 200_000, "not JSON in UTF-8"),
        ([1], "not a JSON object"),
        ("text", "not a JSON object"),
        ({"txt": "a", "label": "b"}, "the object has no 'text'; did you mean 'txt'"),
        ({"text": "a"}, "the object has no 'label'; there are: text"),
        ({"text": None, "label": "b"}, "'text' must be a string of at most 1,048,576 characters"),
        ({"text": 3, "label": "b"}, "'text' must be a string"),
        ({"text": "x" * (LARGEST_CELL + 1), "label": "b"}, "'text' must be a string of at most 1,048,576"),
        ({"text": "a", "label": None}, "'label' must be a string or a whole number, got None"),
        ({"text": "a", "label": 1.5}, "'label' must be a string or a whole number, got 1.5"),
        (
            {"text": "a", "label": ["b"]},
            "'label' must be a string or a whole number, got ['b']; several labels are predicted with",
        ),
        ({"text": "a", "label": " "}, "column 'label' is blank"),
        (b'{"text": "a \\ud83d", "label": "b"}', "half of a surrogate pair"),
    ],
)
def test_a_line_that_cannot_be_read_is_an_error_with_its_number(line, reason, json_lines):
    good = {"text": "a", "label": "b"}
    with pytest.raises(DataError, match=rf"my\.jsonl, line 3: {re.escape(reason)}") as error:
        read(json_lines(good, b"", line, good))
    assert len(str(error.value)) < 500


def test_fingerprints_are_those_of_the_files(csv_texts, json_lines):
    content = "review,cat,label\na,x,1\n"
    assert csv_texts(content).fingerprint() == hashlib.sha256(content.encode()).hexdigest()
    line = b'{"text": "a", "label": "b"}'
    assert json_lines(line).fingerprint() == hashlib.sha256(line + b"\n").hexdigest()


def test_recipes_tell_apart_whatever_reads_the_same_file_otherwise(tmp_path):
    (tmp_path / "my.csv").write_text("a,b,a b,b c,c\n1,2,3,4,5\n")
    path = tmp_path / "my.csv"
    readers = [
        CSVTexts(open_table(path, Dialect(encoding=encoding)), texts=[text], labels={label: parser})
        for encoding in ("utf-8", "gb18030")
        for text, label in (("a", "b"), ("b", "a"), ("a b", "c"), ("a", "b c"))
        for parser in (AnyClass(), OneOf({"2": "two"}), OneOf({"2": "zwei"}))
    ]
    readers += [
        JSONLines(path, texts=[text], labels={label: AnyClass()})
        for text, label in (("a", "b"), ("b", "a"), ("a b", "c"), ("a", "b c"))
    ]
    assert len({reader.recipe for reader in readers}) == len(readers)
