"""The Trainer of a run, and everything that happens beside training."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import Logger
from lightning.pytorch.profilers import (
    AdvancedProfiler,
    PassThroughProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
)

from seqlab.config import Config
from seqlab.config.choices import CHOICES
from seqlab.config.trainer import LoggerConfig, TrainerConfig
from seqlab.errors import ConfigError
from seqlab.models.precision import for_lightning
from seqlab.registry.section import Part
from seqlab.runs.checkpoint.files import Checkpoints
from seqlab.runs.folder import RunFolder
from seqlab.training.callbacks import (
    Best,
    Diagnostics,
    EarlyStopping,
    EMAWeightAveraging,
    Resume,
    SavedFirst,
    progress,
)
from seqlab.training.loggers import Journal

Beside = Callable[[Config, RunFolder], list[Callback]]
"""What makes further callbacks of a run."""

PROFILERS: dict[str, type[Profiler]] = {
    "simple": SimpleProfiler,
    "advanced": AdvancedProfiler,
    "pytorch": PyTorchProfiler,
}


class NoProfiler(PassThroughProfiler):
    """Measures nothing and costs nothing; Lightning's own runs a generator some forty times a step."""

    def profile(self, action_name: str) -> AbstractContextManager[str]:  # type: ignore[override]
        """Return a context that does nothing."""
        return nullcontext(action_name)


def check_devices(config: TrainerConfig) -> None:
    """Refuse what this machine lacks as torch sees it: the configuration was checked without torch.

    Raises:
        ConfigError: torch finds no such device, or the one that it finds has no such precision.
    """
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    refusal = config.refusal(lambda: gpus, torch.backends.mps.is_available)
    if refusal:
        raise ConfigError(f"{refusal} (as torch {torch.__version__} sees it)")


def check_classes(config: Config) -> None:
    """Refuse classes that cannot be imported, or are of another kind than their group.

    Raises:
        ConfigError: one is such.
    """
    for group, choice in CHOICES.items():
        section = getattr(config, group)
        for part in (section,) if choice.key == "name" else section.parts.values():
            choice.registry[part.target_ if isinstance(part, Part) else part.name]


def make_trainer(
    config: Config, folder: RunFolder, at_step: int = 0, beside: Beside | None = None
) -> Trainer:
    """Return the Trainer with everything that happens beside training.

    Args:
        config: the whole configuration.
        folder: of the run.
        at_step: where the run goes on.
        beside: makes further callbacks, which come after early stopping.
    """
    settings = config.trainer.model_dump()
    profiler, precision = settings.pop("profiler"), settings.pop("precision")
    shown, monitor = progress(config.verbosity), config.task.watched
    resume = Resume(
        folder, every_steps=config.checkpoint.every_steps, every_minutes=config.checkpoint.every_minutes
    )
    return Trainer(
        **settings,
        precision=for_lightning(precision),
        profiler=PROFILERS[profiler](dirpath=folder.path, filename="profile") if profiler else NoProfiler(),
        logger=_loggers(config.logger, folder, at_step),
        callbacks=[
            SavedFirst(resume),
            Best(folder.checkpoints, monitor if config.trainer.limit_val_batches else None, config.task.mode),
            *_early_stopping(config),
            *(beside(config, folder) if beside else ()),
            *_diagnostics(config, folder),
            *_weight_average(config),
            *shown,
            resume,
        ],
        plugins=[Checkpoints()],
        enable_progress_bar=len(shown) > 1,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        default_root_dir=folder.path,
    )


def _early_stopping(config: Config) -> list[Callback]:
    patience = config.callbacks.early_stopping_patience
    return [EarlyStopping(config.task.watched, mode=config.task.mode, patience=patience)] if patience else []


def _diagnostics(config: Config, folder: RunFolder) -> list[Callback]:
    settings = config.callbacks
    if not settings.diagnostics_every:
        return []
    every, samples = settings.diagnostics_every, settings.diagnostics_samples
    return [Diagnostics(folder, every=every, samples=samples, draws=settings.figures, title=config.title)]


def _weight_average(config: Config) -> list[Callback]:
    decay = config.callbacks.weight_average
    return [EMAWeightAveraging(decay)] if decay else []


def _loggers(config: LoggerConfig, folder: RunFolder, at_step: int) -> list[Logger]:
    made = [
        CHOICES["logger"].make(
            part, f"logger.{key}", folder=folder.path, save_dir=str(folder.path), at_step=at_step
        )
        for key, part in config.parts.items()
    ]
    return [Journal(folder.metrics), *made]
