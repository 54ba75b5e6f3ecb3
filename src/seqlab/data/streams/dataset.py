"""Settings of every data set of running text: tokens, documents, splits in order, parallel streams."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from seqlab.data.dataset import Encoding, SplitData
from seqlab.data.source import Source
from seqlab.data.streams.declared import Documents, Tokens
from seqlab.registry.types import Count

if TYPE_CHECKING:
    from seqlab.data.batches import Loaded


class StreamData(SplitData):
    """Running text, of which a language model predicts the next token at every step.

    A batch is ``batch_size`` parallel streams; each goes on where it ended in the batch before, with the
    state that the network had there, and gradients end at that cut (truncated backpropagation through time).
    The text is split in order: training first, then validation, then testing.

    Attributes:
        documents: what a document is, "none" (all is one text), "line", "blank_line" (blank lines stand
            between documents) or "file"; documents have the tokens BOS and EOS around them.
        reset: whether the state starts anew with each document, so that none depends on those before it.
        tokens: "characters", "bytes", "words" (with the space before them) or "bpe" (byte pairs, learnt from
            the training text).
        vocabulary: for tokens=bpe, tokens in the vocabulary.
        min_count: how often a character or word must occur in the training text to be in the vocabulary.
        encoding: of the files.
        steps: steps T of a stream in a batch, after which gradients are cut.
        batch_size: parallel streams of one process.
        limit_train_samples: tokens at the beginning of the training text to train on, or None for all.
    """

    task = "language_model"

    documents: Documents = "none"
    reset: bool = False
    tokens: Tokens = "characters"
    vocabulary: Annotated[int, Field(ge=261)] = 2048
    min_count: Count = 2
    encoding: Encoding = "utf-8"
    steps: Count = 64
    batch_size: Count = 32

    @model_validator(mode="after")
    def _something_to_reset_at(self) -> Self:
        if self.reset and self.documents == "none":
            raise ValueError("reset starts anew with each document; set documents=line, blank_line or file")
        return self

    @property
    def order(self) -> Literal["streams"]:
        """The order of the training text: as it is written, in parallel streams."""
        return "streams"

    @abstractmethod
    def find(self) -> Source:
        """Return the file or folder of the text.

        Raises:
            DataError: it does not exist.
        """

    def given_splits(self, *, folder: bool = False) -> dict[str, Source]:  # noqa: ARG002
        """Return the texts of given splits, by "val" and "test"; those that ``GivenSplits`` sets."""
        return {}

    def load(self) -> "Loaded":
        """Read, split and encode the text.

        Raises:
            DataError: a file is missing or malformed, or the text is too short.
        """
        from seqlab.data.streams.prepare import load  # noqa: PLC0415 (imports torch)

        return load(self)
