"""Which names do the classes of a package have? Read from its files, of which none is executed."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


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
    text = file.read_text(encoding="utf-8")
    if f"@{decorator}(" not in text:
        return
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef):
            continue
        for call in node.decorator_list:
            match call:
                case ast.Call(func=ast.Name(id=found), args=[ast.Constant(value=str(name)), *_]) if (
                    found == decorator
                ):
                    yield name, node.name
