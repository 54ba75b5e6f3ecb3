"""What texts declare."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqlab.data.spec import DataSpec, register_spec
from seqlab.data.text.cleaning import TextSettings

if TYPE_CHECKING:
    from seqlab.data.batches import Asked, Followed
    from seqlab.data.dataset import Dataset


@register_spec("text")
@dataclass(frozen=True, kw_only=True)
class TextSpec(DataSpec):
    """Texts with a vocabulary.

    Attributes:
        text: how a text becomes tokens.
    """

    text: TextSettings

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        lengths_fit = self.text.max_length is None or self.text.max_length > 0
        return super().fits() and self.task != "tagging" and lengths_fit

    def asked(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Asked":  # noqa: ARG002
        """Return the texts, and those of a file with one a line."""
        from seqlab.data.text.asked import ask  # noqa: PLC0415 (imports torch)

        return ask(self, texts, file)

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":  # noqa: ARG002
        """Return the text, or the one in the file."""
        from seqlab.data.text.asked import follow  # noqa: PLC0415 (imports torch)

        return follow(self, text, file)
