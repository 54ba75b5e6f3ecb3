"""One training run, from the configuration to the finished run folder."""

import logging
import math
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from seqlab.config.compose import save_config
from seqlab.config.schema import Config, without_effect
from seqlab.data import SequenceData
from seqlab.errors import ConfigError, RunError, needs_extra
from seqlab.io.console_log import run_log
from seqlab.io.files import resolved
from seqlab.io.safe_read import UnreadableError
from seqlab.models.build import make_data, make_module
from seqlab.models.lightning_module import SequenceModule
from seqlab.models.precision import PRODUCTS, weights_dtype
from seqlab.nn.recurrent import count_parameters
from seqlab.runs.checkpoint.manifest import Manifest
from seqlab.runs.checkpoint.network import check_weights
from seqlab.runs.checkpoint.weights import SUFFIX, write_weights
from seqlab.runs.claim import CONFIG
from seqlab.runs.folder import RunFolder, read_history
from seqlab.runs.load import read_progress, read_run_record, read_trained
from seqlab.runs.paths import check_writable, new_path, shared_path
from seqlab.runs.summary import print_summary
from seqlab.tasks import figures
from seqlab.tasks.base import Task
from seqlab.tasks.baselines.names import check_installed
from seqlab.tasks.further import try_out
from seqlab.tasks.score import BaselineScores, best_epoch, checked_baselines
from seqlab.training.callbacks import Best
from seqlab.training.callbacks.signals import orderly_end
from seqlab.training.loggers import services_told
from seqlab.training.ranks import Ranks
from seqlab.training.results import save_figures, save_tables
from seqlab.training.trainer import ExtraCallbacks, check_classes, check_devices, logged_as, make_trainer
from seqlab.training.transfer import begin_with

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

VERSIONS = ("seqlab", "torch", "lightning", "torchmetrics", "hydra-core")


@dataclass(frozen=True)
class Finished:
    """A finished run: its folder and record, the best monitored score, and the objects that made it."""

    folder: RunFolder
    score: float
    module: SequenceModule
    data: SequenceData
    trainer: Trainer


@orderly_end()
def train(
    config: Config,
    path: Path | None = None,
    *,
    resume: bool = False,
    extra_callbacks: ExtraCallbacks | None = None,
    **facts: Any,
) -> Finished:
    """Train, keep the best weights, test them, and write a run folder.

    Args:
        config: the whole configuration.
        path: the run folder; None for a new one below ``paths.output_dir``.
        resume: whether to resume the run in that folder.
        extra_callbacks: a function that makes further callbacks.
        facts: further fields of run.json.

    Raises:
        SeqlabError: the data or a setting is wrong.
        KeyboardInterrupt: the user stopped the run, which run.json records.
    """
    check_devices(config.trainer)
    check_classes(config)
    if config.callbacks.predictions_format == "parquet" and not find_spec("pyarrow"):
        raise ConfigError(needs_extra("callbacks.predictions_format=parquet", "pyarrow", "tables"))
    check_installed(config.task.baselines)
    folder = RunFolder(path or shared_path() or new_path(config.paths.output_dir, config.title))
    if folder.writes:
        check_writable(folder.path.parent if path else resolved(config.paths.output_dir))
    for line in without_effect(config):
        log.warning("%s", line)
    resume = resume and folder.last.exists()
    if config.init_from and not resume:
        read_run_record(Path(config.init_from))  # if there is none, nothing is left behind
    last = read_progress(folder.last) if resume else {}
    seed_everything(config.seed, verbose=False)
    data = make_data(config)
    data.setup()
    is_multilabel = config.task.says("is_multilabel")
    try_out(config.task.arguments["metrics"], len(data.spec.classes), is_multilabel=is_multilabel)
    save_settings = None if resume else partial(save_config, config)
    with folder.running(resume=resume, save_settings=save_settings), run_log(folder.path / "run.log"):
        if resume:
            _check_fit(folder, last["state_dict"], config, data)
        module = make_module(config, data.spec, folder.record.get("engine"))
        if resume:
            _check_optimizer(folder, last, module)
        if config.init_from and not resume:
            facts = {**facts, "init_from": begin_with(Path(config.init_from), module, data.spec, config)}
        folder.defer_if_done(lambda: save_config(config, folder.path / CONFIG))
        folder.write(**facts)
        trainer = make_trainer(config, folder, data.spec, last.get("global_step", 0), extra_callbacks)
        _announce(config, folder, data, module, trainer)
        watched = Ranks(folder, trainer, config.trainer.rank_timeout_s).watched()
        with services_told(trainer.loggers), watched:
            trainer.fit(module, datamodule=data, ckpt_path=folder.last if resume else None, weights_only=True)
            _evaluate(config, trainer, module, data, folder)
            _save_results(config, trainer, module, data, folder)
        score = folder.record["metrics"].get(config.task.watched, math.nan)
        folder.write(score=None if math.isnan(score) else score)
    if trainer.is_global_zero:
        print_summary(folder)
    return Finished(folder, score, module, data, trainer)


