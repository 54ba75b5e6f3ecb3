"""Groups: mean and deviation over seeds are those of numpy, the best group comes first."""

import math
from dataclasses import asdict

import numpy as np
import pytest

from seqlab.comparison.groups import compare, labelled
from seqlab.comparison.runs import read_runs
from seqlab.comparison.table import sheets
from seqlab.tasks.score import ACCURACY, F1, loss_in

from .conftest import LANGUAGE_MODEL

ADAM, SGD = {"name": "adamw", "lr": 0.004, "betas": [0.9, 0.999]}, {"name": "sgd", "lr": 0.1, "momentum": 0.9}


def test_mean_and_deviation_over_seeds(classify, benchmark):
    values = [0.71, 0.75, 0.64, 0.7]
    for seed, accuracy in enumerate(values):
        classify("lstm", seed=seed, accuracy=accuracy)
    (group,) = benchmark().groups
    assert group.mean("test/accuracy") == pytest.approx(np.mean(values))
    assert group.deviation("test/accuracy") == pytest.approx(np.std(values, ddof=1))
    assert (group.name, group.folder) == ("lstm", "lstm: 4 runs")
    assert group.mean("test/mae") is None
    assert group.deviation("test/mae") is None


def test_one_seed_has_no_deviation_and_shows_its_folder(classify, benchmark):
    folder = classify("lstm", accuracy=0.5)
    (group,) = benchmark().groups
    assert group.deviation("test/accuracy") is None
    assert (group.name, group.folder) == ("lstm", f"lstm/{folder.name}")


def test_groups_come_best_first_by_their_means(classify, benchmark):
    for seed, accuracies in enumerate(zip((0.9, 0.5), (0.75, 0.75), (0.6, 0.6), strict=True)):
        for cell, accuracy in zip(("wild", "steady", "poor"), accuracies, strict=True):
            classify(cell, seed=seed, accuracy=accuracy, model={"cell": cell})
    assert [group.cell for group in benchmark().groups] == ["steady", "wild", "poor"]
    assert [group.cell for group in benchmark(by_seed=False).groups][:2] == ["wild", "steady"]


def test_the_least_error_comes_first_and_no_number_last(forecast, benchmark):
    for cell, error in (("nan", math.nan), ("good", 1.0), ("bad", 3.0)):
        forecast(cell, model={"cell": cell}, metrics={"test/mae": error})
    assert [group.cell for group in benchmark().groups] == ["good", "bad", "nan"]


def test_settings_apart_from_the_seed_part_runs_and_those_without_effect_do_not(classify, benchmark):
    classify("a", seed=0)
    classify("b", seed=1, trainer={"accelerator": "cpu"})
    classify("c", seed=2, trainer={"max_epochs": 9})
    classify("d", seed=3, optimizer=SGD)
    classify("e", seed=4, optimizer=SGD | {"momentum": 0.0})
    groups = benchmark().groups
    assert sorted(len(group.runs) for group in groups) == [1, 1, 1, 2]
    assert len({group.label for group in groups}) == 4


def test_of_a_seed_that_was_run_twice_the_later_run_counts(classify, benchmark):
    early = classify("early", seed=0, accuracy=0.1, started="2026-01-01T00:00:00+00:00")
    late = classify("late", seed=0, accuracy=0.7, started="2026-01-02T00:00:00+00:00")
    classify("other", seed=1, accuracy=0.8, started="2025-01-02T00:00:00+00:00")
    found = benchmark()
    (group,) = found.groups
    assert group.mean("test/accuracy") == pytest.approx(0.75)
    assert found.earlier == 1
    assert early not in [run.path for run in found.runs]
    assert late in [run.path for run in found.runs]
    assert len(benchmark(by_seed=False).groups) == 3


def test_runs_that_are_not_done_stand_apart_and_those_without_data_cannot_be_compared(tmp_path, classify):
    classify("good", seed=0)
    classify("stopped", seed=1, status="interrupted")
    classify("failed", seed=2, status="failed", data={})
    (found,), others = compare(read_runs(tmp_path / "out"))
    assert [group.runs[0].status for group in found.unfinished] == ["interrupted"]
    assert [run.status for run in others] == ["failed"]


