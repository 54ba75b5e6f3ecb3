"""Random tables of random layouts: what is read is what was written, or it is refused in one line."""

import bz2
import csv
import gzip
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from seqlab.data.table.base import Chunk, Row
from seqlab.data.table.dialect import SEPARATORS, Dialect
from seqlab.data.table.opening import open_table
from seqlab.errors import DataError

WORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"), min_size=1, max_size=6
)
NUMBERS = st.floats(-1e9, 1e9) | st.integers(-(10**6), 10**6) | st.just(math.nan)
PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}


@dataclass(frozen=True)
class Made:
    """A table as it is written.

    Attributes:
        rows: a word, and two numbers of which NaN is a missing one.
        names: the columns.
        dialect: how it is written.
        pack: what it is packed in.
        blank: lines that are empty, or hold only separators, behind so many rows.
        line_end: of every row.
        trailing: separators at the end of every row.
        quoted: whether all cells are quoted.
    """

    rows: list[tuple[str, float, float]]
    names: list[str]
    dialect: Dialect
    pack: str
    blank: dict[int, str]
    line_end: str
    trailing: int
    quoted: bool

    def cells(self, row: tuple[str, float, float]) -> list[str]:
        word, *numbers = row
        return [word, *map(self.number, numbers)]

    def number(self, number: float) -> str:
        if math.isnan(number):
            return (*self.dialect.missing, "")[0]
        written = repr(number)
        return written.replace(".", ",") if self.dialect.decimal == "comma" else written

    def content(self) -> bytes:
        separator = SEPARATORS[self.dialect.separator]
        text = io.StringIO(newline="")
        if self.dialect.quotes == "none":
            settings = {"quoting": csv.QUOTE_NONE, "quotechar": None}
        else:
            settings = {"quoting": csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL}
        writer = csv.writer(text, delimiter=separator, lineterminator=self.line_end, **settings)
        more = [""] * self.trailing
        if self.dialect.header:
            writer.writerow([*self.names, *more])
        for number, row in enumerate(self.rows):
            writer.writerow([*self.cells(row), *more])
            if number in self.blank:
                text.write(self.blank[number].replace("_", separator * (2 + self.trailing)) + self.line_end)
        return PACKED[self.pack](text.getvalue().encode(self.dialect.encoding))


@st.composite
def tables(draw: st.DrawFn) -> Made:
    """Make a table; most can be read, and some cannot be written so."""
    dialect = Dialect(
        separator=draw(st.sampled_from(sorted(SEPARATORS))),
        encoding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "cp1252"])),
        header=draw(st.booleans()),
        quotes=draw(st.sampled_from(["double", "none"])),
        decimal=draw(st.sampled_from(["point", "comma"])),
        missing=draw(st.sampled_from([(), ("?",), ("-", "n/a"), ("-999",)])),
    )
    rows = draw(st.lists(st.tuples(WORDS, NUMBERS, NUMBERS), min_size=1, max_size=12))
    return Made(
        rows=rows,
        names=draw(st.lists(WORDS.map(str.strip).filter(bool), min_size=3, max_size=3, unique=True)),
        dialect=dialect,
        pack=draw(st.sampled_from(sorted(PACKED))),
        blank=draw(st.dictionaries(st.integers(0, 11), st.sampled_from(["", "_"]), max_size=2)),
        line_end=draw(st.sampled_from(["\n", "\r\n"])),
        trailing=draw(st.sampled_from([0, 0, 1, 2])),
        quoted=draw(st.booleans()),
    )


def read(
    path: Path, dialect: Dialect, names: list[str]
) -> tuple[list[str], list[Row], list[Chunk]] | DataError:
    """Return header, rows and chunks of a table, or why it is refused."""
    try:
        table = open_table(path, dialect, is_own=True)
        return table.header, list(table.rows()), list(table.chunks(names[1:], words=names[:1]))
    except DataError as error:
        return error


def check(made: Made, path: Path) -> bool:
    """Read a table; return whether it could be written and was read, as it must be then.

    Raises:
        AssertionError: what was read is not what was written.
    """
    try:
        content = made.content()
    except (csv.Error, UnicodeEncodeError):
        return False
    path.write_bytes(content)
    expected = [row for row in made.rows if any(cell.strip() for cell in made.cells(row))]
    names = made.names if made.dialect.header else ["0", "1", "2"]
    found = read(path, made.dialect, names)
    if isinstance(found, DataError):
        assert len(str(found).splitlines()) == 1
        assert str(found).startswith(str(path))
        return False
    header, rows, chunks = found
    assert header[:3] == names
    assert [row.cells[0] for row in rows] == [row[0] for row in expected]
    numbers = np.concatenate([chunk.numbers for chunk in chunks])
    missing = [float(word.replace(",", ".")) for word in made.dialect.missing if word.startswith("-9")]
    wanted = np.array(
        [[math.nan if one in missing else one for one in row[1:]] for row in expected], np.float64
    )
    np.testing.assert_array_equal(numbers, wanted)
    assert [word for chunk in chunks for word in chunk.words[0]] == [row[0].strip() for row in expected]
    lines = np.concatenate([chunk.lines for chunk in chunks]).tolist()
    assert lines == [row.line for row in rows] == sorted(set(lines))
    return True


def tried(count: int, folder: Path) -> int:
    """Return how many of so many random tables are read."""
    successes = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(made=tables())
    def each(made: Made) -> None:
        successes.append(check(made, folder / f"table.csv{made.pack}"))

    each()
    return sum(successes)


def test_a_few_random_tables_are_read_right_or_refused(tmp_path):
    assert tried(50, tmp_path) > 25


@pytest.mark.slow
def test_many_random_tables_are_read_right_or_refused(tmp_path):
    assert tried(500, tmp_path) > 250
