"""``scipy.signal``, imported when something of it is used.

torchmetrics imports it, for a sixth of the time to a first training step, to add one old name to it.
"""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAME = "scipy.signal"


class _Postponed(ModuleType):
    """Stands where ``scipy.signal`` will, with the name that torchmetrics looks for."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self.__spec__ = ModuleSpec(NAME, loader=None)
        self.__file__ = None  # inspect asks every module for it

    def hamming(self, *args: Any, **kwargs: Any) -> Any:
        """Return a Hamming window; the old name of ``scipy.signal.windows.hamming``."""
        return self.windows.hamming(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
        module: Any = import_module(NAME)
        module.hamming = module.windows.hamming
        return getattr(module, name)


def postpone_signal() -> None:
    """Let ``import scipy.signal`` import it only when something of it is used."""
    sys.modules.setdefault(NAME, _Postponed())