def test_a_label_has_its_folder_only_where_two_finished_groups_would_have_the_same(classify, benchmark):
    classify("lstm", seed=0)
    classify("failed", seed=0, status="failed")
    assert [group.label for group in benchmark(by_seed=False).groups] == ["lstm"]
    again = classify("lstm", seed=0)
    labels = [group.label for group in benchmark(by_seed=False).groups]
    assert f"lstm (lstm/{again.name})" in labels
    assert len(set(labels)) == 2


def test_the_best_run_of_a_group_is_chosen_by_its_validation_not_by_its_test(classify, benchmark):
    for seed, (test, val) in enumerate(((0.9, 0.6), (0.7, 0.8))):
        classify("lstm", seed=seed, metrics={"test/accuracy": test, "val/accuracy": val})
    (group,) = benchmark().groups
    assert group.best.metrics["val/accuracy"] == 0.8


@pytest.mark.parametrize(("monitor", "shown"), [("loss", ["loss", "accuracy"]), ("accuracy", ["accuracy"])])
def test_the_score_that_has_chosen_the_weights_has_a_column(classify, benchmark, monitor, shown):
    scores = [asdict(loss_in("nats")), asdict(ACCURACY)]
    task = {"monitor": f"val/{monitor}", "scores": scores, "galleries": []}
    classify("a", task=task, metrics={"test/loss": 0.4, "test/accuracy": 0.9})
    assert benchmark().scores == [f"test/{name}" for name in shown]


def test_baselines_of_another_split_are_named_apart(classify, benchmark):
    first = classify("a", accuracy=0.9, baselines={"majority": {"test/accuracy": 0.4}})
    other = classify("b", accuracy=0.5, seed=1, baselines={"majority": {"test/accuracy": 0.3}})
    assert benchmark().baselines == {
        f"majority (a/{first.name})": {"test/accuracy": 0.4},
        f"majority (b/{other.name})": {"test/accuracy": 0.3},
    }


def test_baselines_of_another_horizon_say_which(forecast, benchmark):
    for steps, error in ((24, 2.0), (48, 3.0)):
        for cell in ("gru", "lstm"):
            forecast(
                f"{cell}{steps}",
                model={"cell": cell},
                baselines={"persistence": {"test/mae": error}, "mean": {"test/mae": 5.0}},
                data_settings={"horizon_steps": steps},
            )
    assert benchmark().baselines == {
        "persistence (horizon_steps 24)": {"test/mae": 2.0},
        "persistence (horizon_steps 48)": {"test/mae": 3.0},
        "mean": {"test/mae": 5.0},
    }


def test_a_baseline_of_some_windows_says_of_how_many():
    assert labelled("theta", {"test/mae": 1.0, "test/windows": 1000.0}) == "theta (1,000 windows)"
    assert labelled("ridge", {"test/mae": 1.0}) == "ridge"


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({}, ""),
        ({"label": None}, ""),
        ({"label": 0}, ": 0"),
        ({"label": ["rude", "threat"]}, ": rude, threat"),
        ({"targets": ["load"]}, ": load"),
    ],
)
def test_a_benchmark_is_called_by_its_targets_if_they_are_named(classify, benchmark, settings, shown):
    classify("lstm", data_settings=settings)
    assert benchmark().title == f"names (real){shown}"


@pytest.mark.parametrize("recorded", [{"problem_type": "language_model"}, {}])  # earlier runs lack it
def test_what_is_predicted_parts_benchmarks_of_the_same_data(tmp_path, classify, recorded):
    classify("classifier")
    classify("writer", task=LANGUAGE_MODEL | recorded, task_settings={"name": "language_model"})
    found, _ = compare(read_runs(tmp_path / "out"))
    assert [one.title for one in found] == ["names (real), classification", "names (real), language model"]
    assert [group.label for one in found for group in one.groups] == ["classifier", "writer"]


def test_a_balanced_score_that_is_not_the_accuracy_has_its_name(classify, benchmark):
    scores = [asdict(ACCURACY), asdict(F1)]
    for name in ("accuracy", "f1_macro"):
        task = {"monitor": f"val/{name}", "scores": scores, "galleries": []}
        classify(name, task=task, model={"cell": name}, metrics={f"balanced/{name}": 0.5})
    (sheet,) = sheets(benchmark())
    assert {"balanced", "balanced F1"} <= set(sheet.columns)
    where = "on training samples, sampled uniformly over classes; not held out"
    assert sheet.note == f"balanced: accuracy {where}; balanced F1: F1 {where}"
