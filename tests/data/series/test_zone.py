"""Local times: hours that come twice are told apart by order, left out ones are no gap."""

# ruff: noqa: PD011 (these are the values of windows)

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqlab.data import SequenceData, Series
from seqlab.errors import DataError

BERLIN = "Europe/Berlin"


def load(folder: Path, frame: pd.DataFrame, **settings: object) -> SequenceData:
    frame.to_csv(folder / "mine.csv", index=False)
    usual = {"time": "when", "targets": ["load"], "input_steps": 24, "horizon_steps": 6, "timezone": BERLIN}
    data = SequenceData(Series(path=str(folder / "mine.csv"), **(usual | settings)))
    data.setup()
    return data


def local(start: str, count: int, freq: str = "h", zone: str = BERLIN) -> pd.DataFrame:
    """Return rows of equal distance with the times that clocks show."""
    times = pd.date_range(start, periods=count, freq=freq, tz="UTC").tz_convert(zone)
    return pd.DataFrame({"when": times.strftime("%Y-%m-%d %H:%M"), "load": np.arange(float(count))})


@pytest.mark.parametrize("start", ["2020-10-20", "2020-03-25"])
@pytest.mark.parametrize("freq", ["h", "15min"])
@pytest.mark.parametrize("order", ["rising", "falling"])
def test_every_row_is_a_step_of_its_own_over_both_odd_hours(tmp_path, start, freq, order):
    frame = local(start, 960, freq)
    data = load(tmp_path, frame if order == "rising" else frame[::-1])
    assert data.spec.sizes == {"train": 672 - 29, "val": 96 - 29, "test": 192 - 29}
    series = data.spec.series
    values = data.samples["train"].values.double().numpy() * series.scales + series.means
    np.testing.assert_allclose(values[:, 0], np.arange(960), atol=1e-3)
    times = pd.date_range(start, periods=960, freq=freq, tz="UTC").tz_convert(BERLIN)
    hours = 2 * np.pi * (times.hour + times.minute / 60) / 24
    np.testing.assert_allclose(values[:, 1], np.sin(hours), atol=1e-5)
    last = times[int(data.samples["test"].starts[0]) + 23]
    assert data.describe("test", 0) == last.isoformat()


def test_without_a_zone_it_is_said_that_one_would_help(tmp_path):
    with pytest.raises(DataError, match=r"clocks go back at the end of summer time; set data\.timezone"):
        load(tmp_path, local("2020-10-20", 400), timezone=None)


def test_interleaved_series_each_have_their_own_two_hours(tmp_path):
    frame = local("2020-10-20", 400)
    both = pd.concat([frame.assign(id="a"), frame.assign(id="b")]).sort_index(kind="stable")
    data = load(tmp_path, both, series_id="id")
    assert data.spec.sizes["train"] == 2 * (280 - 29)


def test_what_cannot_be_local_is_refused(tmp_path):
    frame = local("2020-03-25", 400)
    with pytest.raises(DataError, match=r"2020-03-29T02:30.* does not exist in Europe/Berlin"):
        load(tmp_path, pd.concat([frame[:90], pd.DataFrame({"when": ["2020-03-29 02:30"], "load": [1.0]})]))
    with pytest.raises(DataError, match=r"the time '.*\+02:00' is not local; leave data\.timezone out"):
        load(tmp_path, frame.assign(when=frame["when"] + "+02:00"))
    with pytest.raises(ValueError, match="no time zone 'Europe/Berln'"):
        Series(path="x.csv", targets=["a"], timezone="Europe/Berln")


def test_days_are_the_same_on_every_clock(tmp_path):
    days = pd.date_range("2019-01-01", periods=400).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"when": days, "load": np.arange(400.0)})
    assert load(tmp_path, frame).spec.series == load(tmp_path, frame, timezone=None).spec.series
