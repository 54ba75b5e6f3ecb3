"""tagged: your own texts with a tag at every token."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from seqlab.data.dataset import Encoding, GivenSplits, OwnFile, SplitData, register_dataset
from seqlab.data.source import Source, named_file
from seqlab.registry.types import Column, Count, FilePath

if TYPE_CHECKING:
    from seqlab.data.batches import Loaded


OF_TABLES = ("separator", "header", "quotes")
"""Settings that only tables have."""


@register_dataset("tagged")
class Tagged(GivenSplits, OwnFile, SplitData):
    """Sentences in the layout of the CoNLL shared tasks, or in a table with a token per row.

    A token a line, with its tag in another column and blanks or a tab between them; a blank line between
    sentences. Lines of -DOCSTART- are skipped, and in CoNLL-U comments, tokens of several words and empty
    nodes.

    Attributes:
        path: a file with one token and its tag per line, and a blank line between sentences; or a table. It
            may be packed (.gz, .bz2, .xz, .zip).
        token: column of the tokens, from 0. Of a table also its name.
        label: column of the tags; -1: the last. Of a table also its name.
        sentence: of a table: column that names the sentence of each token; token and label may be names then.
            A blank cell is the sentence above; None for blank lines between sentences.
        encoding: of the files: utf-8, gb18030, cp1252, …
        lowercase: read tokens in lower case.
        min_count: how often a token must occur in training to be in the vocabulary; others are unknown.
        split_seed: seed of the split; use the same one for runs that are compared.
        test_path: a file of its own for testing; None: test_share of path.
        val_path: a file of its own for validation; None: val_share of what is left.
        val_share: fraction of the sentences for validation.
        test_share: fraction of the sentences for testing.
        batch_size: sentences in a training batch of one process.
        limit_train_samples: maximum number of training sentences; None: all.
    """

    problem_types = ("tagging",)

    path: FilePath
    token: int | Column = 0
    label: int | Column = -1
    sentence: Column | None = None
    encoding: Encoding = "utf-8"
    lowercase: bool = False
    min_count: Count = 2
    batch_size: Count = 32
    split_seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _columns_differ(self) -> "Tagged":
        if self.token == self.label:
            raise ValueError(f"token and label are both column {self.token}; give different columns")
        return self

    @model_validator(mode="after")
    def _names_are_of_a_table(self) -> "Tagged":
        if self.sentence is not None:
            return self
        names = [key for key in ("token", "label") if isinstance(getattr(self, key), str)]
        changed = [
            key for key in OF_TABLES if getattr(self, key) != type(self).model_fields[key].get_default()
        ]
        if named := [*names, *changed]:
            raise ValueError(
                f"{named[0]}={getattr(self, named[0])} is for a table; name the column of its sentences "
                "with sentence"
            )
        return self

    def find(self) -> Source:
        """Return the file."""
        return named_file(self.path) if self.sentence is None else super().find()

    def load(self) -> "Loaded":
        """Read, split and encode the sentences.

        Raises:
            DataError: a file is missing or malformed.
        """
        from seqlab.data.tagged.prepare import load  # noqa: PLC0415 (imports torch)

        return load(self)
