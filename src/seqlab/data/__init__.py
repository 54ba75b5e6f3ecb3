"""Where do batches come from? A data set reads, splits and encodes; it declares what it holds."""

from seqlab.data.batches import Batch, Samples, TokenSamples
from seqlab.data.jena_climate import JenaClimate
from seqlab.data.loader import BatchLoader
from seqlab.data.module import SequenceData
from seqlab.data.names import Names
from seqlab.data.online_shopping_10_cats import OnlineShopping
from seqlab.data.series.windows import WindowSamples
from seqlab.data.series_csv import SeriesCSV
from seqlab.data.spec import DataSpec
from seqlab.data.synthetic import Adding, CopyMemory, Parity, TemporalOrder
from seqlab.data.text_csv import TextCSV

DATASETS: dict[str, type[SequenceData]] = {
    "names": Names,
    "online_shopping_10_cats": OnlineShopping,
    "jena_climate": JenaClimate,
    "text_csv": TextCSV,
    "series_csv": SeriesCSV,
    "adding": Adding,
    "copy": CopyMemory,
    "parity": Parity,
    "temporal_order": TemporalOrder,
}
"""Every data set by its name in ``data=``."""

__all__ = [
    "DATASETS",
    "Adding",
    "Batch",
    "BatchLoader",
    "CopyMemory",
    "DataSpec",
    "JenaClimate",
    "Names",
    "OnlineShopping",
    "Parity",
    "Samples",
    "SequenceData",
    "SeriesCSV",
    "TemporalOrder",
    "TextCSV",
    "TokenSamples",
    "WindowSamples",
]
