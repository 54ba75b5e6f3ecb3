"""text_csv: your own labelled texts."""

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from seqlab.data.dataset import GivenSplits, register_dataset
from seqlab.data.source import Source, named_file
from seqlab.data.table.saved import is_saved
from seqlab.data.text.class_files import ClassFiles
from seqlab.data.text.dataset import TextData
from seqlab.data.text.labelled import LabelledFile
from seqlab.data.text.labels import BinaryLabel, LabelParser
from seqlab.data.text.records import CSVTexts, JSONLines, TextReader
from seqlab.data.text.text_folders import TextFolders, holds_classes, splits_in
from seqlab.errors import DataError
from seqlab.registry.types import Columns

log = logging.getLogger(__name__)

TABLES = frozenset((".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".feather", ".npz", ".zip"))
"""How files that have texts in a column are called, packed or not."""


@register_dataset("text_csv")
class Texts(LabelledFile, GivenSplits, TextData):
    """Texts in a table, in JSON Lines, or in a folder.

    A folder has one file per class and one text per line, or one folder per class and one file per text.

    Attributes:
        path: a table (.csv, .tsv, .jsonl, .parquet, .feather, .npz; text files also as .gz, .bz2, .xz, .zip);
            or a folder with <Class>.txt, one text per line, or with <class>/, one text per file.
        text: column (in .jsonl: key) of the texts; of several, [title,body], the texts are joined.
        label: column (in .jsonl: key) of the classes, or of numbers with task=regression; [rude,threat] with
            task=multilabel.
        label_separator: between several labels in one column, with task=multilabel: comma, semicolon, tab,
            pipe, or itself.
        test_path: a file or folder of its own for testing, read as path is; None: test_share of path.
        val_path: a file or folder of its own for validation; None: val_share of what is left.
        separator: comma, semicolon, tab, pipe or space; None: comma, or tab in a .tsv.
        encoding: of a CSV: utf-8, gb18030, latin-1, …
        batch_size: texts in a training batch of one process.
        tokens: characters or words (Chinese ones are segmented by jieba: pip install 'seqlab[words]').
        min_count: how often a token must occur in training to be in the vocabulary.
        max_length: maximum number of tokens in a text; None: all.
        keep: which end of a longer text is kept: begin or end.
        bos_eos: add the tokens BOS and EOS to every text.
        ngrams: with model.encoder=ngrams, frequent n-grams of up to so many tokens get vectors too.
        split: grouped (equal texts in one split, same fractions of every class) or random_lines.
        sampling: all (each text once per epoch) or balanced (sampled uniformly over classes).
        val_share: fraction of the texts for validation.
        test_share: fraction of the texts for testing.
        limit_train_samples: maximum number of training texts; None: all.
    """

    problem_types = ("classification", "regression", "multilabel")

    text: Columns = "text"
    label: Columns = "label"

    @property
    def texts(self) -> list[str]:
        """The columns that make a text."""
        return [self.text] if isinstance(self.text, str) else self.text

    @property
    def labels(self) -> list[str]:
        """The columns of labels."""
        return [self.label] if isinstance(self.label, str) else self.label

    def unsupported_reason(self, problem_type: str) -> str | None:
        """Return what to use instead of a problem type that is not supported; None if it is."""
        if problem_type == "tagging":
            return "data=tagged reads texts with a tag at every token"
        return super().unsupported_reason(problem_type)

    def find(self) -> Source:
        """Return the file or folder."""
        return named_file(self.path, folder=True)

    def read(self, source: Source) -> TextReader:
        """Return the reader for the file's type."""
        path = source.path
        if path.is_dir() and not is_saved(path):
            return self._folder(path)
        twice = [name for name, count in Counter([*self.texts, *self.labels]).items() if count > 1]
        if twice:
            raise DataError(
                f"{path}: data.text and data.label name '{twice[0]}' twice; give different columns"
            )
        return self._rows(path, self._parsers())

    def texts_in(self, path: Path) -> list[str] | None:
        """Return the texts of a table, whose labels are not read; None if the file is none by its name.

        Raises:
            DataError: the table is malformed, or has no such column.
        """
        if TABLES.isdisjoint(suffix.lower() for suffix in path.suffixes):
            return None
        reader = self._rows(path, {})
        found = [record.text for record in reader.records()]
        for finding, count in reader.findings.items():
            log.warning("%s: %d %s", path, count, finding)
        return found

    def _rows(self, path: Path, labels: Mapping[str, LabelParser]) -> TextReader:
        """Return the reader of a table."""
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return JSONLines(path, texts=self.texts, labels=labels)
        return CSVTexts(self.table(path), texts=self.texts, labels=labels)

    def _folder(self, path: Path) -> TextReader:
        """Return the reader of a folder."""
        if self.problem_type != "classification":
            raise DataError(f"{path} is a folder with a class for each text; use task=classification")
        if splits := splits_in(path):
            raise DataError(f"{path} has a folder for each split; give them as {splits}")
        if holds_classes(path):
            return TextFolders(path, column=self.labels[0], encoding=self.encoding)
        return ClassFiles(path, column=self.labels[0])

    def _parsers(self) -> dict[str, LabelParser]:
        """Return how each label column is read."""
        if not isinstance(self.label, str):
            return dict.fromkeys(self.labels, BinaryLabel())
        return {self.label: self.parser}
