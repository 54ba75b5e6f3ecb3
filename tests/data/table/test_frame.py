"""Tables that Python holds: the file in the cache has their rows, and only theirs."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from seqlab.data import SequenceData
from seqlab.data.dataset import OwnFile
from seqlab.data.series_csv import Series
from seqlab.data.table.base import Table


def table(held: object) -> Table:
    own = OwnFile(path=held)
    return own.table(own.find().path)


@pytest.fixture
def frame():
    """Return three days of an hourly series."""
    times = pd.date_range("2021-03-01", periods=72, freq="h")
    values = np.random.default_rng(0).normal(size=72)
    return pd.DataFrame({"load": values, "note": ["a,b", 'say "x"\n'] * 36}, index=times)


def test_the_rows_of_a_frame_are_read_exactly(frame):
    frame.iloc[3, 0] = np.nan
    found = table(frame)
    assert found.header == ["time", "load", "note"]
    chunks = list(found.chunks(["load"], words=["time"]))
    np.testing.assert_array_equal(np.concatenate([chunk.numbers[:, 0] for chunk in chunks]), frame["load"])
    times = np.concatenate([chunk.words[0] for chunk in chunks]).astype("datetime64[us]")
    np.testing.assert_array_equal(times, frame.index.to_numpy("datetime64[us]"))
    assert [row.cells[2] for row in found.rows()] == frame["note"].tolist()
    assert table(frame.reset_index(drop=True)).header == ["load", "note"]
    assert table(frame.rename_axis("when")).header == ["when", "load", "note"]


def test_a_dict_of_arrays_is_a_table_and_another_one_another_file(frame):
    columns = {"x": np.arange(3), 1: ["a", "b", "c"]}
    found = table(columns)
    assert (found.header, [row.cells for row in found.rows()]) == (
        ["x", "1"],
        [["0", "a"], ["1", "b"], ["2", "c"]],
    )
    assert OwnFile(path=columns) == OwnFile(path=dict(columns))
    assert (
        len({OwnFile(path=held).path for held in (columns, {**columns, "x": [0, 1, 3]}, {"y": [1]}, frame)})
        == 4
    )


@pytest.mark.parametrize("held", [{"x": [1, 2], "y": [1]}, {"x": [[1], [2, 3]]}, 3, None, {}])
def test_what_is_no_table_is_a_mistake_in_the_setting(held):
    with pytest.raises(ValidationError, match="path"):
        OwnFile(path=held)


def test_a_series_is_read_from_a_frame(frame):
    settings = {"targets": ["load"], "features": [], "input_steps": 4, "horizon_steps": 1, "calendar": False}
    data = SequenceData(Series(path=frame, **settings))
    data.setup()
    assert data.spec.sizes["train"] > 0
    assert data.spec.series.step == "60 minutes" or data.spec.series.step_minutes == 60
