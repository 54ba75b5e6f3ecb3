"""What a data set declares: the model and the head take their sizes from it."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, TypeAdapter

from seqlab.registry.catalog import specs

if TYPE_CHECKING:
    from torch import Tensor

register_spec = specs.register

Question = Literal["classification", "multilabel", "regression", "tagging", "forecasting"]
"""What can be asked of data; a task answers one of them."""


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """Everything a model, a task or a later prediction needs to know of the data, as plain values.

    A kind of data with more to say is a subclass with a field of its own, by whose name it is registered and
    known again: ``@register_spec("text")``. Each checks itself in ``fits``.

    Attributes:
        name: the data set, as in ``data=names``.
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        task: what is asked: "classification" (one class), "multilabel" (any number of classes), "regression"
            (one number), "tagging" (a class at every step) or "forecasting" (the next steps).
        input_size: tokens in the vocabulary with its special symbols, or feature columns F.
        source: "real", "sample" for the small built-in files, or "generated".
        origin: the folder or file that was read, and what led there, in words.
        sha256: hash of what was read.
        sizes: samples in each split.
        path: the folder or file that was read.
        classes: class names in the order of their numbers.
        class_titles: what they are called in figures.
        class_counts: training samples of each class.
        symbols: the vocabulary in the order of its tokens.
        ngrams: codes of the frequent n-grams of tokens, ascending (``seqlab.functional.ngrams``).
        features: names of the feature columns, if they are no series.
        tagged_steps: for "tagging", how many steps at the end of a sequence have a class.
    """

    name: str
    kind: Literal["tokens", "features"]
    task: Question
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
    tagged_steps: int = 0

    @property
    def answers(self) -> int:
        """How many numbers a network answers with, at one step or in all."""
        return len(self.classes) or 1

    @property
    def meaning(self) -> tuple[object, ...]:
        """What the columns of inputs and answers stand for; learnt for others, weights mean nothing."""
        return self.task, self.classes, self.symbols, self.ngrams

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        names = self.symbols if self.kind == "tokens" else self.features
        return (
            self.input_size == len(names) == len(set(names))
            and self.task != "forecasting"
            and len(self.class_titles) in (0, len(self.classes))
            and len(self.class_counts) in (0, len(self.classes))
            and (self.task == "tagging") == (self.tagged_steps > 0)
            and (self.task == "regression") == (not self.classes)
        )

    def scaled(self, x: "Tensor") -> "Tensor":
        """Return inputs in their own units, [B, T] or [B, T, F], as a network reads them."""
        return x

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
