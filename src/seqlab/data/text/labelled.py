"""Settings of the labels in a file of the user's own, of texts or of sequences."""

from pydantic import model_validator

from seqlab.data.dataset import Dataset, OwnFile
from seqlab.data.table.dialect import SEPARATORS
from seqlab.data.text.labels import LabelParser, label_parser
from seqlab.registry.types import Columns, Name


class LabelledFile(OwnFile, Dataset):
    """A file of the user's own with labels.

    Attributes:
        label: the column of classes or numbers; for task=multilabel several, of 0 or 1.
        label_separator: between several labels in one column: a word as for ``separator``, or the characters
            themselves; None if there is one label, or a list of them.
    """

    label: Columns | None = None
    label_separator: Name | None = None

    @property
    def labels(self) -> list[str] | None:
        """The columns of labels; None to recognise one."""
        return [self.label] if isinstance(self.label, str) else self.label

    @property
    def parser(self) -> LabelParser:
        """How the only column of labels is read."""
        separator = self.label_separator and SEPARATORS.get(self.label_separator, self.label_separator)
        return label_parser(self.problem_type, self.decimal, separator)

    @model_validator(mode="after")
    def _separator_is_for_one_column(self) -> "LabelledFile":
        if self.label_separator and isinstance(self.label, list):
            raise ValueError(
                "data.label_separator is for labels in one column, and data.label is a list of columns"
            )
        return self

    def unsupported_reason(self, problem_type: str) -> str | None:
        """Return what to use instead of a problem type that is not supported; None if it is."""
        several = isinstance(self.label, list) or self.label_separator is not None
        if several and problem_type in ("classification", "regression", "tagging"):
            return "several labels are predicted with task=multilabel"
        return super().unsupported_reason(problem_type)
