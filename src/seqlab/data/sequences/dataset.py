"""Base class and settings of data sets of numeric sequences: splits and sampling."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from seqlab.data.dataset import SplitData
from seqlab.data.sequences.layouts import AnyLayout
from seqlab.data.sequences.records import Records
from seqlab.data.source import Source
from seqlab.data.text.labels import BinaryLabel, LabelParser, label_parser
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.batches import Loaded


class Given(NamedTuple):
    """What was read.

    Attributes:
        source: where it is.
        parts: the records of "train", and of "val" and "test" if these are given; else "train" is split.
        layout: how the files hold sequences; None if they are in no file.
    """

    source: Source
    parts: Mapping[str, Records]
    layout: AnyLayout | None = None

    def fingerprint(self) -> str:
        """Return a SHA-256 of all sequences and labels."""
        digest = sha256()
        for split, records in self.parts.items():
            digest.update(f"{split}\0{records.channels}\0{records.labels}\0".encode())
            digest.update(records.lengths.tobytes())
            digest.update(records.values.tobytes())
            if records.tags:
                digest.update(repr(records.tags).encode())
        return digest.hexdigest()


class SequencesData(SplitData):
    """Numeric sequences of any length, with a target each or at every step. A data set defines ``read``.

    Attributes:
        sampling: "all" (each sequence once per epoch), or "balanced" to sample uniformly over classes, with
            replacement.
        split_seed: seed of the split; use the same one for runs that are compared.
    """

    problem_types = ("classification", "regression", "multilabel", "tagging")
    kind = "features"

    sampling: Literal["all", "balanced"] = "all"
    split_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def order(self) -> Literal["shuffled", "balanced"]:
        """The order of the training sequences."""
        return "balanced" if self.sampling == "balanced" else "shuffled"

    def parsers(self, columns: Sequence[str]) -> Mapping[str, LabelParser]:
        """Return what a label means, by its column.

        Raises:
            DataError: there are more columns of labels than the problem type allows.
        """
        if len(columns) == 1:
            return {columns[0]: label_parser(self.problem_type)}
        if self.problem_type != "multilabel":
            found = f"data={self.name} has {len(columns)} columns of labels"
            raise DataError(f"{found}; several are predicted with task=multilabel, or task=tagging")
        return dict.fromkeys(columns, BinaryLabel())

    @abstractmethod
    def read(self) -> Given:
        """Read all sequences.

        Raises:
            DataError: a file is missing or malformed.
        """

    def load(self) -> "Loaded":
        """Read, split and scale the sequences.

        Raises:
            DataError: a file is missing or malformed, or a class has no training sequence.
        """
        from seqlab.data.sequences.prepare import load  # noqa: PLC0415 (imports torch)

        return load(self)
