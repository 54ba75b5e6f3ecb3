"""Jobs that would be in each other's way, or write over what lies in their folders."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqlab.errors import ConfigError
from seqlab.runs.claim import has_checkpoint, refuse_foreign
from seqlab.sweep.job import Job, begun, finished, lasting

APART = "let hydra.sweep.subdir tell all jobs apart, as ${hydra.job.num} does"


def job_folder(sweep: Any) -> Path:
    """Return the folder of a job, which is one below its sweep's.

    Args:
        sweep: ``hydra.sweep`` of its configuration.

    Raises:
        ConfigError: it is elsewhere.
    """
    subdir = Path(str(sweep.subdir))
    if subdir.is_absolute() or not subdir.parts or ".." in subdir.parts:
        raise ConfigError(f"hydra.sweep.subdir={sweep.subdir} is no folder below hydra.sweep.dir; {APART}")
    return Path(sweep.dir) / subdir


def refuse_shared_folders(jobs: Sequence[Job]) -> None:
    """Refuse jobs of which one would write into what another leaves.

    Raises:
        ConfigError: ``hydra.sweep.subdir`` does not tell them apart.
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
    """Return the jobs that are not done with their settings.

    Args:
        jobs: all jobs of a sweep.
        sweep: its folder.

    Raises:
        SeqlabError: something in the place of a job would be lost.
    """
    waiting = [job for job in jobs if not finished(job.folder, job.overrides)]
    for job in waiting:
        _refuse_loss(job, sweep)
    return waiting


def _places(job: Job) -> tuple[Path, Path]:
    """Return what a job writes, without links."""
    return job.folder.resolve(), job.output.resolve()


def _refuse_loss(job: Job, sweep: Path) -> None:
    refuse_foreign(job.folder)
    record = job.record()
    if not record and job.output.exists() and job.output.stat().st_size:
        raise ConfigError(
            f"{job.output} is where job {job.number} would write, and is not of this sweep, "
            "whose job has left no record; remove it if it is yours, or set another hydra.sweep.dir"
        )
    if begun(job.folder, job.overrides):
        return
    remedy = "set another hydra.sweep.dir"
    if record.get("status") == "done":
        raise ConfigError(f"{job.folder} holds a finished run with other settings; {remedy}, or remove it")
    if has_checkpoint(job.folder):
        raise ConfigError(
            f"{job.folder} holds an unfinished run with other settings ({_difference(job)}); to go on with "
            f"it: seqlab sweep resume {shlex.quote(str(sweep))}; to begin anew: {remedy}"
        )


def _difference(job: Job) -> str:
    theirs, mine = (set(lasting(one)) for one in (job.record().get("overrides", []), job.overrides))
    there, here = (" ".join(sorted(one)) or "none of these" for one in (theirs - mine, mine - theirs))
    return f"there {there}, here {here}"
