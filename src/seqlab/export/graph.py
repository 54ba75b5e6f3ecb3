"""An ONNX graph under construction: nodes are added one after the other, and their outputs are named."""

from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

LENGTHS = "lengths"
"""The name of the input with the length of each sequence, [B]."""


class Graph:
    """Nodes and constants. The body of a Scan is a separate graph, which uses the outer graph's constants.

    Args:
        outer: for a body, the graph that contains the Scan.
    """

    def __init__(self, outer: "Graph | None" = None) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = outer.constants if outer else {}
        self.numbers: count[int] = outer.numbers if outer else count()

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
        return self.cast(value, DOUBLE)

    def last(self, sequence: str) -> str:
        """Take the value at each sequence's last step, [B, T, …] to [B, …]."""
        place = self.add("Unsqueeze", self.add("Sub", LENGTHS, self.integers(1)), self.integers(1))
        return self.add("GatherND", sequence, place, batch_dims=1)

    def constant(self, name: str, values: npt.ArrayLike) -> str:
        """Return the name of an array, which is stored once."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.array(values, order="C"), name)
        return name

    def number(self, value: float) -> str:
        """Return the name of a float32 constant."""
        return self.constant(f"number {float(value)!r}", np.float32(value))

    def integers(self, *values: int) -> str:
        """Return the name of a constant list of integers, such as a shape or axes."""
        return self.constant(f"integers {list(values)}", np.array(values, dtype=np.int64))


FLOAT, DOUBLE, INT64, BOOL = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.BOOL
