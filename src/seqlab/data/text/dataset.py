"""Settings of every data set of labelled texts: tokenization, splits and sampling."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from seqlab.data.dataset import SplitData
from seqlab.data.source import Source, defined_in
from seqlab.data.text.cleaning import TextSettings, without_case
from seqlab.data.text.labels import label_parser
from seqlab.data.text.records import GivenTexts, TextReader
from seqlab.registry.types import Count

if TYPE_CHECKING:
    from seqlab.data.batches import Loaded


class ShortTextData(SplitData):
    """Short labelled texts, read as characters without truncation; what ``TextData`` adds is fixed.

    A subclass yields its texts from ``records``, or defines ``find`` and ``read`` for its files.

    Attributes:
        bos_eos: whether every text gets the tokens BOS and EOS.
        ngrams: tokens in the longest n-grams that are counted for model.encoder=ngrams; 1 for none.
        split: "grouped" (equal texts are never in two splits, and every class has the same fractions) or
            "random_lines" (lines at random: equal lines may be in both training and test).
        sampling: "all" (each text once per epoch), or "balanced" to sample uniformly over classes, with
            replacement.
        split_seed: seed of the split; use the same one for runs that are compared.
    """

    task = "classification"
    form: ClassVar[Literal["NFC", "NFKC"]] = "NFC"
    """The Unicode normal form of the texts."""
    group: ClassVar[Callable[[str], str]] = staticmethod(without_case)
    """Returns a key that is the same for texts that count as equal."""
    counted_once: ClassVar[bool] = False
    """Whether equal texts of the same class count as one."""
    titles: ClassVar[Mapping[str, str]] = {}
    """Names of classes in figures, if they differ."""

    bos_eos: bool = True
    ngrams: Annotated[int, Field(ge=1, le=3)] = 1
    split: Literal["grouped", "random_lines"] = "grouped"
    sampling: Literal["all", "balanced"] = "all"
    split_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def order(self) -> Literal["shuffled", "balanced"]:
        """The order of the training texts."""
        return "balanced" if self.sampling == "balanced" else "shuffled"

    @property
    def label_column(self) -> str | None:
        """The label column to predict; None if there is only one."""
        return None

    def text_settings(self) -> TextSettings:
        """Return the settings of tokenization."""
        return TextSettings(bos_eos=self.bos_eos, form=self.form)

    def least_count(self) -> int:
        """Return how often a token must occur in the training data to be in the vocabulary."""
        return 1

    def records(self) -> Iterable[tuple[str, Any]]:
        """Yield texts and their classes, the same at every call.

        For the problem type "regression" texts and numbers, for "multilabel" texts and lists of labels.
        """
        raise NotImplementedError(f"{type(self).__name__} must define records(), or find() and read()")

    def find(self) -> Source:
        """Return the files of the texts.

        Raises:
            DataError: they do not exist.
        """
        return defined_in(type(self), "records")

    def read(self, source: Source) -> TextReader:
        """Return the reader of the texts.

        Raises:
            DataError: they are malformed.
        """
        return GivenTexts(self.records, source.path, label_parser(self.problem_type))

    def given_splits(self, *, folder: bool = False) -> dict[str, Source]:  # noqa: ARG002
        """Return the files of given splits, by "val" and "test"; those that ``GivenSplits`` sets."""
        return {}

    def load(self) -> "Loaded":
        """Read, split and encode the texts.

        Raises:
            DataError: the files are missing or malformed.
        """
        from seqlab.data.text.prepare import load  # noqa: PLC0415 (imports torch)

        return load(self)


class TextData(ShortTextData):
    """Labelled texts of any length.

    Attributes:
        tokens: "characters" or "words" (Chinese is segmented by jieba).
        min_count: how often a token must occur in the training data to be in the vocabulary.
        max_length: maximum number of tokens of a text, including BOS and EOS; None for all.
        keep: which end of a longer text is kept, "begin" or "end".

    Example:
        >>> from seqlab import register_dataset
        >>> @register_dataset("shouts")
        ... class Shouts(TextData):
        ...     def records(self):
        ...         yield from [("hey!", "loud"), ("hm", "quiet")]
    """

    tokens: Literal["characters", "words"] = "characters"
    min_count: Count = 2
    max_length: Count | None = 256
    keep: Literal["begin", "end"] = "begin"

    def unsupported_reason(self, problem_type: str) -> str | None:
        """Return what to do instead of predicting this; None if the texts have it."""
        if problem_type == "language_model" and problem_type in self.problem_types and self.tokens == "words":
            return "set data.tokens=characters, or use data=text_file data.documents=line"
        return super().unsupported_reason(problem_type)

    def text_settings(self) -> TextSettings:
        """Return the settings of tokenization."""
        return TextSettings(self.tokens, self.bos_eos, self.max_length, self.keep, self.form)

    def least_count(self) -> int:
        """Return how often a token must occur in the training data to be in the vocabulary."""
        return self.min_count
