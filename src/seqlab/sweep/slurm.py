"""Jobs on a Slurm cluster, through hydra-submitit-launcher."""

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from seqlab.errors import ConfigError, SeqlabError, SweepError
from seqlab.sweep.job import Job

LOOK = 5
"""Seconds between two calls of squeue."""

LISTING = ("squeue", "--me", "--noheader", "--array", "--format=%i")
"""The command that lists the user's waiting and running jobs."""


def run(
    context: HydraContext, config: DictConfig, jobs: Sequence[Job], points: Sequence[Sequence[str]]
) -> Sequence[JobReturn | None]:
    """Submit jobs as one array and wait until all have ended; see ``cluster.Run``.

    Raises:
        ConfigError: Slurm is missing, it refuses the jobs, or jobs of this sweep are still running.
    """
    from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher  # noqa: PLC0415
    from submitit import SlurmJob  # noqa: PLC0415
    from submitit.core.utils import UncompletedJobError  # noqa: PLC0415

    from seqlab.compat.submitit import watcher  # noqa: PLC0415 (an extra)

    if missing := [name for name in ("sbatch", "srun", "squeue") if shutil.which(name) is None]:
        raise ConfigError(f"launcher=slurm: {missing[0]} was not found; use a machine with Slurm's commands")
    folder = Path(config.hydra.sweep.dir) / ".submitit"
    if left := _alive(folder):
        raise ConfigError(
            f"jobs {', '.join(left)} of this sweep are not finished; wait, or run: scancel {' '.join(left)}"
        )
    SlurmJob.watcher = watcher(LISTING, LOOK, str.split)
    before = _submitted(folder)
    engine = SlurmLauncher(submitit_folder=str(folder / "%j"), **_resources(config, jobs))
    engine.setup(hydra_context=context, task_function=train, config=config)
    try:
        return list(engine.launch(points, 0))
    except UncompletedJobError as error:
        if not _submitted(folder) - before:
            reason = str(error).strip().splitlines()[-1]
            raise ConfigError(f"launcher=slurm: sbatch refuses the jobs: {reason}") from error
        while _alive(folder):  # one was killed; the records of the others hold their results
            time.sleep(LOOK)
        return [None] * len(jobs)
    except KeyboardInterrupt:
        subprocess.run(["scancel", *_alive(folder)], check=False)  # noqa: S603, S607
        raise


def train(composed: DictConfig) -> float:
    """Train one job, in each of its processes; return the score.

    Raises:
        SweepError: the job has failed.
    """
    os.environ.setdefault("OMP_NUM_THREADS", os.environ.get("SLURM_CPUS_PER_TASK", "1"))
    from seqlab.sweep.entry import train_composed  # noqa: PLC0415 (imports torch)

    try:
        return train_composed(composed)
    except Exception as error:
        text = str(error) if isinstance(error, SeqlabError) else f"{type(error).__name__}: {error}"
        raise SweepError(text) from error


def processes(config: DictConfig) -> int:
    """Return the number of processes of a job on a machine: one per device, as Lightning expects."""
    devices: Any = config.trainer.devices
    if devices == "auto":
        return max(1, int(config.launcher.gpus_per_job))
    return devices if isinstance(devices, int) else len(devices)


def _resources(config: DictConfig, jobs: Sequence[Job]) -> dict[str, Any]:
    """Return the launcher's parameters.

    Raises:
        ConfigError: the jobs of an array need different resources, or a process would have no core.
    """
    sizes = {(processes(job.config), int(job.config.trainer.num_nodes)) for job in jobs}
    if len(sizes) > 1:
        raise ConfigError(
            "launcher=slurm: all jobs of a sweep must have the same trainer.devices and num_nodes"
        )
    ((tasks, nodes),) = sizes
    asked: Any = OmegaConf.to_container(config.launcher, resolve=True)
    if asked["cpus_per_job"] < tasks:
        raise ConfigError(
            f"launcher.cpus_per_job={asked['cpus_per_job']} is too few for the {tasks} processes of a job"
        )
    return {
        "name": "seqlab",
        "tasks_per_node": tasks,
        "nodes": nodes,
        "gpus_per_node": asked["gpus_per_job"] or None,
        "cpus_per_task": asked["cpus_per_job"] // tasks,
        "mem_gb": asked["memory_gb"],
        "timeout_min": asked["minutes"],
        "partition": asked["partition"],
        "array_parallelism": asked["max_jobs"],
        "additional_parameters": asked["sbatch"],
        "stderr_to_stdout": True,
    }


def _alive(folder: Path) -> list[str]:
    """Return the numbers of a sweep's jobs that are waiting or running.

    Raises:
        ConfigError: Slurm does not answer.
    """
    asked = subprocess.run(LISTING, capture_output=True, text=True, check=False)  # noqa: S603
    if asked.returncode:
        raise ConfigError(f"launcher=slurm: Slurm does not answer: {asked.stderr.strip().splitlines()[-1]}")
    return sorted(set(asked.stdout.split()) & _submitted(folder))


def _submitted(folder: Path) -> set[str]:
    """Return the numbers of all jobs for which submitit has made a folder."""
    return {path.name for path in folder.glob("*_*") if path.is_dir()}
