"""Callbacks of training."""

from seqlab.training.callbacks.average import EMAWeightAveraging, NonMonotonicAveraging
from seqlab.training.callbacks.best_checkpoint import Best
from seqlab.training.callbacks.diagnostics import Diagnostics
from seqlab.training.callbacks.progress import EpochLines, progress
from seqlab.training.callbacks.resume import Resume, SaveBeforeOthers
from seqlab.training.callbacks.stopping import EarlyStopping
from seqlab.training.callbacks.unfreezing import GradualUnfreezing

__all__ = [
    "Best",
    "Diagnostics",
    "EMAWeightAveraging",
    "EarlyStopping",
    "EpochLines",
    "GradualUnfreezing",
    "NonMonotonicAveraging",
    "Resume",
    "SaveBeforeOthers",
    "progress",
]
