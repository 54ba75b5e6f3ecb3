"""Windows, each against a naive slice: none crosses a gap or a split, all share one array."""

import numpy as np
import pytest
import torch

from seqlab.data.series.windows import WindowSamples, window_starts


def naive_starts(whole: np.ndarray, part: range, length: int) -> list[int]:
    return [
        start
        for start in range(len(whole))
        if all(step in part and whole[step] for step in range(start, start + length))
    ]


@pytest.mark.parametrize("length", [1, 2, 5, 12, 60, 61])
@pytest.mark.parametrize("part", [range(60), range(20), range(20, 41), range(41, 60), range(7, 7)])
@pytest.mark.parametrize("gaps", [[], [0], [59], [19, 20, 40, 41], list(range(3, 60, 9)), list(range(60))])
def test_windows_start_wherever_no_gap_and_no_split_is_in_the_way(gaps, part, length):
    whole = np.ones(60, dtype=bool)
    whole[gaps] = False
    assert window_starts(whole, part, length).tolist() == naive_starts(whole, part, length)


def windows(steps: int = 40, targets: tuple[int, ...] = (1,), starts=None) -> WindowSamples:
    values = torch.randn(steps, 3, generator=torch.Generator().manual_seed(0))
    starts = np.array([0, 1, 4, 9, 28]) if starts is None else starts
    times = 1000 + 600 * np.arange(steps)
    return WindowSamples(values, times, starts, input_steps=8, horizon_steps=4, targets=targets)


@pytest.mark.parametrize("targets", [(1,), (2, 0)])
def test_a_batch_holds_the_slices(targets):
    samples = windows(targets=targets)
    ids = torch.tensor([3, 0, 4, 4])
    x, lengths, y, numbers = samples.batch(ids)
    assert (x.dtype, y.dtype) == (torch.float32, torch.float32)
    for row, start in enumerate([9, 0, 28, 28]):
        assert torch.equal(x[row], samples.values[start : start + 8])
        later = samples.values[start + 8 : start + 12]
        assert torch.equal(y[row], torch.stack([later[:, target] for target in targets], 1))
    assert lengths.tolist() == [8] * 4
    assert torch.equal(numbers, ids)
    assert torch.equal(samples.y[ids], y)
    assert samples.y.shape == (5, 4, len(targets))


def test_a_row_that_only_fills_up_is_any_window_with_its_id():
    batch = windows().batch(torch.tensor([2, -1]))
    assert batch.ids.tolist() == [2, -1]
    assert batch.x.shape == (2, 8, 3)
    assert torch.isfinite(batch.x).all()


def test_windows_own_no_copy_of_the_values():
    samples = windows()
    part = samples.subset(np.array([1, 3]))
    assert part.values.data_ptr() == samples.values.data_ptr()
    samples.values[2] = 77.0
    assert (samples.batch(torch.tensor([1])).x[0, 1] == 77).all()
    assert (part.batch(torch.tensor([0])).x[0, 1] == 77).all()
    held = sum(
        value.numel() * value.element_size()
        for name, value in vars(windows(5000, starts=np.arange(4000))).items()
        if isinstance(value, torch.Tensor) and name != "values"
    )
    assert held <= 4000 * 16 + 200  # a start and a length for each window, and no values


def test_a_subset_is_the_chosen_windows():
    samples, rows = windows(targets=(2, 0)), np.array([4, 0, 2])
    part = samples.subset(rows)
    assert len(part) == 3
    assert torch.equal(part.batch(torch.arange(3)).x, samples.batch(torch.tensor(rows)).x)
    assert torch.equal(part.y, samples.y[rows])
    assert part.lengths.tolist() == [8] * 3


def test_windows_know_their_times():
    samples = windows()
    assert [samples.last_read(window) for window in range(5)] == [
        f"row {1000 + 600 * (start + 7)}" for start in (0, 1, 4, 9, 28)
    ]
    asked = [[1000 + 600 * (start + 8 + step) for step in range(4)] for start in (0, 1, 4, 9, 28)]
    assert samples.horizon_times().tolist() == asked
