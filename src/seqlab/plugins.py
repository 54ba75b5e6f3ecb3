"""Modules of the user's own, named by ``imports=[my_cells]``: they register cells, no fork needed."""

import sys
import traceback
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
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
            if find_spec(name) is None:
                raise ConfigError(f"imports: no module '{name}' in {here} or among the installed ones")
            import_module(name)
        except SeqlabError:
            raise
        except Exception as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            raise ConfigError(
                f"imports: '{name}' fails with {type(error).__name__}: {error} ({line.filename}:{line.lineno})"
            ) from error
