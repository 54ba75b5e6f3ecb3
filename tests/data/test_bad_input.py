"""What is answered to malformed files: an error that says what to do, a counted warning, or nothing.

Three lists, of names, of reviews and of weather, each item in one or more forms; then what else users meet.
"""

import json
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from seqlab import cli
from seqlab.data import Dataset, JenaClimate, Names, OnlineShopping, SequenceData, SeriesCSV, TextCSV
from seqlab.errors import DataError

# ------------------------------------------------------------------------------------------------ the lists

NAMES_ITEMS = (
    "folder missing / no .txt",
    "empty or one-name language",
    "not UTF-8 with byte offset",
    "BOM stripped",
    "blank lines",
    "case-insensitive duplicate language files",
    "one spelling in two languages",
    "a name empty after folding",
    "NFD/NFC normalised",
    "CRLF and tabs stripped",
    "over 100 characters",
    "control characters",
    "unseen characters at prediction",
)
REVIEWS_ITEMS = (
    "BOM (utf-8-sig)",
    "GB18030",
    "unclosed quote",
    "extra column",
    "short row",
    "; delimiter",
    "no header",
    "header only",
    "label 2 / 正 / blank, 1.0 accepted",
    "blank review",
    "literal NA/null/nan must stay text",
    "NUL",
    "newline in quotes fine",
    "unknown category at test",
    "one review in two splits",
    "one class only",
    "cell over 1 MB",
)
WEATHER_ITEMS = (
    "-9999 missing, sentinels in the config",
    "exact duplicate timestamp",
    "conflicting duplicate (or keep-first by option)",
    "out of order",
    "gap: no window crosses it",
    "non-numeric cell",
    "day-first dates need the explicit format",
    "decimal commas",
    "missing/renamed column",
    "constant column",
    "inf",
    "series shorter than window + horizon",
    "truncated last line",
    "scaler fitted on train only",
)

# -------------------------------------------------------------------------------------------- the data sets


class Kind(NamedTuple):
    """A data set: its class, where its file goes, what is always set."""

    make: type[Dataset]
    where: str
    file: str
    settings: dict[str, Any]


HALVES = {"val_share": 0.2, "test_share": 0.2}
WINDOW = {"input_days": 2 / 24, "horizon_days": 1 / 24, "calendar": False}
"""Two hours are read, one is forecast."""
T, P = "T (degC)", "p (mbar)"

KINDS = {
    "names": Kind(Names, "root", "", {**HALVES}),
    "online_shopping_10_cats": Kind(OnlineShopping, "root", "online_shopping_10_cats.csv", {**HALVES}),
    "text_csv": Kind(TextCSV, "path", "mine.csv", {**HALVES, "text": "review", "label": "cat"}),
    "jena_climate": Kind(
        JenaClimate, "root", "jena_climate.csv", {"targets": [T], "duplicates": "error", **WINDOW}
    ),
    "series_csv": Kind(SeriesCSV, "path", "mine.csv", {"targets": [T], "time": "Date Time", **WINDOW}),
}
SHOP, OWN, JENA, SERIES = "online_shopping_10_cats", "text_csv", "jena_climate", "series_csv"
FOLDER = b"this stands for a folder"


class Case(NamedTuple):
    """A form of an item.

    Attributes:
        item: the words of the list.
        form: which form of it.
        expect: "error", "warning" or "fine".
        content: what the file holds, or the files by their names; None for no file at all.
        says: what the message must hold besides the name of the file.
        on: the data sets that are asked.
        left: samples of all splits together.
        settings: arguments besides the usual ones.
        file: what the file is called, if not as usual.
        sound: what else must be true of the data.
    """

    item: str
    form: str
    expect: str
    content: Any
    says: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    left: int | None = None
    settings: Mapping[str, Any] = {}
    file: str = ""
    sound: Callable[[Any], bool] = lambda data: True


def written(case: Case, kind: str, folder: Path) -> dict[str, Any]:
    """Write the file or files of a case; return the arguments that name them."""
    known = KINDS[kind]
    root = folder / "files"
    if isinstance(case.content, dict):
        root.mkdir(exist_ok=True)
        for name, content in case.content.items():
            put(root / name, content)
        path = root
    else:
        name = case.file or known.file
        path = root if known.where == "root" and not case.file else root / name
        if case.content is not None:
            root.mkdir(exist_ok=True)
            put(root / name, case.content)
    return {**known.settings, known.where: str(path), **case.settings}


def put(path: Path, content: str | bytes) -> None:
    if content == FOLDER:
        path.mkdir()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def texts(data: SequenceData) -> set[str]:
    return {
        data.describe(split, number) for split, part in data.samples.items() for number in range(len(part))
    }


# -------------------------------------------------------------------------------------------------- names

GREEK = [f"Kalog{first}{second}s" for first in "aeiou" for second in "bc"]
IRISH = [f"O'Doy{first}{second}e" for first in "aeiou" for second in "lr"]
GREEKS = "".join(f"{name}\n" for name in GREEK)


def names(irish: str | bytes = "\n".join(IRISH), **others: str | bytes) -> dict[str, str | bytes]:
    return {"Greek.txt": GREEKS, "Irish.txt": irish} | {f"{name}.txt": text for name, text in others.items()}


def irish(*added: str) -> str:
    return "".join(f"{name}\n" for name in [*IRISH, *added])


