"""What every part of the configuration is, and the types its keys share."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1)]
Patience = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Factor = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]


def _absolute(path: str) -> str:
    """Make a path absolute: a run folder is read from other working folders too."""
    try:
        return str(Path(path).expanduser().resolve())
    except RuntimeError as error:  # of a ~user that there is not
        raise ValueError(f"'{path}': {error}") from error


FilePath = Annotated[str, Field(min_length=1), AfterValidator(_absolute)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def as_list(names: Any) -> Any:
    """Take one name for a list of one."""
    return [names] if isinstance(names, str) else names
