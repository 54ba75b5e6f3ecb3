"""Ridge, NLinear and DLinear on small series, each computed a second time by scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn import linear_model

from seqlab.data import SequenceData
from seqlab.tasks.baselines import least_squares
from seqlab.tasks.baselines.least_squares import KERNEL, PENALTIES, Ridge, dlinear, nlinear, ridge
from seqlab.tasks.baselines.series import persistence, yesterday

READ, ASKED = 24, 30


def naive_inputs(data: SequenceData, split: str, measured: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs, last values and answers of every window."""
    samples, places = data.samples[split], list(data.spec.series.places)
    values = samples.values.double().numpy()
    rows, last, answers = [], [], []
    for start in samples.starts.tolist():
        read = values[start : start + READ]
        rows.append([*read[:, :measured].ravel(), *read[-1, measured:]])
        last.append(values[start + READ - 1, places])
        answers.append(values[start + READ : start + READ + ASKED, places])
    return np.array(rows), np.array(last)[:, None], np.array(answers)


@pytest.mark.parametrize("calendar", [True, False])
@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
def test_ridge_is_the_one_of_scikit_learn_with_the_penalty_that_suits_validation(
    load, targets, calendar, table
):
    data = load(table(), targets=targets, calendar=calendar)
    x, last, y = naive_inputs(data, "train", measured=2)
    found = ridge(data)
    assert x.shape[1] == READ * 2 + 2 * calendar
    forecasts, errors = {}, {}
    for penalty in PENALTIES:
        model = linear_model.Ridge(alpha=penalty).fit(x, (y - last).reshape(len(y), -1))
        for split in ("val", "test"):
            inputs, before, truth = naive_inputs(data, split, measured=2)
            forecasts[penalty, split] = model.predict(inputs).reshape(truth.shape) + before
            errors[penalty, split] = np.abs(forecasts[penalty, split] - truth).mean()
    best = min(PENALTIES, key=lambda penalty: errors[penalty, "val"])
    assert len({round(error, 9) for (_, split), error in errors.items() if split == "val"}) == len(PENALTIES)
    for split in ("val", "test"):
        np.testing.assert_allclose(found(split), forecasts[best, split], atol=1e-4)


def test_ridge_reads_the_distance_from_the_season_at_the_last_step_only(load, table):
    data = load(table(2 * 366 * 24), limit_train_samples=300)
    assert data.spec.series.columns[2:] == (
        "sin of day",
        "cos of day",
        "sin of year",
        "cos of year",
        "t beside the usual",
    )
    x, last, y = naive_inputs(data, "train", measured=2)
    inputs, before, truth = naive_inputs(data, "test", measured=2)
    found = ridge(data)("test")
    assert x.shape[1] == READ * 2 + 5
    candidates = [
        linear_model.Ridge(alpha=penalty).fit(x, (y - last).reshape(len(y), -1)).predict(inputs)
        for penalty in PENALTIES
    ]
    apart = [np.abs(found - candidate.reshape(truth.shape) - before).max() for candidate in candidates]
    assert min(apart) < 1e-4


def test_ridge_sees_neither_the_test_part_in_training_nor_in_choosing(load, table):
    frame = table()
    wild = frame.copy()
    wild.loc[720:, ["t", "p"]] = wild.loc[720:, ["t", "p"]].to_numpy() * -50
    calm = ridge(load(frame))("val")
    np.testing.assert_array_equal(ridge(load(wild))("val"), calm)


def test_ridge_in_pieces_is_the_same(load, monkeypatch, table):
    data = load(table())
    whole = ridge(data)("test")
    monkeypatch.setattr(least_squares, "CHUNK", 37)
    np.testing.assert_allclose(ridge(data)("test"), whole, atol=1e-5)


