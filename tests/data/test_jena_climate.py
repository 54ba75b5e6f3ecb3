"""jena_climate: the published schema, its many shapes, the wind as a vector, the real file of 2020."""

# ruff: noqa: PD011 (these are the values of windows)

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import JenaClimate, SequenceData
from seqlab.data.jena_climate import REMOTE, check_published
from seqlab.data.samples.weather import COLUMNS
from seqlab.errors import DataError
from seqlab.tasks import Forecasting

T, WIND, ANGLE = "T (degC)", "wv (m/s)", "wd (deg)"
FORMAT = "%d.%m.%Y %H:%M:%S"
SETTINGS = {"targets": [T], "step_minutes": 60, "input_days": 1.0, "horizon_days": 0.5, "sentinels": [-9999]}
SETTINGS |= {"duplicates": "error"}


def station(rows: int, step: str = "10min", columns: tuple[str, ...] = COLUMNS[1:]) -> pd.DataFrame:
    """Return rows in the station's schema, numbered so that no two columns are alike."""
    random = np.random.default_rng(0)
    times = pd.date_range("2009-01-01 00:10", periods=rows, freq=step)
    frame = pd.DataFrame({name: random.normal(place, 1, rows).round(2) for place, name in enumerate(COLUMNS)})
    frame["Date Time"] = times.strftime(FORMAT)
    frame[ANGLE] = random.uniform(0, 360, rows).round(1)
    return frame[["Date Time", *columns]]


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., SequenceData]:
    """Return the data set of a table, set up."""

    def from_table(frame: pd.DataFrame, **settings) -> SequenceData:
        frame.to_csv(tmp_path / "jena_climate_x.csv", index=False)
        data = SequenceData(JenaClimate(root=str(tmp_path), **(SETTINGS | settings)))
        data.setup()
        return data

    return from_table


def unscaled(data: SequenceData) -> pd.DataFrame:
    """Return the columns that a model reads, in their units."""
    series, values = data.spec.series, data.samples["train"].values.double().numpy()
    times = pd.to_datetime(data.samples["train"].times, unit="s")
    return pd.DataFrame(values * series.scales + series.means, times, series.columns)


def test_ten_minutes_become_the_means_of_hours(load):
    frame = station(6 * 24 * 20)
    found = unscaled(load(frame))
    times = pd.to_datetime(frame["Date Time"], format=FORMAT)
    expected = frame.drop(columns="Date Time").set_axis(times).resample("h").mean()
    for name in COLUMNS[1:-1]:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-5)
    assert list(found.index) == list(expected.index)


def test_the_wind_is_a_vector_whose_mean_is_that_of_its_parts(load):
    frame = station(6 * 24 * 20)
    data = load(frame)
    found = unscaled(data)
    assert "wd (deg)" not in found
    assert data.spec.series.columns[11:15] == (WIND, "max. wv (m/s)", "wind north (m/s)", "wind east (m/s)")
    vector = frame[WIND] * np.exp(1j * np.deg2rad(frame[ANGLE]))
    mean = vector.set_axis(pd.to_datetime(frame["Date Time"], format=FORMAT)).resample("h").mean()
    np.testing.assert_allclose(found["wind north (m/s)"], mean.to_numpy().real, atol=1e-5)
    np.testing.assert_allclose(found["wind east (m/s)"], mean.to_numpy().imag, atol=1e-5)


@pytest.mark.parametrize(
    ("degrees", "north", "east"),
    [([0.0], 3, 0), ([90.0], 0, 3), ([180.0], -3, 0), ([350.0, 10.0], 3 * np.cos(np.pi / 18), 0)],
)
def test_wind_from_north_is_north(load, degrees, north, east):
    frame = station(6 * 24 * 20)
    frame[WIND], frame[ANGLE] = 3.0, np.resize(degrees, len(frame))
    found = unscaled(load(frame))[1:-1]  # the first and the last hour have an odd number of rows
    np.testing.assert_allclose(found["wind north (m/s)"], north, atol=1e-5)
    np.testing.assert_allclose(found["wind east (m/s)"], east, atol=1e-5)


def test_a_wind_speed_of_minus_9999_is_no_wind(load):
    frame = station(6 * 24 * 20)
    frame.loc[7, WIND] = -9999.0
    frame.loc[60:70, "max. wv (m/s)"] = -9999.0
    data = load(frame)
    known = frame.replace(-9999.0, np.nan).set_axis(pd.to_datetime(frame["Date Time"], format=FORMAT))
    expected = known[[WIND, "max. wv (m/s)"]].resample("h").mean()
    np.testing.assert_allclose(unscaled(data)[expected.columns], expected, atol=1e-5)
    assert (unscaled(data)["wind north (m/s)"].abs() < 100).mean() > 0.99
    lost = int(expected["max. wv (m/s)"].isna().to_numpy().argmax())
    assert expected["max. wv (m/s)"].isna().sum() == 1
    starts = data.samples["train"].starts.numpy()
    assert starts.tolist() == list(range(lost + 1, 14 * 24 - 35 + 1))


