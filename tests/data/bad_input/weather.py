"""A CSV of hourly weather, of Jena's or of one's own: what is answered when something is wrong with it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import numpy as np
import torch

from seqlab.data import SequenceData

from .cases import JENA, SERIES, Case, P, T, Table, error, fine, texts, warning, with_lines

START = datetime(2020, 1, 2)
WHOLE = 34
"""Windows of three steps in 28, 4 and 8 steps: 26 + 2 + 6."""


def hour(number: int) -> str:
    return str(START + timedelta(hours=number))


def german(number: int) -> str:
    return (START + timedelta(hours=number)).strftime("%d.%m.%Y %H:%M")


def measured(number: int) -> str:
    return f"{number * 7 % 13}.5,{990 + number % 5}"


def weather(
    changed: Mapping[int, str | None] | None = None,
    rows: int = 40,
    header: str = f"Date Time,{T},{P}",
    time: Callable[[int], str] = hour,
    values: Callable[[int], str] = measured,
) -> str:
    """Return a CSV of hourly rows from line 2 on; some lines may be others."""
    return with_lines([header, *(f"{time(row)},{values(row)}" for row in range(rows))], changed or {})


def values(changed: Mapping[int, str]) -> str:
    """Return a CSV of which some lines have other values at their usual time."""
    return weather({line: f"{hour(line - 2)},{cells}" for line, cells in changed.items()})


def gapless(data: SequenceData) -> bool:
    """Say whether no window holds a missing value."""
    batches = [part.batch(torch.arange(len(part))) for part in data.samples.values()]
    return all(bool(torch.isfinite(batch.x).all() and torch.isfinite(batch.y).all()) for batch in batches)


def starts(data: SequenceData) -> bool:
    """Say whether the first window begins on the second of January."""
    return "2020-01-02T01:00:00" in texts(data)


def fitted_on_train(data: SequenceData) -> bool:
    series, of_train = data.spec.series, np.array([-1.0, 1.0] * 14)
    assert series is not None
    fitted = (series.means[0], series.scales[0])
    return bool(np.allclose(fitted, (of_train.mean(), of_train.std()))) and starts(data)


def with_format(form: str, time_format: str) -> Case:
    settings = {"time_format": time_format}
    return error(form, weather(time=german), f"data.time_format | {time_format}", SERIES, settings=settings)


LINE_2 = "2020-01-02 00:00:00,0.5,990"
LINE_7 = "2020-01-02 05:00:00,9.5,990"
LINE_8 = "2020-01-02 06:00:00,3.5,991"
CONTRADICTED = weather({7: f"{LINE_7}\n2020-01-02 05:00:00,99,990"})
GERMAN_WITH_SECONDS = weather(time=lambda row: f"{german(row)}:00")
WITH_SLASHES = weather(time=lambda row: german(row).replace(".", "/"))
WITH_SEMICOLONS = weather().replace(",", ";").replace(".5;", ",5;")
OUTLIERS_AT_TEST = weather(values=lambda row: f"{1000 if row >= 28 else 2 * (row % 2) - 1},{row}")

WEATHER_CASES: Table = {
    "-9999 missing, sentinels in the config": [
        warning("", values({7: "-9999,990", 22: "-9999.00,991"}),
                f"{T} | 2 values are missing | 0 blank, 2 sentinels", WHOLE - 6,
                settings={"sentinels": [-9999]}, check=gapless),
        warning("blank", values({7: ",990", 22: "NaN,991"}),
                f"{T} | 2 values are missing | 2 blank, 0 sentinels", WHOLE - 6, check=gapless),
        error("in all of a column", weather(values=lambda row: f"{row},"), f"'{P}' | data.drop"),
    ],
    "exact duplicate timestamp": [
        warning("", weather({7: f"{LINE_7}\n{LINE_7}"}), "1 rows repeat an earlier time", WHOLE),
    ],
    "conflicting duplicate (or keep-first by option)": [
        error("", CONTRADICTED, "line 8: | same time as line 7 | keep one | data.duplicates=first"),
        warning("keep-first", CONTRADICTED, "1 rows repeat an earlier time | first was kept", WHOLE,
                settings={"duplicates": "first"}),
    ],
    "out of order": [
        warning("", weather({7: LINE_8, 8: LINE_7}), "1 row | order | sorted", WHOLE, check=starts),
    ],
    "gap: no window crosses it": [
        warning("", weather({12: None, 13: None, 14: None}, rows=43),
                "no window crosses | 2020-01-02T10:00:00 (3 steps)", 8 + 15 + 2 + 7,
                check=gapless),  # ten and seventeen steps before and behind it, four, nine
    ],
    "non-numeric cell": [
        error("", values({7: "warm,990"}), f"line 7: | '{T}' | 'warm' | fix"),
        error("dash", values({7: "1.5,-"}), f"line 7: | '{P}' | '-' | fix"),
        error("unit", values({7: "1.5 °C,990"}), f"line 7: | '{T}' | '1.5 °C'"),
        error("over 1 MB", values({7: "1" * 2**21 + ",990"}), "line 7: | cell"),
    ],
    "day-first dates need the explicit format": [
        error("without a format", weather(time=german),
              "line 2: | 'Date Time' | '02.01.2020 00:00' | data.time_format", SERIES),
        error("not as published", weather(time=german), "line 2: | 'Date Time' | %d.%m.%Y", JENA),
        error("slashes", WITH_SLASHES, "line 2: | 'Date Time' | '02/01/2020 00:00'"),
        error("in one row", weather({7: "02.01.2020 05:00,9.5,990"}),
              "line 7: | 'Date Time' | '02.01.2020 05:00'"),
        fine("with a format", weather(time=german), WHOLE, SERIES, settings={"time_format": "%d.%m.%Y %H:%M"},
             check=starts),
        fine("as published", GERMAN_WITH_SECONDS, WHOLE, JENA, check=starts),
        with_format("a format that is not known", "%Q"),
        with_format("a format that is cut off", "%"),
        with_format("a format of pandas'", "mixed"),
        with_format("a format in letters", "dd.mm.yyyy"),
    ],
    "a time that there is not": [
        error("date", weather({7: "2020-02-31 05:00:00,1.5,990"}),
              "line 7: | 'Date Time' | '2020-02-31 05:00:00' | fix"),
        error("hour", weather({7: "2020-01-02 25:00:00,1.5,990"}),
              "line 7: | 'Date Time' | '2020-01-02 25:00:00' | fix"),
        error("blank", weather({7: ",1.5,990"}), "line 7: | 'Date Time' | '' | fix"),
        error("word", weather({7: "today,1.5,990"}), "line 7: | 'Date Time' | 'today' | fix"),
        error("German date", weather({7: "31.02.2020 05:00:00,1,1"}, time=lambda row: f"{german(row)}:00"),
              "line 7: | 'Date Time' | '31.02.2020 05:00:00'", JENA),
        error("mistyped year", weather({41: "2920-01-03 15:00:00,1,1"}), "2020 | 2920 | mistyped"),
        error("number", weather(), f"line 2: | '{T}' | no time", SERIES, settings={"time": T}),
    ],
    "decimal commas": [
        error("quoted", values({7: '"1,5",990'}), f"line 7: | '{T}' | '1,5' | decimals with a point"),
        error("not quoted", values({7: "1,5,990"}), "line 7: | 4 cells | 3 columns | decimal"),
        error("with semicolons", WITH_SEMICOLONS, f"line 2: | '{T}' | '0,5' | decimals with a point", SERIES,
              settings={"separator": "semicolon"}),
    ],
    "missing/renamed column": [
        error("renamed", weather(header=f"Date Time,Temp,{P}"), f"line 1: | '{T}' | Temp | {P}"),
        error("time", weather(header=f"when,{T},{P}"), f"line 1: | 'Date Time' | when | {T}"),
        error("case", weather(header=f"date time,{T},{P}"), "'Date Time' | 'date time'"),
        error("twice", weather(header=f"Date Time,{T},{T}"), f"line 1: | '{T}' | rename one"),
        error("target", weather(), f"line 1: | 'load' | {T}", settings={"targets": ["load"]}),
        error("feature", weather(), f"line 1: | 'wind' | {P}", settings={"features": ["wind"]}),
        error("the time as target", weather(), f"'Date Time' | {T} | data.targets",
              settings={"targets": ["Date Time"]}),
        error("the time as all there is", weather(), "'Date Time' | data.targets",
              settings={"targets": ["Date Time"], "features": []}),
    ],
    "constant column": [
        warning("", weather(values=lambda row: f"{row * 7 % 13},990"), f"{P} | never changes", WHOLE,
                check=gapless),
        warning("the target", weather(values=lambda row: f"20.1,{row}"), f"{T} | never changes", WHOLE,
                check=gapless),
    ],
    "inf": [
        error("inf", values({7: "inf,990"}), f"line 7: | '{T}' | inf | fix"),
        error("-Infinity", values({7: "-Infinity,990"}), f"line 7: | '{T}' | -Infinity | fix"),
        error("1e400", values({7: "1e400,990"}), f"line 7: | '{T}' | 1e400 | fix"),
        error("spoils the scale", values({7: "-1.7976931348623157e308,990"}), f"line 7: | '{T}' | e308"),
    ],
    "series shorter than window + horizon": [
        error("", weather(),
              "'train' has 28 steps of 60 minutes | needs 144 | 96 to read | 48 to forecast | "
              "data.input_days",
              settings={"input_days": 4.0, "horizon_steps": 48}),
        error("validation", weather(rows=20), "'val' has 2 steps | needs 5 | 2 to read | data.input_days",
              settings={"horizon_steps": 3}),
        error("one row", weather(rows=1), "one row | at least two"),
        error("one time", weather({2: f"{LINE_2}\n{LINE_2}"}, rows=1), "one row"),
        error("one row that is cut off", weather({2: "2020"}, rows=1), "no row | add data"),
    ],
    "steps that the data have not": [
        error("finer", weather(), "60 minutes apart | data.step_minutes=10 | 60 or more",
              settings={"step_minutes": 10.0}),
        error("of no second", weather(), "60 minutes apart | 60 or more", settings={"step_minutes": 0.001}),
        error("longer than all", weather(), "has 0 steps | a window needs", settings={"step_minutes": 1e5}),
    ],
    "truncated last line": [
        warning("in a cell", values({41: "1.5"}).rstrip("\n"), "line 41 | cut off", WHOLE - 1),
        warning("in the time", weather({41: "2020-01-03 15:"}).rstrip(), "line 41 | cut off", WHOLE - 1),
        error("not the last", values({7: "1.5"}), "line 7: | 2 cells | cut off"),
    ],
    "scaler fitted on train only": [
        fine("", OUTLIERS_AT_TEST, WHOLE, check=fitted_on_train),
    ],
    "other bytes than expected": [
        fine("UTF-16", weather().encode("utf-16"), WHOLE),
        error("UTF-16 cut off", weather().encode("utf-16")[:-1], "UTF-16 | convert"),
        error("old Mac line ends", weather().replace("\n", "\r"), "line 1: | line end"),
        fine("Windows line ends", weather().replace("\n", "\r\n"), WHOLE),
    ],
}  # fmt: skip