def _check_fit(folder: RunFolder, weights: dict[str, Tensor], config: Config, data: SequenceData) -> None:
    """Refuse to resume with other data than the run was trained on, or with weights of another network.

    Raises:
        RunError: the data or the weights are others.
    """
    seen = folder.record.get("data", {}).get("sha256")
    if seen is not None and seen != data.spec.sha256:
        place = config.data.place
        remedy = f"name the same data with data.{place}" if place else "use the version that started it"
        raise RunError(
            f"{data.spec.origin} differs from the data that {folder.path} was trained on; {remedy}"
        )
    try:
        dtype = weights_dtype(config.trainer.precision)
        check_weights(weights, data.spec, config.model, config.task, config.engine, dtype=dtype)
    except UnreadableError as error:
        raise RunError(f"{folder.last}: {error}; restore an intact copy, or train anew") from error


def _check_optimizer(folder: RunFolder, last: Mapping[str, Any], module: SequenceModule) -> None:
    """Refuse to resume with the optimizer of another number of parameters.

    Raises:
        RunError: it has another.
    """
    (optimizer,) = last["optimizer_states"]
    if sum(len(group["params"]) for group in optimizer["param_groups"]) != len([*module.parameters()]):
        raise RunError(
            f"{folder.last}: has an optimizer that does not match its weights; restore an intact copy, or "
            "train anew"
        )


def _announce(
    config: Config, folder: RunFolder, data: SequenceData, module: SequenceModule, trainer: Trainer
) -> None:
    """Record and log what is known before the first step."""
    device, precision = trainer.strategy.root_device, config.trainer.precision
    choice = module.model.recurrent.choice(module.model.read_dtype(PRODUCTS.get(precision)), device)
    spec = data.spec
    folder.write(
        name=config.title,
        seed=config.seed,
        cell=config.model.title,
        engine=choice.engine.name,
        engine_reason=choice.reason,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"),
        world_size=trainer.world_size,
        versions={"python": platform.python_version()} | {name: version(name) for name in VERSIONS},
        platform=platform.platform(),
        data=spec.recorded(),
        task={
            "problem_type": config.task.problem_type,
            "scores": [score.as_dict() for score in config.task.scores],
            "monitor": config.task.watched,
            "galleries": list(module.task.galleries),
        },
        parameters=count_parameters(module),
        network=str(module.model),
    )
    for logger in trainer.loggers:
        if not isinstance(logger, TensorBoardLogger):  # which gets them at the end, with the scores
            logger.log_hyperparams(_hyperparameters(config))
        elif trainer.is_global_zero:
            settings = (folder.path / CONFIG).read_text(encoding="utf-8")
            logger.experiment.add_text("config", f"```yaml\n{settings}```")
    if ids := logged_as(config.logger, trainer.loggers):
        folder.write(logged_as=ids)
    log.info("%s: %s from %s", spec.name, _sizes(spec.sizes), spec.origin)
    log.info("engine: %s (%s), on %s", choice.engine.name, choice.reason, device)
    log.info("%s", module.model)


