"""conf/launcher and conf/sweep: the settings of many runs."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from seqlab.registry.types import Count, NotNegative, Positive, Section


class PoolConfig(Section):
    """conf/launcher/pool."""

    name: Literal["pool"]
    devices: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | Literal["auto"]
    jobs_per_device: Count
    gpus_per_job: Count
    fail_fast: bool

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
    """conf/launcher/slurm."""

    name: Literal["slurm"]
    gpus_per_job: Annotated[int, Field(ge=0)]
    cpus_per_job: Count
    memory_gb: Count
    minutes: Count
    partition: str | None
    max_jobs: Count
    sbatch: dict[str, str | int | float | bool]


class RayConfig(Section):
    """conf/launcher/ray."""

    name: Literal["ray"]
    address: str | None
    gpus_per_job: NotNegative
    cpus_per_job: Count

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
    """conf/sweep/optuna."""

    name: Literal["optuna"]
    n_trials: Count
    n_jobs: Count | Literal["auto"]
    timeout: Positive | None
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    pruner: Literal["median", "none"]
    startup_trials: Annotated[int, Field(ge=0)]
    warmup_epochs: Annotated[int, Field(ge=0)]


AnySweep = Annotated[GridConfig | SearchConfig, Field(discriminator="name")]
