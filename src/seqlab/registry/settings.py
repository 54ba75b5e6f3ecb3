"""The settings of a registered class: its keyword-only arguments that have a default, with their types.

A class that has been imported is asked itself. Of seqlab's own the source is read, so that settings are
checked without torch.
"""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, get_type_hints

Settings = dict[str, tuple[Any, Any]]
"""Type and default by name, as ``pydantic.create_model`` takes them."""


class Declaration(Protocol):
    """What is known of a class before it is used."""

    def settings(self) -> Settings:
        """Return the settings; those of the bases too, where ``**settings`` passes them on."""

    def attribute(self, name: str) -> Any:
        """Return a class attribute, of the class or its nearest base.

        Raises:
            AttributeError: none has it.
        """


class Imported:
    """The declaration of a class that is there."""

    def __init__(self, cls: type) -> None:
        self.cls = cls

    def settings(self) -> Settings:
        """Return the settings of the class and its bases."""
        found: Settings = {}
        for base in self.cls.__mro__:
            if "__init__" not in vars(base):
                continue
            init = vars(base)["__init__"]
            arguments = inspect.signature(init).parameters.values()
            types = get_type_hints(init, include_extras=True)
            for one in arguments:
                if one.kind is one.KEYWORD_ONLY and one.default is not one.empty:
                    found.setdefault(one.name, (types.get(one.name, Any), one.default))
            if not any(one.kind is one.VAR_KEYWORD for one in arguments):
                break
        return found

    def attribute(self, name: str) -> Any:
        """Return a class attribute."""
        return getattr(self.cls, name)


class Written:
    """The declaration of one of seqlab's own classes, as its source has it.

    Names in it are looked up where its file imports them from; only what is looked up is imported.

    Args:
        module: in which the class stands.
        name: of the class.
    """

    def __init__(self, module: str, name: str) -> None:
        spec = find_spec(module)
        assert spec is not None and spec.origin is not None  # noqa: S101, PT018 (the module is one of ours)
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        self.names = _Names(tree, module)
        self.body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)

    def settings(self) -> Settings:
        """Return the settings of the class and its bases."""
        found: Settings = {}
        for one in self.with_bases():
            init = next((node for node in one.body.body if getattr(node, "name", "") == "__init__"), None)
            if not isinstance(init, ast.FunctionDef):
                continue
            for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
                if default is not None:
                    kind = one.names.value(argument.annotation) if argument.annotation else Any
                    found.setdefault(argument.arg, (kind, one.names.value(default)))
            if init.args.kwarg is None:
                break
        return found

    def attribute(self, name: str) -> Any:
        """Return a class attribute."""
        for one in self.with_bases():
            for node in one.body.body:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    value = getattr(node, "value", None)
                    if value is not None:
                        return one.names.value(value)
        raise AttributeError(f"{self.body.name} has no {name}")

    def with_bases(self) -> Iterator["Written"]:
        """Yield the class and its bases of seqlab's own, the nearest first."""
        yield self
        for base in self.body.bases:
            module = self.names.origins.get(base.id) if isinstance(base, ast.Name) else None
            if module and module.startswith(f"{__name__.partition('.')[0]}."):
                yield from Written(module, ast.unparse(base)).with_bases()


class _Names(dict[str, Any]):
    """What the names of a file stand for, found when they are asked for."""

    def __init__(self, tree: ast.Module, module: str) -> None:
        super().__init__()
        self.constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self.origins = {
            alias.asname or alias.name: node.module
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        } | {node.name: module for node in tree.body if isinstance(node, ast.ClassDef)}

    def value(self, expression: ast.expr) -> Any:
        """Return what an expression of the file is."""
        # It is seqlab's own source, which would be executed as it stands if it were imported.
        return eval(compile(ast.Expression(expression), "<declaration>", "eval"), {}, self)  # noqa: S307

    def __missing__(self, name: str) -> Any:
        if name in self.constants:
            return self.value(self.constants[name])
        if name in self.origins:
            return getattr(import_module(self.origins[name]), name)
        raise KeyError(name)
