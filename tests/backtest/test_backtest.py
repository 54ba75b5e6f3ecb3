"""seqlab backtest: folds, their scores, means and intervals, each computed a second time; its mistakes."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from seqlab.backtest import run as running
from seqlab.backtest.folds import Folds
from seqlab.backtest.summary import Mean
from seqlab.data import SequenceData, Series
from seqlab.errors import DataError
from seqlab.tasks.baselines.bounds import scattered
from seqlab.tasks.baselines.forecasts import BASELINES
from seqlab.tasks.baselines.series import Baseline, persistence

PAGE = (Path(__file__).parents[2] / "docs" / "time-series.md").read_text()
TINY = (
    *("trainer.max_epochs=1", "trainer.accelerator=cpu", "model.hidden_size=4", "logger=none"),
    *("callbacks=none", "verbosity=quiet", "task.baselines=[persistence,nlinear]"),
)
SMALL = ("data.time=time", "data.targets=[load]", "data.input_days=1", "data.horizon_days=0.25")
OWN = ("data=series_csv", "data.path=mine.csv", *SMALL, *TINY)
ASKED, MOST = 6, 20


def table() -> pd.DataFrame:
    random = np.random.default_rng(0)
    time = pd.date_range("2021-03-01", periods=500, freq="h")
    load = 50 + 10 * np.sin(2 * np.pi * time.hour.to_numpy() / 24) + random.normal(size=500)
    return pd.DataFrame({"time": time.astype(str), "load": load, "sun": random.random(500)})


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Return a new working folder with a table."""
    monkeypatch.chdir(tmp_path)
    table().to_csv("mine.csv", index=False)
    return tmp_path


def change_the_data() -> None:
    table().assign(load=lambda frame: frame["load"] + 1).to_csv("mine.csv", index=False)


def results(of: Path) -> dict:
    return json.loads((of / "backtest.json").read_text())


def parts_of(predictions: pd.DataFrame, count: int) -> list[tuple[pd.DataFrame, np.ndarray]]:
    """Return the windows that forecast nothing but one of some equal parts of the time, and that part."""
    asked = pd.to_datetime(predictions["after"]) + pd.to_timedelta(predictions["hours_ahead"], unit="h")
    window = predictions.index // ASKED
    return [
        (predictions[asked.between(part[0], part[-1]).groupby(window).transform("all")], part)
        for part in np.array_split(np.array(sorted(set(asked))), count)
    ]


def test_one_network_is_scored_on_each_part_of_its_test(trained, command):
    run = trained(*OWN, "callbacks.predictions=true", **{"mine.csv": table().to_csv(index=False)})
    code, shown, complaint = command("backtest", run, "--folds", 3, "--folder", "found")
    assert (code, complaint) == (0, "")
    predictions = pd.read_csv(run / "predictions.csv")
    found = results(Path("found"))
    for fold, (its, part) in zip(found["folds"], parts_of(predictions, 3), strict=True):
        assert fold["windows"] == len(its) / ASKED
        errors = its["predicted"] - its["true"]
        assert fold["scores"]["model"]["mae"] == pytest.approx(errors.abs().mean(), rel=1e-4)
        assert fold["scores"]["model"]["bias"] == pytest.approx(errors.mean(), abs=1e-4)
        values = table().set_index("time")["load"]
        before = its["after"].str.replace("T", " ").map(values)
        assert fold["scores"]["persistence"]["mae"] == pytest.approx(
            (before - its["true"]).abs().mean(), rel=1e-4
        )
        assert [pd.Timestamp(fold[end]) for end in ("first", "last")] == [*map(pd.Timestamp, part[[0, -1]])]
    assert {path.name for path in Path("found").iterdir()} == {"backtest.json", "backtest.png", "folds.csv"}
    rows = pd.read_csv("found/folds.csv")
    assert set(rows["forecast"]) == {"model", "persistence", "nlinear"}
    for name in ("persistence", "nlinear"):
        pairs = [[fold["scores"][which]["mae"] for which in ("model", name)] for fold in found["folds"]]
        ours, theirs = np.array(pairs).T
        expected = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
        one = found["summary"]["differences"][name]
        assert (one["low"], one["high"]) == pytest.approx((expected.low, expected.high))
        assert f"{name}: {one['mean']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]" in shown
        assert found["summary"]["means"][name]["mae"]["standard_error"] == pytest.approx(stats.sem(theirs))


