"""Is a classifier of texts better than a linear model? A paired interval, pooled over split seeds.

Run:  python scripts/compare_linear.py RUN [RUN …] [--with RUN [RUN …]] [--resamples 2000] [--check]

Each RUN is a finished classifier, of the same data with another data.split_seed. --with adds one more network
to each split, whose outputs are averaged with those of the RUN in its place (an ensemble); it may be given
several times: of one split, RUN --with B --with C.

A split is read again; a linear support vector machine and a logistic regression of TF-IDF-weighted character
n-grams are fitted to the training texts, each with the values of C of a grid from its middle on, for as long
as validation (accuracy) gets better; the better of both is the linear model of this split. Network and linear
model predict the classes of the test texts, on which nothing is chosen.

Prints a row for each split, and the mean difference of accuracy and of macro F1 with its 95 % interval: all
texts are drawn again with replacement, a text that is in the test part of several splits being drawn in all
of them at once, and the differences of the runs are averaged. With --check the exit code is 1 unless both
intervals are above 0.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from seqlab.errors import ConfigError, SeqlabError
from seqlab.inference.ensemble import Ensemble
from seqlab.io.cache import cached_folder
from seqlab.tasks.baselines.text import Labelled, Recipe, fitter, recipe_for

GRIDS = {True: (1.0, 3.0, 10.0, 30.0, 100.0), False: (0.03, 0.1, 0.3, 1.0, 3.0)}
"""The grid of C, of logistic regression and of the support vector machine."""
SCORES = ("accuracy", "macro F1")


class Linear(NamedTuple):
    """The linear model of a split: its name with C, and its class for each test text, [N]."""

    name: str
    predicted: np.ndarray


@dataclass(frozen=True)
class Compared:
    """One split: test texts, their classes, and those that both models predict, [N] each."""

    name: str
    texts: Sequence[str]
    true: np.ndarray
    classes: int
    network: np.ndarray
    linear: Linear

    def scores(self, predicted: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Return accuracy and macro F1, each text counted so many times."""
        places = self.true * self.classes + predicted
        counts = np.bincount(places, weights, self.classes**2).reshape(self.classes, self.classes)
        hits, all_of = np.diag(counts), counts.sum(0) + counts.sum(1)
        f1 = np.divide(2 * hits, all_of, out=np.zeros(self.classes), where=all_of > 0)
        return np.array([hits.sum() / max(counts.sum(), 1), f1.mean()])

    def difference(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Return by how much the network is above the linear model, in both scores."""
        return self.scores(self.network, weights) - self.scores(self.linear.predicted, weights)

    def row(self) -> str:
        """Return the row of a Markdown table."""
        ours, theirs = self.scores(self.network), self.scores(self.linear.predicted)
        cells = [f"{value:.4f}" for value in (*ours, *theirs)] + [f"{value:+.4f}" for value in ours - theirs]
        return f"| {self.name} | {len(self.texts):,} | {self.linear.name} | {' | '.join(cells)} |"


def compare(paths: Sequence[Path]) -> Compared:
    """Return the predictions of a run, or of several together, and of the linear model of the split.

    Raises:
        ConfigError: it is not a classifier of texts, or the runs do not predict the same samples.
        DataError: the data are missing, or have changed.
        RunError: a run cannot be read.
    """
    ensemble = Ensemble.of(paths)
    run, data = ensemble.members[0]
    if (run.spec.task, run.spec.kind) != ("classification", "tokens"):
        raise ConfigError(f"{run.path} is of task={run.spec.task}; give classifiers of texts")
    test = Labelled.of(data, "test")
    linear = best_linear(Labelled.of(data, "train"), Labelled.of(data, "val"), test)
    name = " + ".join(f"{path.parent.name}/{path.name}" for path in paths)
    predicted = torch.cat([mean.argmax(1) for _, mean in ensemble.batches("test")]).numpy()
    return Compared(name, test.texts, test.y, len(run.spec.classes), predicted, linear)


def best_linear(train: Labelled, val: Labelled, test: Labelled) -> Linear:
    """Return the linear model that is best on validation; fitted once, and cached."""
    kinds = {replace(recipe_for(train.texts), is_logistic=kind): grid for kind, grid in GRIDS.items()}
    key = sha256(repr(kinds).encode())
    for split in (train, val, test):
        key.update(json.dumps([list(split.texts), split.y.tolist()]).encode())

    def fit(folder: Path) -> None:
        found = [climbed(kind, grid, train, {"val": val, "test": test}) for kind, grid in kinds.items()]
        best = max(found, key=lambda one: one.score)
        about = {"name": _named(best.recipe), "answers": best.predicted.tolist()}
        (folder / "linear.json").write_text(json.dumps(about))

    kept = json.loads((cached_folder("baselines", key.hexdigest()[:24], fit) / "linear.json").read_text())
    return Linear(kept["name"], np.array(kept["answers"]))


class Tried(NamedTuple):
    """A linear model with its accuracy on validation, and its class for each test text, [N]."""

    recipe: Recipe
    score: float
    predicted: np.ndarray


def climbed(recipe: Recipe, grid: Sequence[float], train: Labelled, splits: Mapping[str, Labelled]) -> Tried:
    """Fit from the middle of a grid of C up, or else down, while validation gets better; return the best."""
    fit = fitter(recipe, train, splits)

    def at(place: int) -> Tried:
        predicted = fit(grid[place])
        score = float((predicted["val"] == splits["val"].y).mean())
        return Tried(replace(recipe, c=grid[place]), score, predicted["test"])

    middle = len(grid) // 2
    best = first = at(middle)
    for places in (range(middle + 1, len(grid)), range(middle - 1, -1, -1)):
        for place in places:
            found = at(place)
            if found.score <= best.score:
                break
            best = found
        if best is not first:
            break
    return best


def _unpaired(others: int, runs: int) -> str:
    found = f"--with has {others} runs for {runs} splits"
    return f"{found}; give one for each, and --with again for each further network"


def _named(recipe: Recipe) -> str:
    return f"{'logistic' if recipe.is_logistic else 'SVM'}, C {recipe.c:g}"


def resampled(found: Sequence[Compared], count: int, random: np.random.Generator) -> np.ndarray:
    """Return the mean difference for so many samples of all texts, [count, scores]."""
    numbers: dict[str, int] = {}
    places = [np.array([numbers.setdefault(text, len(numbers)) for text in one.texts]) for one in found]
    differences = []
    for _ in range(count):
        times = np.bincount(random.integers(len(numbers), size=len(numbers)), minlength=len(numbers))
        each = [one.difference(times[place]) for one, place in zip(found, places, strict=True)]
        differences.append(np.mean(each, axis=0))
    return np.array(differences)


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="folders of finished classifiers")
    parser.add_argument(
        "--with",
        dest="others",
        type=Path,
        nargs="+",
        action="append",
        default=[],
        metavar="RUN",
        help="one more network for each split, in the same order",
    )
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--check", action="store_true", help="exit with 1 unless the network is above")
    options = parser.parse_args(arguments)
    if wrong := [others for others in options.others if len(others) != len(options.runs)]:
        print(f"compare_linear.py: {_unpaired(len(wrong[0]), len(options.runs))}", file=sys.stderr)
        return 2
    try:
        found = [compare(paths) for paths in zip(options.runs, *options.others, strict=True)]
    except SeqlabError as error:
        print(f"compare_linear.py: {error}", file=sys.stderr)
        return 2
    heads = ["run", "texts", "linear model", *(f"{who} {one}" for who in ("its", "linear") for one in SCORES)]
    print(f"| {' | '.join([*heads, *(f'Δ {one}' for one in SCORES)])} |\n| :-- |{' --: |' * 8}")
    for one in found:
        print(one.row())
    mean = np.mean([one.difference() for one in found], axis=0)
    drawn = resampled(found, options.resamples, np.random.default_rng(0))
    lows, highs = np.quantile(drawn, [0.025, 0.975], axis=0)
    print()
    for name, value, low, high in zip(SCORES, mean, lows, highs, strict=True):
        verdict = "above" if low > 0 else "below" if high < 0 else "no difference shown"
        print(f"{name}: {value:+.4f} ({low:+.4f} to {high:+.4f}), {len(found)} splits: {verdict}")
    return int(options.check and not (lows > 0).all())


if __name__ == "__main__":
    sys.exit(main())
