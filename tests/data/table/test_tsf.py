"""Files of the Monash archive against numpy and the dates of pandas; a malformed line is refused in one."""

import gzip
import zipfile
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from seqlab.data import SequenceData, Series
from seqlab.data.inspection import inspect
from seqlab.data.table import tsf
from seqlab.data.table.opening import open_table
from seqlab.errors import DataError

HEADER = """# made for a test
@relation made
@attribute series_name string
@attribute start_timestamp date
@frequency {frequency}
@horizon 4
@missing true
@equallength false
@data
"""
BODY = "T1:2020-01-01 00-00-00:1,?,3.5\nT2:2019-12-01 00-00-00:4,5\n"


def written(folder, frequency="monthly", body=BODY, header=HEADER, name="made.tsf"):
    path = folder / name
    content = (header.format(frequency=frequency) + body).encode()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("made.tsf", content)
    else:
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def read(path):
    """Return ids, times and values of all rows."""
    chunks = list(open_table(path, is_own=True).chunks(["value"], words=["series_name", "time"]))
    return (
        np.concatenate([chunk.words[0] for chunk in chunks]).tolist(),
        np.concatenate([chunk.words[1] for chunk in chunks]),
        np.concatenate([chunk.numbers[:, 0] for chunk in chunks]),
    )


@pytest.mark.parametrize(
    ("word", "frequency", "start"),
    [
        ("4_seconds", "4s", "2019-08-01 00-00-03"),
        ("10_minutes", "10min", "2020-01-01 23-55-00"),
        ("half_hourly", "30min", "2012-02-28 10-00-00"),
        ("hourly", "h", "2020-12-31 05-00-00"),
        ("daily", "D", "2020-02-27 00-00-00"),
        ("weekly", "7D", "2020-02-27 08-00-00"),
        ("monthly", "MS", "1899-11-01 00-00-00"),
        ("monthly", pd.offsets.DateOffset(months=1), "2020-01-15 09-30-00"),
        ("monthly", "ME", "2020-01-31"),
        ("monthly", "ME", "2019-02-28"),
        ("quarterly", "QE", "2019-06-30 12-00-00"),
        ("quarterly", "QS", "1969-10-01 00-00-00"),
        ("yearly", "YS", "1750-01-01 00-00-00"),
    ],
)
def test_the_times_are_those_of_pandas(tmp_path, monkeypatch, word, frequency, start):
    monkeypatch.setattr(tsf, "PIECE", 7)
    path = written(tmp_path, word, f"T1:{start}:{','.join(map(str, range(100)))}\n")
    began = datetime.strptime(start, tsf.FORMATS[len(start) < 12])
    expected = pd.date_range(began, periods=100, freq=frequency).to_numpy("datetime64[us]")
    _, times, values = read(path)
    np.testing.assert_array_equal(times, expected)
    np.testing.assert_array_equal(values, np.arange(100))
    rows = list(open_table(path).rows())
    assert [row.cells for row in rows] == [
        ["T1", np.datetime_as_string(time, "s"), str(number)] for number, time in enumerate(expected)
    ]


@pytest.mark.parametrize("name", ["made.tsf", "made.TSF", "made.tsf.gz", "made.zip"])
def test_every_series_has_its_rows_and_question_marks_are_missing(tmp_path, name):
    ids, times, values = read(written(tmp_path, name=name))
    assert ids == ["T1"] * 3 + ["T2"] * 2
    expected = ["2020-01-01", "2020-02-01", "2020-03-01", "2019-12-01", "2020-01-01"]
    assert (times == np.array(expected, "datetime64[us]")).all()
    np.testing.assert_array_equal(values, [1, np.nan, 3.5, 4, 5])


def test_times_may_lie_beyond_the_nanoseconds_of_pandas(tmp_path):
    _, times, _ = read(written(tmp_path, "yearly", f"T1:1750-01-01 00-00-00:{','.join('1' * 800)}\n"))
    assert times[-1] == np.datetime64("2549-01-01")


