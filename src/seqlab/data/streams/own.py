"""text_file: your own running text."""

from seqlab.data.dataset import GivenSplits, register_dataset
from seqlab.data.source import Source, named_file
from seqlab.data.streams.dataset import StreamData
from seqlab.registry.types import FilePath


@register_dataset("text_file")
class TextFile(GivenSplits, StreamData):
    """A text file, or a folder or zip of text files, which are read in the order of their names.

    Attributes:
        path: the file (.gz, .bz2 and .xz are unpacked), folder or zip.
    """

    path: FilePath

    def find(self) -> Source:
        """Return the file or folder."""
        return named_file(self.path, folder=True)
