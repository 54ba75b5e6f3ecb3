"""Hydra's basic launcher, with the checks of every sweep. Hydra finds launchers only in this package."""

from collections.abc import Sequence
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from seqlab.compat.hydra import BasicLauncher

ConfigStore.instance().store(
    group="hydra/launcher",
    name="seqlab_basic",
    node={"_target_": "hydra_plugins.seqlab_basic.Basic"},
    provider="seqlab",
)


class Basic(BasicLauncher):
    """One job after the other, in this process; see conf/launcher/basic.yaml."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the arguments for ``launch``.

        Raises:
            ConfigError: the folder of the sweep contains something else.
        """
        from seqlab.sweep.folder import resolve_folder  # noqa: PLC0415 (``--help`` scans this file)

        resolve_folder(config)
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run all jobs and return their scores; a clash is refused before the first one.

        Raises:
            ConfigError: a job would overwrite the results of another.
        """
        from seqlab.sweep.clashes import unfinished  # noqa: PLC0415
        from seqlab.sweep.folder import claimed  # noqa: PLC0415 (``--help`` scans this file)
        from seqlab.sweep.launch import keep_command, make_jobs  # noqa: PLC0415

        if self.hydra_context is None or self.config is None:
            raise RuntimeError("setup has not been called")
        folder = Path(self.config.hydra.sweep.dir)
        with claimed(folder):
            loader = self.hydra_context.config_loader
            unfinished(make_jobs(loader, self.config, job_overrides, initial_job_idx), folder)
            keep_command(self.config)
            return super().launch(job_overrides, initial_job_idx)
