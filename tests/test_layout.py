"""The rooms of src/seqlab: each uses those below it, so none is in a ring."""

import ast
from collections.abc import Iterator
from pathlib import Path

import seqlab

ROOT = Path(seqlab.__file__).parent
ROOMS = [
    "testing",
    "api",
    "cli",
    "sweep",
    "backtest",
    "training",
    "inference",
    "export",
    "comparison",
    "diagnostics",
    "runs",
    "models",
    "tasks",
    "nn",
    "engines",
    "cells",
    "config",
    "data",
    "registry",
    "io",
    "functional",
    "compat",
    "errors",
]
"""From what is typed down to what needs nothing."""


def test_every_module_stands_in_a_room():
    found = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.rglob("*.py")}
    assert {name for name in found if not name.startswith("_")} == set(ROOMS)


def test_no_room_uses_one_above_it():
    upward = {
        (source, target)
        for path in ROOT.rglob("*.py")
        for source, target in _imports(path)
        if _room(source) in ROOMS and ROOMS.index(_room(target)) < ROOMS.index(_room(source))
    }
    assert upward == set()


def test_a_ring_is_seen(tmp_path):
    module = tmp_path / "io" / "files.py"
    module.parent.mkdir()
    module.write_text("def late():\n    from seqlab.cli import main\n")
    assert list(_imports(module, tmp_path)) == [("io.files", "cli")]


class _Executed(ast.NodeTransformer):
    """Leaves out what stands there for type checkers."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        return node.orelse if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def _imports(path: Path, root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Return what a module imports of seqlab, also inside functions, and not for types alone."""
    source = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
    tree = _Executed().visit(ast.parse(path.read_text(encoding="utf-8")))
    for node in ast.walk(tree):
        named = node.names if isinstance(node, ast.Import) else []
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in named]
        for module in modules:
            if module.startswith("seqlab.") and not module.startswith("seqlab.conf."):
                yield source, module.removeprefix("seqlab.")
        if modules == ["seqlab"] and isinstance(node, ast.ImportFrom):
            yield from ((source, one.name) for one in node.names if one.name in ROOMS)


def _room(module: str) -> str:
    return module.split(".", maxsplit=1)[0]
