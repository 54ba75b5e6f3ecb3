"""Tables as unkind as they are found: read right by the command that is proposed, or refused in one line."""

import shlex

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_module

from seqlab.config.compose import make_config
from seqlab.data.inspection import inspect
from seqlab.errors import DataError

ROWS = 120
LOAD = [10 + round(float(np.sin(row / 4)), 3) for row in range(ROWS)]
HOURS = pd.date_range("2020-01-01", periods=ROWS, freq="h")
DAYS = pd.date_range("2019-12-01", periods=ROWS)
WEEKS = pd.date_range("2015-01-05", periods=ROWS, freq="7D")
QUARTERS = pd.period_range("1950Q1", periods=ROWS, freq="Q")


def table(times: list[str], head: str = "time", cells: list[str] | None = None) -> str:
    lines = [f"{time},{cell}" for time, cell in zip(times, cells or map(str, LOAD), strict=True)]
    return "\n".join([f"{head},load", *lines]) + "\n"


def at_24(written: str) -> list[str]:
    """Return the hours, midnight as the end of the day before."""
    days = [time if time.hour else time - pd.Timedelta(days=1) for time in HOURS]
    return [f"{day:{written}} {time.hour or 24:02d}:00" for day, time in zip(days, HOURS, strict=True)]


HOURLY = table([f"{time:%Y-%m-%d %H:%M}" for time in HOURS])
LINES = HOURLY.splitlines(keepends=True)
OFFSETS = pd.date_range("2020-03-28", periods=ROWS, freq="h", tz="Europe/Berlin")
READ = {
    "24:00": (table(at_24("%Y-%m-%d")), HOURS),
    "24:00 in Germany": (table(at_24("%d.%m.%Y")), HOURS),
    "hours from 1 to 24": (
        table([f"{time:%Y-%m-%d},{time.hour + 1}" for time in HOURS], "date,hour"),
        HOURS + pd.Timedelta(hours=1),
    ),
    "days as in Germany": (table([f"{day:%d.%m.%Y}" for day in DAYS]), DAYS),
    "days as in America": (table([f"{day:%m/%d/%y}" for day in DAYS]), DAYS),
    "hours in digits": (table([f"{time:%Y%m%d%H}" for time in HOURS]), HOURS),
    "minutes in digits": (table([f"{time:%Y%m%d%H%M}" for time in HOURS]), HOURS),
    "seconds in digits": (table([f"{time:%Y%m%d%H%M%S}" for time in HOURS]), HOURS),
    "hours since 1970": (table([f"{time.timestamp():.0f}" for time in HOURS]), HOURS),
    "offsets that change": (table([time.isoformat() for time in OFFSETS]), OFFSETS.tz_convert(None)),
    "an index without a name": (HOURLY.replace("time,", ",", 1), HOURS),
    "quarters": (table([f"Q{time.quarter} {time.year}" for time in QUARTERS]), QUARTERS.to_timestamp()),
    "ISO weeks": (table([f"{week:%G-W%V}" for week in WEEKS]), WEEKS),
    "days of ISO weeks": (table([f"{week:%G-W%V-%u}" for week in WEEKS]), WEEKS),
    "year and week": (table([f"{week:%G},{week:%V}" for week in WEEKS], "year,week"), WEEKS),
    "ids with zeros": (
        "id," + LINES[0] + "".join(f"{series},{line}" for series in ("001", "010") for line in LINES[1:]),
        HOURS,
    ),
}
"""What is read, and the times of the steps; the numbers are those of LOAD."""


def loaded(command: str):
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        config = make_config(compose("config", overrides=shlex.split(command)[2:]))
    return config.data.for_problem(config.task.problem_type).load()


