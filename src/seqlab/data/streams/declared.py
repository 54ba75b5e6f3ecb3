"""What running text declares."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from seqlab.data.spec import DataSpec, register_spec
from seqlab.errors import ConfigError

if TYPE_CHECKING:
    from seqlab.data.batches import Followed, Unlabelled
    from seqlab.data.dataset import Dataset
    from seqlab.data.streams.tokenizer import Tokenizer

Documents = Literal["none", "line", "blank_line", "file"]
Tokens = Literal["characters", "bytes", "words", "bpe"]

BYTES = 4
"""The token of byte 0, which comes after the special ones; the tokens of merges come after those of bytes."""
SINGLE_BYTES = tuple(map(chr, range(256)))
"""Their symbols."""
NO_TEXT = re.compile("[\\0\ud800-\udfff]")
"""Characters that no text has."""


class Wanted(NamedTuple):
    """Which tokens a vocabulary has.

    Attributes:
        min_count: how often a character or word must occur.
        vocabulary: for byte pairs, how many there are.
    """

    min_count: int
    vocabulary: int


@dataclass(frozen=True)
class StreamSettings:
    """How a text becomes tokens.

    Attributes:
        tokens: see ``StreamData``.
        documents: see ``StreamData``.
        merges: for "bpe", the two tokens that each further one joins, in the order in which they were learnt.
    """

    tokens: Tokens = "characters"
    documents: Documents = "none"
    merges: tuple[tuple[int, int], ...] = ()

    def fits(self, symbols: tuple[str, ...]) -> bool:
        """Return whether a vocabulary is one of such tokens."""
        if self.tokens in ("characters", "words"):
            is_text = not NO_TEXT.search("".join(symbols[BYTES:]))
            is_single = all(len(one) == 1 for one in symbols[BYTES:])
            return not self.merges and is_text and (self.tokens == "words" or is_single)
        return self._makes(symbols)

    def _makes(self, symbols: tuple[str, ...]) -> bool:
        """Return whether a vocabulary is that of the bytes and merges, each symbol once."""
        count = BYTES + len(SINGLE_BYTES)
        if symbols[BYTES:count] != SINGLE_BYTES:
            return False
        known = set(SINGLE_BYTES)
        for left, right in self.merges:
            if not (BYTES <= left < count and BYTES <= right < count):
                return False
            joined = symbols[left] + symbols[right]
            if joined not in known:
                if symbols[count : count + 1] != (joined,):
                    return False
                known.add(joined)
                count += 1
        return count == len(symbols)


@register_spec("stream")
@dataclass(frozen=True, kw_only=True)
class StreamSpec(DataSpec):
    """Running text with a vocabulary.

    Attributes:
        stream: how a text becomes tokens.
        widths: characters of a text that each token stands for.
        unknown: tokens, characters and bytes of each split that are not in the vocabulary.
        is_carried: whether the rows of a batch go on where those of the batch before ended.
        reset_token: the token at which the state starts anew; None for none.
    """

    stream: StreamSettings
    widths: tuple[int, ...]
    unknown: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    is_carried: bool = True
    reset_token: int | None = None

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        return (
            (self.task, self.kind) == ("language_model", "tokens")
            and BYTES < self.input_size == len(self.symbols) == len(set(self.symbols)) == len(self.widths)
            and min(self.widths) >= 0
            and not self.classes
            and (self.reset_token is None or 0 < self.reset_token < BYTES)
            and self.stream.fits(self.symbols)
        )

    def tokenizer(self) -> "Tokenizer":
        """Return what takes texts apart as those of the training were."""
        from seqlab.data.streams.tokenizer import tokenizer_of  # noqa: PLC0415 (imports torch)

        return tokenizer_of(self.symbols, self.stream)

    def unlabelled(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Unlabelled":  # noqa: ARG002
        """Refuse texts: there is no answer to a whole one."""
        raise ConfigError(
            "a language model has no answer to a text; use seqlab generate, or seqlab score FILE"
        )

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":  # noqa: ARG002
        """Return the beginning of a text, or of one in a file."""
        from seqlab.data.streams.unlabelled import follow  # noqa: PLC0415 (imports torch)

        return follow(self, text, file)
