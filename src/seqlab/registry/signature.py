"""The settings of a class: the arguments of its constructor, read from its source if it is not imported."""

import ast
import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, reduce
from importlib import import_module
from operator import or_
from textwrap import dedent
from types import NoneType, UnionType
from typing import Any

from pydantic import Field, PydanticUserError, TypeAdapter

from seqlab.registry import types
from seqlab.registry.module import Module, find

MISSING: Any = inspect.Parameter.empty
"""The default of a setting that must be given."""
COMPUTED: Any = object()
"""The default of a setting that cannot be written down."""
PLAIN = (type(None), bool, int, float, str, list, tuple, dict)
NAMES = {
    "Field": Field,
    "Mapping": Mapping,
    **{name: getattr(typing, name) for name in ("Any", "Literal", "Annotated")},
    **{kind.__name__: kind for kind in PLAIN[1:]},
    **{name: found for name, found in vars(types).items() if name[0].isupper()},
}
"""The names that an annotation may use; other members of a union are ignored."""


@dataclass(frozen=True)
class Setting:
    """A setting: its type (Any if its annotation is not understood), default and help.

    ``is_positional`` is false for keyword-only arguments.
    """

    type: Any
    default: Any
    help: str
    is_positional: bool


@cache
def settings_of(path: str) -> Mapping[str, Setting]:
    """Return the settings of a class or function by name.

    Args:
        path: the path, such as ``torch.optim.AdamW``.

    Raises:
        LookupError: its source is not found.
    """
    module, _, name = path.rpartition(".")
    return _settings(*find(module, name))


def takes_others(path: str) -> bool:
    """Return whether a class or function has ``**kwargs``.

    Raises:
        LookupError: its source is not found.
    """
    module, _, name = path.rpartition(".")
    _, node = find(module, name)
    init = node if isinstance(node, ast.FunctionDef) else _constructor(node)
    return init is not None and init.args.kwarg is not None


def settings_of_imported(entry: Callable[..., Any]) -> dict[str, Setting]:
    """Return the settings of an imported class or function, whose source may be missing."""
    found: dict[str, Setting] = {}
    helps: dict[str, str] = {}
    fixed: set[str] = set()
    for owner in entry.__mro__ if isinstance(entry, type) else [entry]:
        init = vars(owner).get("__init__") if isinstance(owner, type) else owner
        helps = helps_of(inspect.cleandoc(owner.__doc__ or "")) | helps
        if init is None:
            continue
        helps = helps_of(inspect.cleandoc(init.__doc__ or "")) | helps
        arguments = [*inspect.signature(init).parameters.values()][isinstance(owner, type) :]
        for one in arguments:
            if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.name not in fixed:
                default = (
                    one.default if one.default is MISSING or isinstance(one.default, PLAIN) else COMPUTED
                )
                kind = _writable(_hints(init).get(one.name, Any))
                is_positional = one.kind is not one.KEYWORD_ONLY
                found.setdefault(one.name, Setting(kind, default, helps.get(one.name, ""), is_positional))
        if not any(one.kind is one.VAR_KEYWORD for one in arguments):
            break
        with suppress(OSError, TypeError, SyntaxError):
            fixed |= _fixed(ast.parse(dedent(inspect.getsource(init))))
    return found


def attribute_of(path: str, name: str) -> Any:
    """Return an attribute of a class or its nearest base; names in its value are imported.

    Raises:
        LookupError: none has it.
    """
    module, _, cls = path.rpartition(".")
    here, node = find(module, cls)
    for one in node.body:
        targets = one.targets if isinstance(one, ast.Assign) else [getattr(one, "target", None)]
        value = getattr(one, "value", None)
        if value and any(isinstance(target, ast.Name) and target.id == name for target in targets):
            # This is seqlab's source, which an import would execute too.
            return eval(compile(ast.Expression(value), path, "eval"), {}, _Imported(here))  # noqa: S307
    for base in getattr(node, "bases", ()):
        with suppress(LookupError):
            return attribute_of(here.path(ast.unparse(base)), name)
    raise LookupError(f"{path} has no {name}")


class _Imported(dict[str, Any]):
    """The imported names of a file, which are imported when they are looked up."""

    def __init__(self, here: Module) -> None:
        super().__init__()
        self.here = here

    def __missing__(self, name: str) -> Any:
        if (origin := self.here.origin(name)) is None:
            raise KeyError(name)
        return getattr(import_module(origin[0]), origin[1])


