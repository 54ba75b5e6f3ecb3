"""What a file is taken for; every command that is proposed reads the file."""

import logging
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_module

from seqlab.config.compose import make_config
from seqlab.data.inspection import inspect
from seqlab.data.inspection.dialects import sniffed
from seqlab.errors import DataError

HOURS = pd.date_range("2020-01-01", periods=400, freq="h")
LOAD = np.round(10 + np.sin(np.arange(400)), 3)
DAYS = pd.date_range("2020-01-01", periods=400)
SUNRISE = [f"0{6 + row % 2}:{row % 60:02d}" for row in range(400)]


def _texts(count: int = 60) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": [f"a made up text {number}" for number in range(count)],
            "label": ["good" if number % 3 else "bad" for number in range(count)],
        }
    )


def _long() -> pd.DataFrame:
    rows = [
        (f"p{n}", step, np.sin(n + step), "walk" if n % 2 else "sit") for n in range(20) for step in range(9)
    ]
    return pd.DataFrame(rows, columns=["id", "t", "ax", "activity"])


def _states() -> pd.DataFrame:
    """Return sequences with a state that changes within them, and whose they are."""
    table = _long().rename(columns={"activity": "owner"})
    table["owner"] = ["ab"[int(name[1:]) % 2] for name in table["id"]]
    return table.assign(state=["wake" if n * n % 7 < 3 else "sleep" for n in range(len(table))])


def _wide(ends: str) -> str:
    values = np.random.default_rng(0).normal(size=(40, 20)).round(4)
    rows = [[*map(str, row)] for row in values]
    labels = [str(number % 3) for number in range(40)]
    both = [
        [label, *row] if ends == "first" else [*row, label] for label, row in zip(labels, rows, strict=True)
    ]
    return "\n".join(",".join(row) for row in both) + "\n"


def _blanks(label: str = "{:.7e}") -> str:
    """Return rows as the UCR archive had them: the class first, all numbers between blanks."""
    values = np.random.default_rng(0).normal(size=(40, 20))
    labels = [label.format(2 * (number % 2) - 1) for number in range(40)]
    rows = [[one, *(f"{cell:.7e}" for cell in row)] for one, row in zip(labels, values, strict=True)]
    return "".join(f"  {'  '.join(row)}\n" for row in rows)


def _ragged() -> str:
    rows = _wide("first").splitlines()
    return "".join(f"{','.join(row.split(',')[: 8 + number % 9])}\n" for number, row in enumerate(rows))


def _engines() -> str:
    """Return rows of several engines, each counted from 1, without a header."""
    return "".join(
        f"{unit} {cycle} {cycle / 7:.4f} 100.0  \n" for unit in (1, 2, 3) for cycle in range(1, 60)
    )


def _tokens(*, is_once: bool) -> pd.DataFrame:
    """Return sentences of four tokens, a row each; their names in every row, or in the first of each."""
    words = [f"w{(number * number) % 23}" for number in range(160)]
    names = [f"Sentence: {number // 4}" if number % 4 == 0 or not is_once else "" for number in range(160)]
    tags = ["B" if word < "w2" else "O" for word in words]
    parts = ["NN" if word < "w2" else "VB" if word < "w5" else "JJ" for word in words]
    return pd.DataFrame({"Sentence #": names, "Word": words, "POS": parts, "Tag": tags})


PROSE = """It was the best of times, it was the worst of times.

We had nothing before us. All went
direct to heaven, or the other way; in short, so far like
"the present", some said,
"""


def _clocked() -> str:
    rows = [f"{time:%d/%m/%Y};{time:%H:%M:%S};{value}" for time, value in zip(HOURS, LOAD, strict=True)]
    rows[7] = rows[7].rpartition(";")[0] + ";?"
    return "\n".join(["Date;Time;power", *rows]) + "\n"


def _series(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"when": HOURS, "load": LOAD, **columns})


