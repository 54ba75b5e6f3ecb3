"""Tasks: loss, scores, predictions, figures and baselines.

Names are imported on first use, so that the names of tasks and scores are known without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqlab.registry.catalog import tasks

if TYPE_CHECKING:
    from seqlab.tasks.base import Task, register_task
    from seqlab.tasks.classification import Classification
    from seqlab.tasks.confusion import ConfusionMatrix
    from seqlab.tasks.forecasting import Forecasting
    from seqlab.tasks.language_model import LanguageModel
    from seqlab.tasks.multilabel import Multilabel
    from seqlab.tasks.regression import Regression
    from seqlab.tasks.score import Score
    from seqlab.tasks.tagging import Tagging

__all__ = [
    "Classification",
    "ConfusionMatrix",
    "Forecasting",
    "LanguageModel",
    "Multilabel",
    "Regression",
    "Score",
    "Tagging",
    "Task",
    "register_task",
    "tasks",
]

_HOMES = {
    "ConfusionMatrix": "confusion",
    "LanguageModel": "language_model",
    "Task": "base",
    "register_task": "base",
}
"""The modules of names that differ from their module's name."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'seqlab.tasks' has no attribute '{name}'")
    return getattr(import_module(f"seqlab.tasks.{_HOMES.get(name, name.lower())}"), name)
