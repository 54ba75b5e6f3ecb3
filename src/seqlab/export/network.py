"""A whole network as an ONNX graph, from inputs in the units of the data to probabilities or forecasts."""

import numpy as np
import torch
from onnx import GraphProto, ValueInfoProto, helper

from seqlab.data import DataSpec
from seqlab.data.series.spec import SeriesSettings
from seqlab.export.graph import BOOL, DOUBLE, FLOAT, INT64, LENGTHS, Graph
from seqlab.export.scan import add_scan, array
from seqlab.models.lightning_module import SequenceModule
from seqlab.nn.encoders import Embedding, Linear, NGrams, OneHot
from seqlab.nn.recurrent import Layer, Recurrent
from seqlab.tasks import Task

KEYS_DOMAIN = "ai.onnx.ml"
"""The operator domain with LabelEncoder, a table from integers to integers."""


def network_graph(module: SequenceModule, spec: DataSpec) -> GraphProto:
    """Return the graph of a trained network; batch size B and steps T are free.

    Inputs are ``lengths`` [B] and ``tokens`` [B, T], or ``features`` [B, T, F] in the columns' own units.
    The output is ``probabilities`` [B, C], or ``forecast`` [B, horizon, K] in the targets' own units. Steps
    past a sequence's length change nothing.

    Raises:
        ExportError: ONNX cannot express the cell's step.
        TraceError: the step cannot be traced.
    """
    graph, model = Graph(), module.model
    x = scaled = input_name(spec)
    if spec.series:
        x = scaled = _scale(graph, x, spec.series)
    x = _encode(graph, model.encoder, x)
    readings = _read(graph, model.recurrent, x)
    pooled = [POOLINGS[model.pooling](graph, reading) for reading in readings]
    linear = model.head.linear
    answer = graph.add(
        "Gemm",
        _merge(graph, model.recurrent, pooled),
        graph.constant("head.weight", array(linear.weight)),
        graph.constant("head.bias", array(linear.bias)),
        transB=1,
    )
    answer = module.task.add_tail(graph, answer, scaled)
    graph.nodes.append(helper.make_node("Identity", [answer], [module.task.exported(spec).name]))
    constants = list(graph.constants.values())
    return helper.make_graph(
        graph.nodes, "seqlab", _inputs(spec), [_output(module.task, spec)], initializer=constants
    )


def input_name(spec: DataSpec) -> str:
    """Return the name of the input other than ``lengths``."""
    return spec.kind


def _inputs(spec: DataSpec) -> list[ValueInfoProto]:
    features = [spec.input_size] if spec.series else []
    kind = DOUBLE if spec.series else INT64
    return [
        helper.make_tensor_value_info(input_name(spec), kind, ["batch", "time", *features]),
        helper.make_tensor_value_info(LENGTHS, INT64, ["batch"]),
    ]


def _output(task: Task, spec: DataSpec) -> ValueInfoProto:
    name, shape, is_double = task.exported(spec)
    return helper.make_tensor_value_info(name, DOUBLE if is_double else FLOAT, ["batch", *shape])


def _scale(graph: Graph, x: str, series: SeriesSettings) -> str:
    """Scale columns as in training, in float64 and then rounded, [B, T, F]."""
    means = graph.constant("means", np.array(series.means))
    scales = graph.constant("scales", np.array(series.scales))
    return graph.cast(graph.add("Div", graph.add("Sub", x, means), scales), FLOAT)


def _encode(graph: Graph, encoder: torch.nn.Module, x: str) -> str:
    """Add the encoder, [B, T] or [B, T, F] to [B, T, I]."""
    if isinstance(encoder, Embedding):
        return graph.add("Gather", graph.constant("embedding", array(encoder.embedding.weight)), x, axis=0)
    if isinstance(encoder, NGrams):
        return _encode_ngrams(graph, encoder, x)
    if isinstance(encoder, OneHot):
        off_on = graph.constant("off and on", np.array([0, 1], dtype=np.float32))
        return graph.add("OneHot", x, graph.integers(encoder.num_tokens), off_on, axis=-1)
    if isinstance(encoder, Linear):
        weight = graph.constant("linear.weight transposed", array(encoder.linear.weight.T))
        bias = graph.constant("linear.bias", array(encoder.linear.bias))
        return graph.add("Add", graph.add("MatMul", x, weight), bias)
    return x


