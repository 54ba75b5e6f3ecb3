"""A sweep on the device pool, from the points that Hydra lists to the comparison of their runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus, setup_globals
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from seqlab.comparison import print_report
from seqlab.errors import ConfigError, SweepError
from seqlab.runs.paths import default_name
from seqlab.sweep.board import Board
from seqlab.sweep.clashes import job_folder, refuse_shared_folders, unfinished
from seqlab.sweep.devices import Slot, make_slots
from seqlab.sweep.folder import claimed
from seqlab.sweep.job import Job
from seqlab.sweep.pool import check, run_jobs
from seqlab.sweep.resume import RECORD


def launch(
    loader: ConfigLoader,
    config: DictConfig,
    points: Sequence[Sequence[str]],
    first: int,
) -> list[JobReturn]:
    """Run the points of a sweep that are not finished yet.

    Args:
        loader: composes a point's configuration.
        config: the configuration of the sweep.
        points: the overrides of each job.
        first: the number of the first job.

    Raises:
        ConfigError: a point is invalid; nothing was started.
        SweepError: some jobs failed; the others are finished.
    """
    with claimed(Path(config.hydra.sweep.dir)):
        jobs = make_jobs(loader, config, points, first)
        waiting = checked(config, jobs)
        slots = pool_slots(config)
        keep_command(config)
        with Board(jobs, waiting) as board:
            run_jobs(
                waiting,
                slots,
                [command_line(config, job) for job in waiting],
                board,
                fail_fast=config.launcher.fail_fast,
            )
    if config.sweep.name == "grid":  # a search runs several such batches, and reports at its end
        print_report(Path(config.hydra.sweep.dir))
    if board.failures:
        raise SweepError("\n".join([f"{len(board.failures)} of {len(jobs)} jobs failed", *board.failures]))
    return [returned(job) for job in jobs]


def checked(
    config: DictConfig, jobs: Sequence[Job], adapt: Callable[[Job], Job] = lambda job: job
) -> list[Job]:
    """Return the jobs that are not finished, after all of them have been validated.

    Args:
        config: the configuration of the sweep.
        jobs: all jobs.
        adapt: returns the job whose settings are validated instead of those of a job.

    Raises:
        SeqlabError: a job is invalid, or would overwrite something.
    """
    waiting = unfinished(jobs, Path(config.hydra.sweep.dir))
    if mistakes := check([adapt(job) for job in waiting]) if waiting else []:
        raise ConfigError("\n".join(mistakes))
    return waiting


def keep_command(config: DictConfig) -> None:
    """Save the command of a valid sweep for ``seqlab sweep resume``."""
    OmegaConf.save(config, Path(config.hydra.sweep.dir) / RECORD)


def pool_slots(config: DictConfig) -> list[Slot]:
    """Return the slots for jobs that the configuration of a sweep sets."""
    pool: Any = OmegaConf.to_container(config.launcher, resolve=True)
    return make_slots(
        pool["devices"], jobs_per_device=pool["jobs_per_device"], gpus_per_job=pool["gpus_per_job"]
    )


def make_jobs(
    loader: ConfigLoader, config: DictConfig, points: Sequence[Sequence[str]], first: int
) -> list[Job]:
    """Compose the points of a sweep, numbered from ``first``.

    Raises:
        ConfigError: two of them would write into the same folder.
    """
    setup_globals()
    jobs = [
        make_job(loader, config, number, overrides, points) for number, overrides in enumerate(points, first)
    ]
    refuse_shared_folders(jobs)
    return jobs


def make_job(
    loader: ConfigLoader,
    config: DictConfig,
    number: int,
    overrides: Sequence[str],
    points: Sequence[Sequence[str]] = (),
) -> Job:
    """Compose a point of a sweep; its title has only what differs between ``points``."""
    composed = loader.load_sweep_config(config, list(overrides))
    with open_dict(composed):
        composed.hydra.job.num, composed.hydra.job.id = number, str(number)
        composed.name = composed.name or default_name(composed.hydra.runtime.choices)
    HydraConfig.instance().set_config(composed)
    with read_write(composed.hydra):
        OmegaConf.resolve(composed)  # now, while the sweep's time and folder are known
    folder = job_folder(composed.hydra.sweep)
    shared = set(points[0]).intersection(*points[1:]) if len(points) > 1 else set()
    title = " ".join(override for override in overrides if override not in shared)
    return Job(number, title, tuple(composed.hydra.overrides.task), folder, composed)


def command_line(config: DictConfig, job: Job) -> list[str]:
    """Return the command line that runs a job alone, starting with ``seqlab``."""
    return ["seqlab", "train", *(f"--config-dir={path}" for path in config_folders(config)), *job.overrides]


def config_folders(config: DictConfig) -> list[str]:
    """Return the folders of the user's files, as given with ``--config-dir``."""
    return [
        source.path for source in config.hydra.runtime.config_sources if source.provider == "command-line"
    ]


def returned(job: Job) -> JobReturn:
    """Return the result that Hydra expects of a finished job."""
    found = JobReturn(overrides=list(job.overrides), status=JobStatus.COMPLETED)
    found.return_value = job.record().get("score")
    return found
