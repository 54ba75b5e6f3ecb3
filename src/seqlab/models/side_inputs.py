"""What the cells read beside x at every step: columns of the data, or whether states start anew."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqlab.cells import Episodes
from seqlab.errors import ConfigError, near
from seqlab.nn.inputs import given_inputs, required_inputs
from seqlab.nn.parts import InputSpec
from seqlab.nn.recurrent import Recurrent

if TYPE_CHECKING:
    from seqlab.cells import Cell


class SideInputs:
    """What the data give the cells beside x.

    Args:
        inputs: the description of the inputs, with the columns behind those of x.
        recurrent: the layers that read them.

    Attributes:
        widths: how many columns the data give of each, by the cell's name for it.
        resets: the inputs that say where states start anew, each with the token that does.

    Raises:
        ConfigError: the data give too little, too much, or too many columns of it.
    """

    def __init__(self, inputs: InputSpec, recurrent: Recurrent) -> None:
        self.widths, token = dict(inputs.side_inputs), inputs.reset_token
        restarting = [cell.reset for cell in recurrent.cells if isinstance(cell, Episodes)]
        self.resets = {} if token is None else dict.fromkeys(restarting, token)
        _check(self.widths, self.resets, recurrent)

    def split(self, x: Tensor, dtype: torch.dtype) -> tuple[Tensor, dict[str, Tensor]]:
        """Return what the encoder reads, and by name what the cells read beside x, [B, T, width].

        Args:
            x: tokens [B, T], or features with the columns behind them [B, T, F].
            dtype: the type of what is known from tokens.
        """
        if self.resets:
            return x, {name: x.eq(token).to(dtype) for name, token in self.resets.items()}
        if not self.widths:
            return x, {}
        widths = self.widths.values()
        read, *beside = torch.split(x, [x.shape[-1] - sum(widths), *widths], dim=-1)
        return read, dict(zip(self.widths, beside, strict=True))

    def refuse(self) -> None:
        """Refuse columns, which are of every step of the data, where the layers read other steps.

        Raises:
            ConfigError: there are some.
        """
        if self.widths:
            settings = ", ".join(f"data.side_inputs.{name}" for name in self.widths)
            raise ConfigError(
                f"{settings}: side inputs are read at every step of a window, so model.encoder=segments and "
                "other decoders than direct cannot have them; use identity or linear and model.decoder=direct"
            )


def _check(widths: Mapping[str, int], resets: Collection[str], recurrent: Recurrent) -> None:
    """Refuse columns that the cells do not read so, and cells that read what nobody gives."""
    read: dict[str, tuple[Cell, int]] = {}
    for level in recurrent.stack.levels:
        cell, declared = level.cell, level.cell.side_inputs
        missing = [name for name in required_inputs(declared) if name not in {*widths, *resets}]
        if missing:
            names = ", ".join(f"x.{name}" for name in missing)
            raise ConfigError(
                f"cell '{cell.name}' reads {names} at every step, which the data do not give; name "
                f"columns in data.side_inputs.{missing[0]}, or declare what it usually is in the cell, "
                f"such as inputs = {{'{missing[0]}': Interval(default=1.0)}}"
            )
        read |= {name: (cell, level.sizes[declared[name].width]) for name in given_inputs(declared)}
    for name, width in widths.items():
        if name not in read:
            names = " and ".join(dict.fromkeys(f"'{one.name}'" for one in recurrent.cells))
            known = near(name, read) if read else "it has none"
            raise ConfigError(f"data.side_inputs.{name}: cell {names} reads no x.{name}; {known}")
        cell, size = read[name]
        if width != size:
            raise ConfigError(
                f"data.side_inputs.{name} has {width} columns, and x.{name} of cell '{cell.name}' has {size}"
            )
