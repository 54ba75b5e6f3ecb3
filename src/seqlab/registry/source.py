"""Which names do the classes of a package have? Read from its files, of which none is executed."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

DECORATED = r'^@{decorator}\("(?P<name>[^"]+)"[^\n]*\)\n(?:@[^\n]*\n)*(?:class|def) (?P<defined>\w+)'
"""A class or function below its decorators, as ruff formats it."""


def registered_in(package: str, decorator: str) -> dict[str, tuple[str, str]]:
    """Return module and class of what a package registers by name, as ``@decorator("name")`` gives it.

    Args:
        package: such as ``seqlab.cells``; only the packages around it are imported.
        decorator: such as ``register_cell``.
    """
    spec = find_spec(package)
    roots = list(spec.submodule_search_locations or ()) if spec else []
    return {
        name: (
            ".".join([package, *file.relative_to(root).with_suffix("").parts]).removesuffix(".__init__"),
            cls,
        )
        for root in map(Path, roots)
        for file in sorted(root.rglob("*.py"))
        for name, cls in _names(file, decorator)
    }


def _names(file: Path, decorator: str) -> Iterator[tuple[str, str]]:
    """Yield name and class; a pattern, since to parse the files takes a tenth of a second at every start."""
    text = file.read_text(encoding="utf-8")
    for found in re.finditer(DECORATED.format(decorator=decorator), text, re.MULTILINE):
        yield found["name"], found["defined"]
