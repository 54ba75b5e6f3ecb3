"""What texts declare."""

from dataclasses import dataclass

from seqlab.data.spec import DataSpec, register_spec
from seqlab.data.text.cleaning import TextSettings


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
        return super().fits() and (self.text.max_length is None or self.text.max_length > 0)