NO_HEADER = "data.separator=space data.header=false"
WINDOW = "data.input_steps=24 data.horizon_steps=1"
LOAD_WINDOW = f"data.targets=[load] {WINDOW}"
CLOCKED = f"\"data.time_format='%d/%m/%Y %H:%M:%S'\" data.targets=[power] {WINDOW}"
MONTHS = pd.date_range("1990-01-01", periods=300, freq="MS")
CALENDARS = {
    "quarters": ({"q": pd.period_range("1900Q1", periods=400, freq="Q").astype(str)}, "data.time=q"),
    "weeks": ({"w": pd.date_range("2000-01-05", periods=400, freq="7D").strftime("%Y%m%d")}, "data.time=w"),
    "years": ({"year": range(1601, 2001)}, "data.time=year"),
    "months": ({"month": MONTHS.strftime("%Y%m")}, "data.time=month"),
    "months by name": ({"when": MONTHS.strftime("%b-%y")}, "data.time=when \"data.time_format='%b-%y'\""),
    "year and month by name": (
        {"Year": MONTHS.year, "Month": MONTHS.strftime("%B")},
        "data.time=[Year,Month] \"data.time_format='%Y %B'\"",
    ),
    "parts by name": (
        {"Year": DAYS.year, "Month": DAYS.strftime("%b"), "Day": DAYS.day},
        "data.time=[Year,Month,Day] \"data.time_format='%Y %b %d'\"",
    ),
    **{
        f"days as {written}": (
            {"day": DAYS.strftime(written)},
            f"data.time=day \"data.time_format='{written}'\"",
        )
        for written in ("%d-%m-%y", "%m-%d-%y", "%d %B %Y", "%b %d %Y", "%B %d %Y")
    },
    "quarters of years": (
        {"q": [f"Q{1 + row % 4}/{1900 + row // 4}" for row in range(400)]},
        "data.time=q \"data.time_format='Q%q/%Y'\"",
    ),
    "year and month": ({"year": MONTHS.year, "month": MONTHS.month}, "data.time=[year,month]"),
    "day and hour": ({"date": HOURS.strftime("%Y-%m-%d"), "hour": HOURS.hour}, "data.time=[date,hour]"),
    "afternoons": (
        {"when": HOURS.strftime("%m/%d/%Y %I:%M %p")},
        "data.time=when \"data.time_format='%m/%d/%Y %I:%M %p'\"",
    ),
    "american days": (
        {"day": pd.date_range("2020-01-01", periods=400).strftime("%m/%d/%Y")},
        "data.time=day \"data.time_format='%m/%d/%Y'\"",
    ),
    "months as German days": (
        {"day": MONTHS.strftime("%d/%m/%Y")},
        "data.time=day \"data.time_format='%d/%m/%Y'\"",
    ),
    "months as American days": (
        {"day": MONTHS.strftime("%m-%d-%Y")},
        "data.time=day \"data.time_format='%m-%d-%Y'\"",
    ),
    "nanoseconds": ({"ts": HOURS.astype("datetime64[ns]").astype(np.int64)}, "data.time=ts"),
    "business days": ({"day": pd.bdate_range("2020-01-01", periods=400)[::-1]}, "data.time=day"),
}
"""Columns of times, and how they are named to ``seqlab train``."""
FILES = {
    "texts.csv": (_texts().to_csv(index=False), "data=text_csv data.text=text data.label=label"),
    "texts.tsv": (
        "".join(f"{label}\t{text}\n" for text, label in _texts().to_numpy()),
        "data=text_csv data.header=false data.text=1 data.label=0",
    ),
    "texts.jsonl": (
        _texts().to_json(orient="records", lines=True),
        "data=text_csv data.text=text data.label=label",
    ),
    "several.csv": (
        _texts()
        .assign(rude=[n % 2 for n in range(60)], threat=[n // 2 % 2 for n in range(60)])
        .drop(columns="label")
        .to_csv(index_label="id"),
        "data=text_csv data.text=text data.label=[rude,threat] task=multilabel",
    ),
    "tags.csv": (
        _texts().assign(label=["rude", "rude|threat", "threat"] * 20).to_csv(index=False),
        "data=text_csv data.text=text data.label=label data.label_separator=pipe task=multilabel",
    ),
    "stars.csv": (
        _texts().assign(label=LOAD[:60]).to_csv(index=False),
        "data=text_csv data.text=text data.label=label task=regression",
    ),
    "hours.csv": (
        _series().to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] {WINDOW}",
    ),
    "commas.csv": (
        _series().to_csv(index=False, sep=";", decimal=","),
        f"data=series_csv data.separator=semicolon data.decimal=comma data.time=when {LOAD_WINDOW}",
    ),
    "commas.tsv": (
        _series().to_csv(index=False),
        f"data=series_csv data.separator=comma data.time=when {LOAD_WINDOW}",
    ),
    "decimals.tsv": (
        _series().to_csv(index=False, sep=";", decimal=","),
        f"data=series_csv data.separator=semicolon data.decimal=comma data.time=when {LOAD_WINDOW}",
    ),
    "tabs.tsv": (_series().to_csv(index=False, sep="\t"), f"data=series_csv data.time=when {LOAD_WINDOW}"),
    "list.tsv": (
        "".join(f"{value}\n" for value in LOAD),
        f"data=series_csv data.header=false data.time=null data.targets=[0] {WINDOW}",
    ),
    "letters.tsv": (
        "".join(f"{label}\tDear, {text}\n" for text, label in _texts().to_numpy()),
        "data=text_csv data.header=false data.text=1 data.label=0",
    ),
    "words.csv": (
        _series(wind=["N", "S"] * 200, temp=LOAD).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.drop=[wind] {WINDOW}",
    ),
    "updates.csv": (
        _series(updated=HOURS + pd.Timedelta(minutes=5)).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.drop=[updated] {WINDOW}",
    ),
    "nothing.csv": (
        _series(nothing="").to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.drop=[nothing] {WINDOW}",
    ),
    "iris.csv": (
        pd.DataFrame({"petal": LOAD, "sepal": LOAD * 2, "species": ["a", "b"] * 200}).to_csv(index=False),
        f"data=series_csv data.time=null data.targets=[petal] data.drop=[species] {WINDOW}",
    ),
    "sunrise.csv": (
        pd.DataFrame({"date": DAYS, "sunrise": SUNRISE, "temp": LOAD}).to_csv(index=False),
        f"data=series_csv data.time=date data.targets=[temp] data.drop=[sunrise] {WINDOW}",
    ),
    "towns.csv": (
        pd.concat(
            pd.DataFrame({"date": DAYS, "town": town, "sunrise": SUNRISE, "temp": LOAD}) for town in "AB"
        ).to_csv(index=False),
        "data=series_csv data.time=date data.targets=[temp] data.series_id=town data.drop=[sunrise] "
        + WINDOW,
    ),
    **{
        f"{name}.csv": (
            pd.DataFrame({name: values, "date": DAYS}).to_csv(index=False),
            f"data=series_csv data.time=date data.targets=[{name}] {WINDOW}",
        )
        for name, values in {
            "monthly_revenue": 3.5e8 + 1e7 * LOAD,
            "overtimePay": np.arange(1700, 2100) - np.arange(400) % 3,
            "bytes_total": 3e8 + np.cumsum(LOAD),
            "delivery_time": 1900 + np.arange(400) % 7,
            "current": LOAD * 1e-11,
        }.items()
    },
    "observed.csv": (
        pd.DataFrame({"obsTime": HOURS.astype("datetime64[s]").astype(np.int64), "load": LOAD})
        .sample(frac=1, random_state=0)
        .to_csv(index=False),
        f"data=series_csv data.time=obsTime {LOAD_WINDOW}",
    ),
    "countries.csv": (
        pd.DataFrame({"country": [f"land {row}" for row in range(400)], "2019": LOAD, "2020": 2 * LOAD})
        .assign(continent=["A", "B", "C", "D"] * 100)
        .to_csv(index=False),
        "data=text_csv data.text=country data.label=continent",
    ),
    "clock.txt": (
        _clocked(),
        f"data=series_csv data.separator=semicolon \"data.missing=['?']\" data.time=[Date,Time] {CLOCKED}",
    ),
    "parts.csv": (
        pd.DataFrame(
            {"year": HOURS.year, "month": HOURS.month, "day": HOURS.day, "hour": HOURS.hour, "load": LOAD}
        ).to_csv(index=False),
        f"data=series_csv data.time=[year,month,day,hour] data.targets=[load] {WINDOW}",
    ),
    "unix.csv": (
        _series(when=HOURS.astype("datetime64[s]").astype(np.int64)).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] {WINDOW}",
    ),
    "rows.csv": (
        pd.DataFrame({"load": LOAD, "temp": LOAD * 2}).to_csv(index=False),
        f"data=series_csv data.time=null data.targets=[load] {WINDOW}",
    ),
    "broken.csv": (
        _series(load=np.where(np.arange(400) % 50 == 9, -9999, LOAD)).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.sentinels=[-9999] {WINDOW}",
    ),
    **{
        f"{name.replace(' ', '_').replace('%', '')}.csv": (
            pd.DataFrame({**columns, "load": LOAD[: len(next(iter(columns.values())))]}).to_csv(index=False),
            f"data=series_csv {time} {LOAD_WINDOW}",
        )
        for name, (columns, time) in CALENDARS.items()
    },
    "adorned.csv": (
        _series(price=[f"${value:.2f}" for value in LOAD]).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.drop=[price] {WINDOW}",
    ),
    "relative.csv": (
        pd.DataFrame({"t": np.arange(400) / 250, "ecg": LOAD}).to_csv(index=False),
        f"data=series_csv data.time=null data.targets=[ecg] data.drop=[t] {WINDOW}",
    ),
    "long.csv": (_long().to_csv(index=False), "data=sequences data.series_id=id data.label=activity"),
    "tagged.csv": (
        _states().drop(columns="owner").to_csv(index=False),
        "data=sequences data.series_id=id data.label=state task=tagging",
    ),
    "stages.csv": (
        _states().drop(columns="owner").assign(state=[n * n % 3 for n in range(180)]).to_csv(index=False),
        "data=sequences data.series_id=id data.label=state task=tagging",
    ),
    "semicolons.csv": (
        _wide("last").replace(",", ";").replace(".", ","),
        "data=sequences data.separator=semicolon data.header=false data.decimal=comma data.label=last",
    ),
    "numbered.csv": (
        ",".join([*map(str, range(20)), "kind"]) + "\n" + _wide("last"),
        "data=sequences data.label=kind",
    ),
    "ucr.txt": (_blanks(), f"data=sequences {NO_HEADER} data.label=first"),
    "signs.txt": (_blanks("{}"), f"data=sequences {NO_HEADER} data.label=first"),
    "ragged.txt": (_ragged(), "data=sequences"),
    "engines.txt": (
        _engines(),
        f"data=series_csv {NO_HEADER} data.time=null data.targets=[2] data.series_id=0 data.drop=[1] "
        + WINDOW.replace("24", "4"),
    ),
    "blanks.dat": (
        "date time load\n"
        + "".join(f"{when:%Y-%m-%d}\t{when:%H:%M}  {load}\n" for when, load in zip(HOURS, LOAD, strict=True)),
        f"data=series_csv data.separator=space data.time=[date,time] {LOAD_WINDOW}",
    ),
    "list.txt": (
        "".join(f"{value}\n" for value in LOAD),
        f"data=series_csv data.header=false data.time=null data.targets=[0] {WINDOW}",
    ),
    "pairs.txt": (
        "".join(f"{value} {value / 2}\n" + "\n" * (row % 9 == 8) for row, value in enumerate(LOAD)),
        f"data=series_csv {NO_HEADER} data.time=null data.targets=[0] {WINDOW}",
    ),
    "once.csv": (
        _tokens(is_once=True).to_csv(index=False),
        "data=tagged \"data.sentence='Sentence #'\" data.token=Word data.label=Tag",
    ),
    "every.csv": (
        _tokens(is_once=False).rename(columns={"Sentence #": "sent"}).to_csv(),
        "data=tagged data.sentence=sent data.token=Word data.label=Tag",
    ),
    "novel.txt": (PROSE * 99, "data=text_file"),
    "novel.md": ("# Où?\n\n".encode("cp1252") + PROSE.encode() * 99, "data=text_file data.encoding=cp1252"),
    "first.csv": (_wide("first"), "data=sequences data.header=false data.label=first"),
    "last.csv": (_wide("last"), "data=sequences data.header=false data.label=last"),
}
"""A file of each layout by name, and the settings by which it is read, without data.path."""


