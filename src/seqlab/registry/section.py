"""Sections of the configuration that choose a registered class and have the settings of its constructor."""

from collections.abc import Callable, Collection, Mapping
from inspect import cleandoc, signature
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field, PlainValidator, SerializerFunctionWrapHandler, create_model, model_serializer

from seqlab.errors import ConfigError, failure
from seqlab.registry.registry import Registry
from seqlab.registry.signature import COMPUTED, MISSING, Setting, helps_of, settings_of
from seqlab.registry.types import Section

S = TypeVar("S", bound=Section)


def defaults_of(section: type[Section]) -> dict[str, Any]:
    """Return settings as in a file of conf/; required ones are ``???``."""
    fields = {field.alias or key: field for key, field in section.model_fields.items()}
    return {key: "???" if field.is_required() else field.default for key, field in fields.items()}


def helps_in(section: type[Section]) -> dict[str, str]:
    """Return the help of each setting, from its constructor or from the docstring of the section."""
    helps = {key: field.description for key, field in section.model_fields.items() if field.description}
    for base in reversed(section.__mro__):
        helps |= helps_of(cleandoc(base.__doc__ or ""))
    return helps


def having_settings_of(path: str) -> Callable[[type[S]], type[S]]:
    """Return a class decorator that gives a section the keyword-only arguments of a constructor.

    Args:
        path: the path of the class, whose source is read without importing it.
    """
    settings = {key: one for key, one in settings_of(path).items() if not one.is_positional}

    def decorate(section: type[S]) -> type[S]:
        return create_model(
            section.__name__,
            __base__=section,
            __doc__=section.__doc__,
            __module__=section.__module__,
            **_fields(settings),
        )

    return decorate


def _fields(settings: Mapping[str, Setting], ranges: Mapping[str, Any] = {}) -> dict[str, Any]:
    """Return the field definitions for pydantic."""
    defaults = {key: ... if one.default is MISSING else one.default for key, one in settings.items()}
    return {
        key: (ranges.get(key, one.type), Field(defaults[key], description=one.help))
        for key, one in settings.items()
    }


def wrong(key: str, detail: Any) -> str:
    """Return the message for a wrong value: ``model.hidden_size must be greater than 0, got -1``.

    Args:
        key: the setting.
        detail: what pydantic says of it.
    """
    if detail["type"] == "value_error":
        said = str(detail["ctx"]["error"])
        return f"{key}: {said}" if key and not said.startswith(f"{key}.") else said
    message = (
        detail["msg"]
        .replace("Input should be", "must be")
        .replace("String should", "must")
        .replace("List should have at least 1 item after validation, not 0", "must be a list of one or more")
        .split(", unable to ")[0]
        .split(", got a number")[0]
    )
    return f"{key} {message[0].lower()}{message[1:]}, got {detail['input']!r}"


class Part(Section):
    """A class of a group that can have several, each with its own key.

    Attributes:
        target_: its name or path; ``_target_`` in files, since many classes have a setting called ``name``.
        left_out: settings that are not passed to the class if they are None.
    """

    left_out: ClassVar[frozenset[str]] = frozenset()
    target_: str = Field(alias="_target_")

    @model_serializer(mode="wrap")
    def _as_in_files(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = handler(self)
        kept = {key: one for key, one in values.items() if one is not None or key not in self.left_out}
        return {"_target_": kept.pop("target_"), **kept}


class Choice:
    """A choice of a registered class, whose settings are the arguments of its constructor.

    Args:
        registry: the registry of the classes.
        given: arguments that seqlab passes, so that they are not settings; without a base class in the
            registry, neither are positional arguments.
        filled: settings that seqlab passes if they are not set.
        ranges: types of settings by name, narrower than the annotations.
        base: the section with the settings that all of them have.
        is_open: whether a class with ``**kwargs`` may have settings that its source does not name.
    """

    def __init__(
        self,
        registry: Registry[Any],
        *,
        given: Collection[str] = (),
        filled: Collection[str] = (),
        ranges: Mapping[str, Any] = {},
        base: type[Section] = Section,
        is_open: bool = False,
    ) -> None:
        self.registry, self.given, self.filled = registry, given, filled
        self.ranges, self.base, self.is_open = ranges, base, is_open
        self.key = "_target_" if issubclass(base, Part) else "name"
        self._made: dict[str, tuple[Mapping[str, Setting], type[Section]]] = {}

    @property
    def validator(self) -> PlainValidator:
        """The validator for fields of the type ``SerializeAsAny[Section]``."""
        return PlainValidator(self.validated)

    def defaults(self, name: str) -> dict[str, Any]:
        """Return the settings of a class as in a configuration; required ones are ``???``."""
        return defaults_of(self.section(name)) | {self.key: name}

    def make(self, part: Part, place: str, **offered: Any) -> Any:
        """Return an instance of a class with its settings.

        Args:
            part: the class and its settings.
            place: the key of the part in the configuration, for messages.
            offered: further arguments; the constructor gets those that it has.

        Raises:
            ConfigError: the constructor fails.
        """
        settings = part.model_dump()
        one = self.registry[settings.pop("_target_")]
        try:
            taken = offered.keys() & signature(one).parameters
            return one(**{key: offered[key] for key in taken} | settings)
        except Exception as error:
            raise ConfigError(f"{place}: {failure(error)}") from error

    def section(self, name: str) -> type[Section]:
        """Return the settings of a class as a pydantic model, which is cached.

        Raises:
            ConfigError: there is no such class.
        """
        found = self.registry.settings(name)
        if name not in self._made or self._made[name][0] != found:
            self._made[name] = found, self._section(name, found)
        return self._made[name][1]

    def validated(self, raw: Any) -> Section:
        """Return the validated settings of the class that they name; a section is returned unchanged.

        Raises:
            ValueError: there is no such class, or a setting is wrong.
        """
        if isinstance(raw, self.base):
            return raw
        if not isinstance(raw, Mapping) or not isinstance(raw.get(self.key), str):
            raise ValueError(f"{self.key}: must name the {self.registry.kind}")  # noqa: TRY004 (pydantic's contract)
        try:
            section = self.section(raw[self.key])
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return section.model_validate(raw)

    def _section(self, name: str, found: Mapping[str, Setting]) -> type[Section]:
        known = {key: one for key, one in found.items() if not self._is_given(key, one)}
        unset = {key for key, one in known.items() if one.default is COMPUTED or key in self.filled}
        fields = _fields({key: one for key, one in known.items() if key not in unset}, self.ranges)
        if not issubclass(self.base, Part):
            return create_model(name, __base__=self.base, **{**fields, "name": (Literal[name], ...)})
        fields |= {key: (known[key].type | None, Field(None, description=known[key].help)) for key in unset}
        is_open = self.is_open and self.registry.takes_others(name)
        made = create_model(name, __base__=_OpenPart if is_open else self.base, **fields)
        made.left_out = frozenset(unset)
        return made

    def _is_given(self, key: str, setting: Setting) -> bool:
        return key.lstrip("_") in self.given or (setting.is_positional and self.registry.base is None)


class _OpenPart(Part, extra="allow"):
    """Accepts settings that are not known."""
