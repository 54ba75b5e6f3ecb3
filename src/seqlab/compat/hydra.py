"""Private parts of Hydra and OmegaConf: options, launcher, overrides, packaged files, errors of jobs."""

from argparse import ArgumentParser
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_launcher import BasicLauncher  # the plugins folder shows no other way
from hydra._internal.core_plugins.importlib_resources_config_source import ImportlibResourcesConfigSource
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig
from omegaconf._utils import get_yaml_loader

__all__ = [
    "BasicLauncher",
    "ImportlibResourcesConfigSource",
    "apply",
    "failure",
    "number_resolvers",
    "options",
    "parser",
]


def parser() -> ArgumentParser:
    """Return the parser of Hydra's options, which are separated from settings and checked first."""
    return get_args_parser()


def options(parser: ArgumentParser) -> dict[str, int | str | None]:
    """Return the number of values of each option of a parser, as in ``nargs``: None is one."""
    return {name: action.nargs for action in parser._actions for name in action.option_strings}


def apply(override: Override, composed: DictConfig) -> None:
    """Set a key of a composed configuration, with the checks of a command's override."""
    ConfigLoaderImpl._apply_overrides_to_config([override], composed)


def failure(job: JobReturn | None) -> BaseException | None:
    """Return the error of a job, which its public property would raise."""
    raised = job._return_value if job is not None and job.status == JobStatus.FAILED else None
    return raised if isinstance(raised, BaseException) else None


def number_resolvers() -> dict[str, Any]:
    """Return the patterns of YAML that OmegaConf reads as numbers: also 1e-3, a text in YAML."""
    resolvers: dict[str, Any] = get_yaml_loader().yaml_implicit_resolvers
    return resolvers
