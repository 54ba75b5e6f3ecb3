"""conf/model: the settings of the network."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from seqlab.errors import SeqlabError, near
from seqlab.registry.catalog import SHARED, betweens, cells, encoders, heads, inits, poolings
from seqlab.registry.registry import Registry
from seqlab.registry.section import Choice
from seqlab.registry.types import Count, Section, Share

PARTS: dict[str, Registry[Any]] = {
    "encoder": encoders,
    "between": betweens,
    "pooling": poolings,
    "head": heads,
    "init": inits,
}
"""What each key names; the settings of that alone are ``model.<key>_options``."""
Options = Annotated[dict[str, Any], Field(default_factory=dict, validate_default=True)]


class ModelConfig(Section):
    """conf/model: the arguments of ``SequenceModel``."""

    cell: str
    options: dict[str, Any]
    hidden_size: Count
    num_layers: Count
    bidirectional: bool
    merge: Literal["concat", "sum"]
    between: str = "dropout"
    between_options: Options
    encoder: str
    encoder_options: Options
    embedding_size: Count
    embedding_dropout: Share
    feature_dropout: Share
    dropout: Share
    pooling: str
    pooling_options: Options
    head: str = "linear"
    head_options: Options
    init: str
    init_options: Options
    init_steps: Annotated[int, Field(ge=3)] | None

    @field_validator(*PARTS)
    @classmethod
    def _part_exists(cls, name: str, info: ValidationInfo) -> str:
        registry = PARTS[str(info.field_name)]
        if name not in registry and (registry, name) != (encoders, "auto"):
            raise ValueError(f"no {registry.kind} named '{name}'; {near(name, registry)}")
        return name

    @field_validator(*(f"{part}_options" for part in PARTS))
    @classmethod
    def _options_fit(cls, options: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        part = str(info.field_name).removesuffix("_options")
        name = info.data.get(part)
        if name is None:  # of which the mistake is said
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

    @model_validator(mode="after")
    def _cell_exists(self) -> "ModelConfig":
        try:
            cells.require(self.cell)
            if self.options or not cells.is_own(self.cell):  # else the cell, and torch, need not be imported
                cells[self.cell](**self.options)
        except SeqlabError as error:
            raise ValueError(str(error)) from error
        return self