def test_many_series_come_in_few_chunks_and_a_long_one_in_several(tmp_path, monkeypatch):
    monkeypatch.setattr(tsf, "CHUNK", 50)
    monkeypatch.setattr(tsf, "PIECE", 100)
    short = "".join(f"T{number}:2020-01-01:1,2\n" for number in range(200))
    body = short + f"long:2020-01-01:{','.join(map(str, range(1000)))}\n"
    chunks = list(open_table(written(tmp_path, body=body)).chunks(["value"]))
    assert max(len(chunk.lines) for chunk in chunks) < 150
    assert len(chunks) < 40
    values = np.concatenate([chunk.numbers[:, 0] for chunk in chunks])
    np.testing.assert_array_equal(values, [1, 2] * 200 + list(range(1000)))
    assert chunks[-1].lines[-1] == 10 + 200


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("T1:1,2,3\n", 10, r"1 attributes, not 2; write series_name:start_timestamp:1,2,3"),
        ("1,2,3\n", 10, "0 attributes, not 2"),
        ("T1:2020-01-01 00:00:00:1\n", 10, "4 attributes, not 2"),
        ("T1:yesterday:1\n", 10, "the start 'yesterday' is no time like 2020-01-31 14-30-00; fix it"),
        ("T1:2020-01-01:1,,2\n", 10, r"value 2 is blank; write \? for one that is missing"),
        ("T1:2020-01-01:\n", 10, "value 1 is blank"),
        ("T0:2020-01-01:1\nT1:2020-01-01:1,x1\n", 11, "column 'value' is 'x1', which is no finite number"),
        ("T1:2020-01-01:1,inf\n", 10, "column 'value' is 'inf', which is no finite number"),
        ("T1:2020-01-01:1\n\nT1:2021-01-01:1\n", 12, "are those of line 10; every series needs its own"),
        ("T1:9999-12-01:1,2\n", 10, "end after the year 9999"),
        ("# none\n", 10, "there is no series below @data"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, body, line, said):
    path = written(tmp_path, body=body)
    with pytest.raises(DataError, match=f"made.tsf, line {line}: .*{said}") as raised:
        read(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("@data\n", "", "line 9: above @data a line begins with @ or #"),
        ("{frequency}", "fortnightly", "line 5: @frequency 'fortnightly' is none of: .*10_minutes"),
        ("{frequency}", "0_minutes", "line 5: @frequency '0_minutes'"),
        ("@horizon 4", "@horizon soon", "line 6: @horizon 'soon' is no number of steps"),
        ("series_name string", "series_name", r"line 3: .*write @attribute NAME string\|numeric\|date"),
        ("series_name string", "a b string", "line 3: .*write @attribute NAME"),
        ("series_name string", "value string", "line 3: another column is called 'value' too; rename"),
        ("start_timestamp date", "series_name date", "line 4: another column is called 'series_name' too"),
    ],
)
def test_a_malformed_header_is_named(tmp_path, old, new, said):
    with pytest.raises(DataError, match=f"made.tsf, {said}"):
        read(written(tmp_path, header=HEADER.replace(old, new)))


@pytest.mark.parametrize("content", ["", "@relation x\n@attribute a string\n"])
def test_a_file_without_data_is_said(tmp_path, content):
    with pytest.raises(DataError, match="there is no line @data"):
        read(written(tmp_path, header=content, body=""))


def test_huge_steps_never_overflow(tmp_path):
    body = f"T1:2020-01-01:{','.join('1' * 2000)}\n"
    with pytest.raises(DataError, match="end after the year 9999"):
        read(written(tmp_path, "999999_weeks", body))


def panel(count=3, length=60):
    random = np.random.default_rng(0)
    return {f"T{number}": random.normal(size=length + number).round(3) for number in range(count)}


def test_a_file_trains_as_its_series_do(tmp_path):
    series = panel()
    body = "".join(f"{name}:2000-01-01:{','.join(map(str, values))}\n" for name, values in series.items())
    path = str(written(tmp_path, body=body))
    data = SequenceData(
        Series(path=path, series_id="series_name", targets=["value"], input_steps=4, horizon_steps=2)
    )
    data.setup()
    settings = data.spec.series
    assert settings.step == "1 months MS"
    assert [member.name for member in settings.members] == list(series)
    train = [
        values[: len(values) - round(0.2 * len(values)) - round(0.1 * len(values))]
        for values in series.values()
    ]
    assert settings.means[0] == pytest.approx(np.concatenate(train).mean())
    assert data.spec.sizes["train"] == sum(len(values) - 5 for values in train)


@pytest.mark.parametrize("missing", ["@frequency {frequency}\n", "@attribute start_timestamp date\n"])
def test_without_start_or_frequency_a_row_is_a_step(tmp_path, missing):
    start = ":2000-01-01" if "frequency" in missing else ""
    body = "".join(f"{name}{start}:{','.join(map(str, values))}\n" for name, values in panel().items())
    path = written(tmp_path, header=HEADER.replace(missing, ""), body=body)
    usual = {"series_id": "series_name", "targets": ["value"], "input_steps": 4, "horizon_steps": 2}
    with pytest.raises(DataError, match=r"so no times;.* data\.time=null"):
        SequenceData(Series(path=str(path), **usual)).setup()
    data = SequenceData(Series(path=str(path), time=None, **usual))
    data.setup()
    assert data.spec.series.columns == ("value",)
    assert data.spec.series.step == "row"
    assert "data.time=null" in inspect(path).suggestions[0].command


def test_inspect_proposes_what_the_header_says(tmp_path):
    header = HEADER.replace("@frequency", "@attribute state string\n@attribute size numeric\n@frequency")
    body = "T1:2020-01-01:NSW:3:1,2\nT2:2020-01-01:VIC:4:1,2\n"
    path = written(tmp_path, header=header, body=body)
    [found] = inspect(path).suggestions
    assert found.data == "series_csv"
    assert found.settings == {
        "data.path": str(path),
        "data.series_id": "series_name",
        "data.targets": ["value"],
        "data.drop": ["state"],
        "data.input_steps": "24",
        "data.horizon_steps": "4",
    }
