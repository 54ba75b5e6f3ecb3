"""sequences: your own numeric sequences."""

import logging
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from seqlab.data.dataset import GivenSplits, OwnFile, register_dataset
from seqlab.data.sequences.dataset import Given, SequencesData
from seqlab.data.sequences.layouts import layout_of
from seqlab.data.source import Source, named_file
from seqlab.registry.types import Column, as_list

log = logging.getLogger(__name__)

Columns = Annotated[list[Column], BeforeValidator(as_list)]
"""Names of columns."""


@register_dataset("sequences")
class Sequences(GivenSplits, OwnFile, SequencesData):
    """Numeric sequences in a file: a row each, rows with an id, .ts, .npz, or a file each.

    Attributes:
        path: the file; or a folder with a folder a class, in which each file is a sequence.
        layout: "auto" to recognise it; else "wide" (a row a sequence), "long" (a row a step, with an id),
            "ts", "npz" or "folder".
        label: the column of classes; of rows without a header "first" or "last"; None to recognise it.
        series_id: the column that says which sequence a row belongs to; None to recognise it.
        time: the column by which the rows of a sequence are sorted; "auto" to recognise it, None for the
            order of the file.
        group: the column whose equal values are never in two splits, such as a speaker; None for none.
        features: the columns of numbers that are read; None for all that are left.
        header: whether the first line may name the columns; it is recognised.
        missing: words that stand for a missing number, besides empty cells, NA, N/A, NaN, nan, null and NULL.
    """

    missing: Columns = Field(default=["?"])
    layout: Literal["auto", "wide", "long", "ts", "npz", "folder"] = "auto"
    label: Column | None = None
    series_id: Column | None = None
    time: Column | None = "auto"
    group: Column | None = None
    features: Columns | None = None

    def find(self) -> Source:
        """Return the file or folder."""
        return named_file(self.path, folder=True)

    def read(self) -> Given:
        """Read the training file, and those of validation and test if they are given."""
        source = self.find()
        layout = layout_of(source.path, self)
        log.info("%s: read as %s", source.path, layout)
        parts = {"train": layout.read(source.path, self)}
        for split, given in self.given_splits(folder=True).items():
            parts[split] = layout.read(given.path, self)
        for records in parts.values():
            shortest, longest = records.lengths.min(), records.lengths.max()
            log.info(
                "%s: %s sequences of %s steps, %s",
                records.path, f"{len(records):,}",
                longest if shortest == longest else f"{shortest} to {longest}",
                f"{len(records.channels)} channels" if len(records.channels) > 1 else "one channel",
            )  # fmt: skip
        return Given(source, parts, layout)