def names_case(item: int, form: str, expect: str, content: Any, *says: str, **others: Any) -> Case:
    return Case(NAMES_ITEMS[item], form, expect, content, says, ("names",), **others)


NAMES = [
    names_case(
        0, "folder missing", "error", None, "files", "does not exist", "data.root", "data.source=sample"
    ),
    names_case(
        0, "no .txt", "error", {"README.md": "about"}, "files", "holds no files of names", "data.root"
    ),
    names_case(
        0, "no .txt in the zip", "error", {"names.zip": FOLDER}, "files", "holds no files", "data.root"
    ),
    names_case(1, "empty", "error", names(b""), "Irish.txt", "0 text", "add more, or remove the file"),
    names_case(1, "blank", "error", names(b"\n \n"), "Irish.txt", "0 text", "add more, or remove the file"),
    names_case(
        1, "one name", "error", names("Doyle\n"), "Irish.txt", "1 text", "add more, or remove the file"
    ),
    names_case(
        2,
        "latin-1",
        "error",
        names("Doyle\nNuñez\nKelly\n".encode("latin-1")),
        *("Irish.txt", "not UTF-8", "0xf1", "offset 8", "save it as UTF-8"),
    ),
    names_case(
        2,
        "utf-16",
        "error",
        names("Doyle\nKelly\n".encode("utf-16-le")[:-1] + b"\xff"),
        *("Irish.txt",),
    ),
    names_case(
        3,
        "",
        "fine",
        names(b"\xef\xbb\xbf" + irish().encode()),
        left=20,
        sound=lambda d: IRISH[0] in texts(d),
    ),
    names_case(4, "", "warning", names("\n" + irish("", " ")), "3 blank lines were skipped", left=20),
    names_case(
        5,
        "",
        "error",
        names() | {"irish.txt": irish()},
        "'Irish.txt'",
        "'irish.txt'",
        "one class twice",
        "keep one",
    ),
    names_case(
        6,
        "",
        "warning",
        names(irish(*GREEK[:3])),
        "3 texts stand under two or more labels",
        left=23,
        sound=lambda d: len(texts(d)) == 20,
    ),
    names_case(
        7,
        "",
        "warning",
        names(irish("李", "王")),
        "2 texts are empty once cleaned and were skipped",
        left=20,
        settings={"ascii": True},
    ),
    names_case(
        8,
        "",
        "warning",
        names(irish("Muñoz") + unicodedata.normalize("NFD", "Muñoz\n")),
        "1 texts repeat an earlier one",
        left=21,
        sound=lambda d: "Muñoz" in texts(d) and "\u0303" not in "".join(texts(d)),
    ),
    names_case(
        9,
        "",
        "fine",
        names("".join(f"\t{name} \t\r\n" for name in IRISH)),
        left=20,
        sound=lambda d: set(IRISH) <= texts(d) and not {"\t", "\r"} & set(d.spec.symbols),
    ),
    names_case(10, "", "warning", names(irish("x" * 101, "y" * 100)), "1 lines are longer than 100", left=22),
    names_case(
        11, "bell", "error", names("Doyle\nKe\x07lly\n"), "Irish.txt", "line 2", "control", "remove it"
    ),
    names_case(
        11, "tab", "error", names("Doyle\n\nKe\tlly\n"), "Irish.txt", "line 3", "control", "remove it"
    ),
    names_case(11, "NUL", "error", names("Do\0yle\nKelly\n"), "Irish.txt", "line 1", "control", "remove it"),
    names_case(12, "", "fine", names(), left=20, sound=lambda d: "Ω" not in d.spec.symbols),
]

# ------------------------------------------------------------------------------------------------ reviews

CLASSES = ("书籍", "手机")
REVIEWS = [
    f"{cat},{number % 2},这是第{number}条{cat}的评论"
    for number, cat in enumerate(10 * CLASSES[:1] + 10 * CLASSES[1:])
]


def reviews(changed: Mapping[int, str] | None = None, header: str = "cat,label,review") -> str:
    """Return a CSV of twenty reviews; the one of number n stands in line n + 2."""
    rows = dict(enumerate(REVIEWS)) | dict(changed or {})
    return "".join(f"{row}\n" for row in [header, *rows.values()])


def reviews_case(item: int, form: str, expect: str, content: Any, *says: str, **others: Any) -> Case:
    on = others.pop("on", (SHOP, OWN))
    return Case(REVIEWS_ITEMS[item], form, expect, content, says, on, **others)


SENTIMENT = {"target": "sentiment"}
LINE = "line 5: "  # of review 3

