"""text_csv: your own labelled texts."""

from seqlab.data.dataset import OwnFile, register_dataset
from seqlab.data.source import Source, named_file
from seqlab.data.text.class_files import ClassFiles
from seqlab.data.text.dataset import TextData
from seqlab.data.text.labels import READINGS, Number
from seqlab.data.text.records import CSVTexts, JSONLines, TextReader
from seqlab.errors import DataError
from seqlab.registry.types import Column


@register_dataset("text_csv")
class TextCSV(OwnFile, TextData):
    """A CSV file, a JSON Lines file, or a folder with one file per class and one text per line.

    Attributes:
        path: the file (.csv, .tsv, .jsonl, or a zip of one CSV) or the folder of ``<Class>.txt`` files.
        text: column (or JSON key) of the texts.
        label: column (or JSON key) of the classes.
    """

    questions = ("classification", "regression", "multilabel")

    text: Column = "text"
    label: Column = "label"

    def find(self) -> Source:
        """Return the file or folder."""
        return named_file(self.path, folder=True)

    def read(self, source: Source) -> TextReader:
        """Return the reader for the file's type."""
        path = source.path
        if path.is_dir() and self.question != "classification":
            raise DataError(f"{path} is a folder with a class for each text; use task=classification")
        if path.is_dir():
            return ClassFiles(path, column=self.label)
        if path.suffix.lower() in (".jsonl", ".ndjson"):
            return JSONLines(path, texts=[self.text], labels={self.label: READINGS[self.question]})
        if self.text == self.label:
            raise DataError(f"{path}: data.text and data.label are both '{self.text}'; give two columns")
        reading = Number(self.decimal) if self.question == "regression" else READINGS[self.question]
        return CSVTexts(self.table(path), texts=[self.text], labels={self.label: reading})
