"""Modules of the user's own, named by ``imports=[my_cells]``: they register cells, no fork needed."""

import sys
import traceback
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from seqlab.errors import ConfigError, SeqlabError


def load(modules: Iterable[str]) -> None:
    """Import each module, looking in the working folder too.

    Raises:
        ConfigError: a module does not exist, or fails while it is imported.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    for name in modules:
        try:
            import_module(name)
        except SeqlabError:
            raise
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and error.name == name:
                reason = f"there is no such module in {here} or among the installed ones"
            else:
                line = traceback.extract_tb(error.__traceback__)[-1]
                reason = f"it fails with {type(error).__name__}: {error} ({line.filename}:{line.lineno})"
            raise ConfigError(f"imports={name}: {reason}") from error
