"""Every operator that an export writes, in JavaScript."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import helper

import seqlab
from seqlab.engines.operations import MASKS, OPERATIONS
from seqlab.errors import ExportError
from seqlab.export.graph import BOOL, FLOAT, INT64, Graph
from seqlab.export.operations import SAME, SAME_OF_TWO, writer
from seqlab.export.page.javascript import constants, javascript, operators

from ..test_operations import inputs_of
from .running import answers_of, needs_node

KINDS = {"bool": BOOL, "float32": FLOAT, "int64": INT64}


def graph_of(write, *inputs, names=None):
    """Return the graph of what nodes make of inputs, or of several results."""
    graph = Graph()
    given = [f"x{number}" for number in range(len(inputs))]
    results = write(graph, *given)
    results = [results] if isinstance(results, str) else results
    ends = [
        helper.make_tensor_value_info(name, KINDS[str(values.dtype)], [None] * values.ndim)
        for name, values in zip(given, inputs, strict=True)
    ]
    outputs = [helper.make_empty_tensor_value_info(result) for result in results]
    return helper.make_graph(graph.nodes, "test", ends, outputs, initializer=list(graph.constants.values()))


def run(write, *inputs):
    """Return what JavaScript makes of inputs, a list of results."""
    graph = graph_of(write, *inputs)
    (found,) = answers_of(graph, [{f"x{number}": values for number, values in enumerate(inputs)}])
    return [found[end.name] for end in graph.output]


def written_operators() -> set[str]:
    """Return all operators that seqlab's source names where it adds a node."""
    found = {*SAME.values(), *SAME_OF_TWO.values()}
    for path in Path(seqlab.__file__).parent.rglob("*.py"):
        found.update(ADDED.findall(path.read_text(encoding="utf-8")))
    return found


ADDED = re.compile(r"(?:graph\.add|self\.add|_many|make_node)\(\s*\"([A-Z]\w+)\"")


def test_the_runtime_has_every_operator_that_an_export_writes():
    assert len(written_operators() & operators()) > 40
    assert written_operators() - operators() == set()


@needs_node
def test_every_operation_of_a_step_is_what_torch_computes():
    numbers = {"clamp": {"min": -0.5, "max": 2.0}}
    inputs = {name: inputs_of(name) for name in OPERATIONS}
    for_all = [values for name in OPERATIONS for values in inputs[name]]

    def write(graph, *names):
        given, results = iter(names), []
        for name, values in inputs.items():
            named = {key: graph.number(value) for key, value in numbers.get(name, {}).items()}
            results.append(
                graph.add(
                    "Identity", writer(OPERATIONS[name])(graph, *[next(given) for _ in values], **named)
                )
            )
        return results

    for (name, function), found in zip(OPERATIONS.items(), run(write, *for_all), strict=True):
        expected = function(*map(torch.from_numpy, inputs[name]), **numbers.get(name, {})).numpy()
        assert set(found) <= {0, 1} or function not in MASKS
        atol = {"gelu": 2e-6}.get(name, 1e-8)  # its difference from 1 is rounded to float32
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=atol, err_msg=name)


X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 7
LENGTHS = np.array([2, 3])


