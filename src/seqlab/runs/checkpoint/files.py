"""Checkpoint files, which are replaced atomically and have a checksum of all their bytes."""

import io
import struct
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from seqlab.io.files import replacing
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.seal import DAMAGED, EMPTY, is_whole, seal
from seqlab.runs.checkpoint.manifest import Manifest
from seqlab.runs.checkpoint.values import check_savable
from seqlab.runs.checkpoint.weights import SUFFIX, write_weights
from seqlab.runs.paths import storage_error

COMMENT = b"crc32 " + EMPTY
"""The comment at the end of a checkpoint, which is a ZIP archive."""
DIRECTORY_END = 22, b"PK\x05\x06"
"""The end of an archive without a comment: its size in bytes, and how it begins."""


class Checkpoints(TorchCheckpointIO):
    """Writes checkpoint files for Lightning, whose default writes to the temporary folder and copies.

    Args:
        manifest: the manifest of the network; a checkpoint named ``.safetensors`` has only the weights and
            the manifest.
        folder: the run folder, which is not made again if somebody has removed it.
    """

    def __init__(self, manifest: Manifest | None = None, folder: Path | None = None) -> None:
        super().__init__()
        self.manifest, self.folder = manifest, folder

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ARG002
        """Write a checkpoint, which replaces the previous one.

        Raises:
            RunError: it contains values that could not be read again.
            StorageError: it cannot be written; the previous one is intact.
        """
        path = Path(path)
        check_savable(checkpoint, "")
        try:
            if self.folder and not self.folder.is_dir():
                raise FileNotFoundError(self.folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == SUFFIX and self.manifest:
                write_weights(path, checkpoint["state_dict"], self.manifest)
            else:
                _write(path, checkpoint)
        except OSError as error:
            raise storage_error(self.folder or path.parent.parent, path, error) from error


def _write(path: Path, checkpoint: dict[str, Any]) -> None:
    content = io.BytesIO()
    torch.save(checkpoint, content)
    with replacing(path) as draft:
        draft.write_bytes(_sealed(content.getvalue()))


def check_seal(file: Path, largest: int) -> None:
    """Refuse a checkpoint of which a byte was changed; checkpoints of older versions have no checksum.

    Args:
        file: an archive.
        largest: the maximum size in bytes.

    Raises:
        UnreadableError: the file is refused; the message is the reason.
    """
    with open_plain(file, largest) as opened:
        content_end = opened.seek(-len(EMPTY), io.SEEK_END)
        size, begins = DIRECTORY_END
        opened.seek(-size, io.SEEK_END)
        tail = opened.read()
        is_sealed = tail[-len(COMMENT) :].startswith(COMMENT.removesuffix(EMPTY))
        if not is_sealed and tail.startswith(begins):
            return
        if not is_sealed or not is_whole(opened, content_end):
            raise UnreadableError(DAMAGED)


def _sealed(archive: bytes) -> bytearray:
    """Return an archive with its checksum as its comment, which follows the size of the comment."""
    content = bytearray(archive[:-2] + struct.pack("<H", len(COMMENT)) + COMMENT)
    seal(content, len(content) - len(EMPTY))
    return content
