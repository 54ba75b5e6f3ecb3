"""Data sets and batches. A data set reads, splits and encodes; its spec describes the result.

Names resolve on first use, so that the settings of a data set can be checked without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqlab.data.batches import Batch as Batch
    from seqlab.data.batches import Loaded as Loaded
    from seqlab.data.batches import Samples as Samples
    from seqlab.data.batches import TokenSamples as TokenSamples
    from seqlab.data.dataset import Dataset as Dataset
    from seqlab.data.dataset import Fetched as Fetched
    from seqlab.data.dataset import GivenSplits as GivenSplits
    from seqlab.data.dataset import OwnFile as OwnFile
    from seqlab.data.dataset import register_dataset as register_dataset
    from seqlab.data.etth1 import ETTh1 as ETTh1
    from seqlab.data.jena_climate import JenaClimate as JenaClimate
    from seqlab.data.loader import BatchLoader as BatchLoader
    from seqlab.data.module import SequenceData as SequenceData
    from seqlab.data.names import Names as Names
    from seqlab.data.online_shopping_10_cats import OnlineShopping as OnlineShopping
    from seqlab.data.sequences.dataset import SequencesData as SequencesData
    from seqlab.data.sequences.declared import SequencesSpec as SequencesSpec
    from seqlab.data.sequences.own import Sequences as Sequences
    from seqlab.data.series.dataset import SeriesData as SeriesData
    from seqlab.data.series.declared import SeriesSpec as SeriesSpec
    from seqlab.data.series.windows import WindowSamples as WindowSamples
    from seqlab.data.series_csv import Series as Series
    from seqlab.data.spec import AnySpec as AnySpec
    from seqlab.data.spec import DataSpec as DataSpec
    from seqlab.data.spec import read_spec as read_spec
    from seqlab.data.streams.dataset import StreamData as StreamData
    from seqlab.data.streams.declared import StreamSpec as StreamSpec
    from seqlab.data.streams.own import TextFile as TextFile
    from seqlab.data.synthetic import Adding as Adding
    from seqlab.data.synthetic import CopyMemory as CopyMemory
    from seqlab.data.synthetic import Parity as Parity
    from seqlab.data.synthetic import TemporalOrder as TemporalOrder
    from seqlab.data.synthetic.dataset import SyntheticData as SyntheticData
    from seqlab.data.tagged.own import Tagged as Tagged
    from seqlab.data.text.dataset import ShortTextData as ShortTextData
    from seqlab.data.text.dataset import TextData as TextData
    from seqlab.data.text.declared import TextSpec as TextSpec
    from seqlab.data.text_csv import Texts as Texts
    from seqlab.data.tiny_shakespeare import TinyShakespeare as TinyShakespeare
    from seqlab.registry.catalog import datasets as datasets

_MODULES = {
    "batches": ("Batch", "Loaded", "Samples", "TokenSamples"),
    "dataset": ("Dataset", "Fetched", "GivenSplits", "OwnFile", "datasets", "register_dataset"),
    "etth1": ("ETTh1",),
    "jena_climate": ("JenaClimate",),
    "loader": ("BatchLoader",),
    "module": ("SequenceData",),
    "names": ("Names",),
    "online_shopping_10_cats": ("OnlineShopping",),
    "sequences.dataset": ("SequencesData",),
    "sequences.declared": ("SequencesSpec",),
    "sequences.own": ("Sequences",),
    "series.dataset": ("SeriesData",),
    "series.windows": ("WindowSamples",),
    "series_csv": ("Series",),
    "series.declared": ("SeriesSpec",),
    "streams.dataset": ("StreamData",),
    "streams.declared": ("StreamSpec",),
    "streams.own": ("TextFile",),
    "spec": ("AnySpec", "DataSpec", "read_spec"),
    "text.declared": ("TextSpec",),
    "synthetic": ("Adding", "CopyMemory", "Parity", "TemporalOrder"),
    "synthetic.dataset": ("SyntheticData",),
    "tagged.own": ("Tagged",),
    "text.dataset": ("ShortTextData", "TextData"),
    "text_csv": ("Texts",),
    "tiny_shakespeare": ("TinyShakespeare",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"seqlab.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'seqlab.data' has no attribute '{name}'")