def test_an_hourly_file_is_taken_as_it_is(load):
    frame = station(24 * 30, "h")
    found = unscaled(load(frame, step_minutes=60))
    np.testing.assert_allclose(found[T], frame[T], atol=1e-5)
    again = unscaled(load(frame, step_minutes=None))
    np.testing.assert_array_equal(found[T], again[T])
    assert again.index[0] == pd.to_datetime(frame["Date Time"][0], format=FORMAT)


def test_the_files_own_ten_minutes_can_be_kept(load):
    frame = station(6 * 24 * 20)
    data = load(frame, step_minutes=None)
    assert (data.spec.series.step_minutes, data.spec.series.input_steps) == (10, 144)
    np.testing.assert_allclose(unscaled(data)[T], frame[T], atol=1e-5)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((T,), (T,)),
        (("p (mbar)", T, "rho (g/m**3)"), ("p (mbar)", T, "rho (g/m**3)")),
        (
            ("p (mbar)", T, "rh (%)", "VPdef (mbar)", WIND, ANGLE),
            ("p (mbar)", T, "rh (%)", "VPdef (mbar)", WIND, "wind north (m/s)", "wind east (m/s)"),
        ),
        ((T, ANGLE), (T, ANGLE)),
        ((T, WIND), (T, WIND)),
    ],
)
def test_files_with_fewer_columns_are_read(load, columns, expected):
    data = load(station(6 * 24 * 20, columns=columns), calendar=False)
    assert data.spec.series.columns == expected
    assert data.spec.input_size == len(expected)


def test_some_of_the_columns_can_be_chosen(load):
    six = ["p (mbar)", T, "Tdew (degC)", "rh (%)", "rho (g/m**3)", "sh (g/kg)"]
    data = load(station(6 * 24 * 20), features=six)
    assert set(data.spec.series.columns) == {*six, "sin of day", "cos of day"}
    assert data.spec.series.measured == tuple(name for name in COLUMNS if name in six)
    windy = load(station(6 * 24 * 20), features=[ANGLE, WIND], calendar=False)
    assert windy.spec.series.columns == (T, WIND, "wind north (m/s)", "wind east (m/s)")


def test_iso_times_are_read_too(load):
    frame = station(6 * 24 * 20)
    found = unscaled(load(frame))
    frame["Date Time"] = pd.to_datetime(frame["Date Time"], format=FORMAT).astype(str)
    pd.testing.assert_frame_equal(unscaled(load(frame)), found)


def test_days_come_before_months(load):
    times = unscaled(load(station(6 * 24 * 40))).index
    assert (times[0], times[-1]) == (pd.Timestamp("2009-01-01"), pd.Timestamp("2009-02-10"))


