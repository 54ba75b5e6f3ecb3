"""What texts declare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from seqlab.data.spec import DataSpec, register_spec
from seqlab.data.streams.declared import StreamSettings
from seqlab.data.text.cleaning import TextSettings

if TYPE_CHECKING:
    from seqlab.data.batches import Followed, Samples, Unlabelled
    from seqlab.data.dataset import Dataset
    from seqlab.data.streams.tokenizer import Tokenizer

CHARACTERS = StreamSettings("characters", "line")
"""How a language model reads a text: a document of characters."""


@register_spec("text")
@dataclass(frozen=True, kw_only=True)
class TextSpec(DataSpec):
    """Texts with a vocabulary.

    Attributes:
        text: how a text becomes tokens.
        widths: for "language_model", characters that each token stands for.
        unknown: for "language_model", tokens, characters and bytes of each split that are unknown.
    """

    text: TextSettings
    widths: tuple[int, ...] = ()
    unknown: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        lengths_fit = self.text.max_length is None or self.text.max_length > 0
        is_read = self.task != "language_model" or CHARACTERS.fits(self.symbols)
        widths_fit = len(self.widths) == (self.input_size if self.task == "language_model" else 0)
        return super().fits() and self.task != "tagging" and lengths_fit and widths_fit and is_read

    def tokenizer(self) -> "Tokenizer":
        """Return what takes a text apart, which is a document of characters."""
        from seqlab.data.streams.tokenizer import tokenizer_of  # noqa: PLC0415 (imports torch)

        return tokenizer_of(self.symbols, CHARACTERS)

    def unlabelled(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Unlabelled":
        """Return the texts, and those of a file with one a line, or in the columns of the training data."""
        from seqlab.data.text.unlabelled import unlabelled  # noqa: PLC0415 (imports torch)

        return unlabelled(self, data, texts, file)

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":  # noqa: ARG002
        """Return the text, or the one in the file."""
        from seqlab.data.text.unlabelled import follow  # noqa: PLC0415 (imports torch)

        return follow(self, text, file)

    def labelled(self, data: "Dataset", file: Path) -> "Samples":
        """Return the labelled texts of a table."""
        from seqlab.data.text.scored import label  # noqa: PLC0415 (imports torch)
        from seqlab.data.text_csv import Texts  # noqa: PLC0415 (in a ring)

        return label(self, data, file) if isinstance(data, Texts) else super().labelled(data, file)
