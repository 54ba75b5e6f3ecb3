"""Loading a run from its folder, whose files are not trusted.

A checkpoint is read as tensors and simple values. It does not decide what is built: config.yaml and the
registries do. A file that does not match is refused in one line, ``file: reason; remedy``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqlab.config.choices import modules_of
from seqlab.config.schema import OF_THE_COMMAND, Config
from seqlab.config.validation import validate
from seqlab.data import DataSpec
from seqlab.errors import RunError, SeqlabError
from seqlab.io.override import setting
from seqlab.io.safe_read import UnreadableError, read_yaml
from seqlab.models.lightning_module import SequenceModule
from seqlab.models.precision import weights_dtype
from seqlab.registry import plugins
from seqlab.runs.checkpoint.archive import check_archive
from seqlab.runs.checkpoint.data_spec import spec_of
from seqlab.runs.checkpoint.files import check_seal
from seqlab.runs.checkpoint.network import build_network
from seqlab.runs.checkpoint.training_state import check_progress
from seqlab.runs.checkpoint.values import check_contents, check_sums
from seqlab.runs.checkpoint.weights import LARGEST, SUFFIX, read_weights
from seqlab.runs.record import RECORD, check_folder, read_record

UNUSED_SETTINGS = {"optimizer": {"name": "sgd"}, "scheduler": {"name": "none"}, "callbacks": {}, "logger": {}}
"""The settings of training in a run that is only read, where its own are not needed."""


@dataclass(frozen=True)
class LoadedRun:
    """A run that can be used.

    Attributes:
        path: its folder.
        record: its run.json.
        config: its settings.
        spec: the description of its data.
        module: its network with the weights of the checkpoint, in evaluation mode.
    """

    path: Path
    record: dict[str, Any]
    config: Config
    spec: DataSpec
    module: SequenceModule


def load_run(path: Path, checkpoint: str = "best", *, with_metrics: bool = False) -> LoadedRun:
    """Load a run folder.

    Args:
        path: the folder with run.json.
        checkpoint: "best" or "last".
        with_metrics: whether its predictions will be scored, so that the metrics of its task are needed.

    Raises:
        RunError: a file is missing, damaged, or was not written by seqlab.
    """
    record, config = read_run_record(path), read_config(path, anywhere=True, with_metrics=with_metrics)
    file = _file(path, checkpoint)
    spec, weights, calibration = read_trained(file)
    try:
        dtype = weights_dtype(config.trainer.precision)
        parts = spec, config.model, config.task, config.engine
        module = build_network(weights, *parts, dtype=dtype, calibration=calibration)
    except UnreadableError as error:
        raise _refused(file, str(error)) from error
    return LoadedRun(path, record, config, spec, module)


def read_config(path: Path, *, anywhere: bool = False, with_metrics: bool = False) -> Config:
    """Return the settings of a run folder; the user must have imported the modules that they name.

    Args:
        path: the folder.
        anywhere: whether the run is only read, on any machine with or without GPUs; otherwise it is resumed.
        with_metrics: whether its predictions will be scored.

    Raises:
        RunError: config.yaml is missing or damaged, or names a module that the user has not named.
    """
    file = path / "config.yaml"
    try:
        raw = read_yaml(file)
    except UnreadableError as error:
        raise _refused(file, str(error)) from error
    imports = raw.get("imports") if isinstance(raw, dict) else None
    if not isinstance(imports, list) or not all(isinstance(name, str) for name in imports):
        raise _refused(file, "does not contain the settings of a run")
    if anywhere:  # nothing is trained, so classes that only training needs are not looked up
        raw |= UNUSED_SETTINGS
        if isinstance(task := raw.get("task"), dict) and not with_metrics:
            raw["task"] = {name: value for name, value in task.items() if name not in ("metrics", "monitor")}
    modules = modules_of(raw)
    raw = {name: section for name, section in raw.items() if name not in OF_THE_COMMAND}
    trainer = raw.get("trainer")
    if anywhere and isinstance(trainer, dict):
        device = "cpu" if trainer.get("accelerator") == "cpu" else "auto"
        raw["trainer"] = trainer | {"accelerator": device, "devices": 1}
        if trainer.get("precision") == "16-mixed":  # trains only on GPUs; its weights are float32
            raw["trainer"]["precision"] = "32-true"
    named = (
        f"{' '.join(f'--imports {name}' for name in modules)}, or import it first in Python"
        if anywhere
        else setting("imports", modules)
    )
    try:
        plugins.refuse_unnamed(modules, path, named)
        return validate(raw)
    except SeqlabError as error:
        raise RunError("\n".join(f"{file}: {line}" for line in str(error).splitlines())) from error


def _file(path: Path, checkpoint: str) -> Path:
    """Return the file with the weights of a run; earlier versions wrote best.ckpt."""
    best, earlier = (path / "checkpoints" / f"best{suffix}" for suffix in (SUFFIX, ".ckpt"))
    if checkpoint != "best":
        return path / "checkpoints" / f"{checkpoint}.ckpt"
    return earlier if earlier.exists() and not best.exists() else best


class Trained(NamedTuple):
    """The description of the data, the weights, and the calibration of a task, if there is one."""

    spec: DataSpec
    weights: dict[str, Tensor]
    calibration: list[list[float]] | None = None


def read_trained(file: Path) -> Trained:
    """Return what a file of a run folder holds of a network.

    Raises:
        RunError: the file is missing, damaged, or was not written by seqlab.
    """
    _check_is_there(file)
    try:
        if file.suffix == SUFFIX:
            manifest, weights = read_weights(file)
            return Trained(manifest.spec, weights, manifest.calibration)
        content = read_checkpoint(file)
        return Trained(spec_of(content), content["state_dict"])
    except UnreadableError as error:
        raise _refused(file, str(error)) from error


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Return the content of a checkpoint: simple values, and CPU tensors that are mapped from the file.

    A simple value is None, bool, int, float, str, or a list, tuple or dict of them. Nothing is executed. All
    bytes match the checksums in the file. The weights and the optimizers' states are finite; the caller
    checks that they match a network.

    Raises:
        RunError: the file is missing, damaged, or not a checkpoint of simple values.
    """
    _check_is_there(file)
    try:
        archive = check_archive(file, LARGEST)
        content = _torch_load(file)
        check_contents(content, archive.pickle_size, file.stat().st_size)
        check_sums(content, archive.tensors)
        check_seal(file, LARGEST)
        _check_weights(content)
    except UnreadableError as error:
        raise _refused(file, str(error)) from error
    return content


