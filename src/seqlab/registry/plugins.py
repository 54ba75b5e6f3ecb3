"""The user's modules, named by ``imports=[my_cells]``, which register cells and other classes.

Nothing else makes seqlab execute a file of the working folder, which is searched after the installed modules
and only if the user names one.
"""

import os
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

from seqlab.errors import ConfigError, SeqlabError, failure


def load(modules: str | Iterable[str]) -> None:
    """Import one or several modules, searching the working folder last.

    Nothing is imported from a working folder that is the folder of a run or a sweep, which is not trusted.

    Raises:
        ConfigError: a module does not exist, has the name of an installed one, or fails while it is imported.
    """
    names = [modules] if isinstance(modules, str) else list(modules)
    here = Path.cwd()
    is_run = any((here / name).exists() for name in ("run.json", "sweep.yaml", "multirun.yaml"))
    if names and not is_run and str(here) not in sys.path:
        sys.path.append(str(here))
    for name in names:
        if name.endswith(".py"):
            raise ConfigError(f"imports={name}: name the module, {Path(name).stem}")
        try:
            import_module(name)
        except SeqlabError:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
                where = "among the installed ones" if is_run else f"in {here} or among the installed ones"
                of_run = "; nothing is imported from the folder of a run" if is_run else ""
                reason = f"there is no such module {where}{of_run}"
            else:
                reason = f"it fails with {failure(error)}"
            raise ConfigError(f"imports={name}: {reason}") from error
        _refuse_shadowed(name, here)


def refuse_unnamed(modules: Iterable[str], folder: Path, remedy: str) -> None:
    """Refuse modules that a run's settings name but the user does not: a run is not trusted.

    Args:
        modules: the modules that the settings name.
        folder: the folder of the run or sweep.
        remedy: the arguments with which they are imported.

    Raises:
        ConfigError: a module has not been imported.
    """
    for name in modules:
        if name in sys.modules:
            continue
        if not all(part.isidentifier() for part in name.split(".")):
            raise ConfigError(f"imports={name:.60} is not the name of a module")
        if any(_lies_in(folder, place, name) for place in {*sys.path, str(Path.cwd())}):
            raise ConfigError(
                f"imports={name:.60} could be a file of {folder}, from which nothing is imported; "
                "run this from the folder of your own modules"
            )
        raise ConfigError(
            f"imports={name:.60}: a run's own modules are executed only if you name them; "
            f"if they are yours, add {remedy}"
        )


def isolate_children() -> None:
    """Let child processes of Python import only installed modules."""
    os.environ["PYTHONSAFEPATH"] = "1"


def _lies_in(folder: Path, place: str, name: str) -> bool:
    return Path(place, *name.split(".")).resolve().is_relative_to(folder.resolve())


def _refuse_shadowed(name: str, here: Path) -> None:
    """Refuse a module of the working folder if an installed one of the same name was imported instead.

    Raises:
        ConfigError: it was.
    """
    path = here.joinpath(*name.split("."))
    file = next(
        (file for file in (path.with_name(f"{path.name}.py"), path / "__init__.py") if file.exists()), None
    )
    found = getattr(sys.modules.get(name), "__file__", None)
    if file is not None and (found is None or not Path(found).resolve().is_relative_to(here.resolve())):
        raise ConfigError(
            f"imports={name}: {file} has the name of an installed module, which comes first "
            f"({found or 'a part of Python'}); call it something else"
        )
