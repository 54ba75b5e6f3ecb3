"""Groups of conf/ whose settings are the arguments of a chosen class: of a library, of seqlab, or yours."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from omegaconf import DictConfig, OmegaConf
from pydantic import Field, model_validator

from seqlab.registry.catalog import callbacks, loggers, metrics, optimizers, schedulers
from seqlab.registry.registry import Registry
from seqlab.registry.section import Choice, Part
from seqlab.registry.types import NotNegative, Positive, Section, Share, as_list

Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimizerConfig(Section):
    """Settings of every optimizer besides the arguments of its class.

    Attributes:
        decay_vectors: whether weight_decay is also of biases, norms and other vectors, or only of matrices.
        depth_factor: the learning rate of a layer, and of the encoder, is that of the one above times this
            (discriminative rates: Howard & Ruder 2018 take 0.38).
    """

    name: str
    decay_vectors: bool = True
    depth_factor: Positive = 1.0


class SchedulerConfig(Section):
    """Settings of every scheduler besides the arguments of its class.

    Attributes:
        interval: whether it steps after every epoch or every optimizer step.
        monitor: the score that it depends on, if any.
    """

    name: str
    interval: Literal["epoch", "step"] = "epoch"
    monitor: str | None = None

    @model_validator(mode="after")
    def _score_is_known(self) -> "SchedulerConfig":
        if self.monitor is not None and self.interval == "step":
            raise ValueError("monitor is a score, which is known once per epoch; use interval=epoch")
        return self


CHOICES = {
    "optimizer": Choice(
        optimizers,
        given=("params",),
        base=OptimizerConfig,
        ranges={
            "lr": Positive,
            "momentum": Share,
            "betas": tuple[Beta, Beta],
            "weight_decay": NotNegative,
        },
    ),
    "scheduler": Choice(
        schedulers,
        given=("optimizer", "length", "last_epoch"),
        base=SchedulerConfig,
    ),
    "logger": Choice(loggers, given=("folder", "at_step"), filled=("save_dir",), base=Part, is_open=True),
    "callbacks": Choice(callbacks, given=("folder",), base=Part),
    "task.metrics": Choice(metrics, given=("num_classes", "num_labels"), base=Part),
}
"""The groups whose settings are those of the class that is chosen."""

NAMED = ("data", "task", "optimizer", "scheduler")
"""Groups with one class, whose name is ``name`` in config.yaml."""
HYDRAS = ("_target_", "_partial_", "_recursive_", "_convert_")
"""Hydra's keys for instantiating an object."""
LIBRARIES = ("torch", "lightning", "torchmetrics", "seqlab")
"""Packages whose classes may be named by their path without naming the module in ``imports``."""


def canonical(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in which every class is named as in config.yaml.

    In a group with one class the key is ``name``; in a group that can have several, each has its own key,
    with its name as ``_target_``. ``_target_`` is also read as ``name``, and a key without it as its own
    ``_target_``.
    """
    found = dict(raw)
    for group in NAMED:
        if isinstance(section := raw.get(group), Mapping) and "_target_" in section:
            found[group] = _without_hydras(section) | {"name": section["_target_"]}
    if "logger" in raw:
        found["logger"] = _each_below_its_key(raw["logger"], loggers)
    if isinstance(section := raw.get("callbacks"), Mapping):
        found["callbacks"] = {key: _named(key, value) for key, value in section.items()}
    if isinstance(section := found.get("task"), Mapping) and "metrics" in section:
        found["task"] = {**section, "metrics": _each_below_its_key(section["metrics"], metrics)}
    return found


def _each_below_its_key(section: Any, registry: Registry[Any]) -> Any:
    """Return ``{"csv": {"_target_": "csv"}}`` of "csv", ["csv"], {"csv": True} and {"name": "csv"}."""
    if isinstance(section, Mapping) and isinstance(section.get("name"), str | Sequence):
        section = section["name"]  # as written by earlier versions
    if isinstance(section, str | Sequence):
        each = [one if isinstance(one, Mapping) else {"_target_": str(one)} for one in as_list(section)]
        section = {key_of(str(one.get("_target_")), registry): one for one in each}
    if not isinstance(section, Mapping):
        return section
    switched = {key: {} if value is True else value for key, value in section.items() if value is not False}
    return {key: _named(key, value) for key, value in switched.items()}


def _named(key: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {"_target_": value.get("_target_", key)} | _without_hydras(value)


def _without_hydras(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if key not in HYDRAS}


def key_of(name: str, registry: Registry[Any]) -> str:
    """Return the key for the settings of a class: its name, or for a path the name that it would have."""
    return registry.naming(name) or name.rpartition(".")[2].lower() if "." in name else name


def module_of(path: str) -> str | None:
    """Return the module of a user's class named by its path; None for a library's class, and for a name."""
    module = path.rpartition(".")[0]
    return module if module and module.split(".")[0] not in LIBRARIES else None


def modules_of(raw: Mapping[str, Any]) -> list[str]:
    """Return the user's modules that a configuration needs: imports, and modules of classes named by path."""
    plain: Any = OmegaConf.to_container(raw) if isinstance(raw, DictConfig) else raw
    found = map(module_of, _targets(canonical(plain)))
    return list(dict.fromkeys([*as_list(plain["imports"]), *filter(None, found)]))


def _targets(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield the classes that a canonical configuration names, whatever else is wrong with it."""
    for group, choice in CHOICES.items():
        section: Any = raw
        for key in group.split("."):
            section = section.get(key) if isinstance(section, Mapping) else None
        parts = (
            [section] if choice.key == "name" else section.values() if isinstance(section, Mapping) else ()
        )
        yield from (str(one.get(choice.key)) for one in parts if isinstance(one, Mapping))
