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

from .files import FILES, HOURS, LOAD, series, states, texts


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
    path.write_text(states().rename(columns={"t": "when"}).to_csv(index=False))
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
    path.write_text(series().rename(columns={"load": "T (degC), it's"}).to_csv(index=False))
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
    path.write_text(series(customer=customers).drop(columns="when").to_csv(index=False))
    assert [column.kind for column in inspect(path).columns] == ["number", "number"]


def test_days_with_points_are_no_times_of_the_day(tmp_path):
    path = tmp_path / "days.csv"
    days = pd.date_range("2001-01-01", periods=90).strftime("%d.%m.%y")
    path.write_text(pd.DataFrame({"day": days, "load": LOAD[:90]}).to_csv(index=False))
    assert inspect(path).columns[0].time_format == "%d.%m.%y"


def test_a_sentinel_is_written_with_all_its_digits(tmp_path):
    path = tmp_path / "far.csv"
    path.write_text(series(load=np.where(np.arange(400) % 50 == 9, -9999999, LOAD)).to_csv(index=False))
    assert "data.sentinels=[-9999999]" in inspect(path).suggestions[0].command


def test_several_series_are_told_apart_by_their_id(tmp_path):
    both = pd.concat([series(store=name).head(120) for name in ("A", "B")])
    (tmp_path / "stores.csv").write_text(both.to_csv(index=False))
    (reading,) = inspect(tmp_path / "stores.csv").suggestions
    assert "2 series, told apart by 'store', with steps of 60 minutes" in reading.what
    assert "data.series_id=store data.input_steps=11 data.horizon_steps=1" in reading.command
    _load(reading.command)


def test_two_columns_may_tell_series_apart(tmp_path):
    table = pd.concat([series(store=name, item=item).head(120) for name in "AB" for item in (1, 2)])
    (tmp_path / "stores.csv").write_text(table.to_csv(index=False))
    (reading,) = inspect(tmp_path / "stores.csv").suggestions
    assert shlex.split(reading.command)[6] == "data.series_id=[store,item]"
    _load(reading.command)


def test_numbers_called_like_an_id_may_tell_series_apart_though_no_time_repeats(tmp_path, caplog):
    path = tmp_path / "machines.csv"
    path.write_text(series(machine=np.arange(400) % 4).to_csv(index=False))
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
    table = series(wind=["N", "S"] * 200).assign(load=np.where(np.arange(400) % 9, LOAD, np.nan))
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
    path.write_text(pd.concat([texts(), texts(5)]).to_csv(index=False))
    assert "5 rows repeat an earlier one in every cell" in inspect(path).facts


def test_zero_and_one_are_no_sentinels(tmp_path):
    path = tmp_path / "rain.csv"
    path.write_text(series(rain=[0, 0, 0, 7.5] * 100, on=[0, 1] * 200).to_csv(index=False))
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
