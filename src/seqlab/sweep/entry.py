# ruff: noqa: PLC0415
"""One run of a command, or one job of a sweep: from the composed configuration to its score."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from seqlab.config.schema import Config
    from seqlab.runs.resume import Start
    from seqlab.training.fit import Finished


def train_composed(composed: "DictConfig") -> float:
    """Validate a composed configuration and train; return the best monitored score.

    Hydra sets the folder of a sweep's job. A finished run there with the same settings is not repeated.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    job = HydraConfig.get()
    if job.mode != RunMode.MULTIRUN:
        return train_run(composed).score
    from seqlab.sweep.clashes import job_folder
    from seqlab.sweep.job import begun, finished

    folder, overrides = job_folder(job.sweep), list(job.overrides.task)
    if record := finished(folder, overrides):
        return float(record["score"] if record["score"] is not None else "nan")
    config = checked(composed)
    from seqlab.runs.resume import Start

    return _trained(Start(config, overrides, folder, resume=begun(folder, overrides) is not None)).score


def train_run(composed: "DictConfig") -> "Finished":
    """Validate the composed configuration of a single run, and train."""
    from hydra.core.hydra_config import HydraConfig

    job = HydraConfig.get()
    _refuse_lone_sweep(job.runtime.choices["sweep"])
    config = checked(composed)
    from seqlab.runs.resume import start_of

    return _trained(start_of(config, list(job.overrides.task)))


def checked(composed: "DictConfig") -> "Config":
    """Return the typed configuration, and show messages as it says from now on."""
    from hydra.core.hydra_config import HydraConfig

    from seqlab.config.choices import modules_of
    from seqlab.config.compose import make_config
    from seqlab.registry import plugins
    from seqlab.runs.paths import default_name

    choices = HydraConfig.get().runtime.choices
    _refuse_missing(choices)
    if composed.name is None:
        composed.name = default_name(choices)
    plugins.load(modules_of(composed))
    config = make_config(composed)
    from seqlab.io import console_log  # imports Lightning, so after the settings are checked

    console_log.configure(config.verbosity)
    return config


def _trained(start: "Start") -> "Finished":
    from seqlab.sweep.pruning import pruning
    from seqlab.training.fit import train

    facts = {"overrides": list(start.overrides)}
    return train(start.config, start.path, resume=start.resume, extra_callbacks=pruning, **facts)


def _refuse_missing(choices: Mapping[str, str]) -> None:
    """Refuse ``~model``: the defaults of its keys would make a network that has no name.

    Raises:
        ConfigError: no model, or no data, are chosen.
    """
    from seqlab.config.packaged import names_of
    from seqlab.errors import ConfigError, near

    for group in ("data", "model"):
        if group not in choices:
            raise ConfigError(f"{group} is missing; {near('', names_of(group))}")


def _refuse_lone_sweep(chosen: str) -> None:
    """Refuse sweep=… without -m: it would silently train only one model.

    Raises:
        ConfigError: -m is missing.
    """
    if chosen == "grid":
        return
    from seqlab.errors import ConfigError
    from seqlab.runs.paths import FOLDER_VARIABLE

    if FOLDER_VARIABLE not in os.environ:  # otherwise this is one of several processes of a job
        raise ConfigError(f"sweep={chosen} needs -m: seqlab train -m sweep={chosen} …")