REVIEWS_CASES = [
    reviews_case(0, "", "fine", b"\xef\xbb\xbf" + reviews().encode(), left=20),
    reviews_case(
        0, "in quotes", "fine", b"\xef\xbb\xbf" + reviews(header='"cat",label,review').encode(), left=20
    ),
    reviews_case(1, "", "error", reviews().encode("gb18030"), "line 2: ", "byte 0xca", "convert"),
    reviews_case(
        1, "remedy", "error", reviews().encode("gb18030"), "convert", "data.encoding", "gb18030", on=(OWN,)
    ),
    reviews_case(
        1,
        "as it is",
        "fine",
        reviews().encode("gb18030"),
        left=20,
        settings={"encoding": "gb18030"},
        on=(OWN,),
        sound=lambda d: d.spec.classes == tuple(sorted(CLASSES)),
    ),
    reviews_case(
        2,
        "closed by a later row's",
        "error",
        reviews({3: '书籍,1,"好书', 5: '书籍,1,"很好"'}),
        *(LINE, "quote", "begins here"),
    ),
    reviews_case(2, "to the end", "error", reviews({3: '书籍,1,"好书'}), LINE, "never closed", "begins here"),
    reviews_case(
        2, "in the header", "error", reviews(header='cat,label,"review'), "line 1: ", "never closed"
    ),
    reviews_case(3, "", "error", reviews({3: "书籍,1,好,书"}), LINE, "4 cells", "3 columns", "quote cells"),
    reviews_case(3, "empty", "error", reviews({3: "书籍,1,好书,"}), LINE, "4 cells", "3 columns"),
    reviews_case(
        3,
        "in every row",
        "error",
        reviews({number: f"{row},x" for number, row in enumerate(REVIEWS)}),
        *("line 2: ", "4 cells", "3 columns"),
    ),
    reviews_case(4, "", "error", reviews({3: "书籍,1"}), LINE, "2 cells", "3 columns", "cut off"),
    reviews_case(
        4, "the last", "error", reviews({19: "书籍"}), "line 21: ", "1 cells", "3 columns", "cut off"
    ),
    reviews_case(5, "", "error", reviews().replace(",", ";"), "line 1: ", "column 'review'", "semicolon"),
    reviews_case(
        5, "remedy", "error", reviews().replace(",", ";"), "line 1: ", "data.separator=semicolon", on=(OWN,)
    ),
    reviews_case(
        5,
        "as it is",
        "fine",
        reviews().replace(",", ";"),
        left=20,
        settings={"separator": "semicolon"},
        on=(OWN,),
    ),
    reviews_case(
        6,
        "",
        "error",
        "".join(f"{row}\n" for row in REVIEWS),
        *("line 1: ", "column 'review'", "这是第0条书籍的评论", "first line must name the columns"),
    ),
    reviews_case(7, "", "error", reviews().splitlines()[0] + "\n", "line 1: ", "no row", "add data"),
    reviews_case(7, "and blank lines", "error", reviews().splitlines()[0] + "\n\n\n", "no row", "add data"),
    *(
        reviews_case(
            8,
            label,
            "error",
            reviews({3: f"书籍,{label},好"}),
            LINE,
            "column 'label'",
            f"'{label}'",
            "0, 1",
            on=(SHOP,),
        )
        for label in ("2", "正", "-1", "1.5")
    ),
    reviews_case(
        8,
        "blank",
        "error",
        reviews({3: "书籍, ,好"}),
        LINE,
        "column 'label'",
        "blank",
        "fill it in",
        on=(SHOP,),
    ),
    reviews_case(
        8, "blank category", "error", reviews({3: ",1,好"}), LINE, "column 'cat'", "blank", "fill it in"
    ),
    reviews_case(
        8,
        "1.0",
        "fine",
        reviews({3: "书籍,1.0,好", 4: "书籍,0.0,好的"}),
        left=20,
        settings=SENTIMENT,
        on=(SHOP,),
        sound=lambda d: d.spec.classes == ("0", "1"),
    ),
    reviews_case(9, "", "warning", reviews({3: "书籍,1,", 4: "书籍,0,  "}), "2 rows without a text", left=18),
    reviews_case(
        9, "mark", "warning", reviews({3: "书籍,1,\ufeff"}), "1 texts are empty once cleaned", left=19
    ),
    reviews_case(
        10,
        "",
        "fine",
        reviews({3: "书籍,1,NA", 4: "书籍,0,null", 13: "手机,1,nan"}),
        left=20,
        sound=lambda d: {"NA", "null", "nan"} <= texts(d),
    ),
    reviews_case(
        10,
        "as a class",
        "fine",
        reviews({number: row.replace("书籍", "NA") for number, row in enumerate(REVIEWS)}),
        left=20,
        sound=lambda d: "NA" in d.spec.classes,
    ),
    reviews_case(11, "", "error", reviews({3: "书籍,1,好\0书"}), LINE, "NUL", "Remove it"),
    reviews_case(
        12, "", "fine", reviews({3: '书籍,1,"好\n书"'}), left=20, sound=lambda d: "好\n书" in texts(d)
    ),
    reviews_case(
        12,
        "the lines after it keep their numbers",
        "error",
        reviews({3: '书籍,1,"好\n\n书"', 5: "书籍,1"}),
        *("line 9: ", "2 cells"),
    ),
    reviews_case(
        13,
        "at random",
        "error",
        reviews({3: "酒店,1,好"}),
        *("class '酒店'", "training", "add texts of it or remove it"),
        settings={"split": "random_lines", "val_share": 0.0, "test_share": 0.9, "split_seed": 1},
    ),
    reviews_case(
        14,
        "",
        "warning",
        reviews({number: re.sub("第.*条", "", row) for number, row in enumerate(REVIEWS)}),
        *("8 texts of validation and test also stand in training", "18 texts repeat an earlier one"),
        left=20,
        settings={"split": "random_lines"},
    ),
    reviews_case(15, "", "error", "\n".join(reviews().splitlines()[:11]), "one class '书籍'", "add another"),
    reviews_case(
        15,
        "sentiment",
        "error",
        reviews({number: row.replace(",1,", ",0,") for number, row in enumerate(REVIEWS)}),
        *("one class '0'", "add another"),
        settings=SENTIMENT,
        on=(SHOP,),
    ),
    reviews_case(
        16, "", "error", reviews({3: f"书籍,1,{'好' * (2**20 + 1)}"}), LINE, "cell", "1,048,576", "quote"
    ),
    reviews_case(16, "just not", "fine", reviews({3: f"书籍,1,{'x' * 2**20}"}), left=20),
]

