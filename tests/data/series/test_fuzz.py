"""Random calendars, spelled and stored at random: every step is read where and when it was, or refused."""

import bz2
import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from seqlab.data import Series
from seqlab.data.series.grid import Grid
from seqlab.data.series.prepared import read_grid
from seqlab.data.table.dialect import SEPARATORS
from seqlab.errors import DataError

PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}
BERLIN = "Europe/Berlin"
CALENDARS = {
    "microseconds": "25us",
    "milliseconds": "4ms",
    "seconds": "5s",
    "minutes": "15min",
    "hours": "h",
    "days": "D",
    "business days": "B",
    "days but Sundays": pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat"),
    "ten days": "10D",
    "weeks": "W-WED",
    "months": "MS",
    "ends of months": "ME",
    "quarters": "QS",
    "half-years": "6MS",
    "years": "YS",
}
"""Steps as pandas spells them."""
NAMES = (("1", "2", "3"), ("north", "süd", "a;b"), ("x y", "7", "-"))
"""What series may be called."""
TIMED = {"microseconds", "milliseconds", "seconds", "minutes", "hours"}
"""Calendars whose steps are shorter than days."""
WORKING = {"business days", "days but Sundays"}
"""Calendars in which a day without a row is a holiday."""


def _since_1970(unit: str) -> Callable[[pd.DatetimeIndex], dict[str, object]]:
    return lambda times: {"when": times.astype(f"datetime64[{unit}]").astype(np.int64)}


SPELLINGS: dict[str, tuple[Callable[[pd.DatetimeIndex], dict[str, object]], str | None]] = {
    "iso": (lambda times: {"when": [time.isoformat() for time in times]}, None),
    "blank": (lambda times: {"when": times.strftime("%Y-%m-%d %H:%M:%S.%f")}, None),
    "german": (lambda times: {"when": times.strftime("%d.%m.%Y %H:%M:%S.%f")}, "%d.%m.%Y %H:%M:%S.%f"),
    "american": (
        lambda times: {"when": times.strftime("%m/%d/%Y %I:%M:%S.%f %p")},
        "%m/%d/%Y %I:%M:%S.%f %p",
    ),
    "unix_ms": (_since_1970("ms"), "unix_ms"),
    "unix_us": (_since_1970("us"), "unix_us"),
    "unix_ns": (_since_1970("ns"), "unix_ns"),
    "day and clock": (
        lambda times: {"day": times.strftime("%Y-%m-%d"), "clock": times.strftime("%H:%M:%S.%f")},
        None,
    ),
    "day alone": (lambda times: {"day": times.strftime("%Y-%m-%d")}, None),
    "day and hour": (lambda times: {"day": times.strftime("%Y-%m-%d"), "hour": times.hour}, None),
    "parts": (
        lambda times: {"year": times.year, "month": times.month, "day": times.day, "hour": times.hour},
        None,
    ),
    "quarter": (lambda times: {"quarter": times.to_period("Q").astype(str)}, None),
    "month": (lambda times: {"month": times.strftime("%Y%m")}, None),
    "offset": (
        lambda times: {"when": [time.isoformat() for time in times.tz_localize("UTC").tz_convert(BERLIN)]},
        None,
    ),
}
"""Columns in which times are written, and their format if it must be said."""


@dataclass(frozen=True)
class Made:
    """A table of series, and what it holds.

    Attributes:
        steps: the times of each series on its calendar, from its first row to its last.
        expected: the value at each step; NaN where there is no row, or none of its values.
        table: the rows, as they are stored.
        settings: of ``Series``.
        pack: what the file is packed in.
    """

    steps: list[np.ndarray]
    expected: list[np.ndarray]
    table: pd.DataFrame
    settings: dict[str, object] = field(default_factory=dict)
    pack: str = ""

    def content(self) -> bytes:
        decimal = "," if self.settings["decimal"] == "comma" else "."
        text = self.table.to_csv(
            index=False,
            sep=SEPARATORS[str(self.settings["separator"])],
            na_rep=next(iter(self.settings["missing"]), ""),  # type: ignore[call-overload]
            decimal=decimal,
        )
        return PACKED[self.pack](text.encode(str(self.settings["encoding"])))


def _spellings(calendar: str, *, local: bool) -> list[str]:
    """Return how the times of a calendar can be written without losing any of them."""
    found = ["iso", "blank", "german", "american", "unix_us", "unix_ns", "day and clock", "offset"]
    found += ["unix_ms"] if calendar != "microseconds" else []
    found += ["day and hour", "parts"] if calendar == "hours" or calendar not in TIMED else []
    found += ["day alone"] if calendar not in TIMED else []
    found += ["quarter"] if calendar == "quarters" else []
    found += ["month"] if calendar in {"months", "quarters", "half-years", "years"} else []
    return [one for one in found if not local or not (one.startswith("unix") or one == "offset")]


