"""JSON objects as a table: one a line, or a list of them."""

import json
import logging
from collections.abc import Iterator
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from seqlab.data.table.base import Row, Table
from seqlab.data.table.content import opened
from seqlab.data.table.dialect import LARGEST_CELL, Dialect

LARGEST_LIST = 2**28
"""The largest list of objects in bytes: it is in memory as a whole."""
NAMING = 100
"""Objects whose keys are the columns."""
WRITE = "write {…} with the names of the columns as keys"

log = logging.getLogger(__name__)


class JSONTable(Table):
    """JSON objects, whose keys are the columns; what an object lacks is an empty cell.

    A cell that is a list or an object is written as JSON.

    Args:
        path: the file.
        dialect: what stands for a missing number.
        is_own: whether the file is the user's own, so that settings say how to read it.
        is_list: whether it is one list of objects, instead of an object a line.

    Raises:
        DataError: the file is malformed.
    """

    recipe = "json"

    def __init__(self, path: Path, dialect: Dialect, *, is_own: bool, is_list: bool) -> None:
        super().__init__(path, dialect, is_own=is_own)
        self.is_list = is_list
        first = islice(self._objects(may_break_off=True), NAMING)
        self.header = list(dict.fromkeys(key for _, found in first for key in found))
        if not self.header:
            raise self.error(1, f"there is no object with keys; {WRITE}")

    @property
    def row_word(self) -> str:
        """What a row is called in messages."""
        return "object" if self.is_list else "line"

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        with opened(self.path) as content:
            return file_digest(content.file, "sha256").hexdigest()

    def rows(self, *, may_break_off: bool = False) -> Iterator[Row]:
        """Yield the objects.

        Raises:
            DataError: one is malformed, or has a key that the first ones lack.
        """
        known, late = dict.fromkeys(self.header, ""), set[str]()
        for number, found in self._objects(may_break_off=may_break_off):
            cells = known | {key: self._cell(number, key, found[key]) for key in known if key in found}
            late.update(found.keys() - known.keys())
            if any(cells.values()):
                yield Row(number, list(cells.values()))
        if late:
            listed = ", ".join(sorted(late))
            log.warning("%s: left out what the first %s objects lack: %s", self.path, NAMING, listed)

    def _objects(self, *, may_break_off: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the objects with their numbers, from 1."""
        with opened(self.path) as content:
            if self.is_list:
                for number, value in enumerate(self._list(content.file), start=1):
                    yield number, self._object(number, value)
                return
            for number, raw in enumerate(content.file, start=1):
                if (
                    may_break_off
                    and not raw.endswith(b"}\n")
                    and not content.file.peek(1)
                    and _breaks_off(raw)
                ):
                    log.warning("%s, line %s: 1 row is cut off and was left out", self.path, number)
                elif raw.strip():
                    yield number, self._object(number, self._parsed(number, raw))

    def _list(self, file: BinaryIO) -> Any:
        read = file.read(LARGEST_LIST + 1)
        if len(read) > LARGEST_LIST:
            raise self.error(1, f"a list of more than {LARGEST_LIST:,} bytes; write one object a line")
        return self._parsed(1, read)

    def _parsed(self, number: int, raw: bytes) -> Any:
        try:
            return json.loads(raw.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise self.error(number, f"not JSON in UTF-8 ({error}); fix or remove it") from error

    def _object(self, number: int, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(number, f"not a JSON object; {WRITE}")
        return value

    def _cell(self, number: int, key: str, value: Any) -> str:
        if value is None or value != value:  # noqa: PLR0124 (NaN, which Python writes into JSON)
            return ""
        cell = value if isinstance(value, str) else str(value)
        if isinstance(value, list | dict):
            cell = json.dumps(value, ensure_ascii=False)
        try:
            cell.encode()
        except UnicodeEncodeError as error:
            raise self.error(number, f"'{key}' has half of a surrogate pair; fix or remove it") from error
        if len(cell) > LARGEST_CELL:
            raise self.error(number, f"'{key}' has more than {LARGEST_CELL:,} characters; shorten it")
        return cell


def _breaks_off(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return True
    return False
