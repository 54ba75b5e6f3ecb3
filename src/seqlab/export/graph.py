"""An ONNX graph under construction: nodes are added one after the other, and their outputs are named."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from torch import Tensor

KEYS_DOMAIN = "ai.onnx.ml"
"""The ONNX domain of LabelEncoder, a table of integers by integers."""

LENGTHS = "lengths"
"""The name of the input with the length of each sequence, [B]."""

PAST, PRESENT = "past.", "present."
"""How the names of states begin: before the first step, an input, and after a sequence's last, an output."""

WATCHED = "watched."
"""How the names of outputs begin that are gates and states at every step, [B, T, width]."""


class Graph:
    """Nodes, constants, and states that are carried from call to call.

    The body of a Scan is a separate graph, which uses the outer graph's constants.

    Args:
        outer: for a body, the graph that contains the Scan.

    Attributes:
        lengths: the name of the lengths of what is added next, which are the input's unless a part changes
            what a sequence is.
    """

    FLOAT, DOUBLE, INT64, BOOL = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.BOOL

    def __init__(self, outer: "Graph | None" = None) -> None:
        self.lengths = LENGTHS
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = outer.constants if outer else {}
        self.numbers: count[int] = outer.numbers if outer else count()
        self.pasts: list[ValueInfoProto] = []
        self.presents: list[ValueInfoProto] = []
        self.watched: list[ValueInfoProto] = []

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        return self.add_many(operator, *inputs, outputs=1, domain=domain, **attributes)[0]

    def add_many(
        self, operator: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node; return the names of its outputs."""
        number = next(self.numbers)
        names = [f"{operator.lower()}_{number}" + (f"_{place}" if place else "") for place in range(outputs)]
        self.nodes.append(
            helper.make_node(operator, inputs, names, name=names[0], domain=domain or None, **attributes)
        )
        return names

    def split(self, value: str, parts: int) -> list[str]:
        """Split a value into equal parts along its last axis."""
        return (
            self.add_many("Split", value, outputs=parts, axis=-1, num_outputs=parts) if parts > 1 else [value]
        )

    def joined(self, values: list[str]) -> str:
        """Concatenate values along their last axis."""
        return self.add("Concat", *values, axis=-1) if len(values) > 1 else values[0]

    def cast(self, value: str, to: int) -> str:
        """Cast a value to another of TensorProto's types."""
        return self.add("Cast", value, to=to)

    def to_double(self, value: str) -> str:
        """Cast a value to float64."""
        return self.cast(value, self.DOUBLE)

    def constant(self, name: str, values: npt.ArrayLike | Tensor) -> str:
        """Return the name of an array or a parameter; equal ones are stored once."""
        if isinstance(values, Tensor):
            values = values.detach().cpu().numpy()
        array = np.array(values, order="C")
        for number in count(1):
            made = numpy_helper.from_array(array, f"{name} {number}" if number > 1 else name)
            if self.constants.setdefault(made.name, made) == made:
                break
        return made.name

    def past(self, name: str, start: np.ndarray) -> str:
        """Return the name of an input that may be left out: a state, [B, width], which is then ``start``.

        Args:
            name: of the state.
            start: what sequences begin with, [1, width].
        """
        shape = [f"{name} batch", start.shape[1]]
        self.pasts.append(helper.make_tensor_value_info(PAST + name, self.FLOAT, shape))
        return self.constant(PAST + name, start)

    def present(self, name: str, sequence: str, width: int) -> None:
        """Add an output: the state at each sequence's last step, given those after all, [B, T, width]."""
        self.nodes.append(helper.make_node("Identity", [self.last(sequence)], [PRESENT + name]))
        self.presents.append(helper.make_tensor_value_info(PRESENT + name, self.FLOAT, ["batch", width]))

    def watch(self, name: str, sequence: str, function: str) -> None:
        """Add an output: a gate or state at every step, [B, T, width], in the layer's reading order.

        Args:
            name: of the layer's parameters, then "gate" or "state" and the name.
            sequence: the name of the values.
            function: the name of the nonlinear function that computes it, or "".
        """
        name, shape = WATCHED + name, ["batch", "time", None]
        self.nodes.append(helper.make_node("Identity", [sequence], [name]))
        self.watched.append(helper.make_tensor_value_info(name, self.FLOAT, shape, doc_string=function))

    def number(self, value: float) -> str:
        """Return the name of a float32 constant."""
        return self.constant(f"number {float(value)!r}", np.float32(value))

    def integers(self, *values: int) -> str:
        """Return the name of a constant list of integers, such as a shape or axes."""
        return self.constant(f"integers {list(values)}", np.array(values, dtype=np.int64))

    def last(self, sequence: str) -> str:
        """Take the value at each sequence's last step, [B, T, …] to [B, …]."""
        place = self.add("Unsqueeze", self.add("Sub", self.lengths, self.integers(1)), self.integers(1))
        return self.add("GatherND", sequence, place, batch_dims=1)

    def masked(self, sequence: str, otherwise: float) -> str:
        """Replace the values past each sequence's length, [B, T, H]."""
        steps = self.add("Squeeze", self.add("Shape", sequence, start=1, end=2))
        zero, one = (self.constant(f"integer {n}", np.int64(n)) for n in (0, 1))
        order = self.add("Range", zero, steps, one)
        inside = self.add("Less", order, self.add("Unsqueeze", self.lengths, self.integers(1)))
        return self.add(
            "Where", self.add("Unsqueeze", inside, self.integers(2)), sequence, self.number(otherwise)
        )

    def repeated(self, rows: str, count: int, ndim: int) -> str:
        """Repeat each row of a value of ``ndim`` dimensions, [R, …] to [R·count, …]."""
        each = self.add("Unsqueeze", rows, self.integers(1))
        whole = self.add("Expand", each, self.integers(1, count, *[1] * (ndim - 1)))
        shape = self.add("Shape", rows, start=1)
        return self.add("Reshape", whole, self.add("Concat", self.integers(-1), shape, axis=0))

    def mean(self, sequence: str) -> str:
        """Take the mean over each sequence's steps, [B, T, H] to [B, 1, H]."""
        total = self.add("ReduceSum", self.masked(sequence, 0), self.integers(1))
        return self.add(
            "Div", total, self.add("Unsqueeze", self.cast(self.lengths, self.FLOAT), self.integers(1, 2))
        )

    def look_up(self, keys: str, known: Sequence[int], values: Sequence[int], *, default: int) -> str:
        """Return the value of each key, an integer, or the default for an unknown key."""
        return self.add(
            "LabelEncoder",
            keys,
            domain=KEYS_DOMAIN,
            keys_int64s=list(known),
            values_int64s=list(values),
            default_int64=default,
        )


FLOAT, DOUBLE, INT64, BOOL = Graph.FLOAT, Graph.DOUBLE, Graph.INT64, Graph.BOOL
