"""The decoded lines of a text file; an error names the line and an encoding that fits."""

import io
from collections.abc import Iterator
from pathlib import Path

from seqlab.data.table.encodings import Recoded, encoding_of, is_by_bytes, likely
from seqlab.errors import DataError

SAMPLE = 2**16
"""Number of bytes from which an encoding is guessed."""


class Lines:
    """Decodes and counts the lines of a file.

    Args:
        path: the file, for messages.
        file: the file.
        encoding: its encoding, unless its first bytes name another.
        is_own: whether the file is the user's own, so that settings say how to read it.

    Attributes:
        number: the number of the last line that was yielded, from 1.
    """

    def __init__(self, path: Path, file: io.BufferedReader, encoding: str, *, is_own: bool) -> None:
        self._path, self._is_own, self.number = path, is_own, 0
        self._encoding = encoding_of(file.peek(4), encoding)
        self._file = file
        if not is_by_bytes(self._encoding):
            self._file = io.BufferedReader(Recoded(path, file, self._encoding))
            self._encoding = "utf-8"

    def __iter__(self) -> Iterator[str]:
        """Yield the lines with their line ends.

        Raises:
            DataError: a line is not in the encoding, or contains a NUL character.
        """
        for raw in self._file:
            try:
                line = raw.decode(self._encoding)
            except UnicodeDecodeError as error:
                raise self._error(self._explain(error)) from error
            if "\0" in line:
                raise self._error(self._explain_nul(raw))
            self.number += 1
            yield line.removeprefix("\ufeff") if self.number == 1 else line

    def _error(self, reason: str) -> DataError:
        return DataError(f"{self._path}, line {self.number + 1}: {reason}")

    def _explain(self, error: UnicodeDecodeError) -> str:
        byte = f"byte 0x{error.object[error.start]:02x} at byte {error.start + 1} of the line"
        return f"not {error.encoding.upper()}: {byte}; convert the file to UTF-8{self._hint(error.object)}"

    def _explain_nul(self, raw: bytes) -> str:
        return f"a NUL character; is this a text file? Remove it{self._hint(raw)}"

    def _hint(self, raw: bytes) -> str:
        """Return the setting with which the invalid bytes, and those after them, can be read."""
        found = likely(raw + self._file.read(SAMPLE))
        if not self._is_own or found in (None, self._encoding):
            return ""
        return f", or set data.encoding={found}, which fits"
