"""What is a good answer? Loss, metrics, figures and baselines of each kind of question."""

from seqlab.tasks.base import Task
from seqlab.tasks.classification import Classification
from seqlab.tasks.confusion import ConfusionMatrix, class_scores, scores
from seqlab.tasks.forecasting import Forecasting
from seqlab.tasks.regression import Regression
from seqlab.tasks.tagging import Tagging

TASKS: dict[str, type[Task]] = {
    "classification": Classification,
    "forecasting": Forecasting,
    "regression": Regression,
    "tagging": Tagging,
}
"""Every task by the name that data declare."""

__all__ = [
    "TASKS",
    "Classification",
    "ConfusionMatrix",
    "Forecasting",
    "Regression",
    "Tagging",
    "Task",
    "class_scores",
    "scores",
]
