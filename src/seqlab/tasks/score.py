"""Scores: their names, labels, units, and whether higher or lower is better.

This module does not import torch: it is used to check settings and to compare runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from numbers import Real
from typing import Any, Literal, TypeAlias

BaselineScores: TypeAlias = dict[str, dict[str, float] | str]
"""The scores of each baseline, ``{"test/…": …}``, or the reason why it has none."""


@dataclass(frozen=True)
class Score:
    """A number that measures the quality of predictions.

    Attributes:
        name: follows the stage, as in "val/mae".
        label: its heading in tables.
        better: "higher" or "lower"; None if neither is better, so that it cannot be a monitor.
        title: its name in figures; the label if empty.
        unit: its unit; None for the unit of the target.
        digits: digits after the decimal point.
        in_tables: whether it is a column in tables of runs.
        each_epoch: whether it is shown after every epoch, and as a learning curve.
    """

    name: str
    label: str
    better: Literal["higher", "lower"] | None = "higher"
    title: str = ""
    unit: str | None = ""
    digits: int = 4
    in_tables: bool = True
    each_epoch: bool = False

    @property
    def heading(self) -> str:
        """Its name in figures."""
        return self.title or self.label

    @property
    def mode(self) -> Literal["min", "max"]:
        """The better direction, as Lightning and optuna call it."""
        return "min" if self.better == "lower" else "max"

    def text(self, value: float) -> str:
        """Return a value with the right number of digits."""
        return f"{value:.{self.digits}f}"

    def as_dict(self) -> dict[str, Any]:
        """Return simple values for the record of a run."""
        return asdict(self)


def best_epoch(points: Sequence[tuple[int, float]], mode: Literal["min", "max"]) -> int | None:
    """Return the epoch with the best value, the first of equal ones; None if there is no number.

    Args:
        points: (epoch, value) of the monitored score.
        mode: whether the lowest or the highest is best.
    """
    numbers = [(value if mode == "min" else -value, epoch) for epoch, value in points if isfinite(value)]
    return min(numbers)[1] if numbers else None


def checked_baselines(task: str, found: Any) -> BaselineScores:
    """Return what a task's ``baselines`` returned, with a reason in place of what is no scores.

    Args:
        task: the name of its class.
        found: what it returned; a user's own may have returned anything.
    """
    if not isinstance(found, Mapping):
        return {"baselines": f"{task}.baselines returns {type(found).__name__}, not {{name: scores}}"}
    return {str(name): _numbers_in(f"{task}.baselines", scores) for name, scores in found.items()}


def _numbers_in(source: str, scores: Any) -> dict[str, float] | str:
    if isinstance(scores, str):
        return scores
    if not isinstance(scores, Mapping):
        return f"{source} returns {type(scores).__name__} for it, not {{'test/…': number}}"
    for name, value in scores.items():
        if not isinstance(value, Real):
            return f"{source} returns {type(value).__name__} as its {name}, not a number"
    return {str(name): float(value) for name, value in scores.items()}


def loss_in(unit: str) -> Score:
    """Return the loss, which every task has, in its unit."""
    return Score("loss", "loss", "lower", unit=unit, in_tables=False, each_epoch=True)


MACRO = "macro mean over classes"
ACCURACY = Score("accuracy", "accuracy", unit="share of samples", each_epoch=True)
PRECISION = Score("precision_macro", "precision", unit=MACRO)
RECALL = Score("recall_macro", "recall", unit=MACRO)
F1 = Score("f1_macro", "F1", unit=MACRO, each_epoch=True)
F1_MICRO = Score("f1_micro", "F1 micro", unit="over all labels of all samples", each_epoch=True)
EXACT_MATCH = Score("exact_match", "exact match", unit="share of samples", each_epoch=True)
HAMMING = Score("hamming", "Hamming loss", "lower", unit="share of wrong labels")
SPAN_F1 = Score("span_f1", "span F1", unit="over all spans", each_epoch=True)
SPAN_PRECISION = Score("span_precision", "span precision", unit="over all spans")
SPAN_RECALL = Score("span_recall", "span recall", unit="over all spans")
BITS_PER_CHARACTER = Score(
    "bits_per_character", "bits/char", "lower", "bits per character", "bits", each_epoch=True
)
PERPLEXITY = Score("perplexity", "perplexity", "lower", unit="of a token", digits=3)
MSE = Score("mse", "mean sq. error", "lower", "mean squared error", "squared units of the target")
MAE = Score("mae", "mean abs. error", "lower", "mean absolute error", None, each_epoch=True)
MEDIAN_AE = Score("median_ae", "median abs. error", "lower", "median absolute error", None, each_epoch=True)
RMSE = Score("rmse", "RMSE", "lower", "root mean squared error", None)
BIAS = Score("bias", "bias", None, "bias, forecast minus truth", None)
MASE = Score(
    "mase",
    "MASE",
    "lower",
    "mean absolute scaled error",
    "of the seasonal naive in training",
    in_tables=False,
)
SMAPE = Score("smape", "sMAPE", "lower", "symmetric mean absolute percentage error", "%", in_tables=False)
WAPE = Score("wape", "WAPE", "lower", "weighted absolute percentage error", "%", in_tables=False)
CRPS = Score("crps", "CRPS", "lower", "continuous ranked probability score", None)
COVERAGE = Score("coverage", "coverage", None, "coverage of the interval", "share of steps")
WIDTH = Score("width", "width", None, "width of the interval", None, in_tables=False)
