"""What tagged sentences declare."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from seqlab.data.spec import DataSpec, register_spec

if TYPE_CHECKING:
    from seqlab.data.batches import Followed, Samples, Unlabelled
    from seqlab.data.dataset import Dataset
    from seqlab.data.tagged.own import Tagged

BLANKS = " \r\n"
"""What is around a token, and may be within one only where tabs separate them."""


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

    def unlabelled(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Unlabelled":
        """Return sentences with blanks or tabs between tokens, and those of a file with a token a line."""
        from seqlab.data.tagged.prepare import unlabelled  # noqa: PLC0415 (imports torch)

        return unlabelled(self, cast("Tagged", data), texts, file)

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":
        """Return the sentence, or the first in the file."""
        from seqlab.data.tagged.prepare import follow  # noqa: PLC0415 (imports torch)

        return follow(self, cast("Tagged", data), text, file)

    def labelled(self, data: "Dataset", file: Path) -> "Samples":
        """Return the tagged sentences of a file."""
        from seqlab.data.tagged.prepare import label  # noqa: PLC0415 (imports torch)

        return label(self, cast("Tagged", data), file)


def columns_of(line: str, *, tabs: bool) -> list[str]:
    """Return the columns of a line, between tabs or blanks; other spaces of Unicode are characters."""
    if tabs:
        return [column.strip(BLANKS) for column in line.split("\t")]
    return re.findall(rf"[^\t{BLANKS}]+", line)


def sentence_of(tokens: Sequence[str]) -> str:
    """Return tokens as one text, which ``tokens_of`` takes apart again."""
    if any(blank in token for token in tokens for blank in BLANKS):
        return "".join(f"{token}\t" for token in tokens)
    return " ".join(tokens)


def tokens_of(sentence: str) -> list[str]:
    """Return the tokens of a text: between tabs if it has any, else between blanks."""
    return [token for token in columns_of(sentence, tabs="\t" in sentence) if token]
