"""names: surnames and the language they come from, one ``<Language>.txt`` a language, one name a line.

The classic task of the PyTorch tutorial (github.com/spro/practical-pytorch, data/names).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from seqlab.data.batches import Samples
from seqlab.data.language_files import Name, find, fingerprint, parse, read_files
from seqlab.data.module import SequenceData
from seqlab.data.source import resolve
from seqlab.data.spec import DataSpec
from seqlab.data.text import Shares, Vocabulary, fold_to_ascii, sample, split_grouped, split_random

SAMPLE = Path(__file__).parent / "samples" / "names"


class Names(SequenceData):
    """Surnames → language.

    Args:
        root: folder or zip with the language files; None for SEQLAB_DATA_DIR, else the built-in sample.
        source: "auto", "real" (never the sample) or "sample".
        batch_size: names in a training batch of one process.
        split: "honest" (equal pairs counted once, one spelling never in two splits, every language in the
            same shares) or "random_lines" (the classroom's way: equal lines land in training and test).
        sampling: "all", or "by_class" to draw uniformly over languages, with replacement.
        ascii: whether accents are dropped first.
        marks: whether every name begins and ends with a mark of its own.
        val_share: share of the names for validation.
        test_share: share of the names for testing.
        split_seed: decides which names go where; the same for runs that are to be compared.
        limit_train_samples: take only so many training names, or None.
        seed: decides the order of the training batches.
    """

    def __init__(
        self,
        *,
        root: str | None = None,
        source: Literal["auto", "real", "sample"] = "auto",
        batch_size: int = 64,
        split: Literal["honest", "random_lines"] = "honest",
        sampling: Literal["all", "by_class"] = "all",
        ascii: bool = False,  # noqa: A002 (it is what the option is called)
        marks: bool = True,
        val_share: float = 0.1,
        test_share: float = 0.1,
        split_seed: int = 0,
        limit_train_samples: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            batch_size=batch_size, sampling=sampling, limit_train_samples=limit_train_samples, seed=seed
        )
        self.root, self.source, self.split_kind, self.split_seed = root, source, split, split_seed
        self.ascii, self.marks = ascii, marks
        self.shares = Shares(val_share, test_share)
        self._texts: dict[str, list[str]] = {}

    def load(self) -> tuple[DataSpec, Mapping[str, Samples]]:
        """Read, fold, split and encode the names.

        Raises:
            DataError: the files are missing or malformed.
        """
        source = resolve("names", find, SAMPLE, root=self.root, source=self.source)
        files = read_files(source.path)
        names = parse(files, to_ascii=self.ascii)
        splits = self._split(names)
        splits["train"] = sample(splits["train"], self.limit_train_samples, self.split_seed)
        languages = tuple(sorted({name.language for name in names}))
        self._texts = {split: [names[i].text for i in numbers] for split, numbers in splits.items()}
        vocabulary = Vocabulary.of(self._texts["train"])
        samples = {
            split: vocabulary.encode(
                self._texts[split], [languages.index(names[i].language) for i in numbers], marks=self.marks
            )
            for split, numbers in splits.items()
        }
        spec = DataSpec(
            name="names",
            kind="tokens",
            input_size=len(vocabulary),
            classes=languages,
            class_counts=tuple(samples["train"].y.bincount(minlength=len(languages)).tolist()),
            symbols=vocabulary.symbols,
            source=source.kind,
            origin=f"{source.path} ({source.how})",
            sha256=fingerprint(files),
            sizes={split: len(texts) for split, texts in self._texts.items()},
        )
        return spec, samples

    def describe(self, split: str, index: int) -> str:
        """Return the name as it was read."""
        return self._texts[split][index]

    def _split(self, names: list[Name]) -> dict[str, np.ndarray]:
        if self.split_kind == "random_lines":
            return split_random(len(names), self.shares, np.random.default_rng(self.split_seed))
        first = {(name.text, name.language): number for number, name in reversed(list(enumerate(names)))}
        kept = np.array(sorted(first.values()))
        spellings = [fold_to_ascii(names[i].text).casefold() or names[i].text.casefold() for i in kept]
        parts = split_grouped(spellings, [names[i].language for i in kept], self.shares, self.split_seed)
        return {split: kept[numbers] for split, numbers in parts.items()}
