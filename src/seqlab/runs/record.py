"""run.json: the record of a run, validated when it is read."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seqlab.errors import RunError
from seqlab.io.safe_read import UnreadableError, mistake_in, parse_json, read_text

RECORD = "run.json"
"""The file in a run folder with the record of the run."""

FORMAT = 1
"""The format of run folders; raised when an older version would misread a new one."""


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)


class _Series(_Part):
    targets: list[str] = []


class _Data(_Part):
    name: str = ""
    source: str = ""
    path: str | None = None
    sha256: str | None = None
    sizes: dict[str, int] = {}
    series: _Series | None = None


class _Score(_Part):
    name: str
    label: str
    better: Literal["higher", "lower"] | None
    title: str
    unit: str | None
    digits: Annotated[int, Field(ge=0, le=17)]
    in_tables: bool
    each_epoch: bool


class _Task(_Part):
    problem_type: str = ""
    scores: list[_Score]
    monitor: str
    galleries: list[str]


class _Record(_Part):
    status: str = ""
    error: str = ""
    started: str = ""
    cell: str = ""
    engine: str = ""
    parameters: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    network: str = ""
    seconds: float | None = None
    data: _Data = _Data()
    task: _Task | None = None
    metrics: dict[str, float | None] = {}
    baselines: dict[str, dict[str, float | None]] = {}


def check_folder(path: Path) -> None:
    """Refuse a folder without the record of a run, and name the latest run in it.

    Raises:
        RunError: it has none.
    """
    file = path / RECORD
    if not file.exists() and not file.is_symlink():
        inside = sorted(found.parent for found in path.glob(f"*/{RECORD}"))
        hint = f"did you mean {inside[-1]}?" if inside else "name a folder below outputs/"
        raise RunError(f"{path} is not a run folder: it has no {RECORD}; {hint}")


def read_record(file: Path) -> dict[str, Any]:
    """Return the record in a run.json; the fields that are present have their types.

    Raises:
        UnreadableError: it is missing, damaged, or written by a later seqlab.
    """
    record = parse_json(read_text(file))
    if not isinstance(record, dict):
        raise UnreadableError("is not the record of a run")
    written = record.get("format", FORMAT)
    if not isinstance(written, int) or written > FORMAT:
        versions = record.get("versions")
        needed = versions.get("seqlab") if isinstance(versions, dict) else None
        raise UnreadableError(
            f"has format {written!r:.20} of seqlab {needed!s:.20}, and this one reads up to {FORMAT}; "
            "pip install --upgrade seqlab"
        )
    try:
        _Record.model_validate(record)
    except ValidationError as error:
        raise UnreadableError(f"is damaged: {mistake_in(error)}") from error
    return record


def recorded(folder: Path) -> dict[str, Any]:
    """Return the record in a run folder; empty if it is missing or unreadable."""
    try:
        found = parse_json(read_text(folder / RECORD))
    except UnreadableError:
        return {}
    return found if isinstance(found, dict) else {}
