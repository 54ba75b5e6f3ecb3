"""Hydra's door to the device pool: a launcher must be a class in this package."""

from collections.abc import Sequence

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

ConfigStore.instance().store(
    group="hydra/launcher",
    name="pool",
    node={"_target_": "hydra_plugins.seqlab_pool.DevicePool"},
    provider="seqlab",
)


class DevicePool(Launcher):
    """One process a job, each on devices of its own; see conf/launcher/pool.yaml."""

    def __init__(self) -> None:
        self.config: DictConfig | None = None
        self.hydra_context: HydraContext | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:  # noqa: ARG002
        """Keep what ``launch`` needs. Jobs run in processes of their own, which find the task themselves.

        Raises:
            ConfigError: the folder of the sweep holds something else.
        """
        from seqlab.sweep.folder import settle  # noqa: PLC0415 (``--help`` scans this file)

        settle(config)
        self.hydra_context, self.config = hydra_context, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs and return their scores."""
        from seqlab.sweep.launch import launch  # noqa: PLC0415 (``--help`` scans this file)

        if self.hydra_context is None or self.config is None:
            raise RuntimeError("setup has not been called")
        loader = self.hydra_context.config_loader
        return launch(loader, self.config, job_overrides, initial_job_idx)
