"""What happens beside training?"""

from seqlab.callbacks.progress import EpochLines, progress
from seqlab.callbacks.pruning import Pruning

__all__ = ["EpochLines", "Pruning", "progress"]
