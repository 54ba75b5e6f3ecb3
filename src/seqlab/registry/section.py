"""The part of a configuration that chooses a registered class, and has the settings of its constructor."""

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
    """Return settings as a file of conf/ has them; what must be set is ``???``."""
    fields = {field.alias or key: field for key, field in section.model_fields.items()}
    return {key: "???" if field.is_required() else field.default for key, field in fields.items()}


def helps_in(section: type[Section]) -> dict[str, str]:
    """Return what is said of each setting, by its constructor or by the docstring of the section."""
    helps = {key: field.description for key, field in section.model_fields.items() if field.description}
    for base in reversed(section.__mro__):
        helps |= helps_of(cleandoc(base.__doc__ or ""))
    return helps


def having_settings_of(path: str) -> Callable[[type[S]], type[S]]:
    """Return a class decorator that gives a section the keyword-only arguments of a constructor.

    Args:
        path: of the class that has it, of which the source is read and nothing imported.
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
    """Return what pydantic makes fields of."""
    defaults = {key: ... if one.default is MISSING else one.default for key, one in settings.items()}
    return {
        key: (ranges.get(key, one.type), Field(defaults[key], description=one.help))
        for key, one in settings.items()
    }


class Part(Section):
    """One of the classes of a group of which there can be several, each below a key of its own.

    Attributes:
        target_: its name or path; in files ``_target_``, since many a class has a setting called ``name``.
        left_out: settings that are no arguments where they are None.
    """

    left_out: ClassVar[frozenset[str]] = frozenset()
    target_: str = Field(alias="_target_")

    @model_serializer(mode="wrap")
    def _as_in_files(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values = handler(self)
        kept = {key: one for key, one in values.items() if one is not None or key not in self.left_out}
        return {"_target_": kept.pop("target_"), **kept}


class Choice:
    """Which settings a part of the configuration has: those of the class that it names.

    Args:
        registry: of the classes.
        given: arguments that are no settings, since seqlab makes them; of kinds that no library has too,
            those before a ``*`` are none.
        filled: settings that seqlab makes where they are not set.
        ranges: types of settings by name, narrower than a constructor says.
        base: what all of them have.
        is_open: whether a class that takes any keyword may have settings that its source does not name.
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
        """What pydantic is told beside the type ``SerializeAsAny[Section]``."""
        return PlainValidator(self.validated)

    def defaults(self, name: str) -> dict[str, Any]:
        """Return the settings of a class as a configuration has them; what must be set is ``???``."""
        return defaults_of(self.section(name)) | {self.key: name}

    def make(self, part: Part, place: str, **offered: Any) -> Any:
        """Return the object that a part of the configuration describes.

        Args:
            part: a class and its settings.
            place: of the part in the configuration.
            offered: arguments for which the settings say nothing; the constructor takes those that it has.

        Raises:
            ConfigError: it cannot be made so.
        """
        settings = part.model_dump()
        one = self.registry[settings.pop("_target_")]
        try:
            taken = offered.keys() & signature(one).parameters
            return one(**{key: offered[key] for key in taken} | settings)
        except Exception as error:
            raise ConfigError(f"{place}: {failure(error)}") from error

    def section(self, name: str) -> type[Section]:
        """Return the settings of a class as one of pydantic's, the same one while they are the same.

        Raises:
            ConfigError: there is no such class.
        """
        found = self.registry.settings(name)
        if name not in self._made or self._made[name][0] != found:
            self._made[name] = found, self._section(name, found)
        return self._made[name][1]

    def validated(self, raw: Any) -> Section:
        """Return the settings of the class that they name; a section is itself.

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
    """Takes settings that nothing is known of."""
