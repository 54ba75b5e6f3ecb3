"""A network as safetensors: the weights of its state_dict, and the manifest that prediction needs."""

import json
from pathlib import Path
from typing import BinaryIO

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from seqlab.cells import cells
from seqlab.config.model import ModelConfig
from seqlab.errors import ConfigError, EngineError
from seqlab.export.manifest import JSON_SIGNATURE, KEY, SEAL, Manifest, refused
from seqlab.io.files import own_output, replacing
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.seal import DAMAGED, EMPTY, is_whole, seal
from seqlab.models.precision import common_dtype
from seqlab.models.predictor import Predictor
from seqlab.runs.checkpoint.network import build_network
from seqlab.runs.checkpoint.values import checksum
from seqlab.runs.load import LARGEST, LoadedRun

TENSORS = f"{SEAL}_of_tensors"
"""The metadata key of the tensors' checksums."""
SIGNATURE = (
    rf'.{{8}}{{"__metadata__":{{.*"{KEY}(_crc32(_of_tensors)?":"|":"{{\\n  \\"format_version\\": )'.encode()
)
"""One of our metadata keys, in any order, in the header; it identifies a file that seqlab wrote."""


def write_weights(run: LoadedRun, file: Path) -> list[Path]:
    """Write a run's network; return the files.

    The header of the file contains the manifest, so the file is self-contained; the ``.json`` file next to it
    is a copy for other programs.

    Raises:
        ConfigError: one of the files exists and seqlab did not write it.
        OSError: a file cannot be written.
    """
    manifest = Manifest.of(run).to_json()
    tensors = {name: values.contiguous() for name, values in run.module.state_dict().items()}
    place = own_output(file, SIGNATURE)
    beside = file.with_suffix(".json")
    place_beside = own_output(beside, JSON_SIGNATURE)
    with replacing(place_beside) as draft:
        draft.write_text(manifest + "\n", encoding="utf-8")
    with replacing(place) as draft:
        draft.write_bytes(_sealed(tensors, manifest))
    return [file, beside]


def read_weights(file: Path) -> Predictor:
    """Load a network; its predictions equal those of the run bit for bit.

    Raises:
        ExportError: the file is damaged, or is not an export of seqlab.
        ConfigError: its cell is not registered.
        EngineError: the engine of the run cannot run here.
    """
    metadata, tensors = _content(file)
    if KEY not in metadata:
        raise refused(file, "is not an export of seqlab")
    manifest = Manifest.read(metadata[KEY], file)
    if manifest.sealed:
        _check_seal(file, metadata, tensors)
    _check_finite(file, tensors)
    model = _model(manifest, file)
    try:
        dtype = common_dtype(tensors.values())
        module = build_network(tensors, manifest.spec, model, manifest.task, manifest.engine, dtype=dtype)
        module.model.recurrent.choice()
    except UnreadableError as error:
        raise refused(file, str(error)) from error
    except EngineError as error:
        raise EngineError(f"{file}: {error}") from error
    return Predictor.of(module, manifest.spec, manifest.data)


def _model(manifest: Manifest, file: Path) -> ModelConfig:
    cell = manifest.model.get("cell")
    # A file from someone else must not decide what is imported.
    if manifest.imports and cell not in cells:
        module = manifest.imports[0]
        raise ConfigError(
            f"{file}: cell {cell!r:.60} is not registered; name its module with --imports {module!r:.60}"
        )
    try:
        return ModelConfig.model_validate(manifest.model)
    except ValidationError as error:
        raise refused(file, f"its model is invalid ({error.errors()[0]['msg']})") from error


def _sealed(tensors: dict[str, Tensor], manifest: str) -> bytearray:
    sums = json.dumps({name: checksum(values) for name, values in tensors.items()})
    metadata = {"format": "pt", KEY: manifest, TENSORS: sums, SEAL: EMPTY.decode()}
    content = bytearray(save(tensors, metadata=metadata))
    seal(content, _slot(content))
    return content


def _slot(content: bytes | bytearray) -> int:
    """Return the position of the checksum in a file, of which the header suffices; below 0 if missing."""
    # Within a text of the header, such as the manifest, these quotes would be escaped.
    label = f'"{SEAL}":"'.encode()
    place = content.find(label, 8, 8 + int.from_bytes(content[:8], "little"))
    return place + len(label) if place > 0 else -1


def _content(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the metadata and the weights of a file."""
    try:
        open_plain(file.resolve(), LARGEST).close()
        with safe_open(file, framework="pt") as content:
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (no mapping)
            return content.metadata() or {}, tensors
    except UnreadableError as error:
        raise refused(file, str(error)) from error
    except (OSError, SafetensorError) as error:
        raise refused(file, f"is not safetensors, or is cut off ({error})") from error


def _check_seal(file: Path, metadata: dict[str, str], tensors: dict[str, Tensor]) -> None:
    """Refuse a file with a changed byte, and name the tensor in which it is, if any."""
    try:
        with open_plain(file.resolve(), LARGEST) as opened:
            if _is_sealed(opened):
                return
    except UnreadableError as error:
        raise refused(file, str(error)) from error
    try:
        written = json.loads(metadata.get(TENSORS, ""))
        odd = next((name for name, values in tensors.items() if written[name] != checksum(values)), None)
    except (ValueError, TypeError, KeyError):
        odd = None
    raise refused(file, DAMAGED if odd is None else f"tensor {odd!r:.60} {DAMAGED}")


def _is_sealed(file: BinaryIO) -> bool:
    size = int.from_bytes(file.read(8), "little")
    file.seek(0)
    slot = _slot(file.read(8 + size))
    return slot > 0 and is_whole(file, slot)


def _check_finite(file: Path, tensors: dict[str, Tensor]) -> None:
    odd = next((name for name, values in tensors.items() if not torch.isfinite(values).all()), None)
    if odd is not None:
        raise refused(file, f"weight {odd!r:.60} is not finite")