def read_progress(file: Path) -> dict[str, Any]:
    """Return a checkpoint from which training can be resumed.

    Raises:
        RunError: as in ``read_checkpoint``, or it has no valid training state.
    """
    content = read_checkpoint(file)
    try:
        check_progress(content)
    except UnreadableError as error:
        raise _refused(file, str(error)) from error
    return content


def read_run_record(path: Path) -> dict[str, Any]:
    """Return run.json of a run folder.

    Raises:
        RunError: there is none, or it is damaged.
    """
    check_folder(path)
    try:
        return read_record(path / RECORD)
    except UnreadableError as error:
        raise RunError(f"{path / RECORD}: {error}") from error


def _check_is_there(file: Path) -> None:
    if not file.exists() and not file.is_symlink():
        raise RunError(f"{file}: no such file; did the run reach its first validation?")


def _torch_load(file: Path) -> dict[str, Any]:
    try:
        # A mapped tensor is a part of the file, whatever size it claims, and uses memory only when read.
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # any error of torch for damaged bytes
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UnreadableError(f"cannot be read as simple values ({reason:.80})") from error
    if not isinstance(content, dict):
        raise UnreadableError("contains no weights")
    return content


def _check_weights(content: dict[str, Any]) -> None:
    weights = content.get("state_dict")
    if not isinstance(weights, dict) or not all(isinstance(found, Tensor) for found in weights.values()):
        raise UnreadableError("contains no weights")
    for name, tensor in weights.items():
        _check_finite(tensor, f"weight '{name}'")
    _check_finite(content.get("optimizer_states"), "the state of the optimizer")


def _check_finite(value: Any, name: str) -> None:
    """Refuse tensors in ``value`` that contain NaN or infinity."""
    if isinstance(value, dict | list | tuple):
        for inside in value.values() if isinstance(value, dict) else value:
            _check_finite(inside, name)
    elif isinstance(value, Tensor) and not torch.isfinite(value).all():
        raise UnreadableError(f"{name} is not finite")


def _refused(file: Path, reason: str) -> RunError:
    return RunError(f"{file}: {reason}; use another checkpoint or train again")
