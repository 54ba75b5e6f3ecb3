"""What tagged sentences declare."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from seqlab.data.spec import DataSpec, register_spec

if TYPE_CHECKING:
    from seqlab.data.batches import Asked, Followed
    from seqlab.data.dataset import Dataset
    from seqlab.data.tagged.own import Tagged

BLANK = "\u00a0"
"""What stands for a blank within a token where tokens are separated by blanks."""


@dataclass(frozen=True)
class TokenSettings:
    """How a token is read.

    Attributes:
        lowercase: whether in lower case.
    """

    lowercase: bool = False

    def read(self, tokens: Sequence[str]) -> list[str]:
        """Return tokens as the vocabulary has them."""
        return [token.lower() for token in tokens] if self.lowercase else list(tokens)


@register_spec("tagged")
@dataclass(frozen=True, kw_only=True)
class TaggedSpec(DataSpec):
    """Sentences of tokens, each with a tag: ``classes`` are the tags.

    Attributes:
        tagged: how tokens are read.
    """

    tagged: TokenSettings

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        return (
            (self.task, self.kind, self.tagged_steps) == ("tagging", "tokens", 0)
            and self.input_size == len(self.symbols) == len(set(self.symbols))
            and 0 < len(self.classes) == len(set(self.classes))
            and len(self.class_counts) in (0, len(self.classes))
        )

    def asked(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Asked":
        """Return sentences with blanks between tokens, and those of a file with a token a line."""
        from seqlab.data.tagged.prepare import ask  # noqa: PLC0415 (imports torch)

        return ask(self, cast("Tagged", data), texts, file)

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":
        """Return the sentence, or the first in the file."""
        from seqlab.data.tagged.prepare import follow  # noqa: PLC0415 (imports torch)

        return follow(self, cast("Tagged", data), text, file)


def sentence_of(tokens: Sequence[str]) -> str:
    """Return tokens as one text, which ``tokens_of`` takes apart again."""
    return " ".join(token.replace(" ", BLANK) for token in tokens)


def tokens_of(sentence: str) -> list[str]:
    """Return the tokens of a text in which blanks stand between them."""
    return [token.replace(BLANK, " ") for token in sentence.split(" ")]
