"""A Hydra sweeper that searches. Hydra finds sweepers only in this package."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from seqlab.errors import ConfigError, needs_extra

if TYPE_CHECKING:
    from hydra.plugins.launcher import Launcher

ConfigStore.instance().store(
    group="hydra/sweeper",
    name="seqlab_search",
    node={"_target_": "hydra_plugins.seqlab_search.Search", "params": {}},
    provider="seqlab",
)


class Search(Sweeper):
    """Tries settings in the order that optuna finds promising; see conf/sweep/optuna.yaml."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.config: DictConfig | None = None
        self.hydra_context: HydraContext | None = None
        self.launcher: Launcher | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep the arguments for ``sweep``.

        Raises:
            ConfigError: optuna is not installed.
        """
        if find_spec("optuna") is None:
            raise ConfigError(needs_extra("sweep=optuna", "optuna", "optuna"))
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Search the space that the command line and the file set."""
        from seqlab.sweep.search import search  # noqa: PLC0415 (``--help`` scans this file)

        if self.hydra_context is None or self.config is None or self.launcher is None:
            raise RuntimeError("setup has not been called")
        search(self.hydra_context.config_loader, self.config, self.launcher, self.params, arguments)