# ------------------------------------------------------------------------------------------------ weather

START = datetime(2020, 1, 2)


def hour(number: int) -> str:
    return str(START + timedelta(hours=number))


def reading(number: int) -> str:
    return f"{number * 7 % 13}.5,{990 + number % 5}"


def weather(
    changed: Mapping[int, str | None] | None = None,
    count: int = 40,
    header: str = f"Date Time,{T},{P}",
    time: Callable[[int], str] = hour,
    values: Callable[[int], str] = reading,
) -> str:
    """Return a CSV of hourly rows; number n stands in line n + 2, unless an earlier one is None: left out."""
    rows = {number: f"{time(number)},{values(number)}" for number in range(count)} | dict(changed or {})
    return "".join(f"{row}\n" for row in [header, *rows.values()] if row is not None)


WHOLE = 34
"""Windows of three steps in 28, 4 and 8 steps: 26 + 2 + 6."""


def weather_case(item: int, form: str, expect: str, content: Any, *says: str, **others: Any) -> Case:
    on = others.pop("on", (JENA, SERIES))
    return Case(WEATHER_ITEMS[item], form, expect, content, says, on, **others)


def gapless(data: SequenceData) -> bool:
    """Say whether no window holds a missing value."""
    batches = [part.batch(torch.arange(len(part))) for part in data.samples.values()]
    return all(bool(torch.isfinite(batch.x).all() and torch.isfinite(batch.y).all()) for batch in batches)


def starts(data: SequenceData) -> bool:
    """Say whether the first window begins on the second of January."""
    return "2020-01-02T01:00:00" in texts(data)


def fitted_on_train(data: SequenceData) -> bool:
    series = data.spec.series
    assert series is not None
    expected = np.array([-1.0, 1.0] * 14)
    return bool(
        np.allclose((series.means[0], series.scales[0]), (expected.mean(), expected.std())) and starts(data)
    )


def german(number: int) -> str:
    return (START + timedelta(hours=number)).strftime("%d.%m.%Y %H:%M")


FROM = {"sentinels": [-9999]}

