"""The figures of tasks: its modules, and with them matplotlib, are imported when something is drawn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqlab.tasks.figures import common, fonts, forecast

__all__ = ["common", "fonts", "forecast"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return import_module(f"{__name__}.{name}")
