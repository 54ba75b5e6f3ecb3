"""Common settings of synthetic data sets: how many sequences are drawn, and from which seed."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from seqlab.data.dataset import Dataset
from seqlab.registry.types import Count

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from seqlab.data.batches import Loaded, Samples, TokenSamples


class SyntheticData(Dataset):
    """Random sequences. A data set defines ``task``, ``draw``, ``declare`` and ``describe``.

    A split is a function of (samples_seed, split) alone: more training sequences change no test sequence.

    Attributes:
        train_samples: sequences for training.
        val_samples: sequences for validation.
        test_samples: sequences for testing.
        samples_seed: seed of the sequences; use the same one for runs that are compared.
        batch_size: sequences in a training batch of one process.
        limit_train_samples: maximum number of training sequences; None: all.
    """

    train_samples: Count = 10_000
    val_samples: Count = 1_000
    test_samples: Count = 1_000
    samples_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def sizes(self) -> dict[str, int]:
        """The number of sequences that are drawn for each split."""
        train = min(self.train_samples, self.limit_train_samples or self.train_samples)
        return {"train": train, "val": self.val_samples, "test": self.test_samples}

    @abstractmethod
    def draw(self, split: str, count: int, random: "np.random.Generator") -> "Samples":
        """Return ``count`` sequences for "train", "val" or "test"."""

    @abstractmethod
    def declare(self, train: "Samples") -> dict[str, Any]:
        """Return the fields of the spec other than name, kind, task, sizes and source."""

    @abstractmethod
    def describe(self, x: "Tensor") -> str:
        """Return one sequence, [T] or [T, F], as a person would write it."""

    def load(self) -> "Loaded":
        """Draw all sequences."""
        from seqlab.data.synthetic.prepare import load  # noqa: PLC0415 (imports torch)

        return load(self)


class SymbolData(SyntheticData):
    """Sequences of symbols, one character each. A data set defines ``alphabet`` instead of ``describe``."""

    alphabet: ClassVar[str]

    @property
    def symbols(self) -> tuple[str, ...]:
        """The vocabulary: the special tokens, then the alphabet."""
        from seqlab.data.text.vocabulary import SPECIALS  # noqa: PLC0415 (imports torch)

        return (*SPECIALS, *self.alphabet)

    def encode(self, places: "np.ndarray", lengths: "np.ndarray", y: "np.ndarray") -> "TokenSamples":
        """Store sequences as tokens.

        Args:
            places: where each symbol stands in the alphabet, all sequences one after the other.
            lengths: steps of each sequence, [N].
            y: their classes, [N], or [N, S] for one at each of the last S steps.
        """
        from seqlab.data.synthetic.prepare import encode  # noqa: PLC0415 (imports torch)

        return encode(places, lengths, y)

    def describe(self, x: "Tensor") -> str:
        """Return a sequence, [T], as a string."""
        return "".join(self.symbols[token] for token in x.tolist())
