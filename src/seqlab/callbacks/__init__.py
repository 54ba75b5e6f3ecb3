"""What happens beside training?"""

from seqlab.callbacks.progress import EpochLines, progress

__all__ = ["EpochLines", "progress"]
