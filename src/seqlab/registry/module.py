"""The source of a Python module, read without importing it."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from seqlab.errors import near


@dataclass(frozen=True)
class Module:
    """A module by its source: its definitions, and the origins of its imports."""

    name: str
    is_package: bool
    tree: ast.Module

    def defines(self, name: str) -> ast.ClassDef | ast.FunctionDef | None:
        """Return the definition of a class or function; None if the module does not define it."""
        found = (node for node in self.tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef))
        return next((node for node in found if node.name == name), None)

    def assigned_docstring(self, name: str) -> str:
        """Return the docstring that ``Adam.__doc__ = "…" + …`` assigns to a class, as torch.optim does."""
        found = (node for node in self.tree.body if isinstance(node, ast.Assign))
        values = [node.value for node in found if ast.unparse(node.targets[0]) == f"{name}.__doc__"]
        pieces = (one for value in values for one in ast.walk(value) if isinstance(one, ast.Constant))
        return inspect.cleandoc("".join(str(piece.value) for piece in pieces))

    def origin(self, name: str) -> tuple[str, str] | None:
        """Return the module from which a name is imported, and its name there."""
        imports = [node for node in self.tree.body if isinstance(node, ast.ImportFrom)]
        pairs = [(self._absolute(node), alias) for node in imports for alias in node.names]
        named = ((module, alias.name) for module, alias in pairs if name == (alias.asname or alias.name))
        every = ((module, name) for module, alias in pairs if alias.name == "*" and _has(module, name))
        return next(named, None) or next(every, None)

    def path(self, name: str) -> str:
        """Return the full path of a class that this module calls ``SGD`` or ``optim.SGD``."""
        module, _, cls = name.rpartition(".")
        return f"{self._module(module) if module else self.name}.{cls}"

    def _module(self, path: str) -> str:
        """Return the full path of an imported module such as ``optim``; the path itself if not imported."""
        first, dot, rest = path.partition(".")
        imports = (alias for node in self.tree.body if isinstance(node, ast.Import) for alias in node.names)
        renamed = (alias.name for alias in imports if alias.asname == first)
        return next(renamed, ".".join(self.origin(first) or (first,))) + dot + rest

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        packages = self.name.split(".")
        kept = packages[: len(packages) - node.level + self.is_package]
        return ".".join([*kept, *([node.module] if node.module else [])])

    def public(self) -> Iterator[str]:
        """Yield the classes that a module defines, or that a package imports."""
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.ImportFrom) and self.is_package:
                yield from (alias.asname or alias.name for alias in node.names)


@cache
def parsed(module: str) -> Module:
    """Return a module; its packages are not imported either.

    Raises:
        LookupError: there is none, or it is not written in Python.
    """
    top, *rest = module.split(".")
    spec = find_spec(top)
    if spec is None or spec.origin is None:
        raise LookupError(f"there is no module '{top}'")
    path = Path(spec.origin)
    for part in rest:
        folder = path.parent / part
        path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    if not path.exists() or path.suffix != ".py":
        raise LookupError(f"there is no module '{module}'")
    return Module(module, path.name == "__init__.py", _tree(path, path.stat().st_mtime_ns))


@cache
def _tree(path: Path, _modified: int) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _has(module: str, name: str) -> bool:
    try:
        find(module, name)
    except LookupError:
        return False
    return True


def classes_of(module: str) -> list[str]:
    """Return the names of the public classes in a module."""
    return sorted({name for name in parsed(module).public() if name[0].isupper()})


def find(module: str, name: str) -> tuple[Module, ast.ClassDef | ast.FunctionDef]:
    """Return the module that defines a class or function which a module has or imports, and the definition.

    Raises:
        LookupError: there is none, or its source is not found.
    """
    here = parsed(module)
    if (node := here.defines(name)) is not None:
        return here, node
    if (origin := here.origin(name)) is not None:
        return find(*origin)
    raise LookupError(f"{module} has no '{name}'; {near(name, classes_of(module))}")
