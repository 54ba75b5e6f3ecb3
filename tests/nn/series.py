"""Networks for a made-up series of three columns, of which two are forecast."""

from typing import Any

import torch
from torch import Tensor

from seqlab.models.lightning_module import SequenceModule
from seqlab.tasks.forecasting import Forecasting

STEPS, HORIZON = 12, 5
TARGETS = [2, 0]
"""Places of the targets among the columns."""
SPEC = {
    "kind": "features",
    "task": "forecasting",
    "input_size": 3,
    "series": {
        "columns": ["p", "q", "T"],
        "targets": ["T", "p"],
        "means": [990.0, 0.0, 10.0],
        "scales": [0.5, 1.0, 8.0],
        "step_minutes": 60,
        "input_steps": STEPS,
        "horizon_steps": HORIZON,
    },
}
LENGTHS = torch.full((4,), STEPS)


def windows(seed: int = 0) -> Tensor:
    """Return four windows in scaled units, [4, T, 3] in float64."""
    return torch.randn(4, STEPS, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def network(task: dict[str, Any] | None = None, **model: Any) -> SequenceModule:
    """Return a network in float64 whose weights are all random."""
    torch.manual_seed(0)
    settings = {"cell": "gru", "hidden_size": 6, "engine": "reference", **model}
    module = SequenceModule(SPEC, model=settings, task=task).double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module


def forecast(module: SequenceModule, x: Tensor) -> Tensor:
    """Return scaled forecasts, [4, horizon, 2, …]."""
    assert isinstance(module.task, Forecasting)
    with torch.no_grad():
        return module.task.forecast(module(x, LENGTHS), x)
