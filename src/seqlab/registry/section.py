"""The part of a configuration that chooses a registered class, and has the settings of its constructor."""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from pydantic import PlainValidator, create_model

from seqlab.errors import ConfigError
from seqlab.registry.registry import Registry
from seqlab.registry.signature import COMPUTED, MISSING, settings_of
from seqlab.registry.types import Section

EACH = 256
"""Classes whose sections are kept."""


class Choice:
    """Which settings a part of the configuration has: those of the class that it names.

    Args:
        registry: of the classes.
        given: arguments that are no settings, since seqlab makes them.
        ranges: types of settings by name, narrower than a constructor says.
        base: what all of them have.
    """

    def __init__(
        self,
        registry: Registry[Any],
        *,
        given: Collection[str],
        ranges: Mapping[str, Any] = MappingProxyType({}),
        base: type[Section] = Section,
    ) -> None:
        self.registry, self.given, self.ranges, self.base = registry, given, ranges, base
        self.section: Callable[[str], type[Section]] = lru_cache(EACH)(self._section)

    @property
    def validator(self) -> PlainValidator:
        """What pydantic is told beside the type ``SerializeAsAny[Section]``."""
        return PlainValidator(self._validated)

    def defaults(self, name: str) -> dict[str, Any]:
        """Return the settings of a class as a configuration has them; what must be set is ``???``."""
        fields = self.section(name).model_fields
        return {key: "???" if field.is_required() else field.default for key, field in fields.items()} | {
            "name": name
        }

    def _validated(self, raw: Any) -> Section:
        if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
            raise ValueError(f"name: must name the {self.registry.kind}")  # noqa: TRY004 (pydantic's contract)
        try:
            section = self.section(raw["name"])
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return section.model_validate(raw)

    def _section(self, name: str) -> type[Section]:
        path = self.registry.path(name)
        try:
            found = settings_of(path)
        except LookupError as error:
            raise ConfigError(str(error.args[0])) from error
        fields: dict[str, Any] = {
            key: (self.ranges.get(key, setting.type), ... if setting.default is MISSING else setting.default)
            for key, setting in found.items()
            if key.lstrip("_") not in self.given and setting.default is not COMPUTED
        }
        return create_model(path, __base__=self.base, **{**fields, "name": (Literal[name], ...)})
