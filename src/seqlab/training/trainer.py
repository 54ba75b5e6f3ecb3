"""The Trainer of a run, with its callbacks and loggers."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelSummary, ProgressBar
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import (
    AdvancedProfiler,
    PassThroughProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
)

from seqlab.cells import Layout
from seqlab.config.choices import CHOICES
from seqlab.config.schema import Config
from seqlab.config.trainer import LoggerConfig, TrainerConfig
from seqlab.data import DataSpec
from seqlab.errors import ConfigError, needs_extra
from seqlab.models.precision import for_lightning
from seqlab.registry.catalog import make_cells
from seqlab.runs.checkpoint.files import Checkpoints
from seqlab.runs.checkpoint.manifest import Manifest
from seqlab.runs.folder import RunFolder
from seqlab.training.callbacks import (
    Best,
    Diagnostics,
    EarlyStopping,
    EMAWeightAveraging,
    GradualUnfreezing,
    NonMonotonicAveraging,
    Resume,
    SaveBeforeOthers,
    progress,
)
from seqlab.training.loggers import MetricsFile

ExtraCallbacks = Callable[[Config, RunFolder], list[Callback]]
"""A function that makes further callbacks of a run."""

PROFILERS: dict[str, type[Profiler]] = {
    "simple": SimpleProfiler,
    "advanced": AdvancedProfiler,
    "pytorch": PyTorchProfiler,
}

IDS = ("id", "run_id")
"""What loggers of Lightning call the id by which their service knows a run."""
LOGGERS = {"WandbLogger": "wandb", "MLFlowLogger": "mlflow"}
"""The packages, and extras of that name, which loggers of Lightning need."""


class NoProfiler(PassThroughProfiler):
    """Measures nothing and costs nothing; Lightning's default runs a generator some forty times a step."""

    def profile(self, action_name: str) -> AbstractContextManager[str]:  # type: ignore[override]
        """Return a context that does nothing."""
        return nullcontext(action_name)


