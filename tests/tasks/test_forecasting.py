"""The forecasting task: its loss against torch, its scores in units, residuals, rows that only fill up."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from seqlab.data import Batch
from seqlab.tasks import Forecasting, tasks
from seqlab.tasks.metrics import SCORES

STEPS, HORIZON = 6, 4
TARGETS = ("T", "p")
MEANS, SCALES = (10.0, 990.0), (8.0, 0.5)


def task_of(**settings) -> Forecasting:
    """Return a task whose targets are the third and the first of three input columns."""
    series = {"columns": ("p", "q", "T"), "targets": TARGETS, "means": (MEANS[1], 0.0, MEANS[0])}
    scales = (SCALES[1], 1.0, SCALES[0])
    return Forecasting(series | {"scales": scales, "horizon_steps": HORIZON, "step_minutes": 90}, **settings)


def one_target(mean: float) -> Forecasting:
    """Return a task of one column, which is its target."""
    series = {"columns": ["T"], "targets": ["T"], "means": [mean], "scales": [1.0]}
    return Forecasting(series | {"horizon_steps": 2, "step_minutes": 60})


def batch_of(ids: list[int], seed: int = 0) -> tuple[torch.Tensor, Batch]:
    """Return random outputs, inputs and targets."""
    generator = torch.Generator().manual_seed(seed)
    rows = len(ids)
    x = torch.randn(rows, STEPS, 3, generator=generator)
    y = torch.randn(rows, HORIZON, 2, generator=generator)
    outputs = torch.randn(rows, HORIZON * 2, generator=generator)
    return outputs, Batch(x, torch.full((rows,), STEPS), y, torch.tensor(ids))


def naive_forecast(outputs: torch.Tensor, x: torch.Tensor, residual: str) -> torch.Tensor:
    found = torch.zeros(len(outputs), HORIZON, 2)
    for row in range(len(outputs)):
        for step in range(HORIZON):
            for place, column in enumerate((2, 0)):
                last = x[row, STEPS - 1, column] if residual == "persistence" else 0
                found[row, step, place] = outputs[row, step * 2 + place] + last
    return found


@pytest.mark.parametrize("residual", ["persistence", "none"])
def test_a_forecast_is_the_answer_or_what_it_adds_to_the_last_value(residual):
    outputs, batch = batch_of([0, 1, 2])
    found = task_of(residual=residual).forecast(outputs, batch.x)
    torch.testing.assert_close(found, naive_forecast(outputs, batch.x, residual), rtol=0, atol=0)


def test_an_answer_of_zeros_is_persistence():
    _, batch = batch_of([0, 1, 2])
    found = task_of(residual="persistence").forecast(torch.zeros(3, 8), batch.x)
    assert torch.equal(found, batch.x[:, -1:, [2, 0]].expand(3, HORIZON, 2))


@pytest.mark.parametrize("stage", ["train", "val", "test"])
@pytest.mark.parametrize("residual", ["persistence", "none"])
@pytest.mark.parametrize(("loss", "function"), [("mse", functional.mse_loss), ("mae", functional.l1_loss)])
def test_the_loss_and_its_gradient_are_torchs_on_the_rows_that_count(loss, function, residual, stage):
    outputs, batch = batch_of([4, -1, 0, 7, -1])
    outputs.requires_grad_()
    found = task_of(loss=loss, residual=residual).step(stage, outputs, batch)
    (gradient,) = torch.autograd.grad(found, outputs)
    rows = [0, 2, 3]
    forecasts = naive_forecast(outputs, batch.x, residual)
    expected = function(forecasts[rows], batch.y[rows])
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, outputs)[0])
    assert not gradient[[1, 4]].any()


def test_a_batch_of_filling_rows_alone_has_no_loss_and_no_gradient():
    outputs, batch = batch_of([-1, -1])
    outputs.requires_grad_()
    task = task_of()
    loss = task.step("train", outputs, batch)
    loss.backward()
    assert float(loss.detach()) == 0
    assert not outputs.grad.any()
    outputs, batch = batch_of([0, 1])
    expected = float(task.step("train", outputs, batch))
    assert task.compute("train")["loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("residual", ["persistence", "none"])
@pytest.mark.parametrize("stage", ["val", "test"])
def test_scores_are_those_of_all_rows_in_their_units(stage, residual):
    task = task_of(loss="mse", residual=residual)
    forecasts, targets, losses = {}, {}, []
    for number, ids in enumerate(([3, 0, 5], [1, 4, -1], [2, -1, -1])):
        outputs, batch = batch_of(ids, seed=number)
        task.step(stage, outputs, batch)
        for row, sample in enumerate(ids):
            if sample >= 0:
                found = naive_forecast(outputs, batch.x, residual)[row]
                losses.append(float(((found - batch.y[row]) ** 2).mean()))
                forecasts[sample] = found.double().numpy() * SCALES + MEANS
                targets[sample] = batch.y[row].double().numpy() * SCALES + MEANS
    errors = np.array([forecasts[sample] - targets[sample] for sample in range(6)])
    expected = {"loss": np.mean(losses)}
    for place, target in enumerate(TARGETS):
        off = errors[:, :, place]
        values = (np.abs(off).mean(), np.median(np.abs(off)), np.sqrt((off**2).mean()), off.mean())
        expected |= {f"{score}/{target}": value for score, value in zip(SCORES, values, strict=True)}
        came = np.array([targets[sample] for sample in range(6)])[:, :, place]
        expected[f"smape/{target}"] = np.mean(200 * np.abs(off) / (np.abs(came) + np.abs(came + off)))
        expected[f"wape/{target}"] = 100 * np.abs(off).sum() / np.abs(came).sum()
    means = (*SCORES, "smape", "wape")
    expected |= {score: np.mean([expected[f"{score}/{target}"] for target in TARGETS]) for score in means}
    assert task.compute(stage) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_the_training_error_is_the_mean_over_rows_in_units():
    task = task_of()
    found = []
    for number, ids in enumerate(([3, 0, 5], [1, -1, -1])):
        outputs, batch = batch_of(ids, seed=number)
        task.step("train", outputs, batch)
        off = (naive_forecast(outputs, batch.x, "persistence") - batch.y).abs() * torch.tensor(SCALES)
        found += off[batch.ids >= 0].mean((1, 2)).tolist()
    assert task.compute("train")["mae"] == pytest.approx(np.mean(found), rel=1e-5)


@pytest.mark.parametrize("stage", ["train", "val", "test"])
def test_what_stands_in_rows_that_only_fill_up_changes_nothing(stage):
    results = []
    for noise in (0.0, 1e6):
        task = task_of()
        outputs, batch = batch_of([0, -1, 1])
        outputs[1], batch.x[1], batch.y[1] = noise, noise, -noise
        task.step(stage, outputs, batch)
        results.append(task.compute(stage))
    assert results[0] == results[1]


def test_stages_are_counted_apart_and_can_be_reset():
    task = task_of()
    task.step("val", *batch_of([0, 1]))
    before = task.compute("val")
    task.step("test", *batch_of([0, 1], seed=5))
    task.step("train", *batch_of([0, 1], seed=6))
    assert task.compute("val") == before
    task.reset("val")
    task.step("val", *batch_of([0, 1], seed=5))
    assert task.compute("val") == task.compute("test") != before


@pytest.mark.parametrize("mean", [0.0, 1e7, -3e9])
def test_errors_stay_exact_far_from_zero(mean):
    task = one_target(mean)
    y = torch.tensor([[[0.3], [0.6]]] * 4)
    batch = Batch(torch.zeros(4, 3, 1), torch.full((4,), 3), y, torch.arange(4))
    task.step("test", torch.zeros(4, 2), batch)
    assert task.compute("test")["mae"] == pytest.approx(0.45, rel=1e-6)
    assert task.in_units(y)[0, :, 0].tolist() == pytest.approx([mean + 0.3, mean + 0.6], abs=1e-6)


def test_the_answers_have_a_number_for_every_step_and_target():
    assert task_of().output_size == HORIZON * 2


@pytest.mark.parametrize("precision", [torch.bfloat16, torch.float16])
def test_answers_of_low_precision_are_scored_in_float32(precision):
    task = task_of(residual="none")
    outputs, batch = batch_of([0, 1, 2])
    loss = task.step("test", outputs.to(precision), batch)
    assert torch.isfinite(loss)
    errors = naive_forecast(outputs.to(precision).float(), batch.x, "none") - batch.y
    expected = (errors.abs() * torch.tensor(SCALES)).mean((0, 1))
    found = task.compute("test")
    assert found["mae/T"] == pytest.approx(float(expected[0]), rel=1e-4)


def test_a_task_is_made_from_what_the_data_declare():
    series = {
        "columns": ["p", "x", "T"],
        "targets": ["T", "p"],
        "means": [990.0, 1.0, 10.0],
        "scales": [0.5, 1.0, 8.0],
        "horizon_steps": HORIZON,
        "step_minutes": 90.0,
    }
    task = tasks["forecasting"].of({"series": series}, {"loss": "mse", "residual": "none"})
    outputs, batch = batch_of([0, 1])
    assert float(task.step("val", outputs, batch)) == float(
        task_of(loss="mse", residual="none").step("val", outputs, batch)
    )
    assert task.compute("val")["mae/T"] == pytest.approx(
        float((outputs.view(2, HORIZON, 2) - batch.y)[:, :, 0].abs().mean() * 8), rel=1e-5
    )
    assert (task.monitor, task.score(task.monitor).mode) == ("val/mae", "min")


@pytest.fixture
def tested() -> tuple[Forecasting, torch.Tensor, torch.Tensor]:
    """Return a task after a test of twelve windows, with forecasts and targets in units."""
    task = task_of()
    ids = torch.randperm(12, generator=torch.Generator().manual_seed(3))
    outputs, batch = batch_of(ids.tolist())
    for rows in torch.arange(12).split(5):
        task.step("test", outputs[rows], Batch(batch.x[rows], batch.lengths[rows], batch.y[rows], ids[rows]))
    order = ids.argsort()
    scaled = naive_forecast(outputs, batch.x, "persistence")[order], batch.y[order]
    forecasts, targets = (values.double() * torch.tensor(SCALES) + torch.tensor(MEANS) for values in scaled)
    return task, forecasts, targets


def test_the_tables_hold_every_forecast_and_the_errors_step_by_step(tested):
    task, forecasts, targets = tested
    task._baselines["persistence"] = task.horizon.scored(
        torch.ones(12, HORIZON, 2) * torch.tensor([2.0, -3.0]), torch.zeros(12, dtype=torch.int64)
    )
    tables = task.tables(lambda window: f"time {window}")
    rows = {(row["target"], row["after"], row["hours_ahead"]): row for row in tables["predictions"]}
    assert len(rows) == len(tables["predictions"]) == 12 * HORIZON * 2
    for place, target in enumerate(TARGETS):
        for window in range(12):
            for step in range(HORIZON):
                row = rows[target, f"time {window}", 1.5 * (step + 1)]
                assert row["predicted"] == pytest.approx(float(forecasts[window, step, place]), abs=1e-4)
                assert row["true"] == pytest.approx(float(targets[window, step, place]), abs=1e-4)
    steps = {(row["forecast"], row["target"], row["hours_ahead"]): row for row in tables["errors_by_step"]}
    assert len(steps) == len(tables["errors_by_step"]) == 2 * 2 * HORIZON
    for place, target in enumerate(TARGETS):
        for step in range(HORIZON):
            off = (forecasts - targets)[:, step, place].abs()
            row = steps["model", target, 1.5 * (step + 1)]
            assert row["mae"] == pytest.approx(float(off.mean()), abs=1e-5)
            assert row["median_ae"] == pytest.approx(np.median(off), abs=1e-5)
            assert steps["persistence", target, 1.5 * (step + 1)]["bias"] == (2, -3)[place]


def test_the_figures_draw_the_errors_of_model_and_baselines(tested):
    task, forecasts, targets = tested
    task._baselines["persistence"] = task.horizon.scored(
        torch.ones(12, HORIZON, 2) * torch.tensor([2.0, -3.0]), torch.zeros(12, dtype=torch.int64)
    )
    history = {"train/mae": [(0, 3.0)], "val/mae": [(0, 2.0)], "train/loss": [(0, 1.0)]}
    figures = task.figures(history, "a title")
    names = {f"{kind}_{place}" for kind in ("error_by_horizon", "forecasts", "errors") for place in (1, 2)}
    assert set(figures) == {"loss", "mae", *names}
    (axes,) = figures["mae"].axes
    assert [line.get_ydata().tolist() for line in map(as_arrays, axes.lines)] == [[3.0], [2.0]]
    (axes,) = figures["error_by_horizon_2"].axes
    lines = {line.get_label(): np.array(line.get_ydata(), float) for line in axes.lines}
    np.testing.assert_allclose(lines["model"], (forecasts - targets)[:, :, 1].abs().mean(0), atol=1e-4)
    np.testing.assert_allclose(lines["persistence"], [3] * HORIZON)
    assert axes.lines[0].get_xdata().tolist() == [1.5, 3.0, 4.5, 6.0]
    assert "p" in axes.get_ylabel()


def as_arrays(line):
    line.set_ydata(np.asarray(line.get_ydata()))
    return line


def test_one_target_needs_no_number_in_the_names_of_the_figures():
    task = one_target(0.0)
    assert set(task.figures({}, "a title")) == {"loss", "mae"}
    batch = Batch(torch.zeros(3, 4, 1), torch.full((3,), 4), torch.ones(3, 2, 1), torch.arange(3))
    task.step("test", torch.zeros(3, 2), batch)
    assert set(task.figures({}, "a title")) == {"loss", "mae", "error_by_horizon", "forecasts", "errors"}
