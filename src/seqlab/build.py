"""From the configuration to objects."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.profilers import (
    AdvancedProfiler,
    PassThroughProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
)
from omegaconf import DictConfig, OmegaConf

from seqlab.callbacks import (
    Best,
    Diagnostics,
    EarlyStopping,
    EMAWeightAveraging,
    Pruning,
    Resume,
    SavedFirst,
    progress,
)
from seqlab.data import DATASETS, DataSpec, SequenceData
from seqlab.errors import ConfigError
from seqlab.files import replacing
from seqlab.module import SequenceModule
from seqlab.precision import for_lightning, weights_dtype
from seqlab.runs import RunFolder
from seqlab.runs.checkpoints import Checkpoints
from seqlab.runs.journal import Journal
from seqlab.schema import OF_THE_COMMAND, Config, validate
from seqlab.schema.sweep import SearchConfig
from seqlab.schema.trainer import LoggerConfig
from seqlab.tasks import Task

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


def make_config(composed: DictConfig) -> Config:
    """Return the typed configuration.

    Raises:
        ConfigError: one line for every key that is wrong.
    """
    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        raise ConfigError("\n".join(f"{key} must be set; conf/ explains it" for key in missing))
    raw: Any = OmegaConf.to_container(composed, resolve=True)
    return validate(raw)


def save_config(config: Config, path: Path) -> None:
    """Write the configuration of a run as YAML."""
    settings = config.model_dump(mode="json", exclude=set(OF_THE_COMMAND))
    with replacing(path) as draft:
        OmegaConf.save(OmegaConf.create(settings), draft)


def make_data(config: Config) -> SequenceData:
    """Return the data module; nothing is read yet."""
    settings = config.data.model_dump(exclude={"name"})
    return DATASETS[config.data.name](**settings, seed=config.seed)


def make_module(config: Config, spec: DataSpec, engine: str | None = None) -> SequenceModule:
    """Return the LightningModule whose sizes fit the data.

    Args:
        config: the whole configuration.
        spec: what the data declare.
        engine: that a run which goes on has used; None for what the configuration says.

    Raises:
        EngineError: the engine asked for cannot run the cell.
    """
    module = SequenceModule(
        spec=spec.as_dict(),
        model=config.model.model_dump() | {"engine": engine or config.engine},
        task=config.task.model_dump(exclude={"name", "baselines"}),
        optimizer=config.optimizer.model_dump(),
        scheduler=config.scheduler.model_dump(),
    ).to(weights_dtype(config.trainer.precision))
    module.model.recurrent.choice()
    return module


def make_trainer(config: Config, folder: RunFolder, task: Task, at_step: int = 0) -> Trainer:
    """Return the Trainer with everything that happens beside training.

    Args:
        config: the whole configuration.
        folder: of the run.
        task: whose score is monitored.
        at_step: where the run goes on.
    """
    settings = config.trainer.model_dump()
    profiler, precision = settings.pop("profiler"), settings.pop("precision")
    shown = progress(config.verbosity)
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
            Best(folder.checkpoints, task.monitor if config.trainer.limit_val_batches else None, task.mode),
            *_early_stopping(config, task),
            *_pruning(config, folder, task),
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


def _early_stopping(config: Config, task: Task) -> list[Callback]:
    patience = config.callbacks.early_stopping_patience
    return [EarlyStopping(task.monitor, mode=task.mode, patience=patience)] if patience else []


def _pruning(config: Config, folder: RunFolder, task: Task) -> list[Callback]:
    search = config.sweep
    if (
        not isinstance(search, SearchConfig)
        or search.pruner == "none"
        or not config.trainer.limit_val_batches
    ):
        return []
    from seqlab.sweep.study import is_hopeless  # noqa: PLC0415 (imports optuna, an extra)

    def ask(epoch: int, value: float) -> bool:
        return is_hopeless(folder.path, search, epoch=epoch, value=value)

    return [Pruning(task.monitor, ask, folder)]


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
    loggers: list[Logger] = [Journal(folder.metrics, folder.table if "csv" in config.names else None)]
    if "tensorboard" in config.names:
        # What was written after the checkpoint is purged: it is written again.
        place = folder.path, "tensorboard"
        loggers.append(
            TensorBoardLogger(*place, version="", default_hp_metric=False, purge_step=at_step or None)
        )
    return loggers
