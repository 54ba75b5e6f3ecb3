"""What numbers say how good answers are, what they are called, and which way is better.

Nothing of this imports torch: settings are checked and runs are compared by it.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Score:
    """A number by which answers are judged.

    Attributes:
        name: its name after the stage, as in "val/mae".
        label: its heading in tables.
        better: "higher" or "lower"; None if neither is better, and nothing can be chosen by it.
        title: what figures call it; the label if empty.
        unit: what it is measured in; None if in the unit of the answer.
        digits: how many stand after the decimal point.
        in_tables: whether tables of runs have a column of it.
        each_epoch: whether it is shown after every epoch, and as a curve.
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
        """What figures call it."""
        return self.title or self.label

    @property
    def mode(self) -> Literal["min", "max"]:
        """What Lightning and optuna call the better direction."""
        return "min" if self.better == "lower" else "max"

    def text(self, value: float) -> str:
        """Return a value as it is shown."""
        return f"{value:.{self.digits}f}"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the record of a run holds them."""
        return asdict(self)


def loss_in(unit: str) -> Score:
    """Return the loss, which every task has, in its unit."""
    return Score("loss", "loss", "lower", unit=unit, in_tables=False, each_epoch=True)


MACRO = "macro mean over classes"
ACCURACY = Score("accuracy", "accuracy", unit="share of samples", each_epoch=True)
PRECISION = Score("precision_macro", "precision", unit=MACRO)
RECALL = Score("recall_macro", "recall", unit=MACRO)
F1 = Score("f1_macro", "F1", unit=MACRO, each_epoch=True)
MSE = Score("mse", "mean sq. error", "lower", "mean squared error", "squared units of the answer")
MAE = Score("mae", "mean abs. error", "lower", "mean absolute error", None, each_epoch=True)
MEDIAN_AE = Score("median_ae", "median abs. error", "lower", "median absolute error", None, each_epoch=True)
RMSE = Score("rmse", "RMSE", "lower", "root mean square error", None)
BIAS = Score("bias", "bias", None, "bias, forecast less truth", None)
