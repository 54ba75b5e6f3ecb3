"""A registry of classes by name; an unknown name lists similar ones."""

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from seqlab.errors import ConfigError, near
from seqlab.registry.module import classes_of
from seqlab.registry.signature import (
    Setting,
    attribute_of,
    settings_of,
    settings_of_imported,
    takes_others,
)
from seqlab.registry.source import registered_in

T = TypeVar("T")
Class = TypeVar("Class", bound=Callable[..., Any])


@cache
def _offered() -> Any:  # of another type in Python 3.11 than later
    """Return the entry points of all installed packages."""
    return entry_points()


class Registry(Mapping[str, T], Generic[T]):
    """A read-only mapping from names to classes, filled by a decorator.

    The names of seqlab's classes, and of those that installed packages offer, are known before the classes
    are imported. A class is imported when it is needed.

    Args:
        kind: the kind of classes, for messages.
        home: the package of seqlab's classes, which are decorated with ``register_<kind>("name")``.
        foreign: modules whose classes have names too: ``rmsprop`` of ``torch.optim``.
        naming: a function from the path of such a class to its name, or "" for none; by default, lower case.
        base: path of the base class of all; then any other subclass can be named by its path.

    Example:
        >>> shapes = Registry[type]("shape")
        >>> @shapes.register("square")
        ... class Square: ...
        >>> shapes["square"].__name__
        'Square'
        >>> shapes["sqare"]
        Traceback (most recent call last):
        seqlab.errors.ConfigError: no shape named 'sqare'; did you mean 'square'? There are: square
    """

    def __init__(
        self,
        kind: str,
        home: str | None = None,
        *,
        foreign: Collection[str] = (),
        naming: Callable[[str], str] = lambda path: path.rpartition(".")[2].lower(),
        base: str | None = None,
    ) -> None:
        self.kind, self.home, self.foreign, self.naming, self.base = kind, home, foreign, naming, base
        self._entries: dict[str, T] = {}

    @cached_property
    def _own(self) -> dict[str, tuple[str, str]]:
        """Module and class of seqlab's classes by name."""
        return registered_in(self.home, f"register_{self.kind.replace(' ', '')}") if self.home else {}

    @cached_property
    def _foreign(self) -> dict[str, str]:
        """The paths of another library's classes by name."""
        paths = [f"{module}.{name}" for module in self.foreign for name in classes_of(module)]
        return {self.naming(path): path for path in paths if path != self.base and self.naming(path)}

    @cached_property
    def _installed(self) -> dict[str, str]:
        """The paths of classes of installed packages by name: the entry points ``seqlab.<kind>s``."""
        found = _offered().select(group=f"seqlab.{self.kind.replace(' ', '')}s")
        return {one.name: one.value.replace(":", ".") for one in found}

    def path(self, name: str) -> str:
        """Return the path of a class: ``torch.optim.AdamW`` for ``adamw``; a path is returned unchanged.

        Raises:
            ConfigError: there is no such name.
        """
        if name in self._entries:
            return _identity(self._entries[name])
        if self.base and "." in name and all(part.isidentifier() for part in name.split(".")):
            return name
        self.require(name)
        if name in self._own:
            return ".".join(self._own[name])
        return self._foreign[name] if name in self._foreign else self._installed[name]

    def register(self, name: str) -> Callable[[Class], Class]:
        """Return a class decorator that registers the class under ``name``.

        Raises:
            ConfigError: another class already has the name.
        """

        def enter(entry: Class) -> Class:
            # One of seqlab's classes may not be imported yet.
            known = (
                _identity(self._entries[name]) if name in self._entries else ".".join(self._own.get(name, ()))
            )
            # A notebook runs the same definition again: that is the same class, not a duplicate.
            if known not in ("", _identity(entry)):
                raise ConfigError(
                    f"{self.kind} '{name}' exists already, as {known}; "
                    f"register {_identity(entry)} under another name"
                )
            self._entries[name] = entry  # type: ignore[assignment]
            return entry

        return enter

    def require(self, name: str) -> None:
        """Refuse a name that is not registered, without importing anything.

        Raises:
            ConfigError: it is not registered; the message has similar names.
        """
        if name not in self:
            raise ConfigError(f"no {self.kind} named '{name}'; {near(name, self)}")

    def is_own(self, name: str) -> bool:
        """Return whether a class is one of seqlab's."""
        return name in self._own

    def __getitem__(self, name: str) -> T:
        at_path = None if name in self._entries else self._imported(self.path(name))
        found = self._entries.get(name, at_path)  # an imported class may have registered itself
        assert found is not None  # noqa: S101 (for the type checker)
        if self.base and (isinstance(found, type) or name not in self._entries):
            self._require_base(found, name)
        return found

    def _imported(self, path: str) -> T:
        """Return the object at a path.

        Raises:
            ConfigError: it cannot be imported, or does not exist.
        """
        module, _, name = path.rpartition(".")
        try:
            return getattr(import_module(module), name)  # type: ignore[no-any-return]
        except ImportError as error:
            raise ConfigError(f"{self.kind} '{path}' cannot be imported: {error}") from error
        except AttributeError as error:
            raise ConfigError(f"{self.kind} '{path}': {error}") from error

    def _require_base(self, found: object, name: str) -> None:
        """Refuse a class that is not a subclass of the base class.

        Raises:
            ConfigError: it is not.
        """
        module, _, base = str(self.base).rpartition(".")
        if not (isinstance(found, type) and issubclass(found, getattr(import_module(module), base))):
            raise ConfigError(f"{name} is no {self.kind}: it must be a subclass of {self.base}")

    def theirs(self) -> list[str]:
        """Return the names of registered classes that are not seqlab's."""
        return [name for name in self._entries if not self.is_own(name)]

    def settings(self, name: str) -> Mapping[str, Setting]:
        """Return the arguments of a constructor, without importing a class.

        Raises:
            ConfigError: there is no such class.
        """
        if name in self.theirs():
            return settings_of_imported(self._entries[name])  # type: ignore[arg-type]
        try:
            return settings_of(self.path(name))
        except LookupError as error:
            raise ConfigError(str(error.args[0])) from error

    def takes_others(self, name: str) -> bool:
        """Return whether a constructor has ``**kwargs``, without importing a class.

        Raises:
            ConfigError: there is no such class.
        """
        if name in self.theirs():
            parameters = inspect.signature(self._entries[name]).parameters.values()  # type: ignore[arg-type]
            return any(one.kind is one.VAR_KEYWORD for one in parameters)
        return takes_others(self.path(name))

    def attribute(self, name: str, key: str) -> Any:
        """Return a class attribute, without importing a class.

        Raises:
            ConfigError: there is no such class, or it has no such attribute.
        """
        try:
            theirs = self._entries[name] if name in self.theirs() else None
            return attribute_of(self.path(name), key) if theirs is None else getattr(theirs, key)
        except (LookupError, AttributeError) as error:
            raise ConfigError(
                f"{self.kind} '{name}' must say its '{key}', an attribute of the class"
            ) from error

    def __contains__(self, name: object) -> bool:
        # In this order: to read a library's source, or the entry points of all packages, takes longer.
        return name in self._entries or name in self._own or name in self._foreign or name in self._installed

    def __iter__(self) -> Iterator[str]:
        return iter(self._own | self._foreign | self._installed | self._entries)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def in_snake_case(path: str) -> str:
    """Return the name of a class by its path: ``r2_score`` of ``….R2Score``, ``tqdm_progress_bar``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", path.rpartition(".")[2])
    return words.lower()


def _identity(entry: object) -> str:
    return f"{entry.__module__}.{getattr(entry, '__qualname__', entry)}"
