"""Files of the shapes that people have: each is read with the numbers that pandas finds in it."""

import gzip
import io
import json

import numpy as np
import pandas as pd
import pytest

from seqlab.data import SequenceData
from seqlab.data.series_csv import Series
from seqlab.data.text_csv import Texts
from seqlab.errors import DataError

HOURS = 200
WINDOW = {"input_steps": 6, "horizon_steps": 2, "calendar": False}
TRAIN = slice(0, HOURS - HOURS // 10 - HOURS // 5)
"""The rows of training: a tenth is for validation, a fifth for testing."""


@pytest.fixture
def hours():
    """Return hourly times, and numbers of two decimals."""
    times = pd.date_range("2004-03-10 18:00", periods=HOURS, freq="h")
    return pd.DataFrame({"when": times, "CO": (2 + np.sin(np.arange(HOURS) / 4)).round(2)})


def loaded(data: object) -> SequenceData:
    found = SequenceData(data)
    found.setup()
    return found


def mean_of(data: SequenceData, column: str) -> float:
    """Return the mean of a column in the training part."""
    series = data.spec.series
    return series.means[series.columns.index(column)]


def test_decimal_commas(hours, tmp_path):
    path = tmp_path / "only_commas.csv"
    hours.to_csv(path, sep=";", decimal=",", index=False, date_format="%Y-%m-%d %H:%M")
    settings = {"path": str(path), "separator": "semicolon", "time": "when", "targets": ["CO"], **WINDOW}
    data = loaded(Series(decimal="comma", **settings))
    expected = pd.read_csv(path, sep=";", decimal=",")["CO"][TRAIN].mean()
    assert mean_of(data, "CO") == pytest.approx(expected, rel=1e-12)
    with pytest.raises(DataError, match=r"line 2: column 'CO' is '2,0'.*data\.decimal=comma"):
        loaded(Series(**settings))


def test_a_european_export_with_trailing_separators_and_blank_rows(hours, tmp_path, caplog):
    text = "Date;Time;CO;T;;\n"
    for number, (when, value) in enumerate(zip(hours["when"], hours["CO"], strict=True)):
        cells = f"{when:%d/%m/%Y;%H.%M.%S};{value:.1f};{13 + number % 7}.6"
        text += cells.replace("2004;", "2004;", 1).rsplit(";", 2)[0] + ";"
        text += ";".join(cell.replace(".", ",") for cell in cells.rsplit(";", 2)[1:]) + ";;\n"
    path = tmp_path / "air.csv"
    path.write_text(text + ";;;;;\n" * 5, encoding="utf-8")
    data = loaded(
        Series(
            path=str(path), separator="semicolon", decimal="comma", time=["Date", "Time"],
            time_format="%d/%m/%Y %H.%M.%S", targets=["CO"], **WINDOW,
        )
    )  # fmt: skip
    read = pd.read_csv(io.StringIO(text), sep=";", decimal=",", usecols=["CO", "T"])
    assert data.spec.series.measured == ("CO", "T")
    assert mean_of(data, "T") == pytest.approx(read["T"][TRAIN].mean(), rel=1e-12)
    assert sum(data.spec.sizes.values()) == HOURS - 3 * 7
    assert caplog.text.count("air.csv: 5 rows of only empty cells were passed over") == 1


def test_words_for_missing(hours, tmp_path):
    hours["CO"] = hours["CO"].astype(object)
    hours.loc[[20, 21, 90], "CO"] = "?"
    path = tmp_path / "power.csv"
    hours.to_csv(path, index=False)
    data = loaded(Series(path=str(path), time="when", targets=["CO"], missing=["?"], **WINDOW))
    expected = pd.read_csv(path, na_values=["?"])["CO"][TRAIN].mean()
    assert mean_of(data, "CO") == pytest.approx(expected, rel=1e-12)
    with pytest.raises(DataError, match=r"line 22: column 'CO' is '\?'.*data\.missing=\[\?\]"):
        loaded(Series(path=str(path), time="when", targets=["CO"], **WINDOW))


def test_texts_without_a_header(tmp_path):
    rows = [(("ham", "spam")[number % 2], f'message {number} "now') for number in range(40)]
    path = tmp_path / "sms.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    data = loaded(Texts(path=str(path), text=1, label=0, header=False, quotes="none"))
    assert (data.spec.classes, sum(data.spec.sizes.values())) == (("ham", "spam"), 40)
    with pytest.raises(DataError, match=r"line 1: the header has no column '1'.*data\.header=false"):
        loaded(Texts(path=str(path), text=1, label=0, quotes="none"))


def test_windows_1252(tmp_path):
    path = tmp_path / "excel.csv"
    rows = "".join(f"{number % 2},made up {number} é – £\r\n" for number in range(40))
    path.write_bytes(f"label,text\r\n{rows}".encode("cp1252"))
    with pytest.raises(DataError, match=r"line 2: not UTF-8: byte 0xe9 .*data\.encoding=cp1252, which fits"):
        loaded(Texts(path=str(path)))
    assert {"é", "–", "£"} <= set(loaded(Texts(path=str(path), encoding="cp1252")).spec.symbols)


@pytest.mark.parametrize("kind", ["csv.gz", "json", "jsonl", "jsonl.gz", "zip"])
def test_texts_in_any_container_are_the_same_texts(kind, tmp_path):
    frame = pd.DataFrame(
        {"text": [f"made up {row}" for row in range(40)], "label": [row % 2 for row in range(40)]}
    )
    path = tmp_path / f"t.{kind}"
    match kind:
        case "json":
            path.write_text(json.dumps(frame.to_dict("records")), encoding="utf-8")
        case "jsonl" | "jsonl.gz":
            lines = frame.to_json(orient="records", lines=True).encode()
            path.write_bytes(lines if kind == "jsonl" else gzip.compress(lines))
        case _:
            compression = {"method": "zip", "archive_name": "t.csv"} if kind == "zip" else "gzip"
            frame.to_csv(path, index=False, compression=compression)
    spec = loaded(Texts(path=str(path))).spec
    assert (spec.classes, spec.class_counts) == (("0", "1"), (16, 16))
    assert spec.sizes == {"train": 32, "val": 4, "test": 4}
