"""Columns of words in a series: all of them are named at once, and one that never changes is left out."""

import pandas as pd
import pytest
from pydantic import ValidationError

from seqlab.data import SequenceData
from seqlab.data.series_csv import Series
from seqlab.errors import DataError

WINDOW = {"targets": ["load"], "time": "when", "input_steps": 3, "horizon_steps": 1, "calendar": False}


@pytest.fixture
def frame():
    """Return an hourly series with columns of words."""
    when = pd.date_range("2007-01-01", periods=60, freq="h").astype(str)
    hours = range(60)
    return pd.DataFrame(
        {
            "when": when,
            "load": [number % 7 for number in hours],
            "wind": ["NS"[number % 3 % 2] for number in hours],
            "station": "A1",
            "sky": ["NA" if number < 5 else ["clear", "blue"][number % 2] for number in hours],
            "rain": [f"{number % 5}" for number in hours],
        }
    )


def loaded(held: pd.DataFrame, **settings: object) -> SequenceData:
    data = SequenceData(Series(path=held, **WINDOW | settings))
    data.setup()
    return data


def test_all_columns_of_words_are_named_at_once(frame):
    with pytest.raises(
        DataError, match=r"csv: words, not numbers, are in: wind,sky; 'data\.drop=\[wind,sky\]' leaves them"
    ):
        loaded(frame)
    with pytest.raises(DataError, match=r"are in: wind; 'data\.drop=\[wind\]' leaves it out"):
        loaded(frame, drop=["sky"])


def test_dropped_columns_are_not_read_and_a_constant_one_is_left_out(frame, caplog):
    data = loaded(frame, drop=["wind", "sky"])
    assert data.spec.series.measured == ("load", "rain")
    assert "column 'station' is 'A1' in every row and is left out" in caplog.text
    train = frame["load"][: 60 - 6 - 12]
    assert data.spec.series.means[0] == pytest.approx(train.mean())


def test_a_column_that_changes_after_long_is_not_constant(frame, monkeypatch):
    monkeypatch.setattr("seqlab.data.table.words.SEEN", 10)
    frame.loc[50, "station"] = "A2"
    with pytest.raises(DataError, match="are in: station;"):
        loaded(frame, drop=["wind", "sky"])


def test_a_stray_word_among_numbers_is_an_error_of_its_line(frame):
    frame.loc[9, "rain"] = "wet"
    with pytest.raises(
        DataError, match=r"line 11: column 'rain' is 'wet'.*'data\.drop=\[rain\]' leaves it out"
    ):
        loaded(frame, drop=["wind", "sky"])
    with pytest.raises(DataError, match=r"line 11: column 'rain' is 'wet'.*leave rain out of data\.features"):
        loaded(frame, features=["rain"])
    with pytest.raises(DataError, match=r"line 11: column 'rain' is 'wet'") as error:
        loaded(frame, drop=["wind", "sky"], targets=["rain"])
    assert "leave" not in str(error.value)


@pytest.mark.parametrize(("targets", "listed"), [(["wind"], "wind"), (["sky", "load", "wind"], "sky,wind")])
def test_a_target_that_holds_words_is_named_and_not_dropped(frame, targets, listed):
    with pytest.raises(
        DataError, match=f"data.targets: words, not numbers, are in: {listed}; targets are columns of numbers"
    ) as error:
        loaded(frame, targets=targets)
    assert "drop" not in str(error.value)


def test_what_is_asked_for_cannot_be_dropped_and_what_is_dropped_must_be_there(frame):
    with pytest.raises(ValidationError, match="'load' is in drop, and is read as well"):
        Series(path=frame, **WINDOW, drop=["load"])
    with pytest.raises(ValidationError, match="'rain' is in drop, and is read as well"):
        Series(path=frame, **WINDOW, drop=["rain"], features=["rain"])
    with pytest.raises(DataError, match="no column 'winds'"):
        loaded(frame, drop=["winds"])