@pytest.mark.product(5)
@pytest.mark.parametrize("name", FILES)
def test_the_commands_that_are_proposed_read_the_file(name, tmp_path):
    content, settings = FILES[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    commands = [one.command for one in inspect(path).suggestions]
    data, *rest = shlex.split(settings)
    assert shlex.split(commands[0]) == ["seqlab", "train", data, f"data.path={path}", *rest]
    for command in commands:
        _load(command)


def _load(command: str) -> None:
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        config = make_config(compose("config", overrides=shlex.split(command)[2:]))
    loaded = config.data.for_problem(config.task.problem_type).load()
    assert all(len(samples) for samples in loaded.samples.values())


def test_of_sequences_with_a_class_each_and_at_every_step_both_commands_read_the_file(tmp_path):
    path = tmp_path / "states.csv"
    path.write_text(_states().rename(columns={"t": "when"}).to_csv(index=False))
    each, tagged = (one.command for one in inspect(path).suggestions)
    assert "data.label=owner" in each
    assert "data.label=state" in tagged
    assert tagged.endswith("task=tagging")
    for command in (each, tagged):
        assert "data.features=[when,ax]" in command
        _load(command)


@pytest.mark.parametrize(("encoding", "town"), [("cp1252", "Köln"), ("gb18030", "北京")])
@pytest.mark.parametrize("row", [0, 19_000])
def test_the_encoding_of_a_large_file_is_found(tmp_path, encoding, town, row):
    times = pd.date_range("2020-01-01", periods=20_000, freq="h")
    table = pd.DataFrame({"when": times, "load": np.arange(20_000) % 7, "town": "x"})
    table.loc[row:, "town"] = town
    path = tmp_path / "towns.csv"
    table.to_csv(path, index=False, encoding=encoding)
    first = inspect(path).suggestions[0]
    assert first.settings["data.encoding"] == encoding
    _load(first.command)


def test_names_and_paths_with_blanks_and_brackets_are_quoted(tmp_path):
    path = tmp_path / "my data (1).csv"
    path.write_text(_series().rename(columns={"load": "T (degC), it's"}).to_csv(index=False))
    _load(inspect(path).suggestions[0].command)


@pytest.mark.parametrize(
    ("first", "row", "is_named"),
    [
        ("country,2019,2020", "land {0},{0},{0}.5", True),
        ("id,name,2019,2020", "{0},n{0},{0},{0}.5", True),
        ("country,2019", "land {0},{0}.5", True),
        ("Ann,1919,1920", "N{0},1{0},20{0}", False),
        ("Ann,2019,2021", "N{0},{0},{0}.5", False),
        ("Ann,2019,0.5", "N{0},{0},{0}.5", False),
        ("2019,2020", "{0},{0}.5", False),
    ],
)
def test_years_in_the_first_row_are_names_where_others_are_below(tmp_path, first, row, is_named):
    path = tmp_path / "years.csv"
    path.write_text("\n".join([first, *(row.format(number) for number in range(910, 950))]) + "\n")
    assert sniffed(path).header == is_named


def test_numbers_of_customers_are_no_times(tmp_path):
    path = tmp_path / "orders.csv"
    customers = np.random.default_rng(0).integers(10**9, 2 * 10**9, 400)
    path.write_text(_series(customer=customers).drop(columns="when").to_csv(index=False))
    assert [column.kind for column in inspect(path).columns] == ["number", "number"]


def test_days_with_points_are_no_times_of_the_day(tmp_path):
    path = tmp_path / "days.csv"
    days = pd.date_range("2001-01-01", periods=90).strftime("%d.%m.%y")
    path.write_text(pd.DataFrame({"day": days, "load": LOAD[:90]}).to_csv(index=False))
    assert inspect(path).columns[0].time_format == "%d.%m.%y"


def test_a_sentinel_is_written_with_all_its_digits(tmp_path):
    path = tmp_path / "far.csv"
    path.write_text(_series(load=np.where(np.arange(400) % 50 == 9, -9999999, LOAD)).to_csv(index=False))
    assert "data.sentinels=[-9999999]" in inspect(path).suggestions[0].command


def test_several_series_are_told_apart_by_their_id(tmp_path):
    both = pd.concat([_series(store=name).head(120) for name in ("A", "B")])
    (tmp_path / "stores.csv").write_text(both.to_csv(index=False))
    (reading,) = inspect(tmp_path / "stores.csv").suggestions
    assert "2 series, told apart by 'store', with steps of 60 minutes" in reading.what
    assert "data.series_id=store data.input_steps=11 data.horizon_steps=1" in reading.command
    _load(reading.command)


def test_two_columns_may_tell_series_apart(tmp_path):
    table = pd.concat([_series(store=name, item=item).head(120) for name in "AB" for item in (1, 2)])
    (tmp_path / "stores.csv").write_text(table.to_csv(index=False))
    (reading,) = inspect(tmp_path / "stores.csv").suggestions
    assert shlex.split(reading.command)[6] == "data.series_id=[store,item]"
    _load(reading.command)


def test_numbers_called_like_an_id_may_tell_series_apart_though_no_time_repeats(tmp_path, caplog):
    path = tmp_path / "machines.csv"
    path.write_text(_series(machine=np.arange(400) % 4).to_csv(index=False))
    several, one = (reading.command for reading in inspect(path).suggestions)
    assert "data.series_id=machine" in several
    assert "data.drop=[machine]" in one
    _load(several)
    _load(one)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    _load(one.replace("'data.drop=[machine]'", ""))
    assert (
        "column 'machine' is read as a measurement; if it names several series, set data.series_id"
        in caplog.text
    )


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_where_clocks_go_back_a_time_zone_is_proposed(tmp_path, zone):
    times = pd.date_range("2021-10-20", "2021-11-20", freq="h", tz=zone).tz_localize(None)
    path = tmp_path / "clocks.csv"
    path.write_text(pd.DataFrame({"when": times, "load": np.arange(len(times)) % 9}).to_csv(index=False))
    (reading,) = inspect(path).suggestions
    assert f"data.timezone={zone}" in reading.command
    _load(reading.command)


def test_cells_that_are_no_times_and_adorned_numbers_are_told(tmp_path):
    path = tmp_path / "odd.csv"
    clocks = ["18,00.00" if number == 40 else f"{number % 24:02d}.00.00" for number in range(400)]
    table = pd.DataFrame({"day": HOURS.strftime("%d/%m/%Y"), "clock": clocks, "load": LOAD})
    path.write_text(table.assign(share="45%").to_csv(index=False))
    facts = inspect(path).facts
    assert "column 'clock': 1 cells are not times, such as '18,00.00'" in facts
    assert "column 'share': write plain numbers, not such as '45%'" in facts


def test_folders_of_splits_are_given_each(tmp_path):
    for number, name in enumerate(["train/pos", "train/neg", "test/pos", "test/neg"] * 9):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / f"{number}.txt").write_text(f"a made up text {number}\n")
    (reading,) = inspect(tmp_path).suggestions
    assert reading.settings == {
        "data.path": str(tmp_path / "train"),
        "data.test_path": str(tmp_path / "test"),
    }