def test_many_windows_are_thinned_out_evenly(load, monkeypatch, table):
    data = load(table())
    count = data.spec.sizes["train"]
    monkeypatch.setattr(least_squares, "MOST_ROWS", count // 3)
    found = ridge(data)("test")
    rows = np.arange(0, count, 4)  # count is no multiple of 3
    assert count % 3
    x, last, y = (values[rows] for values in naive_inputs(data, "train", measured=2))
    inputs, before, truth = naive_inputs(data, "test", measured=2)
    candidates = [
        linear_model.Ridge(alpha=penalty).fit(x, (y - last).reshape(len(y), -1)).predict(inputs)
        for penalty in PENALTIES
    ]
    assert min(np.abs(found - c.reshape(truth.shape) - before).max() for c in candidates) < 1e-4


def test_long_inputs_are_thinned_out_in_time_and_keep_the_last_step(load, monkeypatch, table):
    data = load(table(), calendar=False)
    monkeypatch.setattr(least_squares, "MOST_INPUTS", 20)
    steps = Ridge(data.spec.series).steps
    assert steps.tolist() == [2, 5, 8, 11, 14, 17, 20, 23]
    (inputs, *_), *_ = Ridge(data.spec.series).chunks(data.samples["test"], "")
    start = int(data.samples["test"].starts[0])
    values = data.samples["test"].values.numpy()
    np.testing.assert_array_equal(inputs[0], values[start + steps].ravel())
    assert np.isfinite(ridge(data)("test")).all()


def test_ridge_beats_the_simple_forecasts_where_the_future_is_linear(load, table):
    data = load(table(2000))
    truth = data.samples["test"].y.numpy()
    errors = {
        baseline.__name__: np.abs(baseline(data)("test") - truth).mean()
        for baseline in (persistence, yesterday, ridge)
    }
    assert errors["ridge"] < 0.9 * min(errors["persistence"], errors["yesterday"])


def test_a_baseline_costs_no_copy_of_all_windows_at_once(load, monkeypatch, table):
    data = load(table())
    sizes = []
    batch = type(data.samples["train"]).batch

    def noted(self, ids: torch.Tensor):
        sizes.append(len(ids))
        return batch(self, ids)

    monkeypatch.setattr(least_squares, "CHUNK", 64)
    monkeypatch.setattr(type(data.samples["train"]), "batch", noted)
    ridge(data)("test")
    assert max(sizes) == 64


def own_past(data: SequenceData, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what is read and what is asked of each target in every window, [W, K, T] and [W, K, horizon]."""
    samples, places = data.samples[split], list(data.spec.series.places)
    whole = samples.values.double().numpy()[:, places].T
    pairs = [
        (whole[:, start : start + READ], whole[:, start + READ : start + READ + ASKED])
        for start in samples.starts.tolist()
    ]
    read, asked = zip(*pairs, strict=True)
    return np.array(read), np.array(asked)


def decomposed(read: np.ndarray) -> np.ndarray:
    """Return trend and remainder as DLinear's code computes them: a moving average of repeated ends."""
    padded = torch.nn.functional.pad(torch.from_numpy(read), (KERNEL // 2, KERNEL // 2), mode="replicate")
    trend = torch.nn.functional.avg_pool1d(padded, KERNEL, stride=1).numpy()
    return np.concatenate([trend, read - trend], axis=-1)


@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
@pytest.mark.parametrize("baseline", [nlinear, dlinear])
def test_linear_models_of_the_own_past_are_scikit_learns_shared_by_the_targets(
    load, table, baseline, targets
):
    data = load(table(), targets=targets)

    def rows(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        read, asked = own_past(data, split)
        before = read[:, :, -1:] if baseline is nlinear else np.zeros_like(read[:, :, -1:])
        x = read - before if baseline is nlinear else decomposed(read)
        return x, before, asked

    def flat(values: np.ndarray) -> np.ndarray:
        return values.reshape(-1, values.shape[-1])

    x, before, y = rows("train")
    predicted, errors = {}, {}
    for penalty in PENALTIES:
        model = linear_model.Ridge(alpha=penalty).fit(flat(x), flat(y - before))
        for split in ("val", "test"):
            inputs, last, truth = rows(split)
            predicted[penalty, split] = model.predict(flat(inputs)).reshape(truth.shape) + last
            errors[penalty, split] = np.abs(predicted[penalty, split] - truth).mean()
    best = min(PENALTIES, key=lambda penalty: errors[penalty, "val"])
    found = baseline(data)
    for split in ("val", "test"):
        np.testing.assert_allclose(found(split), predicted[best, split].swapaxes(1, 2), atol=1e-4)


def test_with_almost_no_penalty_dlinear_is_least_squares_of_the_values(load, table, monkeypatch):
    monkeypatch.setattr(least_squares, "PENALTIES", (1e-7,))
    data = load(table(1500), targets=["p", "t"])
    read, asked = (values.reshape(-1, values.shape[-1]) for values in own_past(data, "train"))
    weights, *_ = np.linalg.lstsq(np.column_stack([read, np.ones(len(read))]), asked, rcond=None)
    read, asked = own_past(data, "test")
    expected = read @ weights[:-1] + weights[-1]
    np.testing.assert_allclose(dlinear(data)("test"), expected.swapaxes(1, 2), atol=1e-3)
