"""What happens beside training?"""

from seqlab.callbacks.average import EMAWeightAveraging
from seqlab.callbacks.best import Best
from seqlab.callbacks.diagnostics import Diagnostics
from seqlab.callbacks.progress import EpochLines, progress
from seqlab.callbacks.pruning import Pruning
from seqlab.callbacks.resume import Resume, SavedFirst
from seqlab.callbacks.stopping import EarlyStopping

__all__ = [
    "Best",
    "Diagnostics",
    "EMAWeightAveraging",
    "EarlyStopping",
    "EpochLines",
    "Pruning",
    "Resume",
    "SavedFirst",
    "progress",
]