WEATHER = [
    weather_case(
        0,
        "",
        "warning",
        weather({5: f"{hour(5)},-9999,990", 20: f"{hour(20)},-9999.00,991"}),
        *(T, "2 values are missing", "0 blank, 2 sentinels"),
        left=WHOLE - 6,
        settings=FROM,
        sound=gapless,
    ),
    weather_case(
        0,
        "blank",
        "warning",
        weather({5: f"{hour(5)},,990", 20: f"{hour(20)},NaN,991"}),
        *(T, "2 values are missing", "2 blank, 0 sentinels"),
        left=WHOLE - 6,
        sound=gapless,
    ),
    weather_case(
        1,
        "",
        "warning",
        weather({5: f"{hour(5)},{reading(5)}\n{hour(5)},{reading(5)}"}),
        "1 rows repeat an earlier time",
        left=WHOLE,
    ),
    weather_case(
        2,
        "",
        "error",
        weather({5: f"{hour(5)},{reading(5)}\n{hour(5)},99,990"}),
        *("line 8: ", "same time as line 7", "keep one", "data.duplicates=first"),
    ),
    weather_case(
        2,
        "keep-first",
        "warning",
        weather({5: f"{hour(5)},{reading(5)}\n{hour(5)},99,990"}),
        *("1 rows repeat an earlier time", "first was kept"),
        left=WHOLE,
        settings={"duplicates": "first"},
    ),
    weather_case(
        3,
        "",
        "warning",
        weather({5: f"{hour(6)},{reading(6)}", 6: f"{hour(5)},{reading(5)}"}),
        *("1 row", "order", "sorted"),
        left=WHOLE,
        sound=starts,
    ),
    weather_case(
        4,
        "",
        "warning",
        weather({10: None, 11: None, 12: None}, count=43),
        *("no window crosses", "2020-01-02T10:00:00 (3 steps)"),
        left=8 + 15 + 2 + 7,  # ten and seventeen steps before and behind it, four, nine
        sound=gapless,
    ),
    weather_case(5, "", "error", weather({5: f"{hour(5)},warm,990"}), "line 7: ", f"'{T}'", "'warm'", "fix"),
    weather_case(5, "dash", "error", weather({5: f"{hour(5)},1.5,-"}), "line 7: ", f"'{P}'", "'-'", "fix"),
    weather_case(5, "unit", "error", weather({5: f"{hour(5)},1.5 °C,990"}), "line 7: ", f"'{T}'", "'1.5 °C'"),
    weather_case(
        6,
        "without a format",
        "error",
        weather(time=german),
        *("line 2: ", "'Date Time'", "'02.01.2020 00:00'", "data.time_format"),
        on=(SERIES,),
    ),
    weather_case(
        6,
        "not as published",
        "error",
        weather(time=german),
        "line 2: ",
        "'Date Time'",
        "%d.%m.%Y",
        on=(JENA,),
    ),
    weather_case(
        6,
        "slashes",
        "error",
        weather(time=lambda number: german(number).replace(".", "/")),
        *("line 2: ", "'Date Time'", "'02/01/2020 00:00'"),
    ),
    weather_case(
        6,
        "in one row",
        "error",
        weather({5: f"{german(5)},{reading(5)}"}),
        *("line 7: ", "'Date Time'", "'02.01.2020 05:00'"),
    ),
    weather_case(
        6,
        "with a format",
        "fine",
        weather(time=german),
        left=WHOLE,
        settings={"time_format": "%d.%m.%Y %H:%M"},
        on=(SERIES,),
        sound=starts,
    ),
    weather_case(
        6,
        "as published",
        "fine",
        weather(time=lambda n: f"{german(n)}:00"),
        left=WHOLE,
        on=(JENA,),
        sound=starts,
    ),
    weather_case(
        7,
        "quoted",
        "error",
        weather({5: f'{hour(5)},"1,5",990'}),
        *("line 7: ", f"'{T}'", "'1,5'", "decimals with a point"),
    ),
    weather_case(
        7,
        "not quoted",
        "error",
        weather({5: f"{hour(5)},1,5,990"}),
        "line 7: ",
        "4 cells",
        "3 columns",
        "decimal",
    ),
    weather_case(
        7,
        "with semicolons",
        "error",
        weather().replace(",", ";").replace(".5;", ",5;"),
        *("line 2: ", f"'{T}'", "'0,5'", "decimals with a point"),
        settings={"separator": "semicolon"},
        on=(SERIES,),
    ),
    weather_case(
        8, "renamed", "error", weather(header=f"Date Time,Temp,{P}"), "line 1: ", f"'{T}'", "Temp", P
    ),
    weather_case(8, "time", "error", weather(header=f"when,{T},{P}"), "line 1: ", "'Date Time'", "when", T),
    weather_case(8, "case", "error", weather(header=f"date time,{T},{P}"), "'Date Time'", "'date time'"),
    weather_case(
        8, "twice", "error", weather(header=f"Date Time,{T},{T}"), "line 1: ", f"'{T}'", "rename one"
    ),
    weather_case(
        9,
        "",
        "warning",
        weather(values=lambda number: f"{number * 7 % 13},990"),
        *(P, "never changes"),
        left=WHOLE,
        sound=gapless,
    ),
    weather_case(
        9,
        "the target",
        "warning",
        weather(values=lambda number: f"20.1,{number}"),
        *(T, "never changes"),
        left=WHOLE,
        sound=gapless,
    ),
    *(
        weather_case(
            10, cell, "error", weather({5: f"{hour(5)},{cell},990"}), "line 7: ", f"'{T}'", cell, "fix"
        )
        for cell in ("inf", "-Infinity")
    ),
    weather_case(
        11,
        "",
        "error",
        weather(),
        *(
            "'train' has 28 steps of 60 minutes",
            "needs 168",
            "120 to read",
            "48 to forecast",
            "data.input_days",
        ),
        settings={"input_days": 5.0, "horizon_days": 2.0},
    ),
    weather_case(
        11,
        "validation",
        "error",
        weather(count=20),
        "'val' has 2 steps",
        "needs 3",
        "2 to read",
        "data.input_days",
    ),
    weather_case(
        12,
        "in a cell",
        "warning",
        weather({39: f"{hour(39)},1.5"}).rstrip("\n"),
        *("line 41", "cut off"),
        left=WHOLE - 1,
    ),
    weather_case(
        12,
        "in the time",
        "warning",
        weather({39: hour(39)[:-5]}).rstrip(),
        "line 41",
        "cut off",
        left=WHOLE - 1,
    ),
    weather_case(
        12, "not the last", "error", weather({5: f"{hour(5)},1.5"}), "line 7: ", "2 cells", "cut off"
    ),
    weather_case(
        13,
        "",
        "fine",
        weather(values=lambda number: f"{1000 if number >= 28 else 2 * (number % 2) - 1},{number}"),
        left=WHOLE,
        sound=fitted_on_train,
    ),
]

# --------------------------------------------------------------------------------- what else users will meet

CSVS = (SHOP, OWN, JENA, SERIES)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
)
BROKEN = b"PK\x05\x06" + 18 * b"\1"
LINES = [json.dumps({"review": f"review {number}", "cat": "ab"[number % 2]}) for number in range(20)]


def lines(changed: Mapping[int, str] | None = None) -> str:
    """Return JSON Lines; number n stands in line n + 1."""
    return "".join(f"{line}\n" for line in (dict(enumerate(LINES)) | dict(changed or {})).values())


def further(
    item: str, expect: str, content: Any, *says: str, on: tuple[str, ...] = CSVS, **others: Any
) -> Case:
    return Case(item, "", expect, content, says, on, **others)


def of_texts(item: str, expect: str, content: Any, *says: str, **others: Any) -> Case:
    return further(item, expect, content, *says, on=(SHOP, OWN), **others)


def of_numbers(item: str, content: Any, *says: str, **settings: Any) -> Case:
    return further(item, "error", content, *says, on=(JENA, SERIES), settings=settings)


def of_a_number(item: str, cell: str, *says: str) -> Case:
    return of_numbers(item, weather({5: f"{hour(5)},{cell},990"}), "line 7: ", *says)


def of_a_time(item: str, cell: str) -> Case:
    return of_numbers(item, weather({5: f"{cell},1.5,990"}), "line 7: ", "'Date Time'", f"'{cell}'", "fix")


def of_json(item: str, line: str, *says: str) -> Case:
    return further(item, "error", lines({3: line}), "line 4: ", *says, on=(OWN,), file="mine.jsonl")


