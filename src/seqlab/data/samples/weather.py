"""Made-up data: two years and two months of invented weather, as a station in Jena would have written them.

``write_weather`` fills the columns of jena_climate_2009_2016.csv. A few processes are drawn, fronts and slow
noise; they give pressure, cloud, temperature, dew point and wind, and from those the textbook formulas give
every other column. Nothing in it was measured: the years stand before the published series begins.
"""

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

COLUMNS = (
    "Date Time",
    "p (mbar)",
    "T (degC)",
    "Tpot (K)",
    "Tdew (degC)",
    "rh (%)",
    "VPmax (mbar)",
    "VPact (mbar)",
    "VPdef (mbar)",
    "sh (g/kg)",
    "H2OC (mmol/mol)",
    "rho (g/m**3)",
    "wv (m/s)",
    "max. wv (m/s)",
    "wd (deg)",
)

_SEED = 20010101
_FIRST = datetime(2001, 1, 1, 0, 10)
_LAST = datetime(2003, 3, 1)
_STEP = timedelta(minutes=10)
_STEPS_PER_HOUR = 6
_SPIN_UP = 40  # days before the first row, until every memory is filled
_LATITUDE = np.radians(50.9)


def write_weather(path: Path) -> None:
    """Write the invented weather to ``path``, the same bytes at every call.

    Rows follow each other every ten minutes without a gap, from 01.01.2001 00:10:00 to 01.03.2003 00:00:00.
    The numbers stand as in the station's own files: two decimals, humidity and direction one from 80 on.

    Args:
        path: the CSV file, overwritten if it is there.
    """
    count = (_LAST - _FIRST) // _STEP + 1
    times = [(_FIRST + row * _STEP).strftime("%d.%m.%Y %H:%M:%S") for row in range(count)]
    columns = _columns(_state(count))
    rows = zip(times, *(columns[name].tolist() for name in COLUMNS[1:]), strict=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(COLUMNS)
        csv.writer(file, lineterminator="\n").writerows(rows)


@dataclass(frozen=True)
class _State:
    """What the generator draws; every other column follows from it."""

    pressure: Series  # mbar
    temperature: Series  # °C
    dew_point: Series  # °C
    wind: Series  # m/s
    gust: Series  # m/s
    direction: Series  # degrees


def _state(count: int) -> _State:
    random = np.random.default_rng(_SEED)
    spin_up = _SPIN_UP * 24 * _STEPS_PER_HOUR
    hours = (np.arange(-spin_up, count) + 1) / _STEPS_PER_HOUR
    season = np.cos(2 * np.pi * (hours / 24 - 20) / 365.25)  # 1 when it is coldest, about 21 January
    sun = _sun(hours)
    troughs, cloudy, air_mass = _fronts(random, hours, season)

    pressure = 991.5 + 7.5 * _noise(random, len(hours), 60, 6) - troughs
    pressure += 0.4 * np.cos(4 * np.pi * (hours - 10) / 24)  # the tide of the atmosphere
    cover = 1.6 * cloudy + 0.9 * _noise(random, len(hours), 15, 1) + 0.5 * season - (pressure - 988) / 12
    clear = 1 / (1 + np.exp(1.5 * cover))

    # The ground stores the sun's heat for some hours and radiates it away at night, most under a clear sky;
    # in summer more of the heat evaporates water.
    gain = (31 + 7 * season) * sun * (0.3 + 0.7 * clear) - 2.2 - 3.8 * clear
    mean = 10.5 - 6.7 * season + (0.97 + 0.15 * season) * air_mass + 1.2 * _noise(random, len(hours), 240, 24)
    temperature = mean + _memory(gain, 4) + 0.4 * _noise(random, len(hours), 1, 0.2)
    dryness = 2.9 + 4.5 * clear - 1.2 * season + 1.3 * _noise(random, len(hours), 15, 0.2)
    humid = _memory(mean + _memory(gain, 24), 6) - dryness
    # A smooth minimum: air that cools to its dew point loses water instead of getting above saturation.
    dew_point = temperature - 0.6 * np.logaddexp(0.0, (temperature - humid) / 0.6)

    tendency = np.gradient(_memory(pressure, 3)) * _STEPS_PER_HOUR
    mixing = sun * (0.4 + 0.6 * clear)
    drawn = (pressure, temperature, dew_point, *_wind(random, mixing, cloudy, tendency))
    return _State(*(series[spin_up:] for series in drawn))


def _wind(random: np.random.Generator, mixing: Series, cloudy: Series, tendency: Series) -> list[Series]:
    """Draw speed, gusts and direction: wind rises with the sun and when pressure changes."""
    count = len(mixing)
    breeze = np.abs(1 + 0.5 * _noise(random, count, 6, 0.3)) * np.exp(0.2 * random.standard_normal(count))
    wind = breeze * (1.05 + 3.0 * mixing + cloudy + 2 * np.tanh(np.abs(tendency) / 2))
    gust = wind * (1.25 + random.gamma(3.0, 0.15, count)) + 0.1
    # Wind backs to the south while pressure falls and veers to the north-west behind a front.
    turn = 70 * np.tanh(tendency / 0.8) + 60 * _noise(random, count, 20, 1)
    return [wind, gust, 195 + turn + 20 * random.standard_normal(count) / (0.3 + wind)]


def _sun(hours: Series) -> Series:
    """Sine of the sun's height, 0 at night; declination and hour angle as in any textbook of astronomy."""
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (hours / 24 + 10) / 365.25)
    angle = 2 * np.pi * (hours - 12.2) / 24  # Jena lies west of the meridian of its time zone
    height = np.sin(_LATITUDE) * np.sin(declination)
    height += np.cos(_LATITUDE) * np.cos(declination) * np.cos(angle)
    visible: Series = np.maximum(height, 0.0)
    return visible


