"""The base class of the sections of the configuration, and common types of settings."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag
from pydantic.fields import FieldInfo

from seqlab.errors import ConfigError
from seqlab.io.files import refuse_pipe
from seqlab.io.terminal import in_a_line

Count = Annotated[int, Field(ge=1)]
Patience = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Factor = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Each = Literal["step", "sequence"]
"""How often a dropout mask is chosen anew."""
MemorySteps = Annotated[int, Field(ge=3)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]


def _as_name(value: Any) -> Any:
    """Convert a number to a name: Hydra reads ``data.text=1`` as a number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _as_folder(name: str) -> str:
    """Refuse a name that leads outside the folder above, or that cannot be shown in a line."""
    path = PurePath(os.path.normpath(name))
    if not name.strip() or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"'{name}' must name a folder below paths.output_dir")
    if in_a_line(name) != name:
        raise ValueError(f"'{in_a_line(name)}' has line breaks, control characters or invisible ones")
    return name


RunName = Annotated[str, BeforeValidator(_as_name), AfterValidator(_as_folder)]
"""The name of runs and of their folder."""
Column = Annotated[str, BeforeValidator(_as_name), Field(min_length=1)]
"""The name of a column, or its number in a file without a header."""
ONE_OR_SEVERAL = Discriminator(lambda value: "several" if isinstance(value, list) else "one")
Columns = Annotated[
    Annotated[Column, Tag("one")] | Annotated[list[Column], Field(min_length=1), Tag("several")],
    ONE_OR_SEVERAL,
]
"""A column, or several."""
Counts = Annotated[
    Annotated[Count, Tag("one")] | Annotated[list[Count], Field(min_length=1), Tag("several")],
    ONE_OR_SEVERAL,
]
"""A number of all layers, or a list with one a layer."""
Names = Annotated[
    Annotated[str, Tag("one")] | Annotated[list[str], Field(min_length=1), Tag("several")],
    ONE_OR_SEVERAL,
]
"""A name for all layers, or a list with one a layer."""


def _absolute(path: str) -> str:
    """Make a path absolute, since a run folder is also read from other working folders."""
    try:
        file = Path(path).expanduser()
        refuse_pipe(file)  # what the link /dev/fd/63 resolves to cannot be opened
        return str(file.resolve())
    except RuntimeError as error:  # a ~user that does not exist
        raise ValueError(f"'{path}': {error}") from error


def _levels(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Check the levels of quantiles."""
    if levels != tuple(sorted(set(levels))) or MEDIAN not in levels:
        raise ValueError(f"[{', '.join(map(str, levels))}] must ascend, and one must be {MEDIAN}, the median")
    return levels


MEDIAN = 0.5
"""The level of the median."""
DIGITS = 10
"""Digits of a level: 1 - 0.9 is 0.1."""
Levels = Annotated[tuple[Factor, ...], AfterValidator(_levels)]
"""The levels of quantiles, ascending; the median is among them."""
PLACE = "place"
"""The annotation of settings with the paths of files."""
FilePath = Annotated[str, Field(min_length=1), AfterValidator(_absolute), PLACE]
Address = Annotated[str, PLACE]
"""The address of a folder on a server."""


def is_place(field: FieldInfo) -> bool:
    """Return whether a setting is the path of files."""
    return _is_place(field.annotation, field.metadata)


def _is_place(annotation: Any, metadata: Sequence[Any]) -> bool:
    inner = get_args(annotation)
    return PLACE in metadata or any(_is_place(one, getattr(one, "__metadata__", ())) for one in inner)


class Section(BaseModel):
    """A section of the configuration: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def central(share: float) -> tuple[float, float]:
    """Return the levels between which a share of a distribution lies, as much below as above them."""
    return round((1 - share) / 2, DIGITS), round((1 + share) / 2, DIGITS)


def as_list(names: Any) -> Any:
    """Return a single name, or number of a column, as a list of one."""
    return [names] if isinstance(names, str | int | float) else names


def layers_of(num_layers: int | None, *, prefix: str = "", **settings: Any) -> int:
    """Return how many layers a network has.

    Args:
        num_layers: what is asked for; None for as many as are listed, or one.
        prefix: of the names of the settings, for messages.
        settings: values that are for all layers, or a list with one a layer.

    Raises:
        ConfigError: the numbers differ, or there is no layer.
    """
    lists = {name: value for name, value in settings.items() if isinstance(value, list | tuple)}
    counts = {f"{prefix}{name}=[{', '.join(map(str, value))}]": len(value) for name, value in lists.items()}
    if num_layers is not None:
        counts[f"{prefix}num_layers={num_layers}"] = num_layers
    if min(counts.values(), default=1) < 1:
        raise ConfigError(f"{prefix}num_layers must be 1 or more, got {', '.join(counts)}")
    first, count = next(iter(counts.items()), ("", 1))
    for other, another in counts.items():
        if another != count:
            raise ConfigError(
                f"{first} is for {count} layers and {other} for {another}; give a list one value a layer"
            )
    return count