def _settings(here: Module, node: ast.ClassDef | ast.FunctionDef) -> dict[str, Setting]:
    init = node if isinstance(node, ast.FunctionDef) else _constructor(node)
    inherited: dict[str, Setting] = {}
    if isinstance(node, ast.ClassDef) and (init is None or init.args.kwarg):
        for base in node.bases:
            with suppress(LookupError):
                inherited = {**settings_of(here.path(ast.unparse(base))), **inherited}
    helps = helps_of(ast.get_docstring(node) or here.assigned_docstring(node.name))
    if init is None:
        return {name: replace(one, help=helps.get(name, one.help)) for name, one in inherited.items()}
    helps |= helps_of(ast.get_docstring(init))
    arguments = init.args
    positional = [*arguments.posonlyargs, *arguments.args][isinstance(node, ast.ClassDef) :]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    pairs = [
        *zip(positional, defaults, strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    own = {
        one.arg: Setting(_type(one.annotation), _value(default), helps.get(one.arg, ""), one in positional)
        for one, default in pairs
    }
    return own | {
        name: one for name, one in inherited.items() if name not in own and name not in _fixed(init)
    }


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    functions = (one for one in node.body if isinstance(one, ast.FunctionDef))
    return next((one for one in functions if one.name == "__init__"), None)


def _fixed(init: ast.AST) -> set[str]:
    """Return the settings of its base that a class sets itself: ``super().__init__(time=…)``."""
    calls = (node for node in ast.walk(init) if isinstance(node, ast.Call))
    made = (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "__init__")
    return {keyword.arg for call in made for keyword in call.keywords if keyword.arg}


def _value(default: ast.expr | None) -> Any:
    if default is None:
        return MISSING
    try:
        return ast.literal_eval(default)
    except ValueError:
        return COMPUTED


def _type(annotation: ast.expr | None) -> Any:
    """Return the type of a setting from its annotation: float for ``float | Tensor``."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    known = [found for part in _parts(annotation) if (found := _known(part)) is not Any]
    return reduce(or_, known) if any(found is not type(None) for found in known) else Any


def _parts(annotation: ast.expr | None) -> Iterator[ast.expr]:
    match annotation:
        case None:
            return
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            yield from _parts(left)
            yield from _parts(right)
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=parts)):
            yield from (one for part in parts for one in _parts(part))
        case ast.Subscript(value=ast.Name(id="Optional"), slice=part):
            yield from _parts(part)
            yield ast.Constant(None)
        case _:
            yield annotation


def _known(part: ast.expr) -> Any:
    if isinstance(part, ast.Constant):
        return type(None) if part.value is None else Any
    nodes = list(ast.walk(part))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    if (
        not names <= NAMES.keys()
        or not calls <= {"Field"}
        or any(isinstance(n, ast.Attribute) for n in nodes)
    ):
        return Any
    return eval(compile(ast.Expression(part), "annotation", "eval"), {"__builtins__": {}}, NAMES)  # noqa: S307


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a function, as far as their names can be resolved."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except NameError:  # a name that is imported only for type checkers
        return {}


def _writable(hint: Any) -> Any:
    """Return the type of a setting from its evaluated annotation, as ``_type`` does."""
    is_union = isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union
    known = [part for part in (typing.get_args(hint) if is_union else [hint]) if _has_schema(part)]
    return reduce(or_, known) if any(part is not NoneType for part in known) else Any


def _has_schema(kind: Any) -> bool:
    try:
        TypeAdapter(kind)
    except PydanticUserError:
        return False
    return kind is not Any


def helps_of(docstring: str | None) -> dict[str, str]:
    """Return the help of each argument in a Google docstring, without its default."""
    found: dict[str, str] = {}
    for block in re.findall(r"^ *(?:Args|Attributes):\n((?: +.*\n?|\n)+)", docstring or "", re.MULTILINE):
        for name, said in re.findall(r"^ {4}(\w+)(?: \([^)]*\))?: (.*(?:\n {5,}.*)*)", block, re.MULTILINE):
            found[name] = re.sub(r" *\(default: .*\)$", "", " ".join(said.split()))
    return found
