"""Files as people have them, and the settings by which each is read."""

import numpy as np
import pandas as pd

HOURS = pd.date_range("2020-01-01", periods=400, freq="h")
LOAD = np.round(10 + np.sin(np.arange(400)), 3)
DAYS = pd.date_range("2020-01-01", periods=400)
SUNRISE = [f"0{6 + row % 2}:{row % 60:02d}" for row in range(400)]


def texts(count: int = 60) -> pd.DataFrame:
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


def states() -> pd.DataFrame:
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


def series(**columns: object) -> pd.DataFrame:
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
    "texts.csv": (texts().to_csv(index=False), "data=text_csv data.text=text data.label=label"),
    "texts.tsv": (
        "".join(f"{label}\t{text}\n" for text, label in texts().to_numpy()),
        "data=text_csv data.header=false data.text=1 data.label=0",
    ),
    "texts.jsonl": (
        texts().to_json(orient="records", lines=True),
        "data=text_csv data.text=text data.label=label",
    ),
    "several.csv": (
        texts()
        .assign(rude=[n % 2 for n in range(60)], threat=[n // 2 % 2 for n in range(60)])
        .drop(columns="label")
        .to_csv(index_label="id"),
        "data=text_csv data.text=text data.label=[rude,threat] task=multilabel",
    ),
    "tags.csv": (
        texts().assign(label=["rude", "rude|threat", "threat"] * 20).to_csv(index=False),
        "data=text_csv data.text=text data.label=label data.label_separator=pipe task=multilabel",
    ),
    "stars.csv": (
        texts().assign(label=LOAD[:60]).to_csv(index=False),
        "data=text_csv data.text=text data.label=label task=regression",
    ),
    "hours.csv": (
        series().to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] {WINDOW}",
    ),
    "commas.csv": (
        series().to_csv(index=False, sep=";", decimal=","),
        f"data=series_csv data.separator=semicolon data.decimal=comma data.time=when {LOAD_WINDOW}",
    ),
    "commas.tsv": (
        series().to_csv(index=False),
        f"data=series_csv data.separator=comma data.time=when {LOAD_WINDOW}",
    ),
    "decimals.tsv": (
        series().to_csv(index=False, sep=";", decimal=","),
        f"data=series_csv data.separator=semicolon data.decimal=comma data.time=when {LOAD_WINDOW}",
    ),
    "tabs.tsv": (series().to_csv(index=False, sep="\t"), f"data=series_csv data.time=when {LOAD_WINDOW}"),
    "list.tsv": (
        "".join(f"{value}\n" for value in LOAD),
        f"data=series_csv data.header=false data.time=null data.targets=[0] {WINDOW}",
    ),
    "letters.tsv": (
        "".join(f"{label}\tDear, {text}\n" for text, label in texts().to_numpy()),
        "data=text_csv data.header=false data.text=1 data.label=0",
    ),
    "words.csv": (
        series(wind=["N", "S"] * 200, temp=LOAD).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.drop=[wind] {WINDOW}",
    ),
    "updates.csv": (
        series(updated=HOURS + pd.Timedelta(minutes=5)).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.drop=[updated] {WINDOW}",
    ),
    "nothing.csv": (
        series(nothing="").to_csv(index=False),
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
        series(when=HOURS.astype("datetime64[s]").astype(np.int64)).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] {WINDOW}",
    ),
    "rows.csv": (
        pd.DataFrame({"load": LOAD, "temp": LOAD * 2}).to_csv(index=False),
        f"data=series_csv data.time=null data.targets=[load] {WINDOW}",
    ),
    "broken.csv": (
        series(load=np.where(np.arange(400) % 50 == 9, -9999, LOAD)).to_csv(index=False),
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
        series(price=[f"${value:.2f}" for value in LOAD]).to_csv(index=False),
        f"data=series_csv data.time=when data.targets=[load] data.drop=[price] {WINDOW}",
    ),
    "relative.csv": (
        pd.DataFrame({"t": np.arange(400) / 250, "ecg": LOAD}).to_csv(index=False),
        f"data=series_csv data.time=null data.targets=[ecg] data.drop=[t] {WINDOW}",
    ),
    "long.csv": (_long().to_csv(index=False), "data=sequences data.series_id=id data.label=activity"),
    "tagged.csv": (
        states().drop(columns="owner").to_csv(index=False),
        "data=sequences data.series_id=id data.label=state task=tagging",
    ),
    "stages.csv": (
        states().drop(columns="owner").assign(state=[n * n % 3 for n in range(180)]).to_csv(index=False),
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
