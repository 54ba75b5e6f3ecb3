"""Weights in safetensors files, of runs and exports, with checksums and the manifest for prediction."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from seqlab.io.files import replacing
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.seal import DAMAGED, EMPTY, is_whole, seal
from seqlab.runs.checkpoint.manifest import KEY, SEAL, Manifest
from seqlab.runs.checkpoint.values import checksum

SUFFIX = ".safetensors"
LARGEST = 8 * 2**30
"""The maximum size of a file of weights in bytes."""
TENSORS = f"{SEAL}_of_tensors"
"""The metadata key of the tensors' checksums."""
SIGNATURE = (
    rf'.{{8}}{{"__metadata__":{{.*"{KEY}(_crc32(_of_tensors)?":"|":"{{\\n  \\"format_version\\": )'.encode()
)
"""Matches a header with one of seqlab's metadata keys, which identifies a file that seqlab wrote."""


def write_weights(file: Path, weights: Mapping[str, Tensor], manifest: Manifest) -> None:
    """Write weights; an existing file stays intact until the new one is complete.

    The header of the file contains the manifest, so the file is self-contained; the ``.json`` file next to it
    is a copy for other programs.

    Raises:
        OSError: a file cannot be written.
    """
    text = manifest.to_json()
    # Copies, since tied weights share their memory, which safetensors refuses.
    tensors = {
        name: values.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, values in weights.items()
    }
    with replacing(file.with_suffix(".json")) as draft:
        draft.write_text(text + "\n", encoding="utf-8")
    with replacing(file) as draft:
        draft.write_bytes(_sealed(tensors, text))


def read_weights(file: Path) -> tuple[Manifest, dict[str, Tensor]]:
    """Return the manifest and the weights of a file, which are finite; the caller checks that they match.

    Raises:
        UnreadableError: the file is damaged, or seqlab did not write it.
        ConfigError: its task is not registered.
    """
    metadata, tensors = _content(file)
    if KEY not in metadata:
        raise UnreadableError("is not an export of seqlab, nor the weights of a run")
    manifest = Manifest.read(metadata[KEY], file)
    if manifest.sealed:
        _check_seal(file, metadata, tensors)
    for name, values in tensors.items():
        if not torch.isfinite(values).all():
            raise UnreadableError(f"weight {name!r:.60} is not finite")
    return manifest, tensors


def _sealed(tensors: dict[str, Tensor], manifest: str) -> bytearray:
    sums = json.dumps({name: checksum(values) for name, values in tensors.items()})
    metadata = {"format": "pt", KEY: manifest, TENSORS: sums, SEAL: EMPTY.decode()}
    content = bytearray(save(tensors, metadata=metadata))
    seal(content, _slot(content))
    return content


def _slot(content: bytes | bytearray) -> int:
    """Return the position of the checksum in a file, given at least its header; negative if missing."""
    # Within a text of the header, such as the manifest, these quotes would be escaped.
    label = f'"{SEAL}":"'.encode()
    place = content.find(label, 8, 8 + int.from_bytes(content[:8], "little"))
    return place + len(label) if place > 0 else -1


def _content(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the metadata and the weights of a file."""
    open_plain(file, LARGEST).close()
    try:
        with safe_open(file, framework="pt") as content:
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (no mapping)
            return content.metadata() or {}, tensors
    except (OSError, SafetensorError) as error:
        raise UnreadableError(f"is not safetensors, or is cut off ({error})") from error


def _check_seal(file: Path, metadata: dict[str, str], tensors: dict[str, Tensor]) -> None:
    """Refuse a file with a changed byte; the message names the tensor that it is in, if any."""
    with open_plain(file, LARGEST) as opened:
        if _is_sealed(opened):
            return
    try:
        written = json.loads(metadata.get(TENSORS, ""))
        odd = next((name for name, values in tensors.items() if written[name] != checksum(values)), None)
    except (ValueError, TypeError, KeyError):
        odd = None
    raise UnreadableError(DAMAGED if odd is None else f"tensor {odd!r:.60} {DAMAGED}")


def _is_sealed(file: BinaryIO) -> bool:
    size = int.from_bytes(file.read(8), "little")
    file.seek(0)
    slot = _slot(file.read(8 + size))
    return slot > 0 and is_whole(file, slot)
