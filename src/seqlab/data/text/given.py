"""Texts of several files, each for its own split."""

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256

from seqlab.data.text.records import Record, TextReader


class SplitTexts:
    """Chains readers, one for each split.

    Args:
        open_texts: reads the texts that are to be split; those of no given split.
        given: by "val" and "test", reads the texts of a given split.
    """

    def __init__(self, open_texts: TextReader, given: Mapping[str, TextReader]) -> None:
        # If validation and test data are given, the remaining file is training data only.
        is_whole = given.keys() == {"val", "test"}
        self.parts = {"train" if is_whole else "": open_texts, **given}
        self.columns: tuple[str, ...] = open_texts.columns
        self.recipe = repr({split: reader.recipe for split, reader in self.parts.items()})
        self.findings: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """Return one hash for all files."""
        found = [(split, reader.fingerprint()) for split, reader in self.parts.items()]
        return sha256(repr(found).encode()).hexdigest()

    def records(self) -> Iterator[Record]:
        """Yield the records of every file, each with its split."""
        for split, reader in self.parts.items():
            for record in reader.records():
                yield record._replace(split=split)
            self.findings += reader.findings
