"""conf/model: the settings of the network."""

from typing import TYPE_CHECKING, Any, Self

from pydantic import ValidationInfo, field_validator, model_validator

from seqlab.errors import ConfigError, SeqlabError, near
from seqlab.registry.catalog import SHARED, betweens, cells, encoders, heads, inits, make_cells, poolings
from seqlab.registry.registry import Registry
from seqlab.registry.section import Choice, having_settings_of
from seqlab.registry.types import Section, as_list, layers_of

LISTED = ("cell", "hidden_size")
"""Settings of which each layer may have its own."""
PARTS: dict[str, Registry[Any]] = {
    "encoder": encoders,
    "between": betweens,
    "pooling": poolings,
    "head": heads,
    "init": inits,
}
"""The registry of each part; the settings of a part are ``model.<key>_options``."""


def title_of(cell: str | list[str]) -> str:
    """Return the names of the cells in one."""
    return "-".join(as_list(cell))


@having_settings_of("seqlab.models.sequence_model.SequenceModel")
class ModelConfig(Section, validate_default=True):
    """conf/model: the checks of the keyword-only arguments of ``SequenceModel``."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    @field_validator(*PARTS, check_fields=False)
    @classmethod
    def _part_exists(cls, name: str, info: ValidationInfo) -> str:
        registry = PARTS[str(info.field_name)]
        if not (registry is encoders and name == "auto") and name not in registry:
            raise ValueError(f"no {registry.kind} named '{name}'; {near(name, registry)}")
        return name

    @field_validator(*(f"{part}_options" for part in PARTS), check_fields=False)
    @classmethod
    def _options_fit(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        part = str(info.field_name).removesuffix("_options")
        name = info.data.get(part)
        if name is None:  # its mistake is reported
            return options
        fields = {} if name == "auto" else Choice(PARTS[part], given=SHARED).section(name).model_fields
        known = fields.keys() - {"name"}
        for key in sorted(options.keys() - known):
            if key in SHARED:
                raise ValueError(f"'{key}' is set for all parts, as model.{key}")
            allowed = near(key, known) if known else "it has none"
            raise ValueError(f"{part} '{name}' has no setting '{key}'; {allowed}")
        if name == "auto":
            return options
        section = Choice(PARTS[part], given=SHARED).section(name)
        return section.model_validate({**options, "name": name}).model_dump(include=set(options))

    @property
    def cell_names(self) -> list[str]:
        """The names of the cells, of one for all layers or one a layer."""
        names: list[str] = as_list(self.cell)
        return names

    @property
    def title(self) -> str:
        """The names of the cells in one."""
        return title_of(self.cell)

    @field_validator("num_layers", check_fields=False)
    @classmethod
    def _as_listed(cls, count: int | None, info: ValidationInfo) -> int:
        """Return the number of layers, also if it only follows from lists."""
        lists = [value for key in LISTED if isinstance(value := info.data.get(key), list)]
        return count or max(map(len, lists), default=1)

    @model_validator(mode="after")
    def _layers_agree(self) -> Self:
        if self.bidirectional and self.reverse:
            raise ValueError("model.bidirectional=true reads both ways; leave model.reverse=true out")
        try:
            layers_of(self.num_layers, prefix="model.", **{key: getattr(self, key) for key in LISTED})
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    @model_validator(mode="after")
    def _cell_exists(self) -> Self:
        try:
            for name in self.cell_names:
                cells.require(name)
            if self.options or not all(map(cells.is_own, self.cell_names)):  # else torch is not imported
                make_cells(self.cell, self.options)
        except SeqlabError as error:
            raise ValueError(str(error)) from error
        return self
