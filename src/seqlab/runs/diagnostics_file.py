"""diagnostics.json: the gradient flow, gates and memory of a run at several moments.

This module does not import torch.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from seqlab.io.files import replacing
from seqlab.io.safe_read import UnreadableError, mistake_in, parse_json, read_text

LARGEST = 2**28
"""The maximum size of a diagnostics.json in bytes."""

Curve = list[float]
"""A value at every step, or at every distance; NaN where there is none."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class Gate(_Part):
    """A gate or state at every step, over units and sequences.

    Attributes:
        is_gate: whether it is a gate; otherwise it is a state.
        mean: the mean of the values.
        spread: their standard deviation.
        shut: the share of values that are saturated below; None if the values have no bounds.
        open: the share that is saturated above.
        counts: a histogram of all values; empty in files of older runs.
        edges: the edges of the bins, one more than counts.
    """

    is_gate: bool
    mean: Curve
    spread: Curve
    shut: Curve | None
    open: Curve | None
    counts: list[int] = []
    edges: Curve = []


class LayerSnapshot(_Part):
    """One layer in one direction; s is its whole state, distance counts back from the last step it reads.

    Attributes:
        name: for example "layer 1", or "layer 1 backward".
        growth_rate: the growth of ‖∂s_t/∂s_k‖ with t − k, in nats per step.
        distances: the distances at which that norm was measured, in steps.
        jacobian: natural logarithms of the norm, one per distance, the mean over sequences.
        gradient: ‖∂loss/∂s‖ by distance from 0, the median over sequences.
        gradients: the same for each state alone, by name.
        gates: the gates and states by name.
    """

    name: str
    growth_rate: float
    distances: Annotated[list[int], Field(min_length=1)]
    jacobian: Curve
    gradient: Curve
    gradients: dict[str, Curve]
    gates: dict[str, Gate]


class Snapshot(_Part):
    """The measurements at one moment of a run.

    Attributes:
        epoch: epochs trained so far; 0 for the untrained network.
        step: optimizer steps so far.
        layers: the layers and directions in their order.
        influence: ‖∂output/∂x‖ by distance from 0, the mean over sequences;
            if several steps have outputs, those of the last.
        half_length: the number of last steps that have half of the influence.
    """

    epoch: Annotated[int, Field(ge=0)]
    step: int
    layers: Annotated[list[LayerSnapshot], Field(min_length=1)]
    influence: Curve
    half_length: float


QUANTITIES = {
    "gradient": "‖∂loss/∂s(t)‖ relative to t = T, median over sequences",
    "Jacobian": "‖∂s(T)/∂s(t)‖, geometric mean over sequences",
    "influence": "‖∂output/∂x(t)‖ relative to t = T, mean over sequences",
}
"""The quantities by which networks are compared, against T − t; the first two for every layer."""
DISTANCE = "steps before the last, T − t"

LARGEST_LOG = 700.0
"""Natural logarithm of the largest norm that is drawn, near the largest float."""


def curves_by_quantity(snapshot: Snapshot) -> dict[str, tuple[Sequence[int], Curve]]:
    """Return distances and values, by the first word of ``QUANTITIES`` and the layer: "gradient, layer 1"."""
    found: dict[str, tuple[Sequence[int], Curve]] = {}
    for layer in snapshot.layers:
        norms = [math.exp(min(value, LARGEST_LOG)) for value in layer.jacobian]
        found[f"gradient, {layer.name}"] = range(len(layer.gradient)), _relative(layer.gradient)
        found[f"Jacobian, {layer.name}"] = layer.distances, norms
    return found | {"influence": (range(len(snapshot.influence)), _relative(snapshot.influence))}


def _relative(curve: Curve) -> Curve:
    return [value / curve[0] if curve[0] else math.nan for value in curve]


_SNAPSHOTS = TypeAdapter(list[Snapshot])


def read_snapshots(file: Path) -> list[Snapshot]:
    """Return the measurements of a run by epoch; empty if there is no file.

    Raises:
        UnreadableError: the file is damaged.
    """
    if not file.exists() and not file.is_symlink():
        return []
    try:
        return _SNAPSHOTS.validate_python(parse_json(read_text(file, LARGEST)))
    except ValidationError as error:
        raise UnreadableError(f"is damaged: {mistake_in(error)}") from error


def write_snapshots(file: Path, snapshots: Sequence[Snapshot]) -> None:
    """Replace the file; it has one snapshot per line.

    Raises:
        OSError: it cannot be written.
    """
    lines = ",\n".join(json.dumps(one.model_dump(), separators=(",", ":")) for one in snapshots)
    with replacing(file) as draft:
        draft.write_text(f"[{lines}]\n", encoding="utf-8")
