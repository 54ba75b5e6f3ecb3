"""etth1: windows and scales of the benchmark; made-up rows of the same layout where there is no real file."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data import ETTh1
from seqlab.data.etth1 import MONTH
from seqlab.data.samples.transformer import write_transformer


def test_made_up_rows_have_the_layout_of_the_real_ones(tmp_path):
    data = ETTh1(source="sample").load()
    assert data.spec.source == "sample"
    assert data.spec.sizes == {"train": 8640 - 336 - 96 + 1, "val": 2785, "test": 2785}
    for name in ("first.csv", "second.csv"):
        write_transformer(tmp_path / name)
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()
    frame = pd.read_csv(tmp_path / "first.csv", parse_dates=["date"])
    assert (frame["date"].diff()[1:] == pd.Timedelta("1h")).all()
    assert tuple(frame.columns[1:]) == data.spec.series.columns


@pytest.mark.real_data
@pytest.mark.parametrize("horizon", [96, 720])
def test_the_real_file_has_the_windows_and_scales_of_the_benchmark(real_data, horizon):
    data = ETTh1(root=str(real_data), horizon_steps=horizon).load()
    assert data.spec.source == "real"
    assert data.spec.sizes["test"] == 4 * MONTH - horizon + 1
    frame = pd.read_csv(real_data / "ETTh1.csv.zip").iloc[:, 1:]
    train = frame[: 12 * MONTH]
    np.testing.assert_allclose(data.spec.series.means, train.mean(), rtol=1e-9)
    np.testing.assert_allclose(data.spec.series.scales, train.std(ddof=0), rtol=1e-9)
    last = data.samples["test"].y[-1]
    expected = ((frame - train.mean()) / train.std(ddof=0))[20 * MONTH - horizon : 20 * MONTH]
    np.testing.assert_allclose(last, expected, rtol=1e-4, atol=1e-5)
