"""Rows of one time, read from a file: what is advised, and what is refused whatever was set."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data.series.table import Measured, read_measured
from seqlab.data.series.times import Clock
from seqlab.data.table.delimited import Delimited
from seqlab.errors import DataError

FIRST = "duplicates=first"


@pytest.fixture
def read(tmp_path):
    """Return ``read_measured`` of columns t and a."""

    def of(times, duplicates: str = "error", values=None) -> Measured:
        values = np.arange(len(times)) if values is None else values
        pd.DataFrame({"t": times, "a": values}).to_csv(tmp_path / "series.csv", index=False)
        table = Delimited(tmp_path / "series.csv", is_own=True)
        return read_measured(table, Clock(["t"]), ("a",), duplicates=duplicates)

    return of


def hours(count: int, start: str = "2020-01-01") -> list[str]:
    return pd.date_range(start, periods=count, freq="h").astype(str).tolist()


def test_a_repeat_now_and_then_may_be_left_out(read):
    times = hours(500)
    times[100:100], times[300:300] = times[100:101], times[299:300]
    with pytest.raises(DataError, match=rf"line 103: the same time as line 102 .* or set data\.{FIRST}"):
        read(times)
    assert len(read(times, "first").times) == 500


@pytest.mark.parametrize("count", [2, 3, 20])
@pytest.mark.parametrize("duplicates", ["error", "first"])
@pytest.mark.parametrize("by", ["series", "time"])
def test_several_series_in_a_file_are_refused(read, count, duplicates, by):
    times = hours(60) * count
    times = sorted(times) if by == "time" else times
    with pytest.raises(DataError, match="as 60 of 60 times are; does the file hold several series") as error:
        read(times, duplicates)
    assert FIRST not in str(error.value)


def test_series_that_overlap_for_a_while_only_are_not_advised_to_be_cut(read):
    with pytest.raises(DataError, match="as 20 of 180 times are; keep one row of each time") as error:
        read(hours(100) + hours(100)[80:] + hours(80, "2021-01-01"))
    assert FIRST not in str(error.value)


def test_a_file_that_stands_twice_in_itself_is_read_once(read):
    assert len(read(hours(60) * 2, values=np.tile(np.arange(60), 2)).times) == 60


@pytest.mark.parametrize("freq", ["h", "15min"])
def test_the_end_of_summer_time_is_said_and_no_hour_is_advised_away(read, freq):
    times = pd.date_range("2020-10-20", "2020-11-10", freq=freq, tz="Europe/Berlin")
    with pytest.raises(
        DataError, match=r"as when clocks go back .* with their offset, .* or in UTC"
    ) as error:
        read(times.tz_localize(None).astype(str))
    assert FIRST not in str(error.value)
    assert len(read(times.astype(str)).times) == len(times)


@pytest.mark.parametrize("unit", ["20ms", "250us"])
def test_parts_of_a_second_are_read_as_they_are(read, unit):
    times = pd.date_range("2020-01-01", periods=500, freq=unit)
    found = read(times.strftime("%Y-%m-%dT%H:%M:%S.%f"))
    np.testing.assert_array_equal(found.times, times.to_numpy("datetime64[us]"))
