"""conf/launcher and conf/sweep: the settings of many runs."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from seqlab.registry.types import Count, NotNegative, Positive, Section


class PoolConfig(Section):
    """conf/launcher/pool.

    Attributes:
        devices: the GPUs to use, as [0,1]; auto for all, or the processor if there is none.
        jobs_per_device: jobs that share a device at the same time.
        gpus_per_job: devices of one job, for trainer=ddp.
        fail_fast: stop everything when a job fails.
    """

    name: Literal["pool"]
    devices: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | Literal["auto"] = "auto"
    jobs_per_device: Count = 1
    gpus_per_job: Count = 1
    fail_fast: bool = False

    @field_validator("devices")
    @classmethod
    def _are_different(cls, devices: list[int] | str) -> list[int] | str:
        if len(set(devices)) < len(devices) and isinstance(devices, list):
            raise ValueError(f"{devices} names a GPU twice; use launcher.jobs_per_device")
        return devices


class BasicConfig(Section):
    """conf/launcher/basic."""

    name: Literal["basic"]


class SlurmConfig(Section):
    """conf/launcher/slurm.

    Attributes:
        gpus_per_job: GPUs of one job, on each of its machines; 0 for the processor alone.
        cpus_per_job: processor cores of one job, shared by its processes.
        memory_gb: memory of one job, on each of its machines.
        minutes: time limit of a job.
        partition: of the cluster; None for its default.
        max_jobs: maximum number of jobs at the same time.
        sbatch: any other option of sbatch: +launcher.sbatch.account=me +launcher.sbatch.qos=long.
    """

    name: Literal["slurm"]
    gpus_per_job: Annotated[int, Field(ge=0)] = 1
    cpus_per_job: Count = 4
    memory_gb: Count = 16
    minutes: Count = 1440
    partition: str | None = None
    max_jobs: Count = 256
    sbatch: dict[str, str | int | float | bool] = {}


class RayConfig(Section):
    """conf/launcher/ray.

    Attributes:
        address: of a running cluster, as 10.0.0.1:6379, or auto; None for a new one on this machine.
        gpus_per_job: GPUs of one job; a fraction, as 0.25, for several jobs on one; 0: no GPU.
        cpus_per_job: processor cores of one job.
    """

    name: Literal["ray"]
    address: str | None = None
    gpus_per_job: NotNegative = 1
    cpus_per_job: Count = 1

    @field_validator("gpus_per_job")
    @classmethod
    def _is_shareable(cls, gpus: float) -> float:
        if gpus > 1 and gpus != int(gpus):
            raise ValueError(f"a job has a fraction of one GPU, or several whole ones, got {gpus}")
        return gpus


AnyLauncher = Annotated[PoolConfig | BasicConfig | SlurmConfig | RayConfig, Field(discriminator="name")]


class GridConfig(Section):
    """conf/sweep/grid, and the ready grids."""

    name: Literal["grid"]


class SearchConfig(Section):
    """conf/sweep/optuna.

    Attributes:
        n_trials: all in all; a trial that was cut off and is run again counts once.
        n_jobs: trials between two looks at the results; auto for as many as run at the same time.
        timeout: seconds after which no more trials start; None for no limit.
        seed: of the search.
        pruner: median (stop a trial that is below the median of the others at the same epoch) or none.
        startup_trials: finished trials before the first may be stopped.
        warmup_epochs: epochs that every trial has.
    """

    name: Literal["optuna"]
    n_trials: Count = 20
    n_jobs: Count | Literal["auto"] = "auto"
    timeout: Positive | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    pruner: Literal["median", "none"] = "median"
    startup_trials: Annotated[int, Field(ge=0)] = 5
    warmup_epochs: Annotated[int, Field(ge=0)] = 2


OF_RUNS: dict[str, dict[str, type[Section]]] = {
    "launcher": {"pool": PoolConfig, "basic": BasicConfig, "slurm": SlurmConfig, "ray": RayConfig},
    "sweep": {"grid": GridConfig, "optuna": SearchConfig},
}
"""The settings of each launcher and sweep by name."""

AnySweep = Annotated[GridConfig | SearchConfig, Field(discriminator="name")]
