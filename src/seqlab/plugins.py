"""Modules of the user's own, named by ``imports=[my_cells]``: they register cells, no fork needed."""

import sys
import traceback
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from seqlab.errors import ConfigError, SeqlabError


def load(modules: str | Iterable[str]) -> None:
    """Import each module, or the one that is named, looking in the working folder too.

    Raises:
        ConfigError: a module does not exist, or fails while it is imported.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    for name in [modules] if isinstance(modules, str) else modules:
        try:
            import_module(name)
        except SeqlabError:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, ModuleNotFoundError) and error.name == name:
                reason = f"there is no such module in {here} or among the installed ones"
            else:
                reason = f"it fails with {_what(error)} ({_where(error)})"
            raise ConfigError(f"imports={name}: {reason}") from error


def _what(error: BaseException) -> str:
    message = error.msg if isinstance(error, SyntaxError) else error
    return f"{type(error).__name__}: {message}"


def _where(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    line = traceback.extract_tb(error.__traceback__)[-1]
    return f"{line.filename}:{line.lineno}"
