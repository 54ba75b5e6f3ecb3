"""A network as a self-contained ONNX file: its metadata contain all that prediction needs."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import torch
from google.protobuf.message import DecodeError, Message
from onnx import TensorProto, helper
from torch import Tensor

from seqlab import __version__
from seqlab.cells import State
from seqlab.data import DataSpec
from seqlab.errors import DataError, ExportError
from seqlab.export.graph import KEYS_DOMAIN, LENGTHS, PAST, PRESENT
from seqlab.export.network import LOGITS, input_name, network_graph
from seqlab.export.weights import refused
from seqlab.io.files import own_output, replacing
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.seal import DAMAGED, EMPTY, is_whole, seal
from seqlab.models.predictor import Predictor
from seqlab.runs.checkpoint.manifest import KEY, SEAL, Manifest
from seqlab.runs.load import LoadedRun
from seqlab.tasks import Task, tasks

OPSETS = {"": 18, KEYS_DOMAIN: 3}
IR_VERSION = 8
"""Versions of the format that every onnxruntime since 1.14 can read."""
PRODUCER = "seqlab"
SIGNATURE = b"\x08.\x12\x06seqlab"
"""The beginning of the file, version and producer in protobuf; it identifies a file that seqlab wrote."""
LARGEST = 2**31 - 1
"""The largest size of an ONNX file in bytes."""


def write_onnx(run: LoadedRun, file: Path) -> list[Path]:
    """Write a run's network, which computes in float32 in ONNX; return the file.

    Raises:
        ExportError: ONNX cannot express the cell, or the network is too large for it.
        ConfigError: the file exists and seqlab did not write it.
        TraceError: the cell's step cannot be traced.
        OSError: the file cannot be written.
    """
    place = own_output(file, SIGNATURE)
    manifest = Manifest.of(run.config, run.spec, run.module.task.calibration).without_places()
    size = sum(values.nbytes for values in run.module.state_dict().values())
    if size > LARGEST:
        raise ExportError(f"{size:,} bytes of weights are too many for ONNX; use --to safetensors")
    model = helper.make_model(
        network_graph(run.module.float(), run.spec),
        producer_name=PRODUCER,
        producer_version=__version__,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in OPSETS.items()],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {KEY: manifest.to_json()})
    onnx.checker.check_model(model)
    with replacing(place) as draft:
        draft.write_bytes(_sealed(model))
    return [file]


def read_onnx(file: Path) -> Predictor:
    """Load a network. Only the file is read, and the cell need not be registered.

    Raises:
        ExportError: the file is damaged, or is not an export of seqlab.
    """
    content = _content(file)
    try:
        manifest = Manifest.read(_metadata(file, content), file)
    except UnreadableError as error:
        raise refused(file, str(error)) from error
    if manifest.sealed and not is_whole(BytesIO(content), len(content) - len(EMPTY)):
        raise refused(file, DAMAGED)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are reported here
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise refused(file, f"cannot be run ({_first_line(error)})") from error
    task = _task(manifest, file)
    states = _states(session)
    _check_ends(file, session, manifest.spec, task, states)

    def run(outputs: list[str], x: Tensor, lengths: Tensor, past: Mapping[str, Tensor]) -> list[Tensor]:
        given = {input_name(manifest.spec): x, LENGTHS: lengths} | dict(past)
        try:
            found = session.run(outputs, {name: value.numpy() for name, value in given.items()})
        except Exception as error:
            raise refused(file, f"cannot be run ({_first_line(error)})") from error
        return [torch.from_numpy(one) for one in found]

    def predict(x: Tensor, lengths: Tensor) -> Tensor:
        return run([task.exported(manifest.spec).name], x, lengths, {})[0]

    def carry(x: Tensor, lengths: Tensor, state: State | None) -> tuple[Tensor, State]:
        past = {PAST + name: value for name, value in (state or {}).items()}
        logits, *after = run([LOGITS, *(PRESENT + name for name in states)], x, lengths, past)
        return logits, State(zip(states, after, strict=True))

    return Predictor(manifest.spec, manifest.data, task, predict, carry if states else None)


def _states(session: Any) -> dict[str, int]:
    """Return the widths of the states that a graph carries, by their names."""
    return {
        end.name.removeprefix(PAST): end.shape[-1]
        for end in session.get_overridable_initializers()
        if end.name.startswith(PAST)
    }


def _task(manifest: Manifest, file: Path) -> Task:
    try:
        task = tasks[manifest.task.name].of(manifest.spec.as_dict(), manifest.task.settings)
        if manifest.calibration is not None:
            task.load_calibration(manifest.calibration)
    except DataError as error:
        raise refused(file, str(error)) from error
    return task


def _sealed(model: onnx.ModelProto) -> bytearray:
    """Return the bytes of a model, which end with their checksum."""
    last = onnx.ModelProto()  # protobuf messages can be concatenated
    helper.set_model_props(last, {SEAL: EMPTY.decode()})
    content = bytearray(model.SerializeToString() + last.SerializeToString())
    seal(content, len(content) - len(EMPTY))
    return content


def _content(file: Path) -> bytes:
    try:
        with open_plain(file.resolve(), LARGEST) as opened:
            return opened.read()
    except UnreadableError as error:
        raise refused(file, str(error)) from error


def _metadata(file: Path, content: bytes) -> str:
    """Return the text of the manifest.

    Raises:
        ExportError: the file is damaged, or some weights are in other files.
    """
    try:
        model = onnx.ModelProto.FromString(content)
    except DecodeError as error:
        raise refused(file, "is not ONNX, or is cut off") from error
    if any(tensor.data_location == TensorProto.EXTERNAL for tensor in _tensors(model)):
        raise refused(file, "stores weights in other files")
    found = [entry.value for entry in model.metadata_props if entry.key == KEY]
    if len(found) != 1:
        raise refused(file, "is not an export of seqlab")
    return str(found[0])


def _tensors(message: Message) -> Iterator[TensorProto]:
    """Yield all tensors, at any depth of a message."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for inner in [value] if isinstance(value, Message) else value:
            if isinstance(inner, TensorProto):
                yield inner
            else:
                yield from _tensors(inner)


def _check_ends(file: Path, session: Any, spec: DataSpec, task: Task, states: Mapping[str, int]) -> None:
    """Refuse a graph whose inputs and outputs do not match the manifest, or each other."""
    inputs = {end.name for end in session.get_inputs()}
    outputs = {end.name: (end.type, end.shape[1:]) for end in session.get_outputs()}
    name, shape, is_double = task.exported(spec)
    expected = {name: ("tensor(double)" if is_double else "tensor(float)", shape)}
    if states:
        expected |= {PRESENT + state: ("tensor(float)", [width]) for state, width in states.items()}
        expected[LOGITS] = ("tensor(float)", ["time", task.output_size])
    if inputs != {input_name(spec), LENGTHS} or outputs != expected:
        raise refused(file, "its inputs and outputs do not match its description")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
