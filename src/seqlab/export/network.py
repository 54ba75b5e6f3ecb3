"""A whole network as an ONNX graph, from inputs in the units of the data to probabilities or forecasts."""

from functools import partial
from typing import Any

import numpy as np
from onnx import GraphProto, ValueInfoProto, helper

from seqlab.cells import Input, Interval
from seqlab.data import DataSpec
from seqlab.errors import ExportError
from seqlab.export.graph import LENGTHS, Graph
from seqlab.export.scan import add_scan
from seqlab.functional.lengths import EVERY_STEP
from seqlab.models.lightning_module import SequenceModule
from seqlab.nn.recurrent import Layer, Recurrent
from seqlab.tasks import Task

LOGITS = "logits"
"""The name of the output of a carried network before the softmax."""


def network_graph(module: SequenceModule, spec: DataSpec, *, is_watched: bool = False) -> GraphProto:
    """Return the graph of a trained network; batch size B and steps T are free.

    Inputs are ``lengths`` [B] and ``tokens`` [B, T], or ``features`` [B, T, F] in the units of the columns.
    The output is ``probabilities`` [B, C], or ``forecast`` [B, horizon, K] in the units of the targets. Steps
    past a sequence's length change nothing.

    Where an output depends on no later step, as a language model's, a sequence may go on where another ended:
    each state is an input ``past.<layer>.<name>`` [B, width], which may be left out, and an output
    ``present.<layer>.<name>``. Then there is an output ``logits`` too, [B, T, C].

    A network that is watched has outputs ``watched.<layer>.gate <name>`` and ``watched.<layer>.state <name>``
    [B, T, width], in the layer's reading order.

    Raises:
        ExportError: ONNX cannot express the cell's step, a part has no method ``onnx``, or a task overrides
            ``predict`` alone.
        TraceError: the step cannot be traced.
    """
    graph, model = Graph(), module.model
    scaled = spec.add_scaling(graph, input_name(spec))
    normal = scaled if model.instance_norm is None else model.instance_norm.onnx(graph, scaled)
    read, beside = _split(graph, normal, spec)
    for name, token in model.side_inputs.resets.items():
        is_reset = graph.add("Equal", scaled, graph.constant("reset", np.int64(token)))
        beside[name] = graph.add("Unsqueeze", graph.cast(is_reset, Graph.FLOAT), graph.integers(2))
    if model.channels is not None:
        beside = {name: model.channels.add_repeated(graph, one) for name, one in beside.items()}
        read = model.channels.add_split(graph, read)
    x = _write(graph, "encoder", model.encoder, read)
    if model.segment > 1:
        graph.lengths = graph.add("Div", graph.lengths, graph.integers(model.segment))
    recurrent, is_carried = model.recurrent, module.task.is_causal
    by_layer, finals = _read(
        *(graph, recurrent, x, beside),
        is_carried=is_carried,
        is_watched=is_watched,
        keeps_states=model.decoder is not None,
    )
    if model.output_steps == EVERY_STEP:
        merged = [_merge(graph, recurrent, _in_time(graph, recurrent, readings)) for readings in by_layer]
        output = _at_every_step(graph, module, graph.joined(merged))
    else:
        output = _of_each(graph, module, x, by_layer, finals)
        if model.wide is not None:
            output = graph.add("Add", output, _write(graph, "encoder", model.wide, read))
    graph.lengths = LENGTHS
    outputs = [_output(module.task, spec)]
    if is_carried:
        graph.nodes.append(helper.make_node("Identity", [output], [LOGITS]))
        outputs.append(
            helper.make_tensor_value_info(LOGITS, Graph.FLOAT, ["batch", "time", module.task.output_size])
        )
    _check_written("task", module.task, computes="predict", writes="add_tail")
    output = module.task.add_tail(graph, output, scaled)
    graph.nodes.append(helper.make_node("Identity", [output], [module.task.exported(spec).name]))
    constants = list(graph.constants.values())
    ends = ([*_inputs(spec), *graph.pasts], [*outputs, *graph.presents, *graph.watched])
    return helper.make_graph(graph.nodes, "seqlab", *ends, initializer=constants)