FURTHER = [
    further("an empty file", "error", b"", "line 1: ", "empty", "name the columns"),
    further("a file of nothing but a mark", "error", b"\xef\xbb\xbf", "line 1: ", "empty"),
    further("a file of blank lines", "error", b"\n\r\n\n", "line 1: ", "empty"),
    further("no file", "error", None, "does not exist", "set data.path", on=(OWN, SERIES)),
    further("no folder", "error", None, "does not exist", "Set data.root", on=(SHOP, JENA)),
    further("a folder called like the file", "error", FOLDER, "holds no files", "data.root", on=(SHOP, JENA)),
    further("a folder where a file is expected", "error", FOLDER, "is a folder", "data.path", on=(SERIES,)),
    further("an empty folder", "error", FOLDER, "holds no <Class>.txt", "put one file a class", on=(OWN,)),
    further(
        "a name too long for a file", "error", None, "data.path", on=(OWN, SERIES), file="x" * 300 + ".csv"
    ),
    further("a picture", "error", PNG, "line 1: ", "byte 0x89", "convert"),
    further("a broken zip", "error", BROKEN, "cannot be read", on=(OWN, SERIES), file="mine.zip"),
    of_texts("UTF-16 reviews", "error", reviews().encode("utf-16"), "line 1: ", "byte 0xff", "convert"),
    of_numbers("UTF-16 weather", weather().encode("utf-16"), "line 1: ", "byte 0xff", "convert"),
    of_texts("Windows line ends", "fine", reviews().replace("\n", "\r\n"), left=20),
    of_texts("old Mac line ends", "error", reviews().replace("\n", "\r"), "line 1: ", "line end"),
    of_numbers("old Mac line ends of weather", weather().replace("\n", "\r"), "line 1: ", "line end"),
    of_texts("no header and a long review", "error", f"书籍,1,{'好' * 5000}\n", "line 1: ", "'review'"),
    of_texts("two rows of one class", "error", "\n".join(reviews().splitlines()[:3]), "one class '书籍'"),
    of_texts(
        "two rows of two classes",
        "error",
        reviews(dict.fromkeys(range(1, 19), "")),
        *("no samples are left for 'val'", "add data", "data.val_share"),
    ),
    of_texts("no text at all", "error", reviews({n: f"{CLASSES[n % 2]},1, " for n in range(20)}), "no text"),
    further(
        "texts that are the classes",
        "error",
        reviews(),
        *("'cat'", "data.text"),
        on=(OWN,),
        settings={"text": "cat"},
    ),
    of_a_number("a cell of numbers over 1 MB", "1" * 2**21, "cell"),
    of_a_number("1e400", "1e400", f"'{T}'", "1e400", "fix"),
    of_a_number("a number that spoils the scale", "-1.7976931348623157e308", f"'{T}'", "e308"),
    of_a_time("a date that there is not", "2020-02-31 05:00:00"),
    of_a_time("an hour that there is not", "2020-01-02 25:00:00"),
    of_a_time("a time that is blank", ""),
    of_a_time("a time called today", "today"),
    further(
        "a German date that there is not",
        "error",
        weather({5: "31.02.2020 05:00:00,1,1"}, time=lambda number: f"{german(number)}:00"),
        *("line 7: ", "'Date Time'", "'31.02.2020 05:00:00'"),
        on=(JENA,),
    ),
    of_numbers("a mistyped year", weather({39: "2920-01-03 15:00:00,1,1"}), "2020", "2920", "mistyped"),
    of_numbers("targets that are missing", weather(), "line 1: ", "'load'", T, targets=["load"]),
    of_numbers(
        "targets that name the time", weather(), "'Date Time'", T, "data.targets", targets=["Date Time"]
    ),
    of_numbers(
        "targets that name the time, which is all",
        weather(),
        *("'Date Time'", "data.targets"),
        targets=["Date Time"],
        features=[],
    ),
    of_numbers("features that are unknown", weather(), "line 1: ", "'wind'", P, features=["wind"]),
    of_numbers(
        "steps finer than the data",
        weather(),
        *("60 minutes apart", "data.step_minutes=10", "60 or more"),
        step_minutes=10.0,
    ),
    of_numbers("steps of no second", weather(), "60 minutes apart", "60 or more", step_minutes=0.001),
    of_numbers("steps longer than the series", weather(), "has 0 steps", "a window needs", step_minutes=1e5),
    of_numbers("a series of one row", weather(count=1), "one row", "at least two"),
    of_numbers("a series of one time", weather({1: f"{hour(0)},{reading(0)}"}, count=1), "one row"),
    of_numbers("a series of one row that is cut off", weather({0: "2020"}, count=1), "no row", "add data"),
    of_numbers("no value in a column", weather(values=lambda n: f"{n},"), f"'{P}'", "data.features"),
    *(
        further(
            f"a time format that is {format_}",
            "error",
            weather(time=german),
            *("data.time_format", format_),
            on=(SERIES,),
            settings={"time_format": format_},
        )
        for format_ in ("%Q", "%", "mixed", "dd.mm.yyyy")
    ),
    further(
        "times that are the target's column",
        "error",
        weather(),
        *("line 2: ", f"'{T}'", "no time"),
        on=(SERIES,),
        settings={"time": T},
    ),
    of_json("JSON that is no object", '["good", "a"]', "not a JSON object", "{…}"),
    of_json("JSON that is cut off", '{"review": "good", "c', "not JSON", "fix"),
    of_json("JSON without the text", '{"Review": "good", "cat": "a"}', "'review'", "'Review'"),
    of_json("JSON whose label has a point", '{"review": "good", "cat": 1.5}', "'cat'", "1.5"),
    of_json("JSON whose label is null", '{"review": "good", "cat": null}', "'cat'", "None"),
    of_json("JSON whose label is blank", '{"review": "good", "cat": " "}', "'cat'", "blank", "fill it in"),
    of_json("JSON whose text is a number", '{"review": 5, "cat": "a"}', "'review'", "no text"),
    of_json("JSON with half an emoji in a text", r'{"review": "good \ud83d", "cat": "a"}', "fix"),
    of_json("JSON with half an emoji in a label", r'{"review": "good", "cat": "a \ud83d"}', "fix"),
    of_json("JSON too deep", 200_000 * "[", "JSON"),
    further(
        "JSON in UTF-16", "error", lines().encode("utf-16"), "line 1: ", "UTF-8", on=(OWN,), file="mine.jsonl"
    ),
    further("one list of JSON", "error", f"[{lines()}]", "line 1: ", "JSON", on=(OWN,), file="mine.jsonl"),
    further("an empty .jsonl", "error", b"", "no text", on=(OWN,), file="mine.jsonl"),
    further(
        "a mark and blank lines", "fine", "\ufeff" + lines({3: ""}), left=19, on=(OWN,), file="mine.jsonl"
    ),
    further(
        "Windows line ends of weather", "fine", weather().replace("\n", "\r\n"), left=WHOLE, on=(JENA, SERIES)
    ),
]

