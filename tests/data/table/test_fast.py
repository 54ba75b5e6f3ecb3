"""The fast way reads what the strict way reads, or leaves it to the strict way."""

import random

import numpy as np
import pytest

from seqlab.data.table import fast
from seqlab.data.table.base import Chunk, Table
from seqlab.data.table.delimited import Delimited
from seqlab.data.table.dialect import Dialect
from seqlab.errors import DataError

PLAIN = "when,x,y,z\n" + "".join(f"day {row} ,{row / 7},{row}e-3,é\n" for row in range(40))


BLANKS = (
    PLAIN.replace("day ", "day").replace(" ,", "\t ").replace(",", "  ").replace("\n", " \r\n  ").strip(" ")
)


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Return a function that writes a table, to be read in small blocks."""
    monkeypatch.setattr(fast, "BLOCK", 100)

    def write(content: str | bytes, **settings: object) -> Delimited:
        path = tmp_path / "t.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Delimited(path, Dialect(**settings), is_own=True)

    return write


def both(table: Delimited, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Chunk], list[Chunk], int]:
    """Return the chunks of both ways, and how many rows are read in the strict way."""
    strict, rows = [], Delimited.rows

    def counted(self: Delimited, **settings: bool) -> object:
        for row in rows(self, **settings):
            strict.append(row)
            yield row

    monkeypatch.setattr(Delimited, "rows", counted)
    found = list(table.chunks(["y", "x"], words=["when"]))
    count = len(strict)
    return found, list(Table.chunks(table, ["y", "x"], words=["when"])), count


def assert_same(found: list[Chunk], expected: list[Chunk]) -> None:
    for name in ("lines", "numbers"):
        parts = [np.concatenate([getattr(chunk, name) for chunk in chunks]) for chunks in (found, expected)]
        np.testing.assert_array_equal(*parts)
    words = [[word for chunk in chunks for word in chunk.words[0]] for chunks in (found, expected)]
    assert words[0] == words[1]


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (PLAIN, {}),
        (PLAIN[:-1], {}),
        (PLAIN.replace("\n", "\r\n"), {}),
        ("﻿" + PLAIN, {}),
        (PLAIN.replace("when,x", '"when","x"'), {}),
        (PLAIN.replace(",", ";").replace(".", ","), {"separator": "semicolon", "decimal": "comma"}),
        (PLAIN.replace(",13e-3", ",?").replace(",14e-3", ", NA "), {"missing": ("?",)}),
        (PLAIN.replace("é", '"'), {"quotes": "none"}),
        (BLANKS, {"separator": "space"}),
    ],
)
def test_a_plain_table_is_read_the_fast_way_alone(content, settings, table, monkeypatch):
    found, expected, strict = both(table(content, **settings), monkeypatch)
    assert strict == 0
    assert len(found) > 3
    assert_same(found, expected)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("day 30 ", '"day 30"'),
        ("day 30 ", '"day\n30"'),
        ("\nday 30 ", "\n\nday 30 "),
        ("\nday 30 ", "\n,,,\nday 30 "),
        ("\nday 30 ", "\n , ,,\nday 30 "),
        ("\nday 39 ", "\n\n\nday 39 "),
    ],
)
def test_from_an_odd_line_on_the_strict_way_reads(old, new, table, monkeypatch):
    found, expected, strict = both(table(PLAIN.replace(old, new)), monkeypatch)
    assert strict > 0
    assert_same(found, expected)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("30e-3", "30e-3,", "line 32: 5 cells"),
        (",30e-3", "", "line 32: 3 cells"),
        ("30e-3", "word", "line 32: column 'y' is 'word'"),
        ("30e-3", "inf", "line 32: column 'y' is 'inf'"),
        ("30e-3", "3\0", "line 32: a NUL character"),
        ("30e-3", "3\r1", "line 32: a carriage return"),
        ("30e-3", '3"1', None),
        (",30e-3", ',"30e-3', "line 32: a quote is not closed"),
    ],
)
def test_an_error_far_down_has_its_line(old, new, reason, table):
    with pytest.raises(DataError, match=reason or "no finite number"):
        list(table(PLAIN.replace(old, new)).chunks(["y", "x"], words=["when"]))
    with pytest.raises(DataError, match="line 32: not UTF-8"):
        list(table(PLAIN.encode().replace(b"day 30", b"day \xff")).chunks(["y"]))


def test_without_a_header_the_first_line_is_a_row(table):
    (chunk,) = table("﻿a,1\nb,2\n", header=False).chunks(["1"], words=["0"])
    assert (chunk.words[0].tolist(), chunk.numbers.ravel().tolist()) == (["a", "b"], [1, 2])


@pytest.mark.parametrize("decimal", ["point", "comma"])
def test_a_cell_is_the_same_number_in_both_ways(decimal, table, monkeypatch):
    numbers, characters = random.Random(0), "0123456789" * 3 + ".,eE+- naifINF_xd１ "
    cells = ["".join(numbers.choices(characters, k=numbers.randrange(1, 7))) for _ in range(300)]
    read = table("when;x;y\n", separator="semicolon", decimal=decimal)
    cells = [cell for cell in cells if read.is_number(cell)]
    content = "when;x;y\n" + "".join(f"a;{cell};1\n" for cell in cells)
    found, expected, _ = both(table(content, separator="semicolon", decimal=decimal), monkeypatch)
    assert len(cells) > 20
    assert_same(found, expected)


def test_no_cell_is_a_number_in_the_fast_way_alone(table):
    numbers, characters = random.Random(0), "0123456789" * 2 + ".,eE+- naifINF_xd%()'"
    cells = {"".join(numbers.choices(characters, k=numbers.randrange(1, 6))) for _ in range(400)}
    read = table("x\n1\n", separator="semicolon", missing=("-",))
    refused = [cell for cell in sorted(cells) if not read.is_number(cell)]
    assert len(refused) > 200
    for cell in (*refused, "1_000"):
        with pytest.raises(DataError, match="no finite number"):
            list(table(f"x;y\n{cell};1\n", separator="semicolon", missing=("-",)).chunks(["x"]))


def test_a_number_that_means_missing_is_missing_in_both_ways(table, monkeypatch):
    content = PLAIN.replace(",13e-3", ",-99").replace(",14e-3", ",-99.0")
    found, expected, strict = both(table(content, missing=("-99",)), monkeypatch)
    assert strict == 0
    assert_same(found, expected)
    assert np.isnan(np.concatenate([chunk.numbers for chunk in found])[:, 0]).sum() == 1


def test_long_decimals_are_the_nearest_floats(table):
    values = np.random.default_rng(0).normal(size=300) * 10.0 ** np.random.default_rng(1).integers(
        -30, 30, 300
    )
    cells = [repr(float(value)) for value in values] + [f"{value:.25g}" for value in values]
    chunks = table("x\n" + "\n".join(cells) + "\n").chunks(["x"])
    assert np.concatenate([chunk.numbers[:, 0] for chunk in chunks]).tolist() == list(map(float, cells))
