"""A Hydra launcher for the device pool. Hydra finds launchers only in this package."""

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
    """One process per job, each on its own devices; see conf/launcher/pool.yaml."""

    def __init__(self) -> None:
        self.config: DictConfig | None = None
        self.hydra_context: HydraContext | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:  # noqa: ARG002
        """Keep the arguments for ``launch``. Jobs are processes, which import the task function themselves.

        Raises:
            ConfigError: the folder of the sweep contains something else.
        """
        from seqlab.sweep.folder import resolve_folder  # noqa: PLC0415 (``--help`` scans this file)

        resolve_folder(config)
        self.hydra_context, self.config = hydra_context, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs and return their scores."""
        from seqlab.sweep.launch import launch  # noqa: PLC0415 (``--help`` scans this file)

        if self.hydra_context is None or self.config is None:
            raise RuntimeError("setup has not been called")
        loader = self.hydra_context.config_loader
        return launch(loader, self.config, job_overrides, initial_job_idx)
