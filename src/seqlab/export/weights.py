"""A network as safetensors: weights under the names of its state_dict, and how to predict with them."""

from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from seqlab.cells import cells
from seqlab.errors import ConfigError, EngineError
from seqlab.export.manifest import KEY, Manifest, refused
from seqlab.files import own_output, replacing
from seqlab.plain import UnreadableError, open_plain
from seqlab.precision import common_dtype
from seqlab.predictor import Predictor
from seqlab.runs.load import LARGEST, LoadedRun
from seqlab.runs.network import build_network
from seqlab.schema.model import ModelConfig


def write_weights(run: LoadedRun, file: Path) -> list[Path]:
    """Write a run's network; return the files.

    The header of the file holds the manifest, so that it can predict alone; ``.json`` beside it is a copy for
    other programs.

    Raises:
        ExportError: the run answers neither texts nor a series.
        ConfigError: one of the files is there, and not of seqlab.
        OSError: a file cannot be written.
    """
    manifest = Manifest.of(run).to_json()
    tensors = {name: values.contiguous() for name, values in run.module.state_dict().items()}
    file = own_output(file, b'"%s":"' % KEY.encode())  # in the header of safetensors
    beside = own_output(file.with_suffix(".json"), b'"%s": "' % KEY.encode())
    with replacing(beside) as draft:
        draft.write_text(manifest + "\n", encoding="utf-8")
    with replacing(file) as draft:
        save_file(tensors, draft, metadata={"format": "pt", KEY: manifest})
    return [file, beside]


def read_weights(file: Path) -> Predictor:
    """Load a network; its answers are, bit by bit, those of the run.

    Raises:
        ExportError: the file is damaged, or no export of seqlab.
        ConfigError: its cell is not registered.
        EngineError: the engine of the run cannot serve here.
    """
    text, tensors = _content(file)
    manifest = Manifest.read(text, file)
    model = _model(manifest, file)
    try:
        dtype = common_dtype(tensors.values())
        module = build_network(tensors, manifest.spec, model, manifest.task, manifest.engine, dtype=dtype)
        module.model.recurrent.choice()
    except UnreadableError as error:
        raise refused(file, str(error)) from error
    except EngineError as error:
        raise EngineError(f"{file}: {error}") from error
    return Predictor.of(module, manifest.spec, manifest.reader())


def _model(manifest: Manifest, file: Path) -> ModelConfig:
    cell = manifest.model.get("cell")
    # A file from elsewhere does not decide what is imported.
    if manifest.imports and cell not in cells:
        module = manifest.imports[0]
        raise ConfigError(
            f"{file}: cell {cell!r:.60} is not registered; name its module with --imports {module!r:.60}"
        )
    try:
        return ModelConfig.model_validate(manifest.model)
    except ValidationError as error:
        raise refused(file, f"its model is unknown ({error.errors()[0]['msg']})") from error


def _content(file: Path) -> tuple[str, dict[str, Tensor]]:
    """Return the manifest and the weights of a file."""
    try:
        open_plain(file.resolve(), LARGEST).close()
        with safe_open(file, framework="pt") as content:
            text = (content.metadata() or {}).get(KEY)
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (no mapping)
    except UnreadableError as error:
        raise refused(file, str(error)) from error
    except (OSError, SafetensorError) as error:
        raise refused(file, f"is no safetensors, or cut off ({error})") from error
    if text is None:
        raise refused(file, "is no export of seqlab")
    odd = next((name for name, values in tensors.items() if not torch.isfinite(values).all()), None)
    if odd is not None:
        raise refused(file, f"weight {odd!r:.60} is not finite")
    return text, tensors
