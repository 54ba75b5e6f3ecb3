"""What every data set of labelled texts has in common: encoding, honest splits, vocabulary."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from seqlab.data.batches import Samples, TokenSamples
from seqlab.data.module import SequenceData
from seqlab.data.source import Source
from seqlab.data.spec import DataSpec
from seqlab.data.splits import SPLITS, Shares, sample, split_grouped, split_random
from seqlab.data.text.cleaning import TextSettings, without_case
from seqlab.data.text.corpus import Corpus, NoTextError
from seqlab.data.text.records import TextReader
from seqlab.data.text.vocabulary import SPECIALS, Vocabulary, frequent_ngrams
from seqlab.errors import DataError

log = logging.getLogger(__name__)


class TextData(SequenceData):
    """Texts and the class of each. A data set fills in ``name``, ``find`` and ``read``.

    Args:
        batch_size: texts in a training batch of one process.
        tokens: "characters" or "words".
        marks: whether every text begins and ends with a mark of its own.
        ngrams: tokens in the longest n-grams that are counted for the spec; 1 for none.
        min_count: times a token must occur in the training part to be known.
        max_length: tokens that are kept of a text, marks included, or None for all.
        keep: which end of a longer text is kept, "begin" or "end".
        split: "honest" (equal texts never in two splits, every class in the same shares) or "random_lines"
            (the classroom's way: equal lines land in training and test).
        sampling: "all", or "by_class" to draw uniformly over classes, with replacement.
        val_share: share of the texts for validation.
        test_share: share of the texts for testing.
        split_seed: decides which texts go where; the same for runs that are to be compared.
        limit_train_samples: take only so many training texts, or None.
        seed: decides the order of the training batches.
        ascii: whether accents are dropped first.
    """

    name: str
    form: Literal["NFC", "NFKC"] = "NFC"
    group: Callable[[str], str] = staticmethod(without_case)
    counted_once = False
    """Whether equal texts of equal classes count as one."""
    titles: Mapping[str, str] = {}
    """What classes are called in figures, if not by their own names."""

    def __init__(
        self,
        *,
        batch_size: int = 64,
        tokens: Literal["characters", "words"] = "characters",
        marks: bool = False,
        ngrams: int = 1,
        min_count: int = 1,
        max_length: int | None = None,
        keep: Literal["begin", "end"] = "begin",
        split: Literal["honest", "random_lines"] = "honest",
        sampling: Literal["all", "by_class"] = "all",
        val_share: float = 0.1,
        test_share: float = 0.1,
        split_seed: int = 0,
        limit_train_samples: int | None = None,
        seed: int = 0,
        ascii: bool = False,  # noqa: A002 (it is what the option is called)
    ) -> None:
        super().__init__(
            batch_size=batch_size, sampling=sampling, limit_train_samples=limit_train_samples, seed=seed
        )
        self.settings = TextSettings(tokens, marks, max_length, keep, self.form, ascii)
        self.min_count, self.ngrams, self.split_kind, self.split_seed = min_count, ngrams, split, split_seed
        self.shares = Shares(val_share, test_share)

    @abstractmethod
    def find(self) -> Source:
        """Return where the files are.

        Raises:
            DataError: there are none.
        """

    @abstractmethod
    def read(self, source: Source) -> TextReader:
        """Return what reads the files.

        Raises:
            DataError: they are malformed.
        """

    @property
    def target(self) -> str:
        """The label column that is to be predicted."""
        (column,) = self._corpus.classes
        return column

    def load(self) -> tuple[DataSpec, Mapping[str, Samples]]:
        """Read, encode and split the texts.

        Raises:
            DataError: the files are missing or malformed.
        """
        source = self.find()
        reader = self.read(source)
        sha = reader.fingerprint()
        self._corpus = corpus = self._encode(source, reader, sha)
        classes = corpus.classes[self.target]
        if len(classes) < 2:  # noqa: PLR2004 (with one class there is nothing to tell apart)
            raise DataError(f"{source.path}: all texts are of the one class '{classes[0]}'; add another")
        y = corpus.labels[:, list(corpus.classes).index(self.target)]
        self._rows = self._split()
        self._refuse_unknown(source, y, classes)
        self._rows["train"] = sample(self._rows["train"], self.limit_train_samples, self.split_seed)
        if missing := len(classes) - len(np.unique(y[self._rows["train"]])):
            limit = f"data.limit_train_samples={self.limit_train_samples}"
            log.warning("%s leaves no training text of %d classes", limit, missing)
        vocabulary = self._vocabulary()
        numbers = vocabulary.numbers(corpus.symbols)
        samples = {
            split: TokenSamples(corpus.tokens, *corpus.spans(rows), y[rows], numbers).cut(
                self.settings.max_length, self.settings.keep, marks=self.settings.marks
            )
            for split, rows in self._rows.items()
        }
        spec = DataSpec(
            name=self.name,
            kind="tokens",
            task="classification",
            input_size=len(vocabulary),
            classes=classes,
            class_titles=tuple(self.titles.get(name, name) for name in classes),
            class_counts=tuple(np.bincount(y[self._rows["train"]], minlength=len(classes)).tolist()),
            symbols=vocabulary.symbols,
            ngrams=frequent_ngrams(samples["train"], len(vocabulary), self.ngrams),
            text=self.settings,
            source=source.kind,
            origin=f"{source.path} ({source.how})",
            sha256=sha,
            path=str(source.path.resolve()),
            sizes={split: len(rows) for split, rows in self._rows.items()},
        )
        return spec, samples

    def describe(self, split: str, index: int) -> str:
        """Return a text as it was encoded."""
        return self._corpus.text(int(self._rows[split][index]))

    def _encode(self, source: Source, reader: TextReader, sha: str) -> Corpus:
        try:
            return Corpus.of(reader, self.settings, type(self).group, sha)
        except NoTextError as error:
            raise DataError(f"{source.path}: {error}; add texts") from error

    def _split(self) -> dict[str, np.ndarray]:
        """Return the texts of each split, by their numbers in the corpus."""
        corpus = self._corpus
        if self.split_kind == "random_lines":
            rows = split_random(len(corpus), self.shares, np.random.default_rng(self.split_seed))
            shared = np.isin(
                corpus.group[np.concatenate([rows["val"], rows["test"]])], corpus.group[rows["train"]]
            )
            if shared.any():
                log.warning("%s texts of validation and test also stand in training", f"{shared.sum():,}")
            return rows
        strata = corpus.strata()
        if not self.counted_once:
            return split_grouped(corpus.group, strata, self.shares, self.split_seed)
        pairs = np.column_stack([corpus.same, strata.astype(np.uint64)])
        kept = np.sort(np.unique(pairs, axis=0, return_index=True)[1])
        parts = split_grouped(corpus.group[kept], strata[kept], self.shares, self.split_seed)
        return {split: kept[numbers] for split, numbers in parts.items()}

    def _refuse_unknown(self, source: Source, y: np.ndarray, classes: tuple[str, ...]) -> None:
        """Refuse a class that is asked for and was never seen: its score would say nothing of the model."""
        counts = {split: np.bincount(y[self._rows[split]], minlength=len(classes)) for split in SPLITS}
        unknown = (counts["train"] == 0) & (counts["val"] + counts["test"] > 0)
        if unknown.any() and len(self._rows["train"]):
            name = classes[int(unknown.argmax())]
            raise DataError(
                f"{source.path}: no text of class '{name}' is left for training, but one is asked for in the "
                "test; add texts of it or remove it"
            )

    def _vocabulary(self) -> Vocabulary:
        chosen = np.zeros(len(self._corpus), dtype=bool)
        chosen[self._rows["train"]] = True
        counts = self._corpus.counts(chosen)
        return Vocabulary.of(
            symbol
            for number, symbol in enumerate(self._corpus.symbols)
            if number >= len(SPECIALS) and counts[number] >= self.min_count
        )
