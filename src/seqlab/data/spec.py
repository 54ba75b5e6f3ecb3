"""What a data set declares: the model and the head take their sizes from it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, TypeAdapter

from seqlab.errors import ConfigError
from seqlab.registry.catalog import specs

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.data.batches import Followed, Samples, Unlabelled
    from seqlab.data.dataset import Dataset
    from seqlab.data.streams.tokenizer import Tokenizer
    from seqlab.export.graph import Graph

register_spec = specs.register

ProblemType = Literal[
    "classification", "multilabel", "regression", "tagging", "forecasting", "language_model"
]
"""What can be predicted from data; a task is for one of them."""


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """Everything a model, a task or a later prediction needs to know of the data, as plain values.

    A kind of data with more to say is a subclass with a field of its own, by whose name it is registered and
    known again: ``@register_spec("text")``. Each checks itself in ``fits``; ``unlabelled``, ``followed``,
    ``scaled`` and ``add_scaling`` say how a trained network is used. Nothing else tells kinds of data apart.

    Attributes:
        name: the data set, as in ``data=names``.
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        task: the problem type: "classification" (one class), "multilabel" (any number of classes),
            "regression" (one number), "tagging" (a class at every step), "forecasting" (the next steps) or
            "language_model" (the next token at every step).
        input_size: tokens in the vocabulary with its special symbols, or feature columns F.
        source: "real", "sample" for the small built-in files, or "generated".
        origin: the folder or file that was read, and what led there, in words.
        sha256: hash of what was read.
        sizes: samples in each split.
        path: the folder or file that was read.
        classes: class names in the order of their numbers; for "language_model", those it is told.
        class_titles: what they are called in figures.
        class_counts: training samples of each class.
        symbols: the vocabulary in the order of its tokens.
        ngrams: codes of the frequent n-grams of tokens, ascending (``seqlab.functional.ngrams``).
        features: names of the feature columns, if they are no series.
        side_inputs: how many of the last feature columns a cell reads beside x, by its name for them.
        tagged_steps: for "tagging", steps at the end of a sequence that have a class; 0 if all have.
        target_mean: for "regression", the mean of the training targets, which networks predict as 0.
        target_std: their standard deviation, which networks predict as 1.
    """

    name: str
    kind: Literal["tokens", "features"]
    task: ProblemType
    input_size: int
    source: Literal["real", "sample", "generated"]
    origin: str
    sha256: str
    sizes: dict[str, int]
    path: str = ""
    classes: tuple[str, ...] = ()
    class_titles: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    symbols: tuple[str, ...] = ()
    ngrams: tuple[int, ...] = ()
    features: tuple[str, ...] = ()
    side_inputs: dict[str, int] = field(default_factory=dict)
    tagged_steps: int = 0
    target_mean: float = 0.0
    target_std: float = 1.0

    @property
    def input_type(self) -> tuple[str, tuple[int, ...]]:
        """The type of the numbers that an exported network reads at each step, and their shape."""
        return ("int64", ()) if self.kind == "tokens" else ("float64", (self.input_size,))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tokens or columns of x, in the order of their numbers."""
        return self.symbols if self.kind == "tokens" else self.features

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the tokens, classes or columns that are predicted."""
        return self.symbols if self.task == "language_model" else self.classes

    @property
    def meaning(self) -> tuple[object, ...]:
        """What the columns of inputs and targets stand for; learnt for others, weights mean nothing."""
        return self.task, self.classes, self.inputs, self.ngrams

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        return (
            self.input_size == len(self.inputs) == len(set(self.inputs))
            and self.task != "forecasting"
            and (not self.side_inputs or min(self.side_inputs.values()) > 0)
            and sum(self.side_inputs.values()) < max(self.input_size, 1)
            and len(self.class_titles) in (0, len(self.classes))
            and len(self.class_counts) in (0, len(self.classes))
            and (self.tagged_steps == 0 or (self.task == "tagging" and self.tagged_steps > 0))
            and (self.task == "language_model" or (self.task == "regression") == (not self.classes))
            and math.isfinite(self.target_mean)
            and 0 < self.target_std < math.inf
        )

    def scaled(self, x: "Tensor") -> "Tensor":
        """Return inputs in their own units, [B, T] or [B, T, F], as a network reads them."""
        return x

    def add_scaling(self, graph: "Graph", x: str) -> str:
        """Add the operations of ``scaled`` to an ONNX graph; return the name of the result.

        Args:
            graph: the graph to add to.
            x: the name of the input: tokens, int64 [B, T], or features, float64 [B, T, F].
        """
        return x if self.kind == "tokens" else graph.cast(x, graph.FLOAT)

    def unlabelled(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Unlabelled":  # noqa: ARG002
        """Return what ``seqlab predict`` is given as samples.

        Args:
            data: settings for reading files like those of the training.
            texts: given on the command line.
            file: given with --file; None for no file.

        Raises:
            DataError: nothing is given, or the file is missing or malformed.
            ConfigError: a network for such data cannot predict.
        """
        raise self._not_given("unlabelled")

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":  # noqa: ARG002
        """Return what ``seqlab explain`` is given as one sample.

        Args:
            data: settings for reading files like those of the training.
            text: given on the command line; None for no text.
            file: given with --file; None for no file.

        Raises:
            DataError: nothing is given, or the file is missing or malformed.
            ConfigError: a network for such data cannot predict.
        """
        raise self._not_given("followed")

    def labelled(self, data: "Dataset", file: Path) -> "Samples":  # noqa: ARG002
        """Return a labelled file as samples on which a trained network is scored.

        Args:
            data: settings for reading files like those of the training.
            file: the file.

        Raises:
            DataError: the file is malformed, or has a class that the training had not.
            ConfigError: such data are scored as they were trained, from their own files alone.
        """
        raise ConfigError(f"networks for data={self.name} are scored on their own data; leave the table out")

    def _not_given(self, method: str) -> ConfigError:
        if self.source == "generated":
            return ConfigError(f"data={self.name} is generated; see predictions.csv of the run")
        return ConfigError(
            f"data={self.name} reads nothing from the command line; define {type(self).__name__}.{method}"
        )

    def tokenizer(self) -> "Tokenizer":
        """Return what takes the texts of a language model apart, and puts them together.

        Raises:
            ConfigError: the data are no such texts.
        """
        raise ConfigError(f"data={self.name} is no running text; use data=text_file")

    def recorded(self) -> dict[str, Any]:
        """Return what run.json says of the data."""
        told = ("name", "source", "origin", "path", "sha256", "sizes", "classes")
        values = self.as_dict()
        return {name: values[name] for name in told}

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON and checkpoints hold them."""
        values: dict[str, Any] = _plain(asdict(self))
        return values

    def headed(self, title: str) -> str:
        """Return the title of a figure, which says so if the data are only the sample."""
        return f"{title} (SAMPLE DATA)" if self.source == "sample" else title


def read_spec(values: Any) -> DataSpec:
    """Return the spec of plain values, as ``as_dict`` of this version or an earlier one has written them.

    Raises:
        ValueError: they are none.
    """
    if isinstance(values, DataSpec):
        return values
    held = {name for name, value in values.items() if value is not None} if isinstance(values, dict) else {}
    kind = next((specs[name] for name in specs if name in held), DataSpec)
    return TypeAdapter(kind).validate_python(values)


AnySpec = Annotated[DataSpec, PlainValidator(read_spec), PlainSerializer(DataSpec.as_dict)]
"""The spec of whatever kind of data, as a field of a file."""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
