"""The manifest of a trained network: everything besides the weights that prediction needs."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import ValidationError, model_validator

from seqlab import __version__
from seqlab.config.renamed import present_settings
from seqlab.config.schema import Config
from seqlab.config.task import AnyTask
from seqlab.data import AnySpec, DataSpec
from seqlab.data.dataset import AnyDataset
from seqlab.errors import ConfigError, DataError
from seqlab.io.safe_read import UnreadableError, mistake_in, parse_json
from seqlab.registry.catalog import tasks
from seqlab.registry.types import Section

KEY = "seqlab"
"""The metadata key of the JSON."""
SEAL = f"{KEY}_crc32"
"""The metadata key of the checksum."""
FORMAT_VERSION = 1
JSON_SIGNATURE = rf'{{\n  "format_version": \d+,\n  "{KEY}": "'.encode()
"""The beginning of the JSON file; it identifies a file that seqlab wrote."""


class Manifest(Section):
    """The JSON that accompanies weights, in a run folder and in an export.

    Attributes:
        format_version: the version of the format.
        seqlab: the version of seqlab that wrote it.
        imports: modules that register the cell, if it is not one of seqlab's.
        engine: the name of the engine that ran the cell.
        model: the arguments of ``SequenceModel``.
        task: the settings of the task.
        data: settings for reading files like the training data.
        spec: vocabulary and classes, or columns, scales and horizon.
        calibration: what the task has measured on validation data for predictions, if anything.
        sealed: whether the file contains a checksum of all its bytes; files of earlier versions do not.
    """

    format_version: Literal[1]
    seqlab: str
    imports: list[str]
    engine: str
    model: dict[str, Any]
    task: AnyTask
    data: AnyDataset
    spec: AnySpec
    calibration: list[list[float]] | None = None
    sealed: bool = False

    @classmethod
    def of(cls, config: Config, spec: DataSpec, calibration: list[list[float]] | None = None) -> Self:
        """Describe a run's network, without the settings that only its training needs.

        Raises:
            DataError: the description of the data is invalid.
        """
        try:
            return cls.model_validate(
                {
                    "format_version": FORMAT_VERSION,
                    "seqlab": __version__,
                    "imports": config.imports,
                    "engine": config.engine,
                    "model": config.model.model_dump(),
                    "task": config.task.model_dump(exclude={"monitor", "metrics"}),
                    "data": config.data,
                    "spec": spec,
                    "calibration": calibration,
                    "sealed": True,
                }
            )
        except ValidationError as error:
            raise DataError(f"data={config.data.name}: {mistake_in(error)}") from error

    @classmethod
    def read(cls, text: str, file: Path) -> Self:
        """Read the JSON in a file.

        Raises:
            UnreadableError: seqlab did not write it, or it is inconsistent.
            ConfigError: its task is not registered.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            _refuse_unregistered(text, file)
            raise UnreadableError(f"its description is damaged ({mistake_in(error)})") from error

    def without_places(self) -> Self:
        """Return the manifest without the paths of the data."""
        nowhere = {"data": self.data.without_places(), "spec": replace(self.spec, origin="", path="")}
        return self.model_copy(update=nowhere)

    def to_json(self) -> str:
        """Return the JSON."""
        return self.model_dump_json(indent=2, exclude={"calibration"} if self.calibration is None else None)

    @model_validator(mode="before")
    @classmethod
    def _with_present_names(cls, raw: Any) -> Any:
        return present_settings(raw) if isinstance(raw, dict) else raw

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.spec.task != self.task.problem_type or self.spec.task not in self.data.problem_types:
            raise ValueError("spec, task and data are of different tasks")
        if not self.spec.fits():
            raise ValueError("spec contradicts itself")
        return self


def _refuse_unregistered(text: str, file: Path) -> None:
    """Refuse a task that is registered by a module which the user has not imported."""
    try:
        raw = parse_json(text)
        name, module = raw["task"]["name"], raw["imports"][0]
    except (UnreadableError, LookupError, TypeError):
        return
    if isinstance(name, str) and name not in tasks:
        raise ConfigError(
            f"{file}: task {name!r:.60} is not registered; name its module with --imports {module!r:.60}"
        )
