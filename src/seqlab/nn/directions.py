"""The ways in which layers read a sequence, and how their outputs become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from seqlab.errors import ConfigError
from seqlab.functional.lengths import backwards

Merge = Literal["concat", "sum"]


@dataclass(frozen=True)
class Directions:
    """From the first step to the last, the other way round, or both.

    Attributes:
        turned: whether a direction reads from the end, for each.
        merging: how the outputs of two become one, "concat" or "sum".
    """

    turned: tuple[bool, ...]
    merging: Merge = "concat"

    @classmethod
    def of(cls, *, bidirectional: bool, reverse: bool, merge: Merge) -> "Directions":
        """Return the directions with these settings of ``Recurrent``.

        Raises:
            ConfigError: they contradict each other, or ``merge`` is unknown.
        """
        if merge not in ("concat", "sum"):
            raise ConfigError(f"merge must be 'concat' or 'sum', got {merge!r}")
        if bidirectional and reverse:
            raise ConfigError(
                "bidirectional=true reads both ways, reverse=true only from the end; set one of them to false"
            )
        return cls((False, True) if bidirectional else (reverse,), merge)

    def __len__(self) -> int:
        return len(self.turned)

    def read(self, sequence: Tensor, lengths: Tensor | None) -> list[Tensor]:
        """Return a sequence, [B, T, I], as each direction reads it."""
        return self.in_time([sequence] * len(self), lengths)

    def in_time(self, readings: Sequence[Tensor], lengths: Tensor | None) -> list[Tensor]:
        """Return each direction's outputs, [B, T, H], which are in its reading order, in that of time."""
        pairs = zip(readings, self.turned, strict=True)
        return [backwards(outputs, lengths) if turned else outputs for outputs, turned in pairs]

    def merge(self, outputs: Sequence[Tensor]) -> Tensor:
        """Merge the tensors of the directions, each [..., H], into one."""
        if len(outputs) == 1:
            return outputs[0]
        return torch.cat(list(outputs), dim=-1) if self.merging == "concat" else outputs[0] + outputs[1]

    def merged_size(self, width: int) -> int:
        """Return the width of the merged tensor of directions of this width."""
        return width * (len(self) if self.merging == "concat" else 1)