@pytest.mark.parametrize("name", READ)
def test_what_is_read_has_its_numbers_at_its_times(name, tmp_path):
    content, times = READ[name]
    path = tmp_path / "unkind.csv"
    path.write_text(content)
    windows = loaded(inspect(path).suggestions[0].command)
    spec = windows.spec.series
    count = 84  # of 120 steps, a tenth for validation and a fifth for testing
    assert spec.means[spec.columns.index("load")] == pytest.approx(np.mean(LOAD[:count]), rel=1e-9)
    written = np.array(times, "datetime64[us]")
    assert windows.samples["train"].times[:ROWS].tolist() == written.tolist()
    assert name != "ids with zeros" or [one.name for one in spec.members] == ["001", "010"]


REFUSED = {
    "a row of units": (HOURLY.replace("\n", "\n,kW\n", 1), "line 2: column 'time' is ''"),
    "two headers": (f"station,A\n{HOURLY}", "line 2: column 'station' is 'time'"),
    "a row of totals": (f"{HOURLY}Total,1200\n", "line 122: column 'time' is 'Total'"),
    "a total alone": (f"{HOURLY},1200\n", "line 122: column 'time' is ''"),
    "the header again": (HOURLY + HOURLY, "line 122: this is the header again; remove the line"),
    "some offsets": (
        HOURLY.replace("2020-01-02 07:00", "2020-01-02T07:00+01:00"),
        "line 33: the time '2020-01-02T07:00+01:00' has an offset from UTC, and the first time has none",
    ),
    "a column twice": (
        HOURLY.replace("load", "load,load").replace(".", ",."),
        "line 1: two columns are called 'load'",
    ),
    "a mark in the middle": (
        HOURLY.replace("2020-01-02 07", "\ufeff2020-01-02 07"),
        "line 33: column 'time' is",
    ),
    "a preamble": (
        f"Report of May\n\n{HOURLY}",
        "line 3: 2 cells where the header names 1 columns; remove lines above the header",
    ),
    "a separator for Excel": (
        f"sep=;\n{HOURLY.replace(',', ';')}",
        "line 1: 'sep=' is a line for Excel alone",
    ),
    "a short row": (HOURLY.replace("07:00,", "07:00"), "1 cells where the header names 2 columns"),
}
"""What is refused, and the line that says so."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_right_is_refused_in_one_line(name, tmp_path):
    content, said = REFUSED[name]
    path = tmp_path / "unkind.csv"
    path.write_text(content)
    with pytest.raises(DataError) as error:
        loaded(inspect(path).suggestions[0].command)
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1


ADORNED = {
    "thousands": '"1,{:03.0f}"',
    "thousands apart": "1\u202f{:03.0f}",
    "thousands of Python": "1_{:03.0f}",
    "a sign of print": "\u2212{:.3f}",
    "brackets": "({:.3f})",
    "a share": "{:.3f}%",
}


@pytest.mark.parametrize("name", ADORNED)
def test_numbers_that_are_adorned_are_told_and_never_read(name, tmp_path):
    path = tmp_path / "unkind.csv"
    cells = [ADORNED[name].format(value) for value in LOAD]
    path.write_text(table([f"{time:%Y-%m-%d %H:%M}" for time in HOURS], cells=cells))
    found = inspect(path)
    assert f"column 'load': write plain numbers, not such as '{cells[0].strip(chr(34))}'" in found.facts
    assert not found.suggestions
    command = f"seqlab train data=series_csv data.path={path} data.targets=[load] data.input_steps=3"
    with pytest.raises(DataError, match=r"words, not numbers, are in|is no finite number") as error:
        loaded(command)
    assert name != "thousands" or "write 1010 if thousands are separated" in str(error.value)


def test_units_below_the_header_are_told(tmp_path):
    path = tmp_path / "unkind.csv"
    path.write_text(READ["days as in Germany"][0].replace("\n", "\n[UTC],[kW]\n", 1))
    assert "the row below the header has words over numbers, '[kW]': units or a second header? Remove it" in (
        inspect(path).facts
    )


def test_words_for_what_is_infinite_are_proposed_as_missing(tmp_path):
    path = tmp_path / "unkind.csv"
    path.write_text(HOURLY.replace(",10.0\n", ",inf\n"))
    command = inspect(path).suggestions[0].command
    assert "data.missing=[inf]" in command
    assert "sentinels" not in command
    loaded(command)
