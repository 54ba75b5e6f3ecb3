"""Hydra launchers for Slurm and Ray. Hydra finds launchers only in this package."""

from collections.abc import Sequence
from importlib.util import find_spec

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from seqlab.errors import ConfigError, needs_extra

for name, launcher in (("seqlab_slurm", "Slurm"), ("seqlab_ray", "Ray")):
    ConfigStore.instance().store(
        group="hydra/launcher",
        name=name,
        node={"_target_": f"hydra_plugins.seqlab_cluster.{launcher}"},
        provider="seqlab",
    )


class Cluster(Launcher):
    """Hands a sweep's jobs to one of Hydra's launchers, after all of them were validated.

    Attributes:
        name: the name in ``launcher=NAME``, and of the extra to install.
        needs: the modules of that extra.
    """

    name: str
    needs: tuple[str, ...]

    def __init__(self) -> None:
        self.config: DictConfig | None = None
        self.hydra_context: HydraContext | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:  # noqa: ARG002
        """Keep the arguments for ``launch``. Jobs run elsewhere, and import the task function themselves.

        Raises:
            ConfigError: the extra is not installed, or the folder of the sweep contains something else.
        """
        from seqlab.sweep.folder import resolve_folder  # noqa: PLC0415 (``--help`` scans this file)

        for module in self.needs:
            if find_spec(module) is None:
                package = module.rpartition(".")[2]
                raise ConfigError(needs_extra(f"launcher={self.name}", package, extra=self.name))
        resolve_folder(config)
        self.hydra_context, self.config = hydra_context, config


class Slurm(Cluster):
    """Jobs of a Slurm cluster; see conf/launcher/slurm.yaml."""

    name = "slurm"
    needs = ("submitit", "hydra_plugins.hydra_submitit_launcher")

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs and return their scores."""
        from seqlab.sweep import cluster, slurm  # noqa: PLC0415 (``--help`` scans this file)

        if self.hydra_context is None or self.config is None:
            raise RuntimeError("setup has not been called")
        return cluster.launch(slurm.run, self.hydra_context, self.config, job_overrides, initial_job_idx)


class Ray(Cluster):
    """Tasks of a Ray cluster; see conf/launcher/ray.yaml."""

    name = "ray"
    needs = ("ray", "hydra_plugins.hydra_ray_launcher")

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs and return their scores."""
        from seqlab.sweep import cluster, on_ray  # noqa: PLC0415 (``--help`` scans this file)

        if self.hydra_context is None or self.config is None:
            raise RuntimeError("setup has not been called")
        return cluster.launch(on_ray.run, self.hydra_context, self.config, job_overrides, initial_job_idx)
