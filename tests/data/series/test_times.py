"""Times as people write them, as pandas reads them."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data import Series
from seqlab.data.series.spec import PERIODS
from seqlab.data.series.times import parsed
from seqlab.errors import DataError

WINDOW = {"targets": ["x"], "input_steps": 3, "horizon_steps": 1}
HOURS = pd.date_range("2020-01-01", periods=60, freq="h")
MONTHS = pd.date_range("2000-01-01", periods=60, freq="MS")
QUARTERS = pd.date_range("1990-01-01", periods=60, freq="QS")
WEEKS = pd.date_range("2000-01-03", periods=60, freq="W-MON")
SINCE = HOURS.astype("datetime64[ns]").astype(np.int64)
SPELLED = {
    "months": (MONTHS, {"when": MONTHS.strftime("%Y%m")}),
    "quarters": (QUARTERS, {"when": QUARTERS.to_period("Q").astype(str)}),
    "quarters with a hyphen": (QUARTERS, {"when": [f"{day.year}-q{day.quarter}" for day in QUARTERS]}),
    "weeks": (WEEKS, {"when": WEEKS.strftime("%G-W%V")}),
    "microseconds": (HOURS, {"when": SINCE // 1000}),
    "nanoseconds": (HOURS, {"when": SINCE}),
    "year and month": (MONTHS, {"year": MONTHS.year, "month": MONTHS.month}),
    "day and hour": (HOURS, {"day": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour}),
    "day and hour from ten on": (
        HOURS[10:],
        {"day": HOURS[10:].strftime("%Y-%m-%d"), "hour": HOURS[10:].hour},
    ),
}
"""Times, and the columns in which they are written."""


@pytest.mark.parametrize("name", SPELLED)
def test_times_are_recognised_as_they_are_written(tmp_path, name):
    times, columns = SPELLED[name]
    table = pd.DataFrame({**columns, "x": np.arange(len(times))})
    table.to_csv(tmp_path / "my.csv", index=False)
    data = Series(path=str(tmp_path / "my.csv"), time=list(columns), **WINDOW)
    spec, samples, _ = data.load()
    np.testing.assert_array_equal(samples["train"].times, times.to_numpy("datetime64[us]"))
    assert spec.series.measured == ("x",)


def test_a_quarter_may_stand_anywhere_in_a_format():
    assert parsed(["Q3 of 1999", "Q9 of 1999"], "Q%q of %Y").tolist()[0] == pd.Timestamp("1999-07-01")
    assert np.isnat(parsed(["Q9 of 1999"], "Q%q of %Y")).all()
    assert all(np.isnat(parsed(["2020-01-31"], one)).all() for one in PERIODS)


@pytest.mark.parametrize("kind", ["csv", "frame"])
def test_times_finer_than_a_microsecond_are_refused_and_not_cut(tmp_path, kind):
    times = pd.date_range("2020-01-01", periods=60, freq="100ns")
    table = pd.DataFrame({"time": times, "x": np.arange(60)})
    path: object = table
    if kind == "csv":
        path = str(tmp_path / "my.csv")
        table.assign(time=[time.isoformat() for time in times]).to_csv(path, index=False)
    with pytest.raises(DataError, match=r"000000100' is finer than a microsecond; .* data\.time=null"):
        Series(path=path, **WINDOW).load()


def test_numbers_that_are_no_times_may_be_rows(tmp_path):
    pd.DataFrame({"t": np.arange(60) / 250, "x": np.arange(60)}).to_csv(tmp_path / "ecg.csv", index=False)
    with pytest.raises(DataError, match=r"column 't' is '0\.0', .* each row for a step with data\.time=null"):
        Series(path=str(tmp_path / "ecg.csv"), time=["t"], **WINDOW).load()
