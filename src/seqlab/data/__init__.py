"""Where do batches come from? A data set reads, splits and encodes; it declares what it holds."""

from seqlab.data.batches import Batch, Samples, TokenSamples
from seqlab.data.loader import BatchLoader
from seqlab.data.module import SequenceData
from seqlab.data.names import Names
from seqlab.data.spec import DataSpec

__all__ = ["Batch", "BatchLoader", "DataSpec", "Names", "Samples", "SequenceData", "TokenSamples"]
