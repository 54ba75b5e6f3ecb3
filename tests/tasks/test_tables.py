"""Tables of a test: written a part at a time, bounded, as CSV or as Parquet."""

import pandas as pd
import pytest

from seqlab.tasks import tables
from seqlab.tasks.tables import BySample, write_tables
from seqlab.training import fit

ROWS = [{"text": f"=1+{n}" if n % 2 else "a, b", "true": n, "predicted": n / 3} for n in range(50)]


def rows(count=25):
    return BySample(count, 2, lambda sample: ROWS[2 * sample : 2 * sample + 2])


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Return a function that writes predictions, seven rows at a time, and reads them again."""
    monkeypatch.setattr(tables, "AT_ONCE", 7)

    def write(made, most=1000, kind="csv"):
        write_tables({"predictions": made, "classes": ROWS[:2]}, tmp_path, most, kind)
        (file,) = tmp_path.glob("predictions.*")
        assert file.suffix == f".{kind}"
        assert (tmp_path / "classes.csv").exists()
        return pd.read_parquet(file) if kind == "parquet" else pd.read_csv(file)

    return write


def test_rows_of_samples_are_a_sequence():
    assert len(rows()) == 50
    assert list(rows()) == ROWS
    assert [rows()[place] for place in (0, 7, -1)] == [ROWS[0], ROWS[7], ROWS[-1]]
    with pytest.raises(IndexError):
        rows()[50]


def test_parquet_holds_the_rows_as_they_are_and_takes_the_place_of_csv(written):
    pytest.importorskip("pyarrow")
    assert written(rows())["text"][1] == "'=1+1"  # a spreadsheet would execute it
    assert written(rows(), kind="parquet").to_dict("records") == ROWS
    assert written(ROWS, kind="parquet").to_dict("records") == ROWS
    assert len(written(rows())) == 50


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_more_rows_than_wanted_are_evenly_spread_and_said(written, kind, caplog):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    assert written(rows(), 10, kind)["true"].tolist() == [0, 1, 12, 13, 24, 25, 36, 37, 48, 49]
    assert f"predictions.{kind} has 10 of 50 rows, of 5 of 25 test samples" in caplog.text


def test_no_row_is_a_table_too(written):
    pytest.importorskip("pyarrow")
    assert not len(written(rows(0), kind="parquet"))


def test_parquet_without_pyarrow_is_one_line_before_data_are_read(train, monkeypatch, capsys):
    monkeypatch.setattr(fit, "find_spec", lambda _: None)
    settings = ("data=series_csv", "data.path=none.csv", "data.targets=[x]")
    assert train(*settings, "callbacks.predictions_format=parquet") == 2
    said = "callbacks.predictions_format=parquet needs pyarrow: pip install 'seqlab[tables]'"
    assert said in capsys.readouterr().err
