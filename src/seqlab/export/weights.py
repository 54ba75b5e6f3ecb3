"""A network as safetensors: the format of a run's best weights, without the paths of its data."""

from pathlib import Path

from pydantic import ValidationError

from seqlab.cells import cells
from seqlab.config.model import ModelConfig
from seqlab.errors import ConfigError, EngineError, ExportError
from seqlab.io.files import own_output
from seqlab.io.safe_read import UnreadableError
from seqlab.models.precision import common_dtype
from seqlab.models.predictor import Predictor
from seqlab.runs.checkpoint import weights
from seqlab.runs.checkpoint.manifest import JSON_SIGNATURE, Manifest
from seqlab.runs.checkpoint.network import build_network
from seqlab.runs.load import LoadedRun


def write_weights(run: LoadedRun, file: Path) -> list[Path]:
    """Write a run's network; return the files.

    Raises:
        ConfigError: one of the files exists and seqlab did not write it.
        OSError: a file cannot be written.
    """
    description = file.with_suffix(".json")
    own_output(description, JSON_SIGNATURE)
    manifest = Manifest.of(run.config, run.spec, run.module.task.calibration).without_places()
    weights.write_weights(own_output(file, weights.SIGNATURE), run.module.state_dict(), manifest)
    return [file, description]


def read_weights(file: Path) -> Predictor:
    """Load a network; its predictions equal those of the run bit for bit.

    Raises:
        ExportError: the file is damaged, or is not an export of seqlab.
        ConfigError: its cell or task is not registered.
        EngineError: the engine of the run cannot run here.
    """
    try:
        manifest, tensors = weights.read_weights(file.resolve())
        model, dtype = _model(manifest, file), common_dtype(tensors.values())
        parts = manifest.spec, model, manifest.task, manifest.engine
        module = build_network(tensors, *parts, dtype=dtype, calibration=manifest.calibration)
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
        raise UnreadableError(f"its model is invalid ({error.errors()[0]['msg']})") from error


def refused(file: Path, reason: str) -> ExportError:
    """Return the error with the reason why a file is refused."""
    return ExportError(f"{file}: {reason}; export the run again")
