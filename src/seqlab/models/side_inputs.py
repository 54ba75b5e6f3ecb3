"""What the data give the cells beside x, against what the cells read."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from seqlab.errors import ConfigError, near
from seqlab.nn.inputs import given_inputs, required_inputs
from seqlab.nn.recurrent import Recurrent

if TYPE_CHECKING:
    from seqlab.cells import Cell


def check_side_inputs(widths: Mapping[str, int], resets: Collection[str], recurrent: Recurrent) -> None:
    """Refuse data that give too little, too much, or too many columns of it.

    Args:
        widths: how many columns the data give of each.
        resets: what is known from the tokens instead.
        recurrent: the layers that read it.

    Raises:
        ConfigError: the message says which.
    """
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
                f"data.side_inputs.{name} is {width} wide, and x.{name} of cell '{cell.name}' {size}"
            )


def refuse_side_inputs(names: Collection[str]) -> None:
    """Refuse side inputs, which are of every step of the data, where the layers read other steps.

    Raises:
        ConfigError: there are some.
    """
    if names:
        settings = ", ".join(f"data.side_inputs.{name}" for name in names)
        raise ConfigError(
            f"{settings}: a cell reads it at every step of a window, which model.encoder=segments and "
            "other decoders than direct change; use identity or linear, and model.decoder=direct"
        )
