"""Series as people have them: the commands of the cases give the windows that pandas gives."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data import SeriesSpec, WindowSamples
from seqlab.errors import DataError

pytestmark = pytest.mark.real_data

CSV = "data=series_csv data.path={path} "
DAYS = "\"data.time_format='%d/%m/%Y %H:%M:%S'\""
FEW = "data.input_steps=7 data.horizon_steps=1 "


def _stock(path: str) -> pd.DataFrame:
    return pd.read_csv(path, index_col="date", parse_dates=True)


def _power(path: str) -> pd.DataFrame:
    table = pd.read_csv(path, sep=";", na_values="?")
    times = pd.to_datetime(table.pop("Date") + " " + table.pop("Time"), dayfirst=True)
    return table.set_index(times).asfreq("min")


def _load(path: str) -> pd.DataFrame:
    table = pd.read_csv(path)
    local = pd.DatetimeIndex(table.pop("when")).tz_localize("Europe/Berlin", ambiguous="infer")
    return table.set_index(local.tz_convert("UTC").tz_localize(None)).asfreq("h")


def _hours(path: str, **settings: object) -> pd.DataFrame:
    return pd.read_csv(path, index_col=0, parse_dates=True, **settings).asfreq("h")


def _seconds(path: str) -> pd.DataFrame:
    table = pd.read_csv(path)
    unit = "s" if path.endswith("seconds.csv") else "ms"
    return table.set_index(pd.to_datetime(table.pop("ts"), unit=unit)).asfreq("h")


def _rows(path: str, **settings: object) -> pd.DataFrame:
    table = pd.read_csv(path, **settings)
    return table.set_index(np.arange(1, len(table) + 1))


CASES = {
    "business days": (
        *(
            "business-days/stock.csv",
            "data.time=date data.targets=[close] data.input_days=60 data.horizon_days=1",
        ),
        *(_stock, "close"),
    ),
    "three business days": (
        *(
            "business-days/stock.csv",
            "data.time=date data.targets=[close] data.input_days=3 data.horizon_days=1",
        ),
        *(_stock, "close"),
    ),
    "business days in the order of rows": (
        *(
            "business-days/stock.csv",
            "data.time=null data.drop=[date] data.targets=[close] data.input_steps=60",
        ),
        *(lambda path: _rows(path).drop(columns="date"), "close"),
    ),
    "date and time": (
        "date-and-time-columns/power.txt",
        f"data.separator=semicolon data.time=[Date,Time] {DAYS} data.targets=[power] \"data.missing=['?']\"",
        *(_power, "power"),
    ),
    "decimal commas": (
        *(
            "decimal-commas/only_commas.csv",
            "data.separator=semicolon data.time=when data.targets=[CO] data.decimal=comma",
        ),
        *(lambda path: _hours(path, sep=";", decimal=","), "CO"),
    ),
    "blank rows": (
        "decimal-commas/air.csv",
        "data.separator=semicolon data.time=null data.drop=[Date,Time] data.targets=[CO] data.decimal=comma",
        *(lambda path: _rows(path, sep=";", decimal=",", usecols=["CO", "T"]).dropna(), "CO"),
    ),
    "local times": (
        *("local-times-dst/load.csv", "data.time=when data.targets=[load] data.timezone=Europe/Berlin"),
        *(_load, "load"),
    ),
    "months": (
        *("monthly-rows/monthly.csv", "data.time=month data.targets=[sales]"),
        *(lambda path: pd.read_csv(path, index_col=0, parse_dates=True).asfreq("MS"), "sales"),
    ),
    "no times": ("no-time-column/readings.csv", "data.targets=[load] data.time=null", _rows, "load"),
    "question marks": (
        *("question-mark-missing/power.csv", "data.time=when data.targets=[power] \"data.missing=['?']\""),
        *(lambda path: _hours(path, na_values="?"), "power"),
    ),
    "milliseconds": (
        "subsecond-rows/irregular_ms.csv",
        "data.time=t data.targets=[ax] data.input_days=0.0001 data.horizon_days=0.00002",
        *(lambda path: pd.read_csv(path, index_col=0, parse_dates=True), "ax"),
    ),
    "a hundred a second": (
        *(
            "subsecond-rows/accel.csv",
            "data.time=t data.targets=[ax] data.input_days=0.00001 data.horizon_days=0.000001",
        ),
        *(lambda path: pd.read_csv(path, index_col=0, parse_dates=True), "ax"),
    ),
    "words": (
        *("text-column/weather.csv", "data.time=when data.targets=[load] data.drop=[wind]"),
        *(lambda path: _hours(path)[["load"]], "load"),
    ),
    "unix seconds": ("unix-timestamps/seconds.csv", "data.time=ts data.targets=[x]", _seconds, "x"),
    "unix milliseconds": ("unix-timestamps/millis.csv", "data.time=ts data.targets=[x]", _seconds, "x"),
}
"""A file, the settings of its case, the table that pandas makes of it on a grid, and the target."""


def windows(table: pd.DataFrame, spec: SeriesSpec, begin: int, end: int, *, reach: bool = True) -> np.ndarray:
    """Return the first steps of the windows that forecast steps of a split, and cross no gap."""
    read, length = spec.series.input_steps, spec.series.input_steps + spec.series.horizon_steps
    if end - begin < length and reach:
        begin = max(begin - read, 0)
    whole = table.notna().all(axis=1).to_numpy()
    return np.array([at for at in range(begin, end - length + 1) if whole[at : at + length].all()])


def splits(count: int) -> dict[str, tuple[int, int]]:
    test = count - round(0.2 * count)
    val = test - round(0.1 * count)
    return {"train": (0, val), "val": (val, test), "test": (test, count)}


def assert_windows(
    samples: WindowSamples, spec: SeriesSpec, table: pd.DataFrame, target: str, starts: np.ndarray
) -> None:
    asked = starts[:, None] + spec.series.input_steps + np.arange(spec.series.horizon_steps)
    place = spec.series.places[0]
    y = samples.y[:, :, 0].numpy() * spec.series.scales[place] + spec.series.means[place]
    np.testing.assert_allclose(y, table[target].to_numpy()[asked], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(samples.horizon_times(), table.index.to_numpy()[asked])


@pytest.mark.parametrize("name", CASES)
def test_every_window_of_a_case_is_the_one_of_pandas(name, case, read):
    file, settings, by_pandas, target = CASES[name]
    path = str(case(file))
    table = by_pandas(path)
    _, (spec, samples, _) = read(CSV + settings, path=path)
    for split, (begin, end) in splits(len(table)).items():
        starts = windows(table, spec, begin, end, reach=split != "train")
        assert len(samples[split]) == len(starts) > 0
        assert_windows(samples[split], spec, table, target, starts)


def test_the_forecast_behind_december_is_january(case, read):
    path = case("monthly-rows/monthly.csv")
    data, (spec, _, _) = read(CSV + "data.time=month data.targets=[sales]", path=path)
    (ahead,) = spec.unlabelled(data, [], path).names
    assert ahead.times == ["2020-01-01T00:00:00"]
    assert pd.read_csv(path)["month"].iloc[-1] == "2019-12"


@pytest.mark.parametrize("name", ["stores.csv", "stores_numeric_id.csv"])
def test_no_window_crosses_series(name, case, read):
    path = case(f"panel/{name}")
    settings = CSV + FEW + "data.time=date data.targets=[sales] data.calendar=false "
    with pytest.raises(DataError, match=r"Set data\.series_id=store"):
        read(settings, path=path)
    _, (spec, samples, _) = read(settings + "data.series_id=store", path=path)
    found = {split: [] for split in samples}
    for _, table in pd.read_csv(path, parse_dates=["date"]).groupby("store"):
        values = table["sales"].to_numpy()
        for split, (begin, end) in splits(len(table)).items():
            found[split] += [values[at + 7] for at in range(begin, end - 7)]
    for split, asked in found.items():
        y = samples[split].y[:, 0, 0].numpy() * spec.series.scales[0] + spec.series.means[0]
        np.testing.assert_allclose(y, asked, rtol=1e-5)


def test_short_gaps_are_bridged_in_inputs_and_never_in_targets(case, read):
    path = case("scattered-gaps/load.csv")
    settings = CSV + "data.time=when data.targets=[a]"
    with pytest.raises(DataError, match=r"data\.fill_gaps=1 bridges short gaps in inputs"):
        read(settings, path=path)
    _, (spec, samples, _) = read(settings + " data.fill_gaps=3", path=path)
    raw = _hours(path)["a"]
    bridged, there = raw.ffill(limit=3).notna().to_numpy(), raw.notna().to_numpy()
    for split, (begin, end) in splits(len(raw)).items():
        starts = [
            at
            for at in range(begin, end - 167)
            if bridged[at : at + 120].all() and there[at + 120 : at + 168].all()
        ]
        assert_windows(samples[split], spec, raw.to_frame(), "a", np.array(starts))


REFUSED = {
    "decimal-commas/only_commas.csv": (
        "data.separator=semicolon data.time=when data.targets=[CO]",
        r"'2,00'.*data\.decimal=comma",
    ),
    "question-mark-missing/power.csv": ("data.time=when data.targets=[power]", r"data\.missing=\[\?\]"),
    "local-times-dst/load.csv": ("data.time=when data.targets=[load]", r"summer time; set data\.timezone"),
    "no-time-column/readings.csv": ("data.targets=[load]", r"no column 'time'.*data\.time=null"),
    "text-column/weather.csv": ("data.time=when data.targets=[load]", r"words.* wind; .*data\.drop=\[wind\]"),
}
"""What the command of a case is answered, where it lacks a setting that the file needs."""


@pytest.mark.parametrize("name", REFUSED)
def test_a_command_without_a_setting_that_the_file_needs_is_told_which(name, case, read):
    settings, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        read(CSV + settings, path=case(name))


def test_a_time_with_a_comma_is_refused_with_its_line(case, read):
    path = case("decimal-commas/air.csv")
    times = pd.read_csv(path, sep=";")["Time"]
    line = 2 + int(times.str.contains(",").fillna(value=False).argmax())
    settings = "data.separator=semicolon data.decimal=comma data.time=[Date,Time] data.targets=[CO]"
    with pytest.raises(DataError, match=f"line {line}: .*{times[line - 2]}', which is no time"):
        read(f"{CSV}{settings} \"data.time_format='%d/%m/%Y %H.%M.%S'\"", path=path)
