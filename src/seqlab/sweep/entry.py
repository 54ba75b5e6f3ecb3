# ruff: noqa: PLC0415
"""One run of a command, or one job of a sweep: from the composed configuration to its score."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig


def train_composed(composed: "DictConfig") -> float:
    """Validate a composed configuration and train; return the best monitored score.

    Hydra sets the folder of a sweep's job. A finished run there with the same settings is not repeated.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from seqlab.config.choices import modules_of
    from seqlab.registry import plugins
    from seqlab.runs.paths import default_name

    job = HydraConfig.get()
    folder, overrides = None, list(job.overrides.task)
    if job.mode == RunMode.MULTIRUN:
        from seqlab.sweep.clashes import job_folder
        from seqlab.sweep.job import finished

        folder = job_folder(job.sweep)
        if record := finished(folder, overrides):
            return float(record["score"] if record["score"] is not None else "nan")
    else:
        _refuse_lone_sweep(job.runtime.choices["sweep"])
    if composed.name is None:
        composed.name = default_name(job.runtime.choices)
    plugins.load(modules_of(composed))
    from seqlab.config.compose import make_config

    config = make_config(composed)
    from seqlab.io import console_log  # imports Lightning, so after the settings are checked

    console_log.configure(config.verbosity)
    from seqlab.runs.resume import Start, start_of
    from seqlab.sweep.job import begun
    from seqlab.sweep.pruning import pruning
    from seqlab.training.fit import train

    if folder is None:
        start = start_of(config, overrides)
    else:
        start = Start(config, overrides, folder, resume=begun(folder, overrides) is not None)
    facts = {"overrides": list(start.overrides)}
    return train(start.config, start.path, resume=start.resume, extra_callbacks=pruning, **facts).score


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
