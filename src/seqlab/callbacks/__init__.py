"""What happens beside training?"""

from seqlab.callbacks.best import Best
from seqlab.callbacks.diagnostics import Diagnostics
from seqlab.callbacks.progress import EpochLines, progress
from seqlab.callbacks.pruning import Pruning
from seqlab.callbacks.resume import Resume

__all__ = ["Best", "Diagnostics", "EpochLines", "Pruning", "Resume", "progress"]
