"""A network's ONNX graph as JavaScript: a function for it and for each step, a line for each operation."""

import base64
import json
import re
from collections.abc import Iterable
from importlib.resources import files
from itertools import count
from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from seqlab.errors import ExportError

RUNTIME = files("seqlab.export.page").joinpath("runtime.js")
"""The operators."""
LARGEST = 2**53
"""Whole numbers below are exact in JavaScript."""
KINDS = {
    TensorProto.FLOAT: "<f4",
    TensorProto.DOUBLE: "<f8",
    TensorProto.INT64: "<f8",
    TensorProto.BOOL: "u1",
}
"""How a constant's numbers are written: JavaScript's typed arrays have these types."""
VARIADIC = frozenset(
    ("Concat", "Split", "Gemm", "LayerNormalization", "ReduceSum", "ReduceMax", "ReduceMean")
)
"""Operators that take their settings behind any number of inputs."""
MANY = frozenset(("Scan", "Split"))
"""Operators that return a list."""


def javascript(graph: GraphProto) -> str:
    """Return the functions of a graph: ``network``, from tensors by name to tensors by name, and ``steps``.

    They use the operators of runtime.js, and ``w``, the constants by name.

    Raises:
        ExportError: the runtime lacks an operator.
    """
    return "\n".join(_Writer().network(graph))


def constants(graph: GraphProto) -> dict[str, list[Any]]:
    """Return the type, shape and base64 of every constant, by name.

    Raises:
        ExportError: a constant is of another type, or a whole number is not exact in JavaScript.
    """
    found: dict[str, list[Any]] = {}
    for constant in graph.initializer:
        if constant.data_type not in KINDS:
            kind = TensorProto.DataType.Name(constant.data_type)
            raise ExportError(
                f"a page cannot hold the {kind} constant '{constant.name}'; use --to onnx, "
                "or give float32 or int64"
            )
        kind, values = KINDS[constant.data_type], numpy_helper.to_array(constant)
        if values.dtype.kind == "i":
            _check_exact(values.ravel().tolist(), f"the constant '{constant.name}'")
        content = base64.b64encode(values.astype(kind).tobytes()).decode()
        found[constant.name] = [kind, list(values.shape), content]
    return found


def operators() -> frozenset[str]:
    """Return the operators of runtime.js."""
    table = RUNTIME.read_text(encoding="utf-8").partition("const op = {")[2]
    return frozenset(re.findall(r"^  ([A-Z]\w+)[:(]", table, re.MULTILINE))


class _Writer:
    """Translates a graph; every value gets a name that JavaScript allows."""

    def __init__(self) -> None:
        self.known = operators()
        self.steps: list[str] = []
        self.functions: list[str] = []

    def network(self, graph: GraphProto) -> list[str]:
        """Return the functions of the steps, then that of the whole."""
        held = {constant.name for constant in graph.initializer}
        names = _Names(held)
        inputs = [
            f"  const {names.add(end.name)} = given[{_quoted(end.name)}]"
            + (f" ?? w[{_quoted(end.name)}];" if end.name in held else ";")
            for end in graph.input
        ]
        lines = self._lines(graph, names)
        results = [f"    {_quoted(end.name)}: {names[end.name]}," for end in graph.output]
        whole = ["function network(given) {", *inputs, *lines, "  return {", *results, "  };", "}"]
        steps = f"const steps = [{', '.join(self.steps)}];"
        return [*self.functions, "\n".join(whole), steps]

    def _step(self, graph: GraphProto, held: set[str]) -> str:
        """Write the function of a Scan's body; return its name."""
        names = _Names(held)
        identities = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity"}
        inputs = [names.add(end.name, end.name.partition(" ")[2]) for end in graph.input]
        for end in graph.output:
            if end.doc_string and identities.get(end.name) not in names.values:
                names.add(identities[end.name], end.doc_string)
        for end in graph.output:
            names.values[end.name] = names[identities[end.name]]
        inner = [node for node in graph.node if node.output[0] not in {end.name for end in graph.output}]
        name = f"{_identifier(graph.name)}_{len(self.steps) + 1}"
        self.steps.append(name)
        ends = ", ".join(names[end.name] for end in graph.output)
        lines = [self._node(node, names) for node in inner]
        body = [f"function {name}({', '.join(inputs)}) {{", *lines, f"  return [{ends}];", "}"]
        self.functions.append("\n".join(body) + "\n")
        return name

    def _lines(self, graph: GraphProto, names: "_Names") -> list[str]:
        return [self._node(node, names) for node in graph.node]

    def _node(self, node: NodeProto, names: "_Names") -> str:
        if node.op_type not in self.known:
            raise ExportError(f"a page cannot compute ONNX's '{node.op_type}'; use --to onnx")
        inputs = [names[one] if one else "undefined" for one in node.input]
        settings = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        if node.op_type == "Scan":
            body = self._step(settings["body"], names.held)
            inputs.append(f"{{ body: {body}, states: {len(node.input) - settings['num_scan_inputs']} }}")
        elif settings or node.op_type in VARIADIC:
            inputs.append(_settings(node))
        made = [names.add(one) for one in node.output]
        result = made[0] if len(made) == 1 and node.op_type not in MANY else f"[{', '.join(made)}]"
        return f"  const {result} = op.{node.op_type}({', '.join(inputs)});"


class _Names:
    """The JavaScript of every value: a variable, or a constant.

    Args:
        held: names of the constants.
    """

    def __init__(self, held: set[str]) -> None:
        self.held, self.values = held, dict[str, str]()
        self._used: set[str] = set()

    def add(self, value: str, called: str | None = None) -> str:
        """Return the variable of a value, which may be called something else."""
        if value not in self.values:
            name = _identifier(called or value)
            free = (name if number == 1 else f"{name}_{number}" for number in count(1))
            self.values[value] = next(one for one in free if one not in self._used)
            self._used.add(self.values[value])
        return self.values[value]

    def __getitem__(self, value: str) -> str:
        is_constant = value in self.held and value not in self.values  # a past state is given, or a constant
        return f"w[{_quoted(value)}]" if is_constant else self.values[value]


def _identifier(name: str) -> str:
    """Return a name with which no word of JavaScript and no number can be confused."""
    found = re.sub(r"\W+", "_", name, flags=re.ASCII)
    return found if "_" in found and not found[0].isdigit() else f"_{found}"


def _quoted(name: str) -> str:
    """Return a string of JavaScript, which no script element's end can hide in."""
    return json.dumps(name).replace("<", "\\u003c")


def _settings(node: NodeProto) -> str:
    """Return a node's attributes as an object.

    Raises:
        ExportError: a whole number is not exact in JavaScript.
    """
    found = []
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        numbers = value if isinstance(value, list) else [value]
        # What is looked up among whole numbers so large are n-grams.
        remedy = ", or train with fewer data.ngrams" if node.op_type == "LabelEncoder" else ""
        _check_exact(numbers, f"'{attribute.name}' of {node.op_type}", remedy)
        if any(isinstance(number, float) for number in numbers):
            value = np.float32(value).item()
        found.append(f"{attribute.name}: {json.dumps(value.decode() if isinstance(value, bytes) else value)}")
    return f"{{ {', '.join(found)} }}" if found else "{}"


def _check_exact(numbers: Iterable[Any], what: str, remedy: str = "") -> None:
    """Refuse whole numbers that JavaScript would round.

    Raises:
        ExportError: there is one.
    """
    for number in numbers:
        if isinstance(number, int) and abs(number) >= LARGEST:
            raise ExportError(f"a page would round {number}, in {what}; use --to onnx{remedy}")
