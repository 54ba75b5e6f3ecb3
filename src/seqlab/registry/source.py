"""The names of a package's classes, read from its files without executing them."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

DECORATED = r'^@{decorator}\("(?P<name>[^"]+)"[^\n]*\)\n(?:@[^\n]*\n)*(?:class|def) (?P<defined>\w+)'
"""A pattern for a decorated class or function in ruff's format."""


def registered_in(package: str, decorator: str) -> dict[str, tuple[str, str]]:
    """Return module and class of everything that a package registers with ``@decorator("name")``, by name.

    Args:
        package: the package, such as ``seqlab.cells``; only its parent packages are imported.
        decorator: the decorator, such as ``register_cell``.
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
    """Yield name and class, found by a pattern, since parsing the files would take .1 s at every start."""
    text = _text(file)
    if f"\n@{decorator}(" in text:
        for found in re.finditer(DECORATED.format(decorator=decorator), text, re.MULTILINE):
            yield found["name"], found["defined"]


@cache
def _text(file: Path) -> str:
    """Return the text of a file; several registries look at the same ones."""
    return file.read_text(encoding="utf-8")
