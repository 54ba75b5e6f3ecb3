"""sequences: your own numeric sequences."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from seqlab.data.dataset import GivenSplits, register_dataset
from seqlab.data.sequences.dataset import Given, SequencesData
from seqlab.data.sequences.layouts import AnyLayout, layout_of
from seqlab.data.sequences.records import Records
from seqlab.data.sequences.rows import NumberRows
from seqlab.data.sequences.side_inputs import columns_of, with_side_inputs
from seqlab.data.source import Source, named_file
from seqlab.data.table.base import NoNumberError, Table
from seqlab.data.table.opening import look, open_table
from seqlab.data.table.saved import is_saved
from seqlab.data.text.labelled import LabelledFile
from seqlab.data.text.labels import LabelParser
from seqlab.errors import ConfigError, DataError
from seqlab.registry.types import Column, as_list

if TYPE_CHECKING:
    from seqlab.data.module import SequenceData

log = logging.getLogger(__name__)

Listed = Annotated[list[Column], BeforeValidator(as_list)]
"""Names of columns, or words; one alone is a list too."""


@register_dataset("sequences")
class Sequences(GivenSplits, LabelledFile, SequencesData):
    """Numeric sequences in a file: a row each, rows with an id, .ts, .npz, or a file each.

    Attributes:
        path: a table, .ts, .npz, or a folder with one subfolder per class, one file per sequence.
        layout: recognised; or wide (one row per sequence; lists in JSON Lines too), long (one row per step,
            with an id), ts, npz, folder.
        label: column of the classes or numbers; first or last without a header; several columns with
            task=multilabel, one that changes from step to step with task=tagging; None: recognised.
        label_separator: between the labels of a sequence in one column: a word as for ``separator``, or the
            characters themselves; None if there is one label.
        series_id: column that says which sequence a row of a long table belongs to; None: recognised.
        time: column by which the rows of a sequence are sorted; auto: recognised; None: as in the file.
        group: column whose equal values are in the same split, such as a speaker.
        features: columns of numbers that are read; None: all others.
        side_inputs: what a cell reads beside x, by its name in the cell: a column as it is, ``diff:COLUMN``,
            its difference from the step before, 1 on average, or ``mask``, 1 where a number is not missing.
        padding: with task=tagging, the label of steps at the end of a sequence that are none of it; "auto" to
            recognise -1, -100 and others, "none" if all labels are classes.
        header: whether the first line may name the columns; it is recognised.
        missing: words that stand for a missing number, besides empty cells, NA, N/A, NaN, nan, null and NULL.
        test_path: a file with the test sequences; None: a fraction of path.
        val_path: a file with the validation sequences; None: a fraction of path.
    """

    missing: Listed = Field(default=["?"])
    layout: Literal["auto", "wide", "long", "ts", "npz", "folder"] = "auto"
    series_id: Column | None = None
    time: Column | None = "auto"
    group: Column | None = None
    features: Listed | None = None
    side_inputs: dict[str, Column] = Field(default_factory=dict)
    padding: Column = "auto"

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        lengths: Any = None,
        groups: Any = None,
        val: Sequence[Any] | None = None,
        test: Sequence[Any] | None = None,
        task: str | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> "SequenceData":
        """Return the data of arrays that Python holds, as a Trainer takes them.

        Example:
            >>> import numpy as np
            >>> x = [np.sin(np.arange(5 + number % 3)) * (number % 2) for number in range(40)]
            >>> data = Sequences.from_arrays(x, ["flat", "wave"] * 20)  # doctest: +SKIP

        Args:
            x: numbers, [N, T] or [N, T, F]; or N sequences of any lengths, each [T] or [T, F].
            y: a class or a number for each sequence, [N]; labels of 0 and 1, [N, C], with task="multilabel";
                with task="tagging" a class for each step, [N, T] or N sequences of them.
            lengths: steps of each sequence, [N], if x is padded.
            groups: sequences of one group, such as a speaker, are in the same split, [N].
            val: x and y for validation, and lengths if there are; None for ``val_share`` of x.
            test: x and y for testing, and lengths if there are; None for ``test_share`` of x.
            task: what is predicted; None for "classification".
            seed: of the order of the training batches.
            settings: of the data set, as in ``data.<setting>``.

        Raises:
            ConfigError: the arrays are no sequences, or a setting is unknown or wrong.
        """
        from seqlab.data.held import arrays_as_file, data_of  # noqa: PLC0415 (imports torch)

        each_step = (task or cls.task) == "tagging"
        paths = {"path": arrays_as_file(x, y, lengths, groups, each_step=each_step)}
        for split, given in {"val": val, "test": test}.items():
            if given is None:
                continue
            if not isinstance(given, list | tuple) or len(given) not in range(2, 4):
                raise ConfigError(f"{split} must be a tuple (x, y) or (x, y, lengths)")
            paths[f"{split}_path"] = arrays_as_file(*given, each_step=each_step)
        return data_of(cls, paths | {"layout": "npz"} | settings, task=task, seed=seed)

    def parsers(self, columns: Sequence[str]) -> Mapping[str, LabelParser]:
        """Return what a label means, by its column."""
        if len(columns) > 1:
            if self.label_separator:
                found = f"{self.path} has {len(columns)} columns of labels"
                raise DataError(f"{found}; data.label_separator is for labels in one column, leave it out")
            return super().parsers(columns)
        if self.problem_type == "multilabel" and not self.label_separator:
            raise DataError(
                f"{self.path}: task=multilabel reads data.label=[a,b], columns of 0 or 1, or labels in one "
                "column with data.label_separator between them"
            )
        return {columns[0]: self.parser}

    def table(self, path: Path) -> Table:
        """Open a file as a table; the separator of a text is recognised."""
        dialect = self.dialect
        if not is_saved(path) and look(path)[1] == "text":
            dialect = replace(dialect, separator=NumberRows(path, dialect).separator)
        return open_table(path, dialect, is_own=True)

    def chosen(self, found: Sequence[str]) -> list[str]:
        """Return the columns that are read: those of ``features``, or what was found, and of side inputs."""
        return list(dict.fromkeys([*(self.features or found), *columns_of(self.side_inputs)]))

    def records(self, layout: AnyLayout, path: Path) -> Records:
        """Read the sequences of a file, with what a cell reads beside x.

        Raises:
            DataError: the file is malformed, or has no such column.
        """
        return with_side_inputs(layout.read(path, self), self.side_inputs)

    def find(self) -> Source:
        """Return the file or folder."""
        return named_file(self.path, folder=True)

    def read(self) -> Given:
        """Read the training file, and those of validation and test if they are given."""
        source = self.find()
        layout = layout_of(source.path, self)
        log.info("%s: read as %s", source.path, layout)
        paths = {split: given.path for split, given in self.given_splits(folder=True).items()}
        try:
            parts = {
                split: self.records(layout, path) for split, path in {"train": source.path, **paths}.items()
            }
        except NoNumberError as error:
            raise DataError(f"{error}; or leave the column out of data.features=[…]") from error
        for records in parts.values():
            shortest, longest = records.lengths.min(), records.lengths.max()
            log.info(
                "%s: %s sequences of %s steps, %s",
                records.path, f"{len(records):,}",
                longest if shortest == longest else f"{shortest} to {longest}",
                f"{len(records.channels)} channels" if len(records.channels) > 1 else "one channel",
            )  # fmt: skip
        return Given(source, parts, layout)