def input_name(spec: DataSpec) -> str:
    """Return the name of the input other than ``lengths``."""
    return spec.kind


def _inputs(spec: DataSpec) -> list[ValueInfoProto]:
    numbers, shape = spec.input_type
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(numbers))
    return [
        helper.make_tensor_value_info(input_name(spec), kind, ["batch", "time", *shape]),
        helper.make_tensor_value_info(LENGTHS, Graph.INT64, ["batch"]),
    ]


def _output(task: Task, spec: DataSpec) -> ValueInfoProto:
    name, shape, is_double = task.exported(spec)
    return helper.make_tensor_value_info(name, Graph.DOUBLE if is_double else Graph.FLOAT, ["batch", *shape])


def _write(graph: Graph, kind: str, part: Any, *inputs: str) -> str:
    """Add a part with its method ``onnx``.

    Raises:
        ExportError: as in ``_check_written``.
    """
    _check_written(kind, part, computes="forward", writes="onnx")
    return str(part.onnx(graph, *inputs))


def _check_written(kind: str, part: Any, *, computes: str, writes: str) -> None:
    """Check that a method that writes operations to a graph belongs to the one that computes them.

    Raises:
        ExportError: there is none, or a subclass has overridden only the one that computes.
    """
    writer, computer = (
        next((base for base in type(part).__mro__ if name in vars(base)), object)
        for name in (writes, computes)
    )
    if not issubclass(writer, computer):
        raise ExportError(
            f"{kind} {type(part).__name__} cannot be exported to ONNX: {computer.__name__} has a method "
            f"{computes} and no method {writes}; define {writes}, or use --to safetensors"
        )


def _split(graph: Graph, scaled: str, spec: DataSpec) -> tuple[str, dict[str, str]]:
    """Return what the encoder reads, and what the cell reads beside x, by name."""
    if not spec.side_inputs:
        return scaled, {}
    widths = [spec.input_size - sum(spec.side_inputs.values()), *spec.side_inputs.values()]
    read, *beside = graph.add_many("Split", scaled, graph.integers(*widths), outputs=len(widths), axis=-1)
    return read, dict(zip(spec.side_inputs, beside, strict=True))


def _read(
    graph: Graph,
    recurrent: Recurrent,
    x: str,
    beside: dict[str, str],
    *,
    begins: list[dict[str, str]] | None = None,
    **keeping: bool,
) -> tuple[list[list[str]], list[dict[str, str]]]:
    """Add all layers; return the outputs by layer and direction, each in its reading order, and states.

    The states are those at each sequence's last step, of each layer and direction, if they are kept.
    """
    by_layer: list[list[str]] = []
    finals: list[dict[str, str]] = []
    layers = enumerate(recurrent.layers)
    for depth, cell in enumerate(recurrent.cells):
        if depth:
            merged = _merge(graph, recurrent, _in_time(graph, recurrent, by_layer[-1]))
            x = _write(graph, "between", recurrent.between[depth - 1], merged, x)
        declared = cell.side_inputs
        given = {name: value for name, value in beside.items() if name in declared}
        readings = []
        for turned in recurrent.ways.turned:
            number, layer = next(layers)
            assert isinstance(layer, Layer)  # noqa: S101 (for the type checker)
            of_direction = (
                {name: _input_backwards(graph, declared[name], value) for name, value in given.items()}
                if turned
                else given
            )
            read = _backwards(graph, x) if turned else x
            begin = begins[number] if begins else None
            prefix = f"layers.{number}"
            scanned = add_scan(graph, layer, read, of_direction, prefix, begin=begin, **keeping)
            readings.append(scanned.outputs)
            finals.append({name: graph.last(one) for name, one in scanned.states.items()})
        by_layer.append(readings)
    return by_layer if recurrent.outputs == "all" else by_layer[-1:], finals