def check_devices(config: TrainerConfig) -> None:
    """Check with torch that this machine has the devices: the configuration was checked without torch.

    Raises:
        ConfigError: torch does not find such a device, or the device does not support the precision.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    reason = config.unsupported_reason(lambda: gpus, torch.backends.mps.is_available)
    if reason:
        raise ConfigError(f"{reason} (as torch {torch.__version__} sees it)")


def check_classes(config: Config) -> None:
    """Check that the chosen classes can be imported and suit their groups, and that the cell's step runs.

    Raises:
        ConfigError: one cannot, or does not.
        CellError: the cell's step and its declaration do not fit.
    """
    for cell in make_cells(config.model.cell, config.model.options):
        Layout.of(cell)
    for group, section in (("optimizer", config.optimizer), ("scheduler", config.scheduler)):
        CHOICES[group].registry[section.model_dump()["name"]]
    groups = {
        "logger": config.logger.parts,
        "callbacks": config.callbacks.parts,
        "task.metrics": config.task.metrics,
    }
    for group, parts in groups.items():
        for key, part in parts.items():
            for kind in CHOICES[group].registry[part.target_].__mro__:
                package = LOGGERS.get(kind.__name__)
                if package and not find_spec(package):
                    raise ConfigError(needs_extra(f"{group}={key}", package, extra=package))


def make_trainer(
    config: Config,
    folder: RunFolder,
    spec: DataSpec,
    at_step: int = 0,
    extra_callbacks: ExtraCallbacks | None = None,
) -> Trainer:
    """Return the Trainer of a run, with its callbacks and loggers.

    Args:
        config: the whole configuration.
        folder: the run folder.
        spec: the description of the data.
        at_step: the step at which the run is resumed.
        extra_callbacks: a function that makes further callbacks, which follow early stopping.
    """
    settings = config.trainer.model_dump()
    profiler, precision = settings.pop("profiler"), settings.pop("precision")
    del settings["rank_timeout_s"]  # seqlab's own
    if not (settings["deterministic"] or torch.are_deterministic_algorithms_enabled()):
        del settings["deterministic"]  # to say it again would import torch's compiler
    chosen, monitor = _chosen_callbacks(config, folder), config.task.watched
    shown = [
        one
        for one in progress(config.verbosity)
        if not (isinstance(one, ProgressBar) and _is_any(chosen, ProgressBar))
    ]
    resume = Resume(
        folder, every_steps=config.checkpoint.every_steps, every_minutes=config.checkpoint.every_minutes
    )
    callbacks = [
        SaveBeforeOthers(resume),
        Best(folder.checkpoints, monitor if config.trainer.limit_val_batches else None, config.task.mode),
        *_early_stopping(config),
        *(extra_callbacks(config, folder) if extra_callbacks else ()),
        *chosen,
        *_diagnostics(config, folder),
        *_weight_average(config),
        *([GradualUnfreezing(every)] if (every := config.callbacks.unfreeze_every) else []),
        *shown,
        resume,
    ]
    _refuse_shared_state_keys(callbacks)
    return Trainer(
        **settings,
        precision=for_lightning(precision),
        profiler=PROFILERS[profiler](dirpath=folder.path, filename="profile") if profiler else NoProfiler(),
        logger=_loggers(config.logger, folder, at_step),
        callbacks=callbacks,
        plugins=[Checkpoints(Manifest.of(config, spec), folder.path)],
        enable_progress_bar=_is_any([*shown, *chosen], ProgressBar),
        enable_model_summary=_is_any(chosen, ModelSummary),
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        default_root_dir=folder.path,
    )


def _chosen_callbacks(config: Config, folder: RunFolder) -> list[Callback]:
    """Return the callbacks that the user has chosen by name or path."""
    choice = CHOICES["callbacks"]
    return [
        choice.make(part, f"callbacks.{key}", folder=folder.path)
        for key, part in config.callbacks.parts.items()
    ]


def _refuse_shared_state_keys(callbacks: list[Callback]) -> None:
    """Refuse callbacks whose states a checkpoint would keep under the same name.

    Raises:
        ConfigError: two callbacks have the same state_key.
    """
    keys = [one.state_key for one in callbacks if type(one).state_dict is not Callback.state_dict]
    for key in keys:
        if keys.count(key) > 1:
            raise ConfigError(
                f"callbacks: two of them save their state as '{key}'; rename a class, or give it a state_key"
            )


def _is_any(callbacks: list[Callback], kind: type[Callback]) -> bool:
    return any(isinstance(one, kind) for one in callbacks)


def _early_stopping(config: Config) -> list[Callback]:
    patience = config.callbacks.early_stopping_patience
    return [EarlyStopping(config.task.watched, mode=config.task.mode, patience=patience)] if patience else []


def _diagnostics(config: Config, folder: RunFolder) -> list[Callback]:
    settings = config.callbacks
    if not settings.diagnostics_every:
        return []
    every, samples = settings.diagnostics_every, settings.diagnostics_samples
    figures = config.figures if settings.figures else None
    return [Diagnostics(folder, every=every, samples=samples, figures=figures, title=config.title)]


def _weight_average(config: Config) -> list[Callback]:
    decay, patience = config.callbacks.weight_average, config.callbacks.average_after
    if patience:
        return [NonMonotonicAveraging(config.task.watched, config.task.mode, patience)]
    return [EMAWeightAveraging(decay)] if decay else []


def _loggers(config: LoggerConfig, folder: RunFolder, at_step: int) -> list[Logger]:
    made: list[Logger] = []
    for key, part in config.parts.items():
        offered = {"folder": folder.path, "save_dir": str(folder.path), "at_step": at_step}
        unset = [name for name in IDS if name in type(part).model_fields and getattr(part, name) is None]
        if known := folder.record.get("logged_as", {}).get(key):  # what is resumed goes on there
            part = part.model_copy(update=dict.fromkeys(unset, known))  # noqa: PLW2901
        made.append(CHOICES["logger"].make(part, f"logger.{key}", **offered))
    return [MetricsFile(folder.metrics), *made]


def logged_as(config: LoggerConfig, loggers: Sequence[Logger]) -> dict[str, str]:
    """Return by which id the service of each logger knows the run, by the logger's key."""
    versions = {key: one.version for key, one in zip(config.parts, loggers[1:], strict=True)}
    return {key: version for key, version in versions.items() if isinstance(version, str) and version}
