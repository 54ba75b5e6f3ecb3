"""scripts/compare_linear.py: scores by scikit-learn, the interval by its formula, and two small runs."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from seqlab.inference.ensemble import Ensemble
from seqlab.tasks.baselines.text import Labelled

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("compare_linear")


@pytest.fixture
def made(script):
    """Return what makes a split of N texts, of which the network and the linear model know shares."""

    def make(count: int, network: float, linear: float, seed: int = 0, first: int = 0):
        random = np.random.default_rng(seed)
        true = random.integers(0, 3, count)
        predicted = [
            np.where(random.random(count) < share, true, (true + 1) % 3) for share in (network, linear)
        ]
        texts = [f"text {first + number}" for number in range(count)]
        return script.Compared("run", texts, true, 4, predicted[0], script.Linear("SVM, C 1", predicted[1]))

    return make


def test_scores_are_those_of_scikit_learn(made):
    one = made(50, 0.7, 0.5)
    for times in (np.ones(50, int), np.random.default_rng(1).integers(0, 3, 50)):
        true, ours = np.repeat(one.true, times), np.repeat(one.network, times)
        f1 = f1_score(true, ours, labels=range(4), average="macro", zero_division=0)
        assert one.scores(one.network, times) == pytest.approx([accuracy_score(true, ours), f1])


def test_the_interval_is_as_wide_as_its_formula_says(script, made):
    one = made(400, 0.8, 0.7)
    pairs = (one.network == one.true).astype(float) - (one.linear.predicted == one.true)
    drawn = script.resampled([one], 500, np.random.default_rng(0))
    assert drawn[:, 0].mean() == pytest.approx(one.difference()[0], abs=0.005)
    assert drawn[:, 0].std() == pytest.approx(pairs.std() / 20, rel=0.15)
    # The same texts in two splits say no more than in one; other texts do.
    again, other = (
        script.resampled([one, two], 500, np.random.default_rng(0))
        for two in (one, made(400, 0.8, 0.7, 5, 400))
    )
    assert again[:, 0].std() == pytest.approx(drawn[:, 0].std(), rel=0.01)
    assert other[:, 0].std() < 0.8 * drawn[:, 0].std()


@pytest.mark.parametrize(("best", "fits"), [(10, 3), (100, 3), (3, 4), (1, 4)])
def test_the_linear_model_is_the_best_on_validation(script, monkeypatch, best, fits):
    tried = []

    def fitter(recipe, train, splits):
        def fit(c):
            tried.append((recipe.is_logistic, c))
            grid = script.GRIDS[True]
            wrong = abs(grid.index(c) - grid.index(best)) if recipe.is_logistic else len(train.y)
            return {name: np.where(np.arange(len(one.y)) < wrong, -1, one.y) for name, one in splits.items()}

        return fit

    monkeypatch.setattr(script, "fitter", fitter)
    split = Labelled([f"name{number} {best}" for number in range(8)], np.arange(8) % 2)
    found = script.best_linear(split, split, split)
    assert found.name == f"logistic, C {best}"
    assert found.predicted.tolist() == split.y.tolist()
    assert len([one for one in tried if one[0]]) == fits
    assert (
        len([one for one in tried if not one[0]]) == 3
    )  # the middle and its neighbours, none of which is better


def test_the_exit_code_says_whether_the_network_is_above(script, made, monkeypatch, capsys):
    for share, verdict in ((0.9, "above"), (0.52, "no difference shown"), (0.1, "below")):
        monkeypatch.setattr(
            script, "compare", lambda paths, share=share: made(300, share, 0.5, first=int(str(paths[0])))
        )
        code = script.main(["0", "300", "--resamples", "200", "--check"])
        assert code == (verdict != "above")
        *_, accuracy, _ = capsys.readouterr().out.splitlines()
        assert accuracy.startswith("accuracy: ")
        assert accuracy.endswith(f", 2 splits: {verdict}")


@pytest.mark.slow
def test_runs_of_two_split_seeds_are_compared_with_their_own_linear_models(script, trained, train, capsys):
    small = ("data=names", "data.source=sample", "model=gru", "model.hidden_size=8", "trainer.max_epochs=1")
    runs = [trained(*small, "callbacks=none", f"data.split_seed={seed}") for seed in (0, 1)]
    capsys.readouterr()
    assert script.main([*map(str, runs), "--resamples", "50", "--check"]) == 1
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.count("|") == rows[0].count("|") == 10
    assert all(" C " in row for row in rows[:2])
    assert rows[-1].endswith(", 2 splits: below")
    other = [trained(*small, "callbacks=none", f"data.split_seed={seed}", "seed=1") for seed in (0, 1)]
    capsys.readouterr()
    assert script.main([*map(str, runs), "--with", *map(str, other), "--resamples", "50"]) == 0
    _, _, *together = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[2] for row in together[:2]] == [row.split(" | ")[2] for row in rows[:2]]
    for row, run, beside in zip(together, runs, other, strict=False):
        scores = Ensemble.of([run, beside]).scores()
        assert row.startswith(f"| {run.parent.name}/{run.name} + {beside.parent.name}/{beside.name} | ")
        assert row.split(" | ")[3:5] == [f"{scores[f'test/{name}']:.4f}" for name in ("accuracy", "f1_macro")]
    assert script.main([*map(str, runs), "--with", str(other[0])]) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("compare_linear.py: --with has 1 runs for 2 splits; give one for each, and --with")
    assert script.main(["out"]) == 2
    assert "is not a run folder" in capsys.readouterr().err