def _of_each(
    graph: Graph, module: SequenceModule, x: str, by_layer: list[list[str]], finals: list[dict[str, str]]
) -> str:
    """Add the head's output for each sequence, or channel.

    Args:
        graph: the graph to add to.
        module: the network.
        x: what the layers read.
        by_layer: their outputs, by layer and direction.
        finals: their last states, of which a decoder starts.
    """
    model, recurrent = module.model, module.model.recurrent
    channels, decoder = model.channels, model.decoder
    vectors = [channels.add_vectors(graph, x)] if channels is not None and channels.width else []
    if decoder is None:
        by_direction = [graph.joined(list(readings)) for readings in zip(*by_layer, strict=True)]
        pooled = [_write(graph, "pooling", model.pooling, reading) for reading in by_direction]
        output = _write(graph, "head", model.head, graph.joined([_merge(graph, recurrent, pooled), *vectors]))
    else:
        head = partial(_write, graph, "head", model.head)
        step = partial(_step, graph)
        of_channels = vectors[0] if vectors else None
        output = decoder.onnx(graph, head, step, recurrent=recurrent, states=finals, channels=of_channels)
    return output if channels is None else channels.add_join(graph, output)


def _step(
    graph: Graph, recurrent: Recurrent, read: str, begins: list[dict[str, str]]
) -> tuple[str, list[dict[str, str]]]:
    """Add a step of layers that only read forwards, from inputs [R, I] to outputs [R, H]; and the states."""
    first = graph.integers(1)
    x = graph.add("Unsqueeze", read, first)
    graph.lengths = graph.add("Expand", first, graph.add("Shape", x, start=0, end=1))
    by_layer, finals = _read(graph, recurrent, x, {}, begins=begins, keeps_states=True)
    merged = graph.joined([_merge(graph, recurrent, readings) for readings in by_layer])
    return graph.add("Squeeze", merged, first), finals


def _in_time(graph: Graph, recurrent: Recurrent, readings: list[str]) -> list[str]:
    pairs = zip(readings, recurrent.ways.turned, strict=True)
    return [_backwards(graph, reading) if turned else reading for reading, turned in pairs]


def _merge(graph: Graph, recurrent: Recurrent, directions: list[str]) -> str:
    if len(directions) == 1 or recurrent.ways.merging == "concat":
        return graph.joined(directions)
    return graph.add("Add", *directions)


def _at_every_step(graph: Graph, module: SequenceModule, outputs: str) -> str:
    """Add the head at every step, [B, T, H] to [B, T, C]: it reads one vector per row."""
    model = module.model
    width = model.recurrent.output_size
    rows = graph.add("Reshape", outputs, graph.integers(-1, width))
    logits = _write(graph, "head", model.head, rows)
    shape = [graph.add("Shape", outputs, start=0, end=2), graph.integers(module.task.output_size)]
    return graph.add("Reshape", logits, graph.add("Concat", *shape, axis=0))


def _input_backwards(graph: Graph, declared: Input, value: str) -> str:
    """Add ``Input.backwards``.

    Raises:
        ExportError: a subclass has one of its own.
    """
    turned = _backwards(graph, value)
    if type(declared).backwards is Input.backwards:
        return turned
    if type(declared).backwards is not Interval.backwards:
        raise ExportError(f"the backwards of {type(declared).__name__} cannot be exported to ONNX")
    first, time = graph.integers(0), graph.integers(1)
    begin = graph.add("Slice", value, first, time, time)
    return graph.add("Concat", begin, graph.add("Slice", turned, first, graph.integers(-1), time), axis=1)


def _backwards(graph: Graph, sequence: str) -> str:
    """Reverse each sequence, [B, T, …]; its padding stays at the end."""
    return graph.add("ReverseSequence", sequence, graph.lengths, batch_axis=0, time_axis=1)