def _evaluate(
    config: Config, trainer: Trainer, module: SequenceModule, data: SequenceData, folder: RunFolder
) -> None:
    """Load the best weights, score them on validation and test data, and record the scores."""
    best = _best_checkpoint(trainer)
    weights = read_trained(best).weights if best else {}
    if best:
        module.load_state_dict(weights)
    metrics: dict[str, float] = {}
    if trainer.limit_val_batches:
        # The best epoch's validation scores are already logged; it is repeated for its confusion matrix.
        loggers, trainer.loggers = trainer.loggers, []
        trainer.validate(module, datamodule=data, verbose=False)
        trainer.loggers = loggers
        metrics |= module.scores("val")
        if best and module.task.calibration is not None and trainer.is_global_zero:
            manifest = Manifest.of(config, data.spec, module.task.calibration)
            write_weights(best.with_suffix(SUFFIX), weights, manifest)
    if best:
        module.load_state_dict(weights)  # a callback may change them while they are scored
    if trainer.limit_test_batches:
        loaders = {"test": data.test_dataloader()}
        if config.callbacks.score_balanced:
            loaders["balanced"] = data.balanced_dataloader()
        trainer.test(module, dataloaders=list(loaders.values()), verbose=False)
        metrics |= module.scores(*loaders)
    baselines: BaselineScores = {}
    if config.task.baselines and trainer.is_global_zero:
        chosen = {} if config.task.baselines is True else {"names": config.task.baselines}
        found = module.task.baselines(data, fitted=True, **chosen)
        baselines = checked_baselines(type(module.task).__name__, found)
    folder.write(
        metrics=metrics,
        baselines={name: scores for name, scores in baselines.items() if not isinstance(scores, str)},
        baselines_missing={name: reason for name, reason in baselines.items() if isinstance(reason, str)},
        best_checkpoint=f"{folder.checkpoints.name}/{best.name}" if best else None,
        epochs=trainer.current_epoch,
        steps=trainer.global_step,
    )


def _best_checkpoint(trainer: Trainer) -> Path | None:
    path = next(
        callback.best_model_path for callback in trainer.checkpoint_callbacks if isinstance(callback, Best)
    )
    return Path(path) if path else None


def _save_results(
    config: Config, trainer: Trainer, module: SequenceModule, data: SequenceData, folder: RunFolder
) -> None:
    """Write figures, predictions and TensorBoard's last entries."""
    metrics, callbacks = folder.record["metrics"], config.callbacks
    if callbacks.predictions and "test/loss" in metrics:
        save_tables(
            lambda: module.task.tables(lambda sample: data.describe("test", sample)),
            folder.path,
            callbacks.prediction_rows,
            callbacks.predictions_format,
            writes=trainer.is_global_zero,
        )
    if not trainer.is_global_zero:
        return
    if callbacks.figures:
        title = data.spec.headed(folder.record["name"])
        module.task.prepare_figures(data)
        draw = partial(_drawn, config, module.task, folder, title)
        save_figures(draw, folder.figures, trainer.loggers, trainer.global_step, config.figures)
    for logger in (logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)):
        best = {f"with_best_weights/{name}": value for name, value in metrics.items()}  # behind the curves
        logger.log_hyperparams(_hyperparameters(config), best, trainer.global_step)
        logger.finalize("success")


def _drawn(config: Config, task: Task, folder: RunFolder, title: str) -> dict[str, "Figure"]:
    """Return a task's figures, with the best epoch and the baselines in the learning curves."""
    history = read_history(folder.metrics)
    drawn = task.figures(history, title)
    best = best_epoch(history.get(config.task.watched, ()), config.task.mode)
    for name in (name for name in drawn if f"val/{name}" in history):
        baselines = folder.record["baselines"].items()
        scores = {key: found[f"val/{name}"] for key, found in baselines if f"val/{name}" in found}
        figures.common.mark(drawn[name].axes[0], best, scores)
    return drawn


def _hyperparameters(config: Config) -> dict[str, Any]:
    """Return the settings by which runs are compared, by dotted key."""
    groups = config.model_dump(include={"model", "optimizer", "scheduler"}, mode="json")
    left_out = {"name", "root", "url", "path", "source"}
    groups["data"] = config.data.model_dump(exclude=left_out, mode="json")
    flat = {f"{group}.{key}": value for group, section in groups.items() for key, value in section.items()}
    kept = {key: value for key, value in flat.items() if isinstance(value, str | int | float | bool)}
    return kept | {"name": config.title, "seed": config.seed, "engine": config.engine}


def _sizes(sizes: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {split}" for split, count in sizes.items())
