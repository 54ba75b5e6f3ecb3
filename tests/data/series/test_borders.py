"""Splits at given borders: inputs may reach back over them, targets never; the figures of a benchmark."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from seqlab.data import SequenceData, Series
from seqlab.errors import DataError
from seqlab.tasks.baselines.least_squares import PENALTIES, ridge
from seqlab.tasks.baselines.series import persistence


def load(path: Path, **settings: object) -> SequenceData:
    usual = {"time": "when", "targets": ["load"], "input_steps": 12, "horizon_steps": 4, "calendar": False}
    data = SequenceData(Series(path=str(path), **(usual | settings)))
    data.setup()
    return data


@pytest.fixture
def file(tmp_path: Path) -> Path:
    times = pd.date_range("2020-01-01", periods=200, freq="h").delete([5, 6])
    pd.DataFrame({"when": times, "load": np.arange(198.0)}).to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


@pytest.mark.parametrize(
    "borders",
    [
        {"val_start": "2020-01-05 04:00", "test_start": "2020-01-06T08:00+00:00", "test_end": "2020-01-07"},
        {"val_start": 99, "test_start": 127, "test_end": 143},
    ],
)
def test_inputs_reach_back_over_a_border_and_targets_do_not(file, borders):
    data = load(file, **borders)
    first, val, test, end = 0, 100, 128, 144  # steps; two rows are missing before
    sizes = {"train": range(first, val), "val": range(val - 12, test), "test": range(test - 12, end)}
    for split, part in sizes.items():
        starts = data.samples[split].starts.numpy()
        whole = [at for at in range(part.start, part.stop - 15) if not {5, 6} & set(range(at, at + 16))]
        assert starts.tolist() == whole
    asked = data.samples["val"].starts.numpy() + 12
    assert (asked.min(), asked.max() + 4) == (val, test)
    assert data.spec.series.means[0] == pytest.approx(np.arange(98).mean())


@pytest.mark.parametrize("begin", [21, "2020-01-01 22:00"])
def test_training_can_begin_later(file, begin):
    borders = (100, 140) if isinstance(begin, int) else ("2020-01-05 05:00", "2020-01-06 21:00")
    data = load(file, train_start=begin, val_start=borders[0], test_start=borders[1])
    starts = data.samples["train"].starts.numpy()
    assert starts[0] + 12 == 22  # rows 6 and 7 are missing, so row 21 is step 22
    assert data.spec.series.means[0] == pytest.approx(np.arange(20, 99).mean())


def test_borders_that_cannot_be_are_refused(file, tmp_path):
    for wrong in ({"val_start": 5}, {"val_start": 9, "test_start": 5}, {"val_start": "x", "test_start": "y"}):
        with pytest.raises(ValueError, match=r"val_start|no date"):
            Series(path="x.csv", targets=["a"], **wrong)
    with pytest.raises(ValueError, match="train_start is given only with val_start"):
        Series(path="x.csv", targets=["a"], train_start=5)
    with pytest.raises(ValueError, match="must follow each other"):
        Series(path="x.csv", targets=["a"], train_start=9, val_start=5, test_start=7)
    with pytest.raises(ValueError, match="must all be dates, or all be numbers"):
        Series(path="x.csv", targets=["a"], val_start="2020-01-01", test_start=5)
    with pytest.raises(DataError, match=r"the rows have no times; give data\.val_start"):
        load(file, time=None, features=[], val_start="2020-01-05", test_start="2020-01-06")


MONTH = 30 * 24


@pytest.mark.real_data
@pytest.mark.parametrize(("read", "counts"), [(96, (8449, 2785, 2785)), (336, (8209, 2785, 2785))])
def test_etth1_has_the_windows_of_the_benchmark_and_the_same_baselines(real_data, tmp_path, read, counts):
    frame = pd.read_csv(real_data / "ETTh1.csv.zip")
    borders = {"val_start": 12 * MONTH + 1, "test_start": 16 * MONTH + 1, "test_end": 20 * MONTH + 1}
    data = load(
        *(real_data / "ETTh1.csv.zip",),
        **{"time": "date", "targets": ["OT"], "input_steps": read, "horizon_steps": 96, **borders},
    )
    assert tuple(data.spec.sizes.values()) == counts
    train = frame.iloc[: 12 * MONTH, 1:]
    scaled = ((frame.iloc[:, 1:] - train.mean()) / train.std(ddof=0)).to_numpy().astype(np.float32)
    target = frame.columns.get_loc("OT") - 1
    windows = np.lib.stride_tricks.sliding_window_view(scaled, read + 96, axis=0)  # [starts, columns, steps]
    begins = {"train": 0, "val": 12 * MONTH - read, "test": 16 * MONTH - read}
    parts = {
        split: windows[begin:][:count] for (split, begin), count in zip(begins.items(), counts, strict=True)
    }
    came = parts["test"][:, target, read:]
    last = parts["test"][:, target, read - 1 : read]
    found = persistence(data)("test")[:, :, 0]
    assert np.abs(found - came).mean() == pytest.approx(np.abs(last - came).mean(), rel=1e-5)
    if read == 96:
        assert np.abs(ridge(data)("test")[:, :, 0] - came).mean() == pytest.approx(
            _ridge_error(parts, target, read), rel=1e-3
        )


def _ridge_error(parts: dict[str, np.ndarray], target: int, read: int) -> float:
    """Return the error in testing of scikit-learn's ridge, its penalty chosen in validation."""

    def of(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = parts[split][:, :, :read].astype(np.float64)
        last = x[:, target, -1:]
        return x.reshape(len(x), -1), parts[split][:, target, read:], last

    x, y, last = of("train")
    found = []
    for penalty in PENALTIES:
        model = Ridge(alpha=penalty).fit(x, y - last)
        errors = {
            split: np.abs(model.predict(of(split)[0]) + of(split)[2] - of(split)[1]).mean()
            for split in ("val", "test")
        }
        found.append((errors["val"], errors["test"]))
    return min(found)[1]
