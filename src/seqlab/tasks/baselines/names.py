"""The names of the baselines of forecasts, which ``task.baselines`` may list."""

from collections.abc import Sequence
from importlib.util import find_spec

from seqlab.errors import ConfigError, needs_extra

USUAL = ("persistence", "yesterday", "climatology", "ridge", "nlinear", "dlinear")
"""Those that are cheap, and scored unless others are listed."""
STATISTICAL = ("ets", "theta", "auto_arima")
"""Those of statsforecast."""
COSTLY = ("boosting", *STATISTICAL)
"""Those that take longer, and are scored if they are listed."""
FORECASTS = USUAL + COSTLY
WINDOWS = "windows"
"""The score of a baseline that says how many windows it has forecast, where they are not all."""


def check_installed(names: Sequence[str] | bool) -> None:  # noqa: FBT001 (as task.baselines is)
    """Refuse baselines whose library is not there.

    Args:
        names: ``task.baselines``.

    Raises:
        ConfigError: one of them needs statsforecast, which is not installed.
    """
    listed = () if isinstance(names, bool) else names
    found = next((name for name in listed if name in STATISTICAL), None)
    if found and not find_spec("statsforecast"):
        what = f"task.baselines={found}"
        raise ConfigError(needs_extra(what, "statsforecast, with pandas 2", "statistics"))
