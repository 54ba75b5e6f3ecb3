"""Checkpoints as files: replaced as a whole, and read only if nothing about them is suspicious."""

import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from seqlab.errors import StorageError
from seqlab.files import replacing


class Checkpoints(TorchCheckpointIO):
    """Lightning's way to checkpoint files; its own stages them in the temporary folder, and copies."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ARG002
        """Write a checkpoint in place of the one before.

        Raises:
            StorageError: it cannot be written; the one before is whole.
        """
        path = Path(path)
        content = io.BytesIO()
        torch.save(checkpoint, content)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as draft:
                draft.write_bytes(content.getbuffer())
        except OSError as error:
            raise StorageError(
                f"cannot write {path}: {error.strerror}; what was saved before is whole; make room, then "
                f"seqlab train resume={path.parent.parent} goes on"
            ) from error
