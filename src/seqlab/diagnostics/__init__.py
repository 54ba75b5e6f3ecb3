"""Why a network learns or not: gradients, Jacobians, gates and memory, measured during training."""

from seqlab.diagnostics.gates import Activity, activities
from seqlab.diagnostics.gradients import StateGradients, state_gradients
from seqlab.diagnostics.jacobians import JacobianNorms, jacobian_norms
from seqlab.diagnostics.memory import Influence, influence
from seqlab.diagnostics.recording import LayerRun, recording

__all__ = [
    "Activity",
    "Influence",
    "JacobianNorms",
    "LayerRun",
    "StateGradients",
    "activities",
    "influence",
    "jacobian_norms",
    "recording",
    "state_gradients",
]