def _fronts(random: np.random.Generator, hours: Series, season: Series) -> tuple[Series, Series, Series]:
    """Draw passing fronts: pressure troughs, cloud, and the air mass that each one leaves behind."""
    gaps = random.gamma(2.5, 26.0, int(hours[-1] - hours[0]) // 40)  # a front every 65 hours
    passing = hours[0] + np.cumsum(gaps)
    winter = np.interp(passing, hours, season)
    depth = random.gamma(2.0, 2.6 + 1.2 * winter)
    width = random.uniform(5.0, 14.0, len(gaps))  # hours

    hourly = hours[::_STEPS_PER_HOUR]
    bumps = np.exp(-0.5 * ((hourly[:, None] - passing) / width) ** 2)
    troughs = np.interp(hours, hourly, bumps @ depth)
    cloudy = np.interp(hours, hourly, np.minimum(bumps @ np.ones(len(gaps)), 1.0))

    masses = random.standard_normal(len(gaps) + 1) * 3.9
    for front in range(1, len(masses)):
        masses[front] += 0.35 * masses[front - 1]
    return troughs, cloudy, _memory(masses[np.searchsorted(passing, hours)], 4)


def _noise(random: np.random.Generator, count: int, slow: float, fast: float) -> Series:
    """Autoregressive noise of variance 1: white noise through two memories of so many hours."""
    series = _memory(_memory(random.standard_normal(count), slow), fast)
    scaled: Series = series / series.std()
    return scaled


def _memory(series: Series, hours: float) -> Series:
    """Average over the past with weights that fade exponentially, as linear relaxation does."""
    span = int(8 * hours * _STEPS_PER_HOUR) + 1
    weights = np.exp(-np.arange(span) / (hours * _STEPS_PER_HOUR))
    size = 1 << (len(series) + span).bit_length()
    spectrum = np.fft.rfft(series, size) * np.fft.rfft(weights / weights.sum(), size)
    smooth: Series = np.fft.irfft(spectrum, size)[: len(series)]
    return smooth


def _columns(state: _State) -> dict[str, Series]:
    """Return the columns by name; the derived ones from the rounded others, so that they agree.

    Sources: Stull, Practical Meteorology (2017), chapters 1, 3 and 4, for the deficit, specific
    humidity q = ε e / (p - (1 - ε) e), mixing ratio, potential temperature with R/c_p = 0.286 and the gas law
    of moist air with R_d = 287.05 and R_v = 461.5 J/(kg K).
    """
    p, t = state.pressure.round(2), state.temperature.round(2)
    kelvin, most = t + 273.15, _saturation(t)
    rh = _four_digits(100 * _saturation(np.minimum(state.dew_point, t)) / most)
    vapour = rh / 100 * most
    derived = {
        "Tpot (K)": kelvin * (1000 / p) ** 0.286,
        "Tdew (degC)": _dew_point(vapour),
        "VPmax (mbar)": most,
        "VPact (mbar)": vapour,
        "VPdef (mbar)": most - vapour,
        "sh (g/kg)": 622 * vapour / (p - 0.378 * vapour),
        "H2OC (mmol/mol)": 1000 * vapour / p,
        "rho (g/m**3)": 1e5 * ((p - vapour) / 287.05 + vapour / 461.5) / kelvin,
        "wv (m/s)": state.wind,
        "max. wv (m/s)": state.gust,
    }
    columns = {name: column.round(2) for name, column in derived.items()}
    columns |= {"p (mbar)": p, "T (degC)": t, "rh (%)": rh}
    columns["wd (deg)"] = _four_digits(state.direction % 360) % 360
    return columns


def _four_digits(series: Series) -> Series:
    """Round as the station's logger does, which keeps one decimal less from 80 on."""
    return np.where(series < 80, series.round(2), series.round(1))  # noqa: PLR2004


# Magnus's formula over water, with the constants that give the real station's VPmax to within 0.01 mbar. The
# WMO's (Guide to Instruments, WMO-No. 8, annex 4.B: 6.112, 17.62, 243.12) differ by 0.4 % at most above 0 °C
# and by 1 % at -15 °C.
_E0, _A, _B = 6.1078, 17.08085, 234.175


def _saturation(celsius: Series) -> Series:
    pressure: Series = _E0 * np.exp(_A * celsius / (_B + celsius))
    return pressure


def _dew_point(vapour: Series) -> Series:
    """Solve Magnus's formula for the temperature."""
    ratio = np.log(vapour / _E0)
    dew_point: Series = _B * ratio / (_A - ratio)
    return dew_point