@needs_node
def test_shapes_are_as_numpy_has_them():
    def write(graph, x, lengths):
        column = graph.constant("column", np.float32([[1], [2], [3]]))
        ends = graph.constant("ends", np.float32([0, 1]))
        matrix = graph.constant("matrix", np.float32(np.arange(8).reshape(4, 2)))
        return [
            graph.add("Add", x, column),
            graph.add("Mul", graph.constant("batch", np.float32([[[1]], [[2]]])), x),
            graph.add("Transpose", x, perm=[2, 0, 1]),
            graph.add("Concat", x, x, axis=1),
            *graph.add_many("Split", x, graph.integers(1, 3), outputs=2, axis=-1),
            graph.add("Slice", x, graph.integers(-2), graph.integers(9), graph.integers(1)),
            graph.add("Pad", x, graph.integers(0, 1, 0, 0, 0, 2), graph.number(5)),
            graph.add("Gather", x, graph.integers(2, -3), axis=1),
            graph.add("ReverseSequence", x, lengths, batch_axis=0, time_axis=1),
            graph.add("ReduceSum", x, graph.integers(1), keepdims=0),
            graph.add("ReduceMax", x, graph.integers(-1, 0)),
            graph.add("ReduceMean", x),
            graph.add("Softmax", x, axis=1),
            graph.add("MatMul", x, matrix),
            graph.add("MatMul", x, graph.add("Transpose", x, perm=[0, 2, 1])),
            graph.add("Gemm", graph.add("Reshape", x, graph.integers(-1, 4)), matrix, transB=0, alpha=2.0),
            graph.add("OneHot", lengths, graph.integers(5), ends, axis=-1),
            graph.add("Unsqueeze", x, graph.integers(0, -1)),
            graph.add("Expand", graph.constant("row", np.float32([1, 2, 3, 4])), graph.add("Shape", x)),
        ]  # fmt: skip

    turned = np.stack([X[0, [1, 0, 2]], X[1, ::-1]])
    powers = np.exp(X - X.max(1, keepdims=True))
    matrix = np.arange(8).reshape(4, 2)
    expected = [
        X + np.array([[1], [2], [3]]),
        X * np.array([1, 2])[:, None, None],
        X.transpose(2, 0, 1),
        np.concatenate([X, X], 1),
        X[..., :1],
        X[..., 1:],
        X[:, -2:],
        np.pad(X, [(0, 0), (1, 0), (0, 2)], constant_values=5),
        X[:, [2, 0]],
        turned,
        X.sum(1),
        X.max((0, 2), keepdims=True),
        X.mean(keepdims=True),
        powers / powers.sum(1, keepdims=True),
        X @ matrix,
        X @ X.transpose(0, 2, 1),
        2 * X.reshape(-1, 4) @ matrix,
        np.eye(5)[LENGTHS],
        X[None, ..., None],
        np.broadcast_to([1, 2, 3, 4], X.shape),
    ]
    for number, (found, known) in enumerate(zip(run(write, X, LENGTHS), expected, strict=True)):
        assert found.shape == known.shape, number
        np.testing.assert_allclose(found, known, rtol=1e-6, err_msg=str(number))


def test_an_operator_that_the_runtime_lacks_is_named():
    graph = graph_of(lambda graph, x: graph.add("Conv", x), X)
    with pytest.raises(ExportError, match="a page cannot compute ONNX's 'Conv'; use --to onnx"):
        javascript(graph)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            np.int32([1]),
            "a page cannot hold the INT32 constant 'own'; use --to onnx, or give float32 or int64",
        ),
        (np.float16([1]), "cannot hold the FLOAT16 constant 'own'"),
        (
            np.int64([[1, -(2**53) - 1]]),
            "would round -9007199254740993, in the constant 'own'; use --to onnx",
        ),
    ],
)
def test_constants_that_javascript_does_not_have_are_refused(values, message):
    graph = graph_of(lambda graph, x: graph.add("Add", x, graph.constant("own", values)), X)
    with pytest.raises(ExportError, match=message):
        constants(graph)


@pytest.mark.parametrize(
    ("operator", "name", "remedy"),
    [("LabelEncoder", "keys_int64s", ", or train with fewer data.ngrams$"), ("Transpose", "perm", "$")],
)
def test_attributes_that_javascript_rounds_are_refused(operator, name, remedy):
    graph = graph_of(lambda graph, x: graph.add(operator, x, **{name: [1, 2**53 + 1]}), X)
    message = f"would round 9007199254740993, in '{name}' of {operator}; use --to onnx{remedy}"
    with pytest.raises(ExportError, match=message):
        javascript(graph)


def test_a_value_that_nothing_makes_is_no_constant():
    with pytest.raises(KeyError, match="nothing"):
        javascript(graph_of(lambda graph, x: graph.add("Add", x, "nothing"), X))


def test_names_cannot_leave_their_string():
    graph = Graph()
    result = graph.add("Add", graph.constant('"]; alert("</script>', np.float32(1)), "x")
    proto = helper.make_graph(
        graph.nodes,
        "test",
        [helper.make_tensor_value_info("x", FLOAT, [])],
        [helper.make_empty_tensor_value_info(result)],
        initializer=list(graph.constants.values()),
    )
    assert "</script" not in javascript(proto)
    assert r'w["\"]; alert(\"\u003c/script>"]' in javascript(proto)
