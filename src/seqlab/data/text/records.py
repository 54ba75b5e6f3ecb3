"""Labelled texts, one after the other, from CSV and JSON Lines files."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from seqlab.data.table.dialect import LARGEST_CELL
from seqlab.data.text.labels import BinaryLabel, LabelList, LabelParser, Number, joined
from seqlab.errors import DataError, SeqlabError, failure, near

if TYPE_CHECKING:
    from seqlab.data.table.base import Table


class Record(NamedTuple):
    """A text and its labels, one for each label column, as their ``LabelParser`` makes them.

    Attributes:
        split: the split that it is given for, "train", "val" or "test"; "" if the texts are to be split.
    """

    text: str
    labels: tuple[str, ...]
    split: str = ""


class TextReader(Protocol):
    """The source of a corpus: yields records one after the other, never all at once.

    Attributes:
        columns: names of the label columns.
        recipe: everything besides the content that determines the records, in words.
        findings: problems of the records and their counts, filled while reading.
    """

    columns: tuple[str, ...]
    recipe: str
    findings: Counter[str]

    def fingerprint(self) -> str:
        """Return a hash of the content."""

    def records(self) -> Iterator[Record]:
        """Yield the records, with the unchanged texts of the file.

        Raises:
            DataError: a file is malformed; the message names file, line and remedy.
        """


class CSVTexts:
    """A table with columns of texts and columns of labels.

    Args:
        table: the file.
        texts: names of the columns that make a text, one after the other.
        labels: the label columns, and how each is read.

    Raises:
        DataError: the header lacks one of the columns.
    """

    def __init__(self, table: "Table", *, texts: Sequence[str], labels: Mapping[str, LabelParser]) -> None:
        self.table, self.texts, self.labels = table, tuple(texts), labels
        self.places = table.places([*texts, *labels])
        self.columns = tuple(labels)
        self.recipe = repr([table.recipe, self.texts, dict(labels)])
        self.findings: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        return self.table.fingerprint()

    def records(self) -> Iterator[Record]:
        """Yield the rows whose text is not blank.

        Raises:
            DataError: the file is malformed, or a label is blank or not among the allowed ones.
        """
        at_texts, at_labels = self.places[: len(self.texts)], self.places[len(self.texts) :]
        columns = list(zip(self.labels, at_labels, self.labels.values(), strict=True))
        for line, cells in self.table.rows():
            text = one_text([cells[place] for place in at_texts])
            if not text.strip():
                self.findings["rows without a text were skipped"] += 1
                continue
            error = partial(self.table.error, line)
            labels = (_label(cells[place], parser, name, error) for name, place, parser in columns)
            yield Record(text, tuple(labels))


class JSONLines:
    """A file of JSON objects, one per line, each with texts and labels.

    Args:
        path: the file, in UTF-8.
        texts: keys of what makes a text, one after the other.
        labels: keys of the labels, each a string, a number, a boolean or a list of strings, and how each is
            read.
    """

    def __init__(self, path: Path, *, texts: Sequence[str], labels: Mapping[str, LabelParser]) -> None:
        self.path, self.texts, self.labels = path, tuple(texts), labels
        self.columns: tuple[str, ...] = tuple(labels)
        self.recipe = repr(["jsonl", self.texts, dict(labels)])
        self.findings: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file.

        Raises:
            DataError: it cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{self.path} cannot be read: {error.strerror}; give a readable file") from error

    def records(self) -> Iterator[Record]:
        """Yield the objects whose text is not blank.

        Raises:
            DataError: a line is not a JSON object, lacks a key, or its text is not a string.
        """
        with self.path.open("rb") as file:
            for line, raw in enumerate(file, start=1):
                if not raw.strip():
                    continue
                found = self._object(line, raw)
                text = one_text([self._text(line, key, found[key]) for key in self.texts])
                if not text.strip():
                    self.findings["lines without a text were skipped"] += 1
                    continue
                labels = (self._label(line, key, found[key]) for key in self.labels)
                yield Record(text, tuple(labels))

    def _object(self, line: int, raw: bytes) -> dict[str, Any]:
        try:
            found = json.loads(raw.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise self._error(line, f"not JSON in UTF-8 ({error}); fix or remove the line") from error
        if not isinstance(found, dict):
            raise self._error(line, "not a JSON object; write {…} with the keys of text and label")
        for key in (*self.texts, *self.labels):
            if key not in found:
                raise self._error(line, f"the object has no '{key}'; {near(key, found)}")
        return found

    def _text(self, line: int, key: str, text: Any) -> str:
        if not isinstance(text, str) or len(text) > LARGEST_CELL:
            raise self._error(line, f"'{key}' must be a string of at most {LARGEST_CELL:,} characters")
        return self._encodable(line, text)

    def _label(self, line: int, key: str, label: Any) -> str:
        parser, error = self.labels[key], partial(self._error, line)
        is_list = isinstance(label, list) and all(isinstance(one, str | int) for one in label)
        is_one = isinstance(label, str | int) and isinstance(parser, LabelList) and not parser.separator
        if isinstance(parser, LabelList) and (is_list or is_one):
            return self._encodable(line, joined(map(str, label if is_list else [label])))
        is_number = isinstance(parser, Number | BinaryLabel) and isinstance(label, float)
        if not isinstance(label, str | int) and not is_number:
            allowed = "a list of strings" if isinstance(parser, LabelList) else "a string or a whole number"
            remedy = "; several labels are predicted with task=multilabel" if is_list else ""
            raise error(f"'{key}' must be {allowed}, got {label!r:.80}{remedy}")
        return _label(self._encodable(line, str(label)), parser, key, error)

    def _encodable(self, line: int, text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise self._error(line, "half of a surrogate pair; fix or remove it") from error
        return text

    def _error(self, line: int, reason: str) -> DataError:
        return DataError(f"{self.path}, line {line}: {reason}")


class GivenTexts:
    """Texts and classes that the code of a data set yields.

    Args:
        given: yields them, the same at every call.
        file: the file with the code.
        parser: of what it yields beside a text.
    """

    def __init__(
        self, given: Callable[[], Iterable[tuple[str, Any]]], file: Path, parser: LabelParser
    ) -> None:
        self.given, self.file, self.parser = given, file, parser
        self.columns: tuple[str, ...] = ("class",)
        self.recipe = repr(["given", parser])
        self.findings: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """Return the SHA-256 of all texts and classes.

        Raises:
            DataError: a record is not a text with a class, or the code fails.
        """
        digest = sha256()
        for record in self._yielded():
            digest.update(json.dumps(record).encode())
        return digest.hexdigest()

    def records(self) -> Iterator[Record]:
        """Yield the texts that are not blank.

        Raises:
            DataError: a record is not a text with a class, a class is blank, or the code fails.
        """
        for number, (text, label) in enumerate(self._yielded(), start=1):
            if not text.strip():
                self.findings["records without a text were skipped"] += 1
                continue
            is_read, error = isinstance(self.parser, LabelList), partial(self._error, number)
            yield Record(text, (label if is_read else _label(label, self.parser, "class", error),))

    def _yielded(self) -> Iterator[tuple[str, str]]:
        number = 0
        try:
            for number, record in enumerate(self.given(), start=1):
                yield self._pair(number, record)
        except SeqlabError:
            raise
        except Exception as error:  # any error of the user's code
            raise self._error(number + 1, f"records() fails with {failure(error)}") from error

    def _pair(self, number: int, record: object) -> tuple[str, str]:
        match record, self.parser:
            case (str(text), [*labels]), LabelList():
                return text, joined(map(str, labels))
            case (str(text), str() | int() as label), LabelList():
                return text, joined([str(label)])
            case (str(text), float(label)), Number():
                return text, repr(label)
            case (str(text), str() | int() as label), _:
                return text, str(label)
        raise self._error(number, f"records() must yield a text and its class, got {record!r:.80}")

    def _error(self, number: int, reason: str) -> DataError:
        return DataError(f"{self.file}, record {number}: {reason}")


def one_text(parts: Sequence[str]) -> str:
    """Return the text that several columns make: those that are not blank, with a blank between them."""
    return parts[0] if len(parts) == 1 else " ".join(part.strip() for part in parts if part.strip())


def _label(cell: str, parser: LabelParser, column: str, error: Callable[[str], DataError]) -> str:
    try:
        return parser(cell.replace("\ufeff", "").strip())
    except ValueError as reason:
        raise error(f"column '{column}' {reason}") from reason
