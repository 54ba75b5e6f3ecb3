"""All diagnostics of a network at one moment, as numbers and texts."""

import logging

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Batch
from seqlab.diagnostics.gates import Activity, activities
from seqlab.diagnostics.gradients import StateGradients, by_distance, evaluating, state_gradients
from seqlab.diagnostics.jacobians import jacobian_norms
from seqlab.diagnostics.memory import influence
from seqlab.diagnostics.recording import LayerRun, recording
from seqlab.engines.tape import TraceError
from seqlab.models.lightning_module import SequenceModule
from seqlab.nn import Recurrent
from seqlab.runs.diagnostics_file import Curve, Gate, LayerSnapshot, Snapshot

log = logging.getLogger(__name__)

DISTANCES = 8
"""The maximum number of distances at which Jacobians are measured; each costs the same."""
TOLERANCE = 0.05
"""Relative tolerance of Jacobian norms: less is not visible; a tenth of it takes three times as long."""
DIGITS = 6
BINS = 20
"""Number of bins in the histogram of a gate."""


def take_snapshot(module: SequenceModule, probe: Batch, *, epoch: int, step: int) -> Snapshot:
    """Measure gradient flow, gates and memory on some sequences, in evaluation mode.

    Nothing is changed: neither gradients, scores, modes, nor the state of any random number generator. Curves
    are as long as half of the sequences are.

    Args:
        module: any network with its task, on the probe's device.
        probe: some sequences with their targets.
        epoch: epochs trained so far.
        step: optimizer steps done so far.
    """
    reach = int(probe.lengths.median())
    with evaluating(module), torch.no_grad(), recording(module.model.recurrent) as runs:
        module(probe.x, probe.lengths)
    gradients = state_gradients(module, probe)
    names = layer_names(module.model.recurrent)
    layers = [_layer(*parts, reach) for parts in zip(names, runs, gradients, strict=True)]
    inputs = influence(module, probe)
    return Snapshot(
        epoch=epoch,
        step=step,
        layers=layers,
        influence=_curve(inputs.mean[:reach]),
        half_length=round(inputs.half_length, DIGITS),
    )


def layer_names(recurrent: Recurrent) -> list[str]:
    """Return the name of each layer and direction, in the order of ``Recurrent.layers``."""
    ways = [" backward" if turned else "" for turned in recurrent.ways.turned]
    return [f"layer {number}{way}" for number in range(1, recurrent.num_layers + 1) for way in ways]


def named_activities(run: LayerRun) -> dict[str, Activity]:
    """Return the gates and states of a layer; none, with a warning, if the cell's step cannot be traced."""
    try:
        return activities(run)
    except TraceError as error:
        log.warning("no gates are shown: %s", error)
        return {}


def _layer(name: str, run: LayerRun, gradients: StateGradients, reach: int) -> LayerSnapshot:
    distances = np.unique(np.geomspace(1, reach, DISTANCES).round().astype(int)).tolist()
    jacobian = jacobian_norms(run, distances, tolerance=TOLERANCE)
    whole = torch.stack(list(gradients.norms.values())).norm(dim=0)
    gates = {name: _gate(activity, reach) for name, activity in named_activities(run).items()}
    return LayerSnapshot(
        name=name,
        growth_rate=round(jacobian.growth_rate, DIGITS),
        distances=distances,
        jacobian=_curve(jacobian.mean),
        gradient=_curve(by_distance(whole, gradients.lengths).nanmedian(0).values[:reach]),
        gradients={state: _curve(gradients.by_distance(state)[:reach]) for state in gradients.norms},
        gates=gates,
    )


def _gate(activity: Activity, reach: int) -> Gate:
    mean = activity.mean
    inside = activity.inside[:, :, None]
    square = (activity.values - mean[:, None]).square().mean(2, keepdim=True)
    spread = square.where(inside, torch.nan).nanmean((0, 2)).sqrt()
    shut, above = activity.saturation or (None, None)
    counts, edges = activity.histogram(BINS)
    return Gate(
        is_gate=activity.is_gate,
        mean=_curve(mean[:reach]),
        spread=_curve(spread[:reach]),
        shut=None if shut is None else _curve(shut[:reach]),
        open=None if above is None else _curve(above[:reach]),
        counts=counts.tolist(),
        edges=_curve(edges),
    )


def _curve(values: Tensor) -> Curve:
    return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
