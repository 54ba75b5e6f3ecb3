"""Files of the UCR and UEA archives, ``.ts``: a header of ``@`` lines, then a sequence a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from seqlab.data.sequences.layout import Layout
from seqlab.data.sequences.records import Record, Records
from seqlab.data.sequences.rows import Line, lines_of, numbers
from seqlab.data.table.dialect import Dialect
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences


@dataclass(frozen=True)
class TS(Layout):
    """A line a sequence: channels separated by ``:``, their numbers by commas, the label last."""

    name: Literal["ts"] = "ts"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:  # noqa: ARG003 (its header says all)
        """Return the layout, which has no settings."""
        return cls()

    def __str__(self) -> str:
        return "a .ts file"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences.

        Raises:
            DataError: a line is malformed, or has a time at each number.
        """
        lines = lines_of(path, data.encoding)
        header = _Header(path, lines, data.dialect)
        records = list(header.records(lines))
        width = records[0].values.shape[1] if records else 0
        return Records.of(path, [f"channel {place}" for place in range(1, width + 1)], ["label"], records)


class _Header:
    """What the lines above ``@data`` say."""

    def __init__(self, path: Path, lines: Iterator[Line], dialect: Dialect) -> None:
        self.path, self.dialect = path, dialect
        said: dict[str, list[str]] = {}
        for line, text in lines:
            if text.startswith(("#", "%")):
                continue
            key, *words = text.split()
            if key.lower() == "@data":
                break
            if not key.startswith("@"):
                raise self.error(line, "a line of the header begins with @, and @data must come before data")
            said[key.lower()] = words
        else:
            raise DataError(f"{path}: there is no line @data, below which a .ts file has its sequences")
        if said.get("@timestamps", ["false"])[0].lower() == "true":
            raise DataError(
                f"{path}: @timeStamps true: numbers with their times, (time,number), are not read; "
                "write the numbers alone, or a table with data.series_id and data.time"
            )
        label = next((said[key] for key in ("@classlabel", "@targetlabel") if key in said), ["false"])
        self.is_labelled = label[0].lower() == "true"
        self.classes = label[1:]
        self.channels = self._channels(said)

    def error(self, line: int, reason: str) -> DataError:
        """Return an error that names the file and a line."""
        return DataError(f"{self.path}, line {line}: {reason}")

    def _channels(self, said: dict[str, list[str]]) -> int | None:
        """Return how many channels each line has; None if it is not said."""
        if said.get("@univariate", [""])[0].lower() == "true":
            return 1
        words = next((said[key] for key in ("@dimensions", "@dimension") if said.get(key)), [""])
        return int(words[0]) if words[0].isdecimal() else None

    def records(self, lines: Iterator[Line]) -> Iterator[Record]:
        """Yield the sequences of the lines that are left."""
        for line, text in lines:
            if text.startswith(("#", "%")):
                continue
            error = partial(self.error, line)
            if "(" in text:
                raise error("'(': numbers with their times are not read; write the numbers alone")
            *parts, last = text.split(":")
            label = last.strip() if self.is_labelled else None
            if label is None:
                parts.append(last)
            elif self.classes and label not in self.classes:
                raise error(f"class '{label:.40}' is not among those of the header; fix either")
            self.channels = self.channels or len(parts)
            if len(parts) != self.channels:
                raise error(f"{len(parts)} channels where {self.channels} are expected; separate them by ':'")
            columns = [numbers(part.split(","), self.dialect, error) for part in parts]
            lengths = {len(column) for column in columns}
            if len(lengths) > 1:
                found = f"from {min(lengths)} to {max(lengths)} numbers"
                raise error(f"the channels have {found}; pad the shorter with '?' or NaN")
            yield Record(f"line {line}", np.column_stack(columns), None if label is None else (label,))
