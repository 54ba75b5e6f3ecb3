"""States of random number generators and metrics, which Lightning does not save."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics import Metric

from seqlab.compat.torchmetrics import set_update_count, update_count

State = dict[str, Any]
"""Basic Python values and tensors, which torch.load(weights_only=True) reads."""


def random_state(device: torch.device) -> State:
    """Return the states of all random number generators of this process."""
    name, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002 (libraries draw from it)
    state: State = {
        "python": random.getstate(),
        "numpy": [str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), *rest],
        "torch": torch.get_rng_state(),
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: Mapping[str, Any], device: torch.device) -> None:
    """Restore the states of all random number generators."""
    version, keys, gauss = state["python"]
    random.setstate((version, tuple(keys), gauss))
    name, numbers, *rest = state["numpy"]
    np.random.set_state((name, numbers.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def metric_state(module: nn.Module) -> list[State]:
    """Return the states of the metrics in a module on this rank.

    They are on the CPU: gathered from all ranks, they would take memory of every GPU.
    """
    cpu = torch.device("cpu")
    return [
        {
            "updates": update_count(metric),
            "values": {name: _moved(value, cpu) for name, value in metric.metric_state.items()},
        }
        for metric in _metrics(module)
    ]


def restore_metric_state(module: nn.Module, states: list[State], device: torch.device) -> None:
    """Restore the states of a module's metrics."""
    for metric, state in zip(_metrics(module), states, strict=True):
        metric.reset()
        set_update_count(metric, state["updates"])
        for name, value in state["values"].items():
            setattr(metric, name, _moved(value, device))


def _moved(value: Tensor | list[Tensor], device: torch.device) -> Tensor | list[Tensor]:
    return [one.to(device) for one in value] if isinstance(value, list) else value.to(device)


def _metrics(module: nn.Module) -> list[Metric]:
    return [found for found in module.modules() if isinstance(found, Metric)]