KINDS = [
    *((calendar, "timed") for calendar in CALENDARS),
    *(("hours", "local"), ("minutes", "local")) * 3,
    ("days", "rows"),
]
"""Calendars, and whether rows have times, local ones, or none; local ones come more often."""


@st.composite
def tables(draw: st.DrawFn) -> Made:
    """Make one to three series of a calendar, with gaps, in any order of rows."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    calendar, kind = draw(st.sampled_from(KINDS))
    is_in_order, is_local = kind == "rows", kind == "local"
    spelling = draw(st.sampled_from(_spellings(calendar, local=is_local)))
    count = draw(st.integers(1, 3))
    pieces, steps, values = [], [], []
    for name in range(count):
        times = _times(draw, calendar, is_local=is_local)
        written = times.tz_localize("UTC").tz_convert(BERLIN).tz_localize(None) if is_local else times
        x = random.normal(size=len(times)).round(6)
        there = random.random(len(times)) > draw(st.sampled_from([0.0, 0.05]))
        there[[0, 1, 2, -1]] = True  # a series is from its first row to its last
        there[written.duplicated(keep=False)] = True  # of two equal local times, one alone could be either
        x[random.random(len(times)) < draw(st.sampled_from([0.0, 0.1]))] = np.nan
        columns = SPELLINGS[spelling][0](written)
        rows = pd.DataFrame({"id": name, **columns, "x": x, "y": np.arange(len(times))})
        pieces.append(rows[there])
        is_kept = there if calendar in WORKING or is_in_order else np.full(len(times), True)
        steps.append(
            np.arange(1, there.sum() + 1) if is_in_order else times.to_numpy("datetime64[us]")[is_kept]
        )
        values.append(np.where(there, x, np.nan)[is_kept])
    table = pd.concat(pieces, ignore_index=True)
    table["name"] = table["id"].map(dict(enumerate(draw(st.sampled_from(NAMES)))))
    if draw(st.booleans()) and not is_local and not is_in_order:
        table = table.iloc[random.permutation(len(table))]
    usual = {"separator": draw(st.sampled_from(sorted(SEPARATORS))), "path": "", "targets": ["x"]}
    chosen = {
        "encoding": draw(st.sampled_from(["utf-8", "utf-16", "cp1252", "gb18030"])),
        "decimal": draw(st.sampled_from(["point", "comma"])),
        "missing": draw(st.sampled_from([[], ["?"], ["n/a"], ["-999"]])),
        "time": None if is_in_order else list(columns),
        "time_format": None if is_in_order else SPELLINGS[spelling][1],
        "timezone": BERLIN if is_local else None,
        "series_id": ["name"] if count > 1 else None,
    }
    return Made(steps, values, table, usual | chosen, draw(st.sampled_from(sorted(PACKED))))


def _times(draw: st.DrawFn, calendar: str, *, is_local: bool) -> pd.DatetimeIndex:
    """Return the steps of a series; if they are local, near the nights when clocks are changed."""
    if is_local:
        start = draw(st.sampled_from(["2021-10-30 16:00", "2021-03-27 16:00"]))
    elif calendar in TIMED:
        start = "2020-02-28 00:00"
    else:
        start = f"{draw(st.integers(1975, 2020))}-01-{draw(st.integers(1, 28))}"
    return pd.date_range(start, periods=draw(st.integers(40, 80)), freq=CALENDARS[calendar])


def check(made: Made, folder: Path) -> bool:
    """Read a table; return whether it could be written and was read, as it must be then.

    Raises:
        AssertionError: what was read is not what was written.
    """
    path = folder / f"table.csv{made.pack}"
    try:
        path.write_bytes(made.content())
    except UnicodeEncodeError:
        return False
    grid = read(Series(**{**made.settings, "path": str(path)}))
    if isinstance(grid, DataError):
        assert len(str(grid).splitlines()) == 1
        assert str(grid).startswith(str(path))
        return False
    series = dict(zip(dict.fromkeys(made.table["id"]), grid.series.items(), strict=True))
    for number, (_, part) in series.items():
        np.testing.assert_array_equal(grid.times[part], made.steps[number])
        np.testing.assert_array_equal(grid.column("x")[part], made.expected[number])
    return True


def read(data: Series) -> Grid | DataError:
    """Return the grid of a file, or why it is refused."""
    try:
        return read_grid(data, data.open(data.find()), ["x"], None)
    except DataError as error:
        return error


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
        successes.append(check(made, folder))

    each()
    return sum(successes)


def test_a_few_random_calendars_are_read_right_or_refused(tmp_path):
    assert tried(40, tmp_path) > 30


@pytest.mark.slow
def test_many_random_calendars_are_read_right_or_refused(tmp_path):
    assert tried(500, tmp_path) > 400
