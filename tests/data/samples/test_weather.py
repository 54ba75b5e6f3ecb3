"""The made-up weather: the station's schema, columns that agree with each other, statistics that are near."""

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from seqlab.data.samples.weather import write_weather

HEADER = (
    '"Date Time","p (mbar)","T (degC)","Tpot (K)","Tdew (degC)","rh (%)","VPmax (mbar)","VPact (mbar)",'
    '"VPdef (mbar)","sh (g/kg)","H2OC (mmol/mol)","rho (g/m**3)","wv (m/s)","max. wv (m/s)","wd (deg)"'
)
DAY = 144
LAST_DIGIT = 0.0051  # half a unit of the last digit


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("weather") / "weather.csv"
    write_weather(path)
    return path


@pytest.fixture(scope="module")
def table(path):
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def kelvin(table):
    return table["T (degC)"] + 273.15


@pytest.fixture(scope="module")
def celsius(table):
    return table["T (degC)"].to_numpy()


def magnus(celsius):
    """The WMO's constants, not the station's."""
    return 6.112 * np.exp(17.62 * celsius / (243.12 + celsius))


def largest(difference):
    return np.abs(difference).max()


@pytest.mark.slow
def test_two_calls_give_equal_bytes(path, tmp_path):
    write_weather(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


def test_the_file_looks_like_the_stations(path):
    lines = path.read_bytes().decode("ascii").split("\n")
    assert lines[0] == HEADER
    assert lines[-1] == ""
    assert all(line.count(",") == 14 and '"' not in line for line in lines[1:-1])
    numbers = [number for line in lines[1:200] for number in line.split(",")[1:]]
    assert {len(number.partition(".")[2]) for number in numbers} == {1, 2}


def test_humidity_and_direction_lose_a_decimal_at_80(path):
    rows = [line.split(",") for line in path.read_text().splitlines()[1:2000]]
    numbers = [row[column] for row in rows for column in (5, 14)]
    assert all(len(number.partition(".")[2]) == 1 for number in numbers if float(number) >= 80)
    assert any(len(number.partition(".")[2]) == 2 for number in numbers)


def test_rows_follow_each_other_every_ten_minutes_for_two_years_and_two_months(table):
    times = [datetime.strptime(text, "%d.%m.%Y %H:%M:%S") for text in table["Date Time"]]
    assert (times[0], times[-1]) == (datetime(2001, 1, 1, 0, 10), datetime(2003, 3, 1))
    assert {after - before for before, after in pairwise(times)} == {timedelta(minutes=10)}


def test_every_value_is_in_its_range(table):
    numbers = table.drop(columns="Date Time")
    assert np.isfinite(numbers.to_numpy()).all()
    assert numbers["p (mbar)"].between(940, 1040).all()
    assert numbers["T (degC)"].between(-25, 40).all()
    assert ((numbers["rh (%)"] > 0) & (numbers["rh (%)"] <= 100)).all()
    assert ((numbers["wd (deg)"] >= 0) & (numbers["wd (deg)"] < 360)).all()
    assert (numbers["wv (m/s)"] >= 0).all()
    assert (numbers["max. wv (m/s)"] >= numbers["wv (m/s)"]).all()
    assert numbers["max. wv (m/s)"].max() < 45
    assert (numbers["Tdew (degC)"] <= numbers["T (degC)"] + LAST_DIGIT).all()


def test_vapour_pressures_agree(table, celsius):
    most, vapour, deficit = (table[f"VP{name} (mbar)"] for name in ("max", "act", "def"))
    assert largest(most / magnus(celsius) - 1) < 0.012
    assert largest((most / magnus(celsius) - 1)[celsius > 0]) < 0.006
    assert largest(table["rh (%)"] / 100 * most - vapour) < 2 * LAST_DIGIT
    assert largest(most - vapour - deficit) < 3 * LAST_DIGIT
    # The dew point is the temperature at which this vapour would saturate.
    assert largest(magnus(table["Tdew (degC)"]) / vapour - 1) < 0.015


def test_humidity_agrees_with_vapour_and_pressure(table):
    vapour, p = table["VPact (mbar)"], table["p (mbar)"]
    mixing = 0.62198 * vapour / (p - vapour)
    assert largest(1000 * mixing / (1 + mixing) - table["sh (g/kg)"]) < 0.02
    assert largest(vapour / p * 1000 - table["H2OC (mmol/mol)"]) < 0.02


def test_potential_temperature_and_density_agree(table, kelvin):
    p, q = table["p (mbar)"], table["sh (g/kg)"] / 1000
    assert largest(kelvin * (1000 / p) ** (287.05 / 1004) - table["Tpot (K)"]) < 0.02
    virtual = kelvin * (1 + 0.608 * q)
    assert largest(1000 * 100 * p / (287.05 * virtual) - table["rho (g/m**3)"]) < 0.15


def test_temperature_has_the_stations_cycles(table, celsius):
    assert celsius.mean() == pytest.approx(9.5, abs=1)
    year = 2 * np.pi * np.arange(len(celsius)) / DAY / 365.25
    terms = np.stack([np.ones_like(year), np.cos(year), np.sin(year)], axis=1)
    _, cosine, sine = np.linalg.lstsq(terms, celsius, rcond=None)[0]
    assert np.hypot(cosine, sine) == pytest.approx(9, abs=1)

    days = celsius[: len(celsius) // DAY * DAY].reshape(-1, DAY)
    half_ranges = (days.max(axis=1) - days.min(axis=1)) / 2
    assert 4 < half_ranges.mean() < 5
    month = table["Date Time"].str[3:5][: days.size : DAY].astype(int).to_numpy()
    assert (
        half_ranges[(month >= 5) & (month <= 8)].mean()
        > 1.5 * half_ranges[(month >= 11) | (month == 1)].mean()
    )
    assert 12 <= days.mean(axis=0).argmax() / 6 <= 17
    assert 3 <= days.mean(axis=0).argmin() / 6 <= 7


def test_persistence_and_the_climate_are_beatable_but_not_silly(celsius):
    persistence = [np.abs(celsius[days * DAY :] - celsius[: -days * DAY]).mean() for days in (1, 2, 3)]
    assert 1.5 < persistence[0] < persistence[1] < persistence[2]
    assert 2.5 < persistence[1] < 4
    # The second year after the first: what a table of the days of the year would score.
    assert 3 < np.abs(celsius[365 * DAY :] - celsius[: -365 * DAY]).mean() < 7


def test_fronts_bring_wind_and_a_change_of_air(table):
    daily = table.drop(columns="Date Time").groupby(table.index // DAY).mean()
    assert 6 < daily["p (mbar)"].std() < 10
    change = (daily["p (mbar)"].diff().abs() + daily["p (mbar)"].diff(-1).abs()) / 2
    assert change.corr(daily["wv (m/s)"]) > 0.1
    assert daily["T (degC)"].diff().quantile(0.05) < -3
    assert 1.5 < daily["wv (m/s)"].mean() < 3
    assert 70 < daily["rh (%)"].mean() < 82
