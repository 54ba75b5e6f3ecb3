"""conf/model: the settings of the network."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from seqlab.errors import SeqlabError
from seqlab.registry.catalog import cells
from seqlab.registry.types import Count, Section, Share


class ModelConfig(Section):
    """conf/model: the arguments of ``SequenceModel``."""

    cell: str
    options: dict[str, Any]
    hidden_size: Count
    num_layers: Count
    bidirectional: bool
    merge: Literal["concat", "sum"]
    encoder: Literal["auto", "embedding", "ngrams", "onehot", "linear", "identity"]
    embedding_size: Count
    embedding_dropout: Share
    feature_dropout: Share
    dropout: Share
    pooling: Literal["last", "mean", "max", "combined"]
    init: Literal["torch", "keras", "kaiming", "chrono"]
    init_steps: Annotated[int, Field(ge=3)] | None

    @model_validator(mode="after")
    def _cell_exists(self) -> "ModelConfig":
        try:
            cells.require(self.cell)
            if self.options or not cells.is_own(self.cell):  # else the cell, and torch, need not be imported
                cells[self.cell](**self.options)
        except SeqlabError as error:
            raise ValueError(str(error)) from error
        return self
