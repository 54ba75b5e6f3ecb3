"""best.safetensors: the weights with the best monitored score."""

from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import ModelCheckpoint

from seqlab.runs.checkpoint.weights import SUFFIX


class Best(ModelCheckpoint):
    """Lightning's ModelCheckpoint for one file, ``best.safetensors``, in a folder that may be moved.

    A run of an earlier version has its best weights in best.ckpt until there are better ones.

    Args:
        folder: the folder of the checkpoints.
        monitor: the score, or None to keep the latest weights.
        mode: whether lower ("min") or higher ("max") is better.
    """

    FILE_EXTENSION = SUFFIX

    def __init__(self, folder: Path, monitor: str | None, mode: str) -> None:
        super().__init__(folder, filename="best", monitor=monitor, mode=mode, enable_version_counter=False)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        folder = str(self.dirpath)
        paths = {name: _moved(path, folder) for name, path in state_dict.items() if name.endswith("_path")}
        scores = {_moved(path, folder): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(state_dict | paths | {"dirpath": folder, "best_k_models": scores})
        self.current_score = state_dict["current_score"]  # Lightning 2.6 saves it, but does not load it


def _moved(path: str, folder: str) -> str:
    return str(Path(folder) / Path(path).name) if path else ""
