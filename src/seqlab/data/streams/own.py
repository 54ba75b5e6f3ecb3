"""text_file: your own running text."""

from seqlab.data.dataset import GivenSplits, register_dataset
from seqlab.data.source import Source, named_file
from seqlab.data.streams.dataset import StreamData
from seqlab.registry.types import FilePath


@register_dataset("text_file")
class TextFile(GivenSplits, StreamData):
    """A text file, or a folder or zip of text files, which are read in the order of their names.

    Attributes:
        path: a text, or a folder or zip of texts; .gz, .bz2 and .xz are unpacked.
        test_path: a text of its own for testing; None: the end of path.
        val_path: a text of its own for validation; None: what is before that.
        documents: none (one running text), or a document each line, blank_line or file.
        tokens: characters, bytes, words or bpe (byte pairs, learnt from the training text).
        vocabulary: for bpe, tokens in the vocabulary.
        min_count: how often a character or word must occur in training to be in the vocabulary; others are
            unknown.
        steps: steps of a stream in a batch; gradients end there, the state is carried on.
        val_share: fraction of the text for validation, in order.
        test_share: fraction of the text for testing, its end.
    """

    path: FilePath

    def find(self) -> Source:
        """Return the file or folder."""
        return named_file(self.path, folder=True)
