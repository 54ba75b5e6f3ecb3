"""seqlab: train recurrent sequence models from the equations of one time step.

Names are imported on first use, so that ``import seqlab`` and ``--help`` do not import torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqlab.api.comparing import report
    from seqlab.api.run import load
    from seqlab.api.training import train
    from seqlab.cells import Cell, Norm, Scalar, State, Vector, cells, register_cell
    from seqlab.data import SequenceData, register_dataset
    from seqlab.models.lightning_module import SequenceModule
    from seqlab.models.sequence_model import SequenceModel
    from seqlab.nn.parts import InputSpec
    from seqlab.registry.catalog import (
        register_between,
        register_callback,
        register_encoder,
        register_head,
        register_init,
        register_logger,
        register_metric,
        register_optimizer,
        register_pooling,
        register_scheduler,
    )
    from seqlab.tasks import (
        Classification,
        Forecasting,
        Multilabel,
        Regression,
        Score,
        Tagging,
        Task,
        register_task,
    )

__version__ = "0.1.0"
__all__ = [
    "Cell",
    "Classification",
    "Forecasting",
    "InputSpec",
    "Multilabel",
    "Norm",
    "Regression",
    "Scalar",
    "Score",
    "SequenceData",
    "SequenceModel",
    "SequenceModule",
    "State",
    "Tagging",
    "Task",
    "Vector",
    "__version__",
    "cells",
    "load",
    "register_between",
    "register_callback",
    "register_cell",
    "register_dataset",
    "register_encoder",
    "register_head",
    "register_init",
    "register_logger",
    "register_metric",
    "register_optimizer",
    "register_pooling",
    "register_scheduler",
    "register_task",
    "report",
    "train",
]

_HOMES = (
    {name: "seqlab.registry.catalog" for name in __all__ if name.startswith("register_")}
    | dict.fromkeys(
        (
            "Classification",
            "Forecasting",
            "Multilabel",
            "Regression",
            "Score",
            "Tagging",
            "Task",
            "register_task",
        ),
        "seqlab.tasks",
    )
    | {"InputSpec": "seqlab.nn.parts", "register_cell": "seqlab.cells", "register_dataset": "seqlab.data"}
    | {"load": "seqlab.api.run", "report": "seqlab.api.comparing", "train": "seqlab.api.training"}
    | {
        "SequenceData": "seqlab.data",
        "SequenceModel": "seqlab.models.sequence_model",
        "SequenceModule": "seqlab.models.lightning_module",
    }
)
"""The packages of names that are not in seqlab.cells."""

_MODULES = ("data", "errors")
"""What ``import seqlab`` alone lets one write in full, such as ``seqlab.data.Texts``."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "seqlab.cells")), name)
    if name in _MODULES:
        return import_module(f"seqlab.{name}")
    raise AttributeError(f"module 'seqlab' has no attribute '{name}'")
