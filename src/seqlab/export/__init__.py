"""Exporting networks as safetensors with a JSON file, as ONNX, or as a page for a browser."""

from importlib.util import find_spec
from pathlib import Path

from seqlab.errors import ConfigError, ExportError, needs_extra
from seqlab.export.weights import write_weights
from seqlab.runs.load import load_run


def export(run: Path, checkpoint: str, file: Path) -> list[Path]:
    """Write a run's network to a file that needs no run.

    Args:
        run: the run folder.
        checkpoint: "best" or "last".
        file: the file to write; its name ends with .safetensors, .onnx or .html.

    Returns:
        The files written.

    Raises:
        RunError: the folder is damaged.
        ExportError: the network cannot be exported, or the file cannot be written.
        ConfigError: the packages for ONNX are missing, which a page is written with too.
    """
    if file.suffix in (".onnx", ".html"):
        require_onnx()
    loaded = load_run(run, checkpoint)
    try:
        if file.suffix == ".onnx":
            from seqlab.export.onnx_model import write_onnx  # noqa: PLC0415 (an extra)

            return write_onnx(loaded, file)
        if file.suffix == ".html":
            from seqlab.export.page import write_page  # noqa: PLC0415 (an extra)

            return write_page(loaded, file)
        return write_weights(loaded, file)
    except OSError as error:
        raise ExportError(
            f"cannot write {file}: {error.strerror or error}; choose another file with --out"
        ) from error


def require_onnx() -> None:
    """Check that the packages of the extra ``onnx`` are installed.

    Raises:
        ConfigError: onnx or onnxruntime is not installed.
    """
    if not all(map(find_spec, ("onnx", "onnxruntime"))):
        raise ConfigError(needs_extra("ONNX", "onnx and onnxruntime", "onnx"))
