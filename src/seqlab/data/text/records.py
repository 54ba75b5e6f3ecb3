"""Labelled texts, one after the other, from CSV and JSON Lines files."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from seqlab.data.table import Table
from seqlab.data.table.delimited import LARGEST_CELL
from seqlab.errors import DataError, SeqlabError, failure, near


class Record(NamedTuple):
    """A text and its labels, one for each label column."""

    text: str
    labels: tuple[str, ...]


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
    """A CSV file, or the only one in a zip, with a column of texts and columns of labels.

    Args:
        table: the file.
        text: name of the column of texts.
        labels: the label columns, each with its allowed values and their meaning, or None for any value.

    Raises:
        DataError: the header lacks one of the columns.
    """

    def __init__(self, table: Table, *, text: str, labels: Mapping[str, Mapping[str, str] | None]) -> None:
        self.table, self.text, self.labels = table, text, labels
        self.places = table.places([text, *labels])
        self.columns = tuple(labels)
        self.recipe = json.dumps([table.recipe, text, dict(labels)])
        self.findings: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        return self.table.fingerprint()

    def records(self) -> Iterator[Record]:
        """Yield the rows whose text is not blank.

        Raises:
            DataError: the file is malformed, or a label is blank or not among the allowed ones.
        """
        at_text, *at_labels = self.places
        columns = list(zip(self.labels, at_labels, self.labels.values(), strict=True))
        for line, cells in self.table.rows():
            if not cells[at_text].strip():
                self.findings["rows without a text were skipped"] += 1
                continue
            labels = tuple(
                _label(cells[place], allowed, name, partial(self.table.error, line))
                for name, place, allowed in columns
            )
            yield Record(cells[at_text], labels)


class JSONLines:
    """A file of JSON objects, one per line, each with a text and a label.

    Args:
        path: the file, in UTF-8.
        text: key of the text.
        label: key of the label, a string, an integer or a boolean.
    """

    def __init__(self, path: Path, *, text: str, label: str) -> None:
        self.path, self.text, self.label = path, text, label
        self.columns: tuple[str, ...] = (label,)
        self.recipe = json.dumps(["jsonl", text, label])
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
                text, label = self._values(line, raw)
                if not text.strip():
                    self.findings["lines without a text were skipped"] += 1
                    continue
                yield Record(text, (_label(label, None, self.label, partial(self._error, line)),))

    def _values(self, line: int, raw: bytes) -> tuple[str, str]:
        try:
            found = json.loads(raw.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise self._error(line, f"not JSON in UTF-8 ({error}); fix or remove the line") from error
        if not isinstance(found, dict):
            raise self._error(line, "not a JSON object; write {…} with the keys of text and label")
        for key in (self.text, self.label):
            if key not in found:
                raise self._error(line, f"the object has no '{key}'; {near(key, found)}")
        text, label = found[self.text], found[self.label]
        if not isinstance(text, str) or len(text) > LARGEST_CELL:
            raise self._error(line, f"'{self.text}' must be a string of at most {LARGEST_CELL:,} characters")
        if not isinstance(label, str | int):
            raise self._error(line, f"'{self.label}' must be a string or a whole number, got {label!r}")
        try:
            f"{text}{label}".encode()
        except UnicodeEncodeError as error:
            raise self._error(line, "half of a surrogate pair; fix or remove it") from error
        return text, str(label)

    def _error(self, line: int, reason: str) -> DataError:
        return DataError(f"{self.path}, line {line}: {reason}")


class GivenTexts:
    """Texts and classes that the code of a data set yields.

    Args:
        given: yields them, the same at every call.
        file: the file with the code.
    """

    def __init__(self, given: Callable[[], Iterable[tuple[str, str]]], file: Path) -> None:
        self.given, self.file = given, file
        self.columns: tuple[str, ...] = ("class",)
        self.recipe = "given"
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
            yield Record(text, (_label(label, None, "class", partial(self._error, number)),))

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
        match record:
            case (str(text), str() | int() as label):
                return text, str(label)
        raise self._error(number, f"records() must yield a text and its class, got {record!r:.80}")

    def _error(self, number: int, reason: str) -> DataError:
        return DataError(f"{self.file}, record {number}: {reason}")


def _label(
    cell: str, allowed: Mapping[str, str] | None, column: str, error: Callable[[str], DataError]
) -> str:
    label = cell.replace("\ufeff", "").strip()
    if not label:
        raise error(f"column '{column}' is blank; fill it in or remove the row")
    if allowed is None:
        return label
    if label not in allowed:
        raise error(f"column '{column}' is '{label}'; allowed are {', '.join(allowed)}")
    return allowed[label]
