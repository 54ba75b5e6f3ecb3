"""One registry for each kind of class; their names are known without torch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqlab.errors import ConfigError
from seqlab.registry.registry import Registry, in_snake_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightning.pytorch import Callback
    from lightning.pytorch.loggers import Logger
    from torch import nn
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler
    from torchmetrics import Metric

    from seqlab.cells.base import Cell
    from seqlab.data.dataset import Dataset
    from seqlab.data.spec import DataSpec
    from seqlab.engines.base import Engine
    from seqlab.tasks.base import Task

cells: "Registry[type[Cell]]" = Registry("cell", home="seqlab.cells")
"""The equations of one time step: ``model.cell=NAME``."""
engines: "Registry[type[Engine]]" = Registry("engine", home="seqlab.engines")
"""The ways to run the equations: ``engine=NAME``."""
datasets: "Registry[type[Dataset]]" = Registry("data set", home="seqlab.data")
"""The data sets: ``data=NAME``."""

specs: "Registry[type[DataSpec]]" = Registry("spec", home="seqlab.data")
"""The descriptions of kinds of data, by the name of the field that only one has."""

tasks: "Registry[type[Task]]" = Registry("task", home="seqlab.tasks")
"""The tasks, with loss and scores: ``task=NAME``."""

optimizers: "Registry[type[Optimizer]]" = Registry(
    "optimizer", foreign=("torch.optim",), base="torch.optim.Optimizer"
)
"""The optimizers: ``optimizer=NAME``."""
register_optimizer = optimizers.register

schedulers: "Registry[Callable[..., LRScheduler | None]]" = Registry(
    "scheduler",
    "seqlab.models",
    foreign=("torch.optim.lr_scheduler",),
    base="torch.optim.lr_scheduler.LRScheduler",
)
"""The learning rate schedules: ``scheduler=NAME``."""
register_scheduler = schedulers.register

loggers: "Registry[type[Logger]]" = Registry(
    "logger",
    "seqlab.training",
    foreign=("lightning.pytorch.loggers",),
    naming=lambda path: path.rpartition(".")[2].lower().removesuffix("logger"),
    base="lightning.pytorch.loggers.Logger",
)
"""The loggers: ``logger=NAME``, or several."""
register_logger = loggers.register

callbacks: "Registry[type[Callback]]" = Registry(
    "callback",
    "seqlab.training",
    foreign=("lightning.pytorch.callbacks",),
    naming=in_snake_case,
    base="lightning.pytorch.callbacks.Callback",
)
"""The callbacks: ``callbacks=[default,NAME]``."""
register_callback = callbacks.register


def _of_metric(path: str) -> str:
    """Return the name of a metric of torchmetrics; of those for classes, the multiclass one has the name.

    Those for several labels have names such as ``multilabel_auroc``.
    """
    module, _, name = path.rpartition(".")
    is_for_us = module.endswith("regression") or name.startswith(("Multiclass", "Multilabel"))
    return in_snake_case(name.removeprefix("Multiclass")) if is_for_us else ""


metrics: "Registry[type[Metric]]" = Registry(
    "metric",
    foreign=("torchmetrics.classification", "torchmetrics.regression"),
    naming=_of_metric,
    base="torchmetrics.Metric",
)
"""The metrics for further scores of a task: ``task.metrics=[NAME]``."""
register_metric = metrics.register

encoders: "Registry[Callable[..., nn.Module]]" = Registry("encoder", home="seqlab.nn")
"""From inputs, [B, T] tokens or [B, T, F] features, to [B, T, I]: ``model.encoder=NAME``.

It is given an ``InputSpec``. Its class attribute ``reads`` is "tokens" or "features", and its attribute
``output_size`` is I. One that makes a step of several has an attribute ``segment``, how many.
"""
register_encoder = encoders.register

betweens: "Registry[Callable[..., nn.Module]]" = Registry("between", home="seqlab.nn")
"""From a layer's outputs [B, T, H] and its inputs [B, T, I] to what the next reads, [B, T, H]:
``model.between=NAME``. It is given I and H."""
register_between = betweens.register

poolings: "Registry[Callable[..., nn.Module]]" = Registry("pooling", home="seqlab.nn")
"""From a direction's outputs [B, T, H] and lengths [B] to a vector [B, P]: ``model.pooling=NAME``.

It is given H; its ``output_size`` is P.
"""
register_pooling = poolings.register

heads: "Registry[Callable[..., nn.Module]]" = Registry("head", home="seqlab.nn")
"""From pooled vectors [B, P] to outputs [B, O]: ``model.head=NAME``. It is given P and O."""
register_head = heads.register

inits: "Registry[Callable[..., None]]" = Registry("init", home="seqlab.nn")
"""A function that is given a recurrent layer and fills its W, U and b in place: ``model.init=NAME``."""
register_init = inits.register

SHARED = (
    "embedding_size",
    "embedding_dropout",
    "feature_dropout",
    "dropout",
    "dropout_each",
    "init_steps",
    "segment",
)
"""Keys of conf/model that a part gets if it has a setting of that name; its other settings are options."""


def make_cells(given: "str | Cell | Sequence[str | Cell]", options: Mapping[str, Any]) -> "list[Cell]":
    """Return the cells of a network; those given by name each with the options that they have.

    Raises:
        ConfigError: there is no such cell.
        CellError: none of them has an option, or a value does not suit one.
    """
    several: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    chosen = {name: cells[name] for name in several if isinstance(name, str)}
    has = {name: cell.option_defaults().keys() for name, cell in chosen.items()}
    # One that none has is refused by the first.
    unknown = options.keys() - {option for known in has.values() for option in known}
    return [
        chosen[one](**{option: options[option] for option in options if option in has[one] | unknown})
        if isinstance(one, str)
        else one
        for one in several
    ]


def check_reads(encoder: str, kind: str) -> None:
    """Refuse an encoder that does not read a kind of input, "tokens" or "features".

    Raises:
        ConfigError: it does not; the message has the names of those that do.
    """
    if encoders.attribute(encoder, "reads") != kind:
        reading = sorted(name for name in encoders if encoders.attribute(name, "reads") == kind)
        raise ConfigError(f"model.encoder={encoder} does not read {kind}; use {' or '.join(reading)}")
