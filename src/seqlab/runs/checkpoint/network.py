"""Building a network for weights from a file, which are checked first."""

import torch
from torch import Tensor

from seqlab.config.model import ModelConfig
from seqlab.config.task import TaskConfig
from seqlab.data import DataSpec
from seqlab.errors import SeqlabError
from seqlab.io.safe_read import UnreadableError
from seqlab.models.lightning_module import SequenceModule


def build_network(
    weights: dict[str, Tensor],
    spec: DataSpec,
    model: ModelConfig,
    task: TaskConfig,
    engine: str,
    *,
    dtype: torch.dtype,
    calibration: list[list[float]] | None = None,
) -> SequenceModule:
    """Return the network with the weights, in evaluation mode; it is built only if they match.

    Args:
        weights: the weights by their names in the state_dict.
        spec: the description of the data.
        model: the settings of the network.
        task: the settings of the task.
        engine: the name of the engine.
        dtype: the type of the weights.
        calibration: of the task, if there is one.

    Raises:
        UnreadableError: the weights belong to another network, or the settings are invalid.
    """
    check_weights(weights, spec, model, task, engine, dtype=dtype)
    module = _make(spec, model, task, engine, dtype=dtype)
    module.load_state_dict(weights)
    if calibration is not None:
        try:
            module.task.load_calibration(calibration)
        except SeqlabError as error:
            raise UnreadableError(str(error)) from error
    return module.eval()


def check_weights(
    weights: dict[str, Tensor],
    spec: DataSpec,
    model: ModelConfig,
    task: TaskConfig,
    engine: str,
    *,
    dtype: torch.dtype,
) -> None:
    """Refuse weights of another network, without using memory; arguments as in ``build_network``.

    Raises:
        UnreadableError: the weights belong to another network, or the settings are invalid.
    """
    if model.num_layers > len(weights):
        raise UnreadableError(f"has {len(weights)} weights, too few for {model.num_layers} layers")
    try:
        with torch.device("meta"):  # uses no memory
            expected = _make(spec, model, task, engine, dtype).state_dict()
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableError(f"describes a network that cannot be built ({reason:.80})") from error
    except SeqlabError as error:
        raise UnreadableError(f"does not match its settings ({error})") from error
    if odd := set(weights) ^ set(expected):
        raise UnreadableError(f"its weights belong to another network ('{min(map(str, odd))}')")
    for name, tensor in expected.items():
        if weights[name].shape != tensor.shape or weights[name].dtype != tensor.dtype:
            raise UnreadableError(f"weight '{name}' does not have the network's shape and type")


def _make(
    spec: DataSpec, model: ModelConfig, task: TaskConfig, engine: str, dtype: torch.dtype
) -> SequenceModule:
    return SequenceModule(
        spec=spec.as_dict(),
        model=model.model_dump() | {"engine": engine},
        task=task.arguments,
    ).to(dtype)
