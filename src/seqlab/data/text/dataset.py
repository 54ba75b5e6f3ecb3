"""What every data set of labelled texts is asked: how they are cut into tokens, split and sampled."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from seqlab.data.dataset import SplitData
from seqlab.data.source import Source, defined_in
from seqlab.data.text.cleaning import TextSettings, without_case
from seqlab.data.text.records import GivenTexts, TextReader
from seqlab.registry.types import Count

if TYPE_CHECKING:
    from seqlab.data.batches import Loaded


class ShortTextData(SplitData):
    """Labelled texts that are read whole, character by character; what ``TextData`` adds is fixed.

    A data set yields its texts from ``records``, or says with ``find`` and ``read`` where its files are.

    Attributes:
        marks: whether every text begins and ends with a mark of its own.
        ngrams: tokens in the longest n-grams that are counted for model.encoder=ngrams; 1 for none.
        split: "honest" (equal texts never in two splits, every class in the same shares) or "random_lines"
            (the classroom's way: equal lines land in training and test).
        sampling: "all", or "by_class" to draw uniformly over classes, with replacement.
        split_seed: decides which texts go where; the same for runs that are to be compared.
    """

    task = "classification"
    form: ClassVar[Literal["NFC", "NFKC"]] = "NFC"
    """The Unicode normal form of the texts."""
    group: ClassVar[Callable[[str], str]] = staticmethod(without_case)
    """Returns what texts have in common that count as equal."""
    counted_once: ClassVar[bool] = False
    """Whether equal texts of equal classes count as one."""
    titles: ClassVar[Mapping[str, str]] = {}
    """What classes are called in figures, if not by their own names."""

    marks: bool = True
    ngrams: Annotated[int, Field(ge=1, le=3)] = 1
    split: Literal["honest", "random_lines"] = "honest"
    sampling: Literal["all", "by_class"] = "all"
    split_seed: Annotated[int, Field(ge=0)] = 0

    @property
    def order(self) -> Literal["shuffled", "by_class"]:
        """The order of the training texts."""
        return "by_class" if self.sampling == "by_class" else "shuffled"

    @property
    def label_column(self) -> str | None:
        """The label column that is to be predicted; None for the only one."""
        return None

    def text_settings(self) -> TextSettings:
        """Return how a text becomes tokens."""
        return TextSettings(marks=self.marks, form=self.form)

    def least_count(self) -> int:
        """Return how often a token must occur in the training part to be known."""
        return 1

    def records(self) -> Iterable[tuple[str, str]]:
        """Yield texts and their classes, the same ones at every call."""
        raise NotImplementedError(f"{type(self).__name__} must define records(), or find() and read()")

    def find(self) -> Source:
        """Return where the texts are.

        Raises:
            DataError: there are none.
        """
        return defined_in(type(self), "records")

    def read(self, source: Source) -> TextReader:
        """Return what reads the texts.

        Raises:
            DataError: they are malformed.
        """
        return GivenTexts(self.records, source.path)

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
        tokens: "characters" or "words" (Chinese ones are cut by jieba).
        min_count: times a token must occur in the training part to be known.
        max_length: tokens that are kept of a text, marks included, or None for all.
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

    def text_settings(self) -> TextSettings:
        """Return how a text becomes tokens."""
        return TextSettings(self.tokens, self.marks, self.max_length, self.keep, self.form)

    def least_count(self) -> int:
        """Return how often a token must occur in the training part to be known."""
        return self.min_count