LISTED = {"names": NAMES, "reviews": REVIEWS_CASES, "weather": WEATHER}
ITEMS = {"names": NAMES_ITEMS, "reviews": REVIEWS_ITEMS, "weather": WEATHER_ITEMS}
CASES = {**LISTED, "further": FURTHER}


def chosen(*expect: str, wanted: Callable[[Case, str], bool] = lambda case, kind: True) -> list[Any]:
    """Return the cases of an expectation, each with the data set that is asked."""
    return [
        pytest.param(case, kind, id=f"{name}: {case.item}{case.form and f' ({case.form})'} - {kind}")
        for name, cases in CASES.items()
        for case in cases
        for kind in case.on
        if case.expect in expect and wanted(case, kind)
    ]


THROUGH_THE_COMMAND = (
    "an empty file",
    "a picture",
    "no file",
    "a series of one row",
    "JSON that is no object",
)


def once(case: Case, kind: str) -> bool:
    """Say whether a case goes through the command line: one of every item of a list, and a few more."""
    if case in FURTHER:
        return case.item in THROUGH_THE_COMMAND and kind == case.on[-1]
    same = [other for cases in LISTED.values() for other in cases if other.item == case.item]
    return case is next(other for other in same if other.expect == "error") and kind == case.on[-1]


def complaint(case: Case, kind: str, folder: Path) -> str:
    """Return the error of a case, of which the name of its file is a part."""
    arguments = written(case, kind, folder)
    data = SequenceData(KINDS[kind].make(**arguments))
    with pytest.raises(DataError) as caught:
        data.setup()
    return str(caught.value)


@pytest.mark.parametrize("name", list(LISTED))
def test_every_item_of_a_list_has_a_case_in_its_order(name):
    assert list(dict.fromkeys(case.item for case in LISTED[name])) == list(ITEMS[name])
    assert {name: len(items) for name, items in ITEMS.items()} == {"names": 13, "reviews": 17, "weather": 14}


@pytest.mark.parametrize(("case", "kind"), chosen("error"))
def test_what_cannot_be_read_is_an_error_that_says_where_and_what_to_do(case, kind, tmp_path):
    message = complaint(case, kind, tmp_path)
    file = (KINDS[kind].file or "files") if not case.file else case.file
    in_path = file in message or (case.content in (None, FOLDER) and "files" in message)
    assert in_path or kind == "names", message
    assert [part for part in case.says if part not in message] == [], message
    assert len(message.splitlines()) == 1
    assert len(message) < 600 + 2 * len(str(tmp_path))


@pytest.mark.parametrize(("case", "kind"), chosen("error"))
def test_an_error_advises_only_settings_that_its_data_set_has(case, kind, tmp_path):
    advised = set(re.findall(r"data\.([a-z_]+)", complaint(case, kind, tmp_path).replace(str(tmp_path), "")))
    assert advised <= set(KINDS[kind].make.model_fields)


@pytest.mark.parametrize(("case", "kind"), chosen("warning", "fine"))
def test_what_can_be_read_is_read_and_what_is_odd_is_counted(case, kind, tmp_path, caplog):
    data = SequenceData(KINDS[kind].make(**written(case, kind, tmp_path)))
    data.setup()
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    if case.expect == "fine":
        assert said == []
    everything = "\n".join(said)
    assert [part for part in case.says if part not in everything] == [], everything
    assert sum(data.spec.sizes.values()) == sum(map(len, data.samples.values())) == case.left
    assert case.sound(data)


def shown(value: Any) -> str:
    return "null" if value is None else repr(value)