def _encode_ngrams(graph: Graph, encoder: NGrams, x: str) -> str:
    """Sum the vectors of every step's token, n-grams and pieces, [B, T] to [B, T, I]."""
    zero = graph.constant("no token", np.int64(0))
    axis = graph.integers(2)
    features = [graph.add("Unsqueeze", x, axis)]
    codes, base = x, 1
    for length in range(2, encoder.longest + 1):
        # The token ``shift`` steps earlier; 0 before the beginning of the sequence.
        padded = graph.add("Pad", x, graph.integers(0, length - 1, 0, 0), zero)
        before = graph.add("Slice", padded, graph.integers(0), graph.integers(1 - length), graph.integers(1))
        base *= encoder.num_tokens
        codes = graph.add("Add", codes, graph.add("Mul", before, graph.integers(base)))
        both = graph.add("And", graph.cast(before, BOOL), graph.cast(x, BOOL))
        number = graph.add(
            "LabelEncoder",
            graph.add("Where", both, codes, zero),
            domain=KEYS_DOMAIN,
            keys_int64s=encoder.ngrams.tolist(),
            values_int64s=list(range(encoder.num_tokens, encoder.num_tokens + len(encoder.ngrams))),
            default_int64=0,
        )
        features.append(graph.add("Unsqueeze", number, axis))
    if encoder.spelling.shape[1]:
        features.append(graph.add("Gather", graph.constant("spelling", array(encoder.spelling)), x, axis=0))
    vectors = array(encoder.embedding.weight).copy()
    vectors[0] = 0  # code 0 means no n-gram
    found = graph.add("Gather", graph.constant("embedding", vectors), graph.joined(features), axis=0)
    return graph.add("ReduceSum", found, axis, keepdims=0)


def _read(graph: Graph, recurrent: Recurrent, x: str) -> list[str]:
    """Add all layers; return the outputs of the last layer by direction, each in its reading order."""
    readings: list[str] = []
    for number, layer in enumerate(recurrent.layers):
        assert isinstance(layer, Layer)  # noqa: S101 (for the type checker)
        if number % recurrent.directions == 0:
            in_time = [
                _backwards(graph, reading) if turned else reading for turned, reading in enumerate(readings)
            ]
            x, readings = _merge(graph, recurrent, in_time) if in_time else x, []
        read = _backwards(graph, x) if readings else x
        readings.append(add_scan(graph, layer, read, f"layers.{number}"))
    return readings


def _merge(graph: Graph, recurrent: Recurrent, directions: list[str]) -> str:
    if len(directions) == 1 or recurrent.merge_mode == "concat":
        return graph.joined(directions)
    return graph.add("Add", *directions)


def _backwards(graph: Graph, sequence: str) -> str:
    """Reverse each sequence, [B, T, …]; its padding stays at the end."""
    return graph.add("ReverseSequence", sequence, LENGTHS, batch_axis=0, time_axis=1)


def _inside(graph: Graph, outputs: str, otherwise: float) -> str:
    """Replace the padding, [B, T, H]."""
    steps = graph.add("Squeeze", graph.add("Shape", outputs, start=1, end=2))
    zero, one = (graph.constant(f"integer {n}", np.int64(n)) for n in (0, 1))
    order = graph.add("Range", zero, steps, one)
    inside = graph.add("Less", order, graph.add("Unsqueeze", LENGTHS, graph.integers(1)))
    return graph.add(
        "Where", graph.add("Unsqueeze", inside, graph.integers(2)), outputs, graph.number(otherwise)
    )


def _mean(graph: Graph, outputs: str) -> str:
    total = graph.add("ReduceSum", _inside(graph, outputs, 0), graph.integers(1), keepdims=0)
    return graph.add("Div", total, graph.add("Unsqueeze", graph.cast(LENGTHS, FLOAT), graph.integers(1)))


def _maximum(graph: Graph, outputs: str) -> str:
    inside = _inside(graph, outputs, -np.inf)
    return graph.add("ReduceMax", inside, graph.integers(1), keepdims=0)


def _combined(graph: Graph, outputs: str) -> str:
    return graph.joined([graph.last(outputs), _maximum(graph, outputs), _mean(graph, outputs)])


POOLINGS = {"last": Graph.last, "mean": _mean, "max": _maximum, "combined": _combined}