def test_columns_are_counted_as_pandas_counts_them(tmp_path):
    table = _series(wind=["N", "S"] * 200).assign(load=np.where(np.arange(400) % 9, LOAD, np.nan))
    path = tmp_path / "table.csv"
    path.write_text(table.to_csv(index=False))
    when, load, wind = inspect(path).columns
    assert (when.kind, load.kind, wind.kind) == ("time", "number", "name")
    assert [len(one.counts) for one in (when, load, wind)] == table.nunique().tolist()
    assert load.missing == table["load"].isna().sum()


@pytest.mark.parametrize("written", ["%Y-%m", "%m/%d/%y", "%Y"])
def test_a_row_a_series_is_no_table_of_texts(written, tmp_path):
    times = pd.date_range("1990-01-01", periods=20, freq="YS" if written == "%Y" else "MS").strftime(written)
    table = pd.DataFrame([range(20)] * 30, columns=times).assign(store=[f"S{row}" for row in range(30)])
    path = tmp_path / "panel.csv"
    path.write_text(table.to_csv(index=False))
    found = inspect(path)
    assert not found.suggestions
    melted = table.melt(["store"], var_name="time")
    assert "table.melt(['store'], var_name='time')" in found.facts[-1]
    path.write_text(melted.to_csv(index=False))
    if written != "%m/%d/%y":
        _load(inspect(path).suggestions[0].command)