@pytest.mark.parametrize(("case", "kind"), chosen("error", wanted=once))
def test_the_command_answers_in_a_line_and_leaves_nothing(case, kind, train, tmp_path, capfd):
    arguments = written(case, kind, tmp_path)
    code = train(
        f"data={kind}", *(f"data.{key}={shown(value)}" for key, value in arguments.items()), "verbosity=quiet"
    )
    complain_once(code, capfd.readouterr().err, case.says)


def complain_once(code: int, stderr: str, says: tuple[str, ...]) -> None:
    assert code == 2, stderr
    assert "Traceback" not in stderr
    said = [line for line in stderr.splitlines() if not line.startswith("warning: ")]
    assert 1 <= len(said) <= 2
    assert all(line.startswith("seqlab: ") for line in said)
    assert [part for part in says if part not in stderr] == [], stderr
    assert list(Path("out").rglob("*")) == []


MISTAKES = {
    "a misspelt separator": (OWN, "data.separator=semicolom", ("data.separator", "semicolom", "semicolon")),
    "a separator by its sign": (OWN, "data.separator=';'", ("data.separator", "comma", "semicolon")),
    "a misspelt key": (OWN, "data.seperator=comma", ("data.seperator", "unknown", "data.separator")),
    "a key of another data set": (SHOP, "data.separator=comma", ("data.separator", "unknown")),
    "a misspelt encoding": (OWN, "data.encoding=utf9", ("data.encoding", "utf9", "gb18030")),
    "an encoding of other things": (OWN, "data.encoding=hex", ("data.encoding", "hex", "gb18030")),
    "an encoding with a mark": (OWN, "data.encoding=utf-16", ("data.encoding", "utf-16", "convert")),
    "no such home": (OWN, "data.path='~nobody-here/mine.csv'", ("data.path", "nobody-here")),
    "a path that is not given": (OWN, "data.path=???", ("data.path must be set",)),
    "targets that are not given": (SERIES, "data.targets=???", ("data.targets must be set",)),
    "a text column without a name": (OWN, "data.text=''", ("data.text",)),
    "no targets": (SERIES, "data.targets=[]", ("data.targets",)),
    "a target twice": (SERIES, f"data.targets=['{T}','{T}']", ("data.targets", T)),
    "a target that is no list": (SERIES, "data.targets=3", ("data.targets", "list")),
    "no steps": (SERIES, "data.step_minutes=0", ("data.step_minutes", "0")),
    "steps without end": (SERIES, "data.step_minutes=inf", ("data.step_minutes",)),
    "a sentinel that is no number": (SERIES, "data.sentinels=[none]", ("data.sentinels", "none")),
    "duplicates misspelt": (SERIES, "data.duplicates=frist", ("data.duplicates", "first")),
    "shares of more than all": (SERIES, "data.test_share=0.95", ("val_share + test_share", "below 1")),
    "a data set misspelt": (OWN, "data=text_cvs", ("text_cvs", "text_csv")),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_setting_that_cannot_be_is_refused_before_the_file_is_read(mistake, train, tmp_path, capfd):
    kind, override, says = MISTAKES[mistake]
    arguments = written(Case("", "", "fine", None), kind, tmp_path)
    key = override.partition("=")[0]
    code = train(
        f"data={kind}",
        *(f"data.{name}={shown(value)}" for name, value in arguments.items() if f"data.{name}" != key),
        override,
        "verbosity=quiet",
    )
    complain_once(code, capfd.readouterr().err, says)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("place", ["file", "folder"])
@pytest.mark.parametrize(
    ("kind", "content", "file"),
    [
        ("names", names(), ""),
        (SHOP, reviews(), ""),
        (OWN, reviews(), ""),
        (OWN, lines(), "mine.jsonl"),
        (OWN, names(), ""),
        (JENA, weather(), ""),
        (SERIES, weather(), ""),
    ],
)
def test_a_file_that_may_not_be_read_is_an_error_that_names_it(kind, content, file, place, tmp_path):
    case = Case("", "", "error", content, file=file)
    written(case, kind, tmp_path)
    locked = [*(tmp_path / "files").iterdir()] if place == "file" else [tmp_path / "files"]
    for path in locked:
        path.chmod(0)
    try:
        arguments = {**KINDS[kind].settings, KINDS[kind].where: str(tmp_path / "files")}
        if KINDS[kind].where == "path" and not isinstance(content, dict):
            arguments["path"] += f"/{file or KINDS[kind].file}"
        with pytest.raises(DataError, match="files"):
            SequenceData(KINDS[kind].make(**arguments)).setup()
    finally:
        for path in locked:
            path.chmod(0o755)


def test_characters_that_training_had_not_are_all_one_and_are_counted(train, tmp_path, monkeypatch, capfd):
    arguments = written(Case("", "", "fine", names()), "names", tmp_path)
    quick = (
        "trainer.max_epochs=1",
        "model.hidden_size=4",
        "callbacks=none",
        "logger=none",
        "task.baselines=false",
    )
    settings = (f"data.{key}={shown(value)}" for key, value in arguments.items())
    assert train("data=names", *settings, *quick, "verbosity=quiet") == 0
    (record,) = Path("out").rglob("run.json")
    capfd.readouterr()
    monkeypatch.setattr(sys, "argv", ["seqlab", "predict", str(record.parent), "ΩaЖ", "ЖaΩ", "--json"])
    assert cli.main() == 0
    answer = capfd.readouterr()
    first, second = json.loads(answer.out)
    assert first["probabilities"] == second["probabilities"]
    assert "2 characters are not known from training: Ω Ж" in answer.err