@pytest.mark.parametrize("refit", [False, True])
def test_a_baseline_of_few_windows_is_compared_with_the_network_on_these(folder, command, monkeypatch, refit):
    monkeypatch.setitem(BASELINES, "persistence", Baseline(persistence, most=MOST))
    asked = (*OWN, "callbacks.predictions=true", "--folds", 2, "--folder", "found")
    code, shown, _ = command("backtest", *asked, *["--refit"] * refit)
    assert code == 0
    runs = [Path(f"found/fold_{fold}") for fold in (1, 2)] if refit else [Path("found/run")]
    every = [pd.read_csv(run / "predictions.csv") for run in runs]
    folds = [(one, one) for one in every]
    if not refit:
        folds = [(every[0], part) for part, _ in parts_of(every[0], 2)]
    found, differences, values = results(Path("found")), [], table().set_index("time")["load"]
    for fold, (predictions, part) in zip(found["folds"], folds, strict=True):
        few = scattered(len(predictions) // ASKED, MOST, "")
        its = part[np.isin(part.index // ASKED, few)]
        before = its["after"].str.replace("T", " ").map(values)
        ours, theirs = ((one - its["true"]).abs().mean() for one in (its["predicted"], before))
        assert fold["scores"]["persistence"]["mae"] == pytest.approx(theirs, rel=1e-4)
        assert fold["paired"]["persistence"]["mae"] == pytest.approx(ours, rel=1e-4)
        assert fold["paired"]["persistence"]["windows"] == len(its) / ASKED < fold["windows"]
        assert [*fold["paired"]] == ["persistence"]
        differences.append(ours - theirs)
    assert found["summary"]["differences"]["persistence"]["mean"] == pytest.approx(
        np.mean(differences), abs=1e-3
    )
    rows = pd.read_csv("found/folds.csv").groupby("forecast")["windows"].sum()
    assert rows["persistence"] < rows["nlinear"] == rows["model"]
    for name, count in rows.items():
        assert re.search(rf"^{name} +{count} ", shown, flags=re.MULTILINE)


def test_a_mean_of_one_fold_has_no_error():
    assert str(Mean.of([2.0])) == "2.0000"
    assert all(map(np.isnan, Mean.of([2.0]).interval))


@pytest.mark.parametrize("window", ["expanding", "sliding"])
def test_each_fold_is_trained_on_what_comes_before_its_validation(folder, command, window):
    code, shown, _ = command(
        "backtest", *OWN, "--folds", 3, "--refit", "--window", window, "--folder", "found"
    )
    assert code == 0
    assert "mean ± standard error over 3 of 3 folds" in shown
    records = [json.loads(Path(f"found/fold_{one}/run.json").read_text()) for one in (1, 2, 3)]
    borders = [yaml.safe_load(Path(f"found/fold_{one}/config.yaml").read_text())["data"] for one in (1, 2, 3)]
    for before, after in pairwise(borders):
        assert before["test_end"] == after["test_start"]
    assert borders[2]["test_end"] is None
    spans = [
        pd.Timestamp(one["val_start"]) - pd.Timestamp(one["train_start"] or "2021-03-01") for one in borders
    ]
    sizes = [record["data"]["sizes"]["train"] for record in records]
    if window == "sliding":
        assert len(set(spans)) == 1
        assert sizes[1] == sizes[2]
    else:
        assert sizes == sorted(set(sizes))
    found = results(Path("found"))["folds"]
    for fold, record in zip(found, records, strict=True):
        assert fold["scores"]["model"]["mae"] == record["metrics"]["test/mae"]
        assert fold["scores"]["nlinear"]["mae"] == record["baselines"]["nlinear"]["test/mae"]
    assert [one["first"] for one in found] == [one["test_start"] for one in borders]


@pytest.mark.parametrize("window", ["expanding", "sliding"])
@pytest.mark.parametrize("unit", ["dates", "rows", "rows without times"])
def test_no_fold_is_trained_on_what_is_before_the_training_part(folder, window, unit):
    frame = table().drop(index=[7, 9, 300])  # rows of a grid with gaps have other numbers than steps
    frame.to_csv("mine.csv", index=False)
    time = None if unit == "rows without times" else "time"
    columns = {"path": "mine.csv", "time": time, "features": ["sun"], "targets": ["load"]}
    columns |= {"input_steps": 6, "horizon_steps": 3}
    borders = [50, 320, 400] if unit != "dates" else [*frame["time"].iloc[[49, 319, 399]]]
    data = Series(**columns, **dict(zip(("train_start", "val_start", "test_start"), borders, strict=True)))
    folds = Folds(SequenceData(data), 3)
    found = [folds.borders(fold, window) for fold in folds.all]
    for one in found:
        Series(**columns, **one)  # all borders are of one kind, and in order
    read = pd.Timestamp if time else int
    starts, ends = ([read(one[name]) for one in found] for name in ("train_start", "val_start"))
    assert starts[0] == (read(frame["time"].iloc[49]) if time else 50)
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    assert len({*lengths}) == (1 if window == "sliding" else 3)
    assert len({*starts}) == (1 if window == "expanding" else 3)


def test_weights_chosen_by_loss_are_compared_by_a_score_that_baselines_have(folder, command):
    settings = (*OWN, "task.loss=mse", "task.monitor=val/loss")
    code, shown, _ = command("backtest", *settings, "--folds", 2, "--refit", "--folder", "found")
    assert code == 0
    assert "model minus baseline, mae, paired by fold" in shown


def test_a_fold_that_fails_hurts_no_other_and_only_it_is_repeated(folder, command, monkeypatch):
    begun, train = [], running.train

    def failing(config, path, **options):
        assert results(path.parent)["key"]  # whatever ends now, the run is known to be of this backtest
        begun.append(path.name)
        if path.name == "fold_2" and begun.count("fold_2") == 1:
            raise DataError("the disk is on fire")
        return train(config, path, **options)

    monkeypatch.setattr(running, "train", failing)
    code, shown, complaint = command("backtest", *OWN, "--folds", 3, "--refit", "--folder", "found")
    assert code == 1
    assert "fold 2 failed (the disk is on fire); what is done is in found" in complaint
    assert "over 2 of 3 folds" in shown
    code, shown, complaint = command("backtest", *OWN, "--folds", 3, "--refit", "--folder", "found")
    assert (code, begun) == (0, ["fold_1", "fold_2", "fold_3", "fold_2"])
    assert "over 3 of 3 folds" in shown
    code, _, complaint = command("backtest", *OWN, "--folds", 2, "--refit", "--folder", "found")
    assert (code, "found has a backtest with other settings" in complaint) == (2, True)
    change_the_data()
    code, _, complaint = command("backtest", *OWN, "--folds", 3, "--refit", "--folder", "found")
    assert (code, "the data are not those of the backtest in found" in complaint) == (2, True)


def test_a_run_is_scored_in_the_backtest_that_it_was_trained_for_and_in_no_other(
    folder, command, monkeypatch
):
    def failing(*_):
        raise DataError("the disk is on fire")

    asked = ("backtest", *OWN, "--folds", 2, "--folder", "found")
    with monkeypatch.context() as patch:
        patch.setattr(running, "scores_of", failing)
        code, _, complaint = command(*asked)
    assert (code, "on fire" in complaint) == (2, True)
    record = Path("found/run/run.json").read_text()
    assert json.loads(record)["status"] == "done"
    code, _, complaint = command(*asked, "model.hidden_size=5")
    assert (code, "found has a backtest with other settings" in complaint) == (2, True)
    assert command(*asked)[0] == 0
    assert Path("found/run/run.json").read_text() == record
    change_the_data()
    code, _, complaint = command(*asked)
    assert (code, "the data are not those of the backtest in found" in complaint) == (2, True)
    Path("found/backtest.json").unlink()
    code, _, complaint = command(*asked)
    assert (code, "found/run is a run, and no backtest.json says" in complaint) == (2, True)
    assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data=names"], "a backtest is of forecasts, and data=names is for task=classification"),
        ([*OWN, "--folds", "99"], "--folds 99: the test part has"),
        ([*OWN, "--folds", "1"], "--folds 1: ask for 2 to"),
        ([*OWN, "--window", "sliding"], "--window sliding is about the training of each fold"),
        ([*OWN, "data.series_id=[sun]", "data.split=series"], "data.split=series does not; use time"),
        (["nowhere"], "nowhere is not a run folder"),
        (["nowhere", "seed=1"], "'seed=1' beside a run"),
        (["seed=1", "nowhere"], "'nowhere' is no setting"),
        ([*OWN, "model.hiden_size=3"], "did you mean 'model.hidden_size'"),
    ],
)
def test_a_mistake_is_a_line(folder, command, arguments, message):
    code, shown, complaint = command("backtest", *arguments)
    assert (code, shown) == (2, "")
    assert message in complaint
    assert len(complaint.splitlines()) <= 2


def test_the_command_of_the_page_runs_as_it_stands_there(folder, command):
    (line,) = re.findall(r"^seqlab backtest data=.*$", PAGE, flags=re.MULTILINE)
    frame = table().rename(columns={"time": "when"})
    frame.to_csv("power.csv", index=False)
    code, shown, _ = command(*shlex.split(line)[1:], *TINY, "data.input_days=1", "data.horizon_days=0.25")
    assert code == 0
    assert "over 5 of 5 folds" in shown