def test_rows_that_repeat_are_counted(tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text(pd.concat([_texts(), _texts(5)]).to_csv(index=False))
    assert "5 rows repeat an earlier one in every cell" in inspect(path).facts


def test_zero_and_one_are_no_sentinels(tmp_path):
    path = tmp_path / "rain.csv"
    path.write_text(_series(rain=[0, 0, 0, 7.5] * 100, on=[0, 1] * 200).to_csv(index=False))
    assert not any(column.sentinel is not None for column in inspect(path).columns)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (["pos/1.txt", "neg/1.txt"], "a folder a class, a file a text"),
        (["alt.atheism/5001", "sci.space/5002"], "a folder a class, a file a text"),
        (["French.txt", "Czech.txt"], "a file a class, a text a line"),
        (["walk/1.csv", "sit/1.csv"], "a folder a class, a file a sequence"),
    ],
)
def test_a_folder_is_known_by_its_files(files, what, tmp_path):
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("a text\n")
    (reading,) = inspect(tmp_path).suggestions
    assert reading.what == what


def test_tagged_tokens_arrays_and_ts_are_known(tmp_path):
    (tmp_path / "a.conll").write_text("EU B-ORG\nrejects O\n\nPeter B-PER\nBlackburn I-PER\n\n")
    np.savez(tmp_path / "b.npz", x=np.zeros((4, 5, 2)), y=np.arange(4))
    (tmp_path / "c.ts").write_text("@problemName a\n@data\n1,2:a\n")
    found = [inspect(file).suggestions[0].data for file in sorted(tmp_path.iterdir())]
    assert found == ["tagged", "sequences", "sequences"]


@pytest.mark.parametrize("content", [b"", b"PK\3\4 nothing", b"\x89HDF\r\n"])
def test_what_is_no_table_is_refused_in_a_line(content, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DataError) as error:
        inspect(tmp_path / "file")
    assert len(str(error.value).splitlines()) == 1


def test_a_path_that_is_not_there_is_said():
    with pytest.raises(DataError, match="does not exist"):
        inspect(Path("nowhere.csv"))
