"""A sweep whose jobs run on a cluster: all are checked before the first starts, and reported at the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig

from seqlab.comparison import print_report
from seqlab.compat.hydra import failure
from seqlab.errors import SweepError
from seqlab.io.override import quoted
from seqlab.io.terminal import tell
from seqlab.sweep.folder import claimed
from seqlab.sweep.job import Job, finished
from seqlab.sweep.launch import checked, keep_command, make_jobs, returned

Run: TypeAlias = Callable[
    [HydraContext, DictConfig, Sequence[Job], Sequence[Sequence[str]]], Sequence[JobReturn | None]
]
"""A function that runs jobs, given with the overrides that compose them, and returns their results."""


def launch(
    run: Run, context: HydraContext, config: DictConfig, points: Sequence[Sequence[str]], first: int
) -> list[JobReturn]:
    """Run the points of a sweep that are not finished yet.

    Args:
        run: submits jobs to the cluster and waits for them.
        context: composes a point's configuration.
        config: the configuration of the sweep.
        points: the overrides of each job.
        first: the number of the first job.

    Raises:
        ConfigError: a point or the cluster's settings are invalid; nothing was started.
        SweepError: some jobs failed; the others are finished.
    """
    folder = Path(config.hydra.sweep.dir)
    with claimed(folder):
        jobs = make_jobs(context.config_loader, config, points, first)
        waiting = checked(config, jobs, _anywhere)
        keep_command(config)
        failures: list[str] = []
        if waiting:
            where = f"{config.launcher.name}, below {folder}"
            tell(f"submitting {len(waiting)} of {len(jobs)} jobs to {where}")
            for job in waiting:
                job.forget_end()
            placed = [[*points[job.number - first], *_place(job, folder)] for job in waiting]
            ends = run(context, config, waiting, placed)
            failures = [line for job, end in zip(waiting, ends, strict=True) for line in _failure(job, end)]
    if config.sweep.name == "grid":  # a search runs several such batches, and reports at its end
        print_report(folder)
    if failures:
        raise SweepError("\n".join([f"{len(failures)} of {len(jobs)} jobs failed", *failures]))
    return [returned(job) for job in jobs]


def _anywhere(job: Job) -> Job:
    """Return a job whose accelerator is not checked here: the machine that submits may have no GPU."""
    config = job.config.copy()
    config.trainer.accelerator = "auto"
    return replace(job, config=config)


def _place(job: Job, folder: Path) -> list[str]:
    """Return the overrides that set a job's folder; the launcher's numbers omit finished jobs."""
    return [
        f"hydra.sweep.dir={quoted(str(folder))}",
        f"hydra.sweep.subdir={quoted(str(job.config.hydra.sweep.subdir))}",
    ]


def _failure(job: Job, end: JobReturn | None) -> list[str]:
    """Return a line if a job is not finished, with the reason from its record or from the launcher."""
    if finished(job.folder, job.overrides):
        return []
    raised = failure(end)
    job.record_failure(str(raised).strip() if raised else "killed, or the machine failed")
    reason = job.record().get("error") or "stopped before the end"
    return [f"job {job.number} ({job.title}) failed: {reason.splitlines()[0]}; its folder is {job.folder}"]