@pytest.mark.parametrize("named", ["jena_climate_2009_2016.csv.zip", "."])
def test_the_zip_is_read_as_the_file_in_it_is(load, tmp_path, named):
    frame = station(6 * 24 * 20)
    plain = load(frame)
    with zipfile.ZipFile(tmp_path / "jena_climate_2009_2016.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "jena_climate_x.csv", "jena_climate_2009_2016.csv")
        archive.writestr("__MACOSX/._jena_climate_2009_2016.csv", "no table")
    (tmp_path / "jena_climate_x.csv").unlink()
    packed = SequenceData(JenaClimate(root=str(tmp_path / named), **SETTINGS))
    packed.setup()
    assert packed.spec.series == plain.spec.series
    assert packed.spec.sha256 == plain.spec.sha256
    assert packed.spec.path == str(tmp_path / "jena_climate_2009_2016.csv.zip")
    torch.testing.assert_close(packed.samples["test"].values, plain.samples["test"].values)


def test_the_file_may_be_named_itself_whatever_it_is_called(load, tmp_path):
    load(station(6 * 24 * 20))
    (tmp_path / "jena_climate_x.csv").rename(tmp_path / "mine.txt")
    data = SequenceData(JenaClimate(root=str(tmp_path / "mine.txt"), **SETTINGS))
    data.setup()
    assert data.spec.source == "real"


def test_the_first_of_two_rows_of_one_time_is_kept_where_that_is_asked(load):
    frame = station(24 * 30, "h")
    twice = pd.concat([frame, frame[100:101].assign(**{T: 99.0})], ignore_index=True)
    with pytest.raises(DataError, match="line 722: the same time as line 102 with other values"):
        load(twice)
    found = unscaled(load(twice, duplicates="first"))
    pd.testing.assert_frame_equal(found, unscaled(load(frame)))


@pytest.mark.parametrize("target", [ANGLE, "Date Time", "snow (mm)"])
def test_what_cannot_be_forecast_is_named(load, target):
    with pytest.raises(DataError) as error:
        load(station(6 * 24 * 20), targets=[target])
    assert f"'{target}'" in str(error.value)


def test_the_direction_can_be_forecast_where_there_is_no_speed(load):
    data = load(station(6 * 24 * 20, columns=(T, ANGLE)), targets=[ANGLE])
    assert data.spec.series.targets == (ANGLE,)


def test_the_sample_is_two_years_and_says_that_it_is_one(monkeypatch):
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    data = SequenceData(JenaClimate(source="sample", **SETTINGS))
    data.setup()
    series = data.spec.series
    assert (data.spec.source, data.spec.input_size) == ("sample", 20)
    assert series.calendar == ("day", "year")
    assert len(series.climatology) == 1
    steps = len(data.samples["train"].times)
    assert steps == (pd.Timestamp("2003-03-01") - pd.Timestamp("2001-01-01")) / pd.Timedelta(hours=1) + 1
    assert data.spec.sizes == {
        "train": steps - round(0.2 * steps) - round(0.1 * steps) - 35,
        "val": round(0.1 * steps) - 35,
        "test": round(0.2 * steps) - 35,
    }


def test_a_fetched_file_that_is_not_the_published_one_is_refused(tmp_path):
    station(600).to_csv(tmp_path / "file.csv", index=False)
    with pytest.raises(DataError, match="does not have the 420,551 published rows"):
        check_published(tmp_path / "file.csv")
    assert REMOTE.check is check_published


@pytest.mark.slow
def test_a_fetched_file_with_the_published_rows_is_taken(tmp_path):
    times = pd.date_range("2009-01-01 00:10", "2017-01-01", periods=420_551).strftime(FORMAT)
    file = tmp_path / "file.csv"
    file.write_text("Date Time,T (degC)\n" + "".join(f"{time},1\n" for time in times))
    check_published(file)
    file.write_text("Date Time,T (degC)\n" + "".join(f"{time},1\n" for time in [*times[:-2], times[-1]]))
    with pytest.raises(DataError):
        check_published(file)


@pytest.fixture
def real(real_data: Path) -> SequenceData:
    """Return the year 2020 with the settings of conf/data/jena_climate.yaml."""
    file = real_data / "jena_climate_2020.csv.zip"
    if not file.exists():
        pytest.skip(f"needs {file}")
    data = SequenceData(JenaClimate(root=str(file)))
    data.setup()
    return data


@pytest.mark.real_data
def test_the_real_year_has_the_windows_and_the_simple_errors_that_pandas_finds(real):
    assert real.spec.sizes == {"train": 5815, "val": 711, "test": 1590}
    task = Forecasting.of(real.spec.as_dict(), {})
    found = task.baselines(real, fitted=False)
    assert found["climatology"] == "needs a year of training (365 days)"
    # The same, with pandas alone.
    frame = pd.read_csv(real.spec.path).drop_duplicates("Date Time", keep="first").replace(-9999.0, np.nan)
    frame = frame.set_index(pd.to_datetime(frame["Date Time"], format=FORMAT)).drop(columns="Date Time")
    hours = frame.resample("h").mean()
    t, whole = hours[T].to_numpy(), hours.notna().all(axis=1).to_numpy()
    first = len(hours) - round(0.2 * len(hours))
    starts = [at for at in range(first, len(hours) - 167) if whole[at : at + 168].all()]
    assert len(starts) == 1590
    truth = np.array([t[at + 120 : at + 168] for at in starts])
    last = np.array([t[at + 119] for at in starts])[:, None]
    day = np.array([np.tile(t[at + 96 : at + 120], 2) for at in starts])
    for name, forecast in (("persistence", last), ("yesterday", day)):
        errors = np.abs(forecast - truth)
        assert found[name]["test/mae"] == pytest.approx(errors.mean(), abs=1e-4)
        assert found[name]["test/median_ae"] == pytest.approx(np.median(errors), abs=1e-4)
    assert found["persistence"]["test/mae"] == pytest.approx(2.72, abs=5e-3)
    assert found["persistence"]["test/median_ae"] == pytest.approx(1.90, abs=5e-3)
    assert found["yesterday"]["test/mae"] == pytest.approx(2.55, abs=5e-3)
    assert found["yesterday"]["test/median_ae"] == pytest.approx(1.73, abs=5e-3)
