"""Tasks on a Ray cluster, through hydra-ray-launcher."""

import logging
import os
import socket
from collections.abc import Mapping, Sequence
from functools import partial

from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf, open_dict

from seqlab.errors import ConfigError, SweepError
from seqlab.sweep.board import Board
from seqlab.sweep.clashes import job_folder
from seqlab.sweep.devices import Slot
from seqlab.sweep.job import Job
from seqlab.sweep.launch import command_line
from seqlab.sweep.pool import run_jobs


def run(
    context: HydraContext, config: DictConfig, jobs: Sequence[Job], points: Sequence[Sequence[str]]
) -> Sequence[JobReturn | None]:
    """Run jobs as tasks and wait for all of them; see ``cluster.Run``.

    Raises:
        ConfigError: no Ray cluster answers, or this machine has too few resources for a job.
    """
    from hydra_plugins.hydra_ray_launcher.ray_launcher import RayLauncher  # noqa: PLC0415
    from ray.exceptions import RayError  # noqa: PLC0415

    _connect(config)
    remote = {
        "num_cpus": config.launcher.cpus_per_job,
        "num_gpus": config.launcher.gpus_per_job,
        "max_retries": 0,  # jobs are repeated by resuming the sweep
        "runtime_env": {"env_vars": {k: v for k, v in os.environ.items() if k.startswith("SEQLAB_")}},
    }
    engine = RayLauncher(ray=OmegaConf.create({"init": {"object_store_memory": None}, "remote": remote}))
    names = {place: (job.number, job.title) for place, job in enumerate(jobs)}
    engine.setup(hydra_context=context, task_function=partial(train, names), config=config)
    try:
        return list(engine.launch(points, 0))
    except RayError as error:
        raise SweepError(f"Ray lost the process of a job: {str(error).strip().splitlines()[0]}") from error


def parallel_jobs(config: DictConfig) -> int:
    """Return how many jobs the cluster has the processors and GPUs for at the same time, at least 1.

    Raises:
        ConfigError: no Ray cluster answers, or this machine has too few resources for a job.
    """
    there, asked = _connect(config), config.launcher
    cpus, gpus = asked.cpus_per_job, asked.gpus_per_job
    counts = [there.get("CPU", 0) // cpus]
    if gpus:  # a share is of one GPU, so the rest of a GPU is of no use
        counts.append(there.get("GPU", 0) // gpus if gpus >= 1 else there.get("GPU", 0) * int(1 / gpus))
    return max(1, int(min(counts)))


def train(names: Mapping[int, tuple[int, str]], composed: DictConfig) -> float:
    """Train one job in a new process, since Ray reuses its processes; return the score.

    Args:
        names: number and title of each job, by the launcher's number.
        composed: the job's configuration, without the section ``hydra``.

    Raises:
        SweepError: the job has failed.
    """
    config = composed.copy()
    with open_dict(config):
        # The classes of plugins exist in several copies here, and could not be pickled.
        hydra = OmegaConf.structured(HydraConf, flags={"struct": False})
        config.hydra = OmegaConf.merge(hydra, OmegaConf.to_container(HydraConfig.get()))
    OmegaConf.resolve(config)
    os.chdir(config.hydra.runtime.cwd)
    number, title = names[config.hydra.job.num]
    folder = job_folder(config.hydra.sweep)
    job = Job(number, title, tuple(config.hydra.overrides.task), folder, config)
    devices = tuple(name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name)
    slot = Slot(devices, threads=int(config.launcher.cpus_per_job))
    with Board([job], [job]) as board:
        run_jobs([job], [slot], [command_line(config, job)], board, fail_fast=False)
    if board.failures:
        raise SweepError(board.failures[0])
    score = job.record().get("score")
    return float("nan") if score is None else float(score)


def _connect(config: DictConfig) -> Mapping[str, float]:
    """Join the cluster, or start one on this machine; return what it has of each resource, such as "CPU".

    Raises:
        ConfigError: no cluster answers, or this machine has too few resources for a job.
    """
    import ray  # noqa: PLC0415

    asked = config.launcher
    try:
        _check_address(asked.address)
        ray.init(asked.address or "local", logging_level=logging.WARNING, ignore_reinit_error=True)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(
            f"launcher.address={asked.address}: no Ray cluster answers, or it requires another token "
            f"(RAY_AUTH_TOKEN): {reason}"
        ) from error
    there: Mapping[str, float] = ray.cluster_resources()
    for key, resource in (("gpus_per_job", "GPU"), ("cpus_per_job", "CPU")):
        if asked.address is None and asked[key] > there.get(resource, 0):
            raise ConfigError(
                f"launcher.{key}={asked[key]}, but this machine has only {there.get(resource, 0):.0f}"
            )
    return there


def _check_address(address: str | None) -> None:
    """Check that something listens at HOST:PORT: Ray itself would try for minutes.

    Raises:
        OSError: nothing does.
        ValueError: the port is not a number.
    """
    host, _, port = (address or "").rpartition(":")
    if host and "://" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()
