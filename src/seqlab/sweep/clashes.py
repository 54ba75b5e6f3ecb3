"""Jobs that would write into the same folder, or overwrite an existing run."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqlab.errors import ConfigError
from seqlab.runs.claim import has_checkpoint, refuse_foreign
from seqlab.sweep.job import Job, begun, finished, result_overrides

APART = "hydra.sweep.subdir must differ for every job, as ${hydra.job.num} does"


def job_folder(sweep: Any) -> Path:
    """Return the folder of a job, which is below the sweep's folder.

    Args:
        sweep: ``hydra.sweep`` of its configuration.

    Raises:
        ConfigError: it is not below the sweep's folder.
    """
    subdir = Path(str(sweep.subdir))
    if subdir.is_absolute() or not subdir.parts or ".." in subdir.parts:
        raise ConfigError(f"hydra.sweep.subdir={sweep.subdir} is not below hydra.sweep.dir; {APART}")
    return Path(sweep.dir) / subdir


def refuse_shared_folders(jobs: Sequence[Job]) -> None:
    """Refuse jobs if one would write into the folder of another.

    Raises:
        ConfigError: ``hydra.sweep.subdir`` is not different for every job.
    """
    owners: dict[Path, Job] = {}
    for job in jobs:
        for place in _places(job):
            owners.setdefault(place, job)
    for job in jobs:
        for place in _places(job):
            around = (owners[one] for one in (place, *place.parents) if one in owners)
            if other := next((one for one in around if one is not job), None):
                pair = f"{other.number} ({other.title}) and {job.number} ({job.title})"
                raise ConfigError(f"jobs {pair} would share {place}; {APART}")


def unfinished(jobs: Sequence[Job], sweep: Path) -> list[Job]:
    """Return the jobs that are not finished with their present settings.

    Args:
        jobs: all jobs of a sweep.
        sweep: its folder.

    Raises:
        SeqlabError: a job would overwrite something else.
    """
    waiting = [job for job in jobs if not finished(job.folder, job.overrides)]
    for job in waiting:
        _refuse_loss(job, sweep)
    return waiting


def _places(job: Job) -> tuple[Path, Path]:
    """Return the folder and the output file of a job, with links resolved."""
    return job.folder.resolve(), job.output.resolve()


def _refuse_loss(job: Job, sweep: Path) -> None:
    refuse_foreign(job.folder)
    record = job.record()
    if not record and job.output.exists() and job.output.stat().st_size:
        raise ConfigError(
            f"job {job.number} would write to {job.output}, which exists and does not belong to this sweep "
            "(the job has no record); remove it if it is yours, or set another hydra.sweep.dir"
        )
    if begun(job.folder, job.overrides):
        return
    remedy = "set another hydra.sweep.dir"
    if record.get("status") == "done":
        raise ConfigError(f"{job.folder} contains a finished run with other settings; {remedy}, or remove it")
    if has_checkpoint(job.folder):
        raise ConfigError(
            f"{job.folder} contains an unfinished run with other settings ({_difference(job)}); to resume "
            f"it: seqlab sweep resume {shlex.quote(str(sweep))}; to start again: {remedy}"
        )


def _difference(job: Job) -> str:
    theirs, mine = (set(result_overrides(one)) for one in (job.record().get("overrides", []), job.overrides))
    there, here = (" ".join(sorted(one)) or "none of these" for one in (theirs - mine, mine - theirs))
    return f"there {there}, here {here}"
