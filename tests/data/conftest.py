"""What tests of data sets share: the settings of a command, and the data that it reads."""

import shlex
from collections.abc import Callable

import pytest
from hydra import compose, initialize_config_module

from seqlab.config.compose import make_config
from seqlab.data import Dataset, Loaded


def _read(command: str, **values: object) -> tuple[Dataset, Loaded]:
    words = [word.format(**values) for word in shlex.split(command)]
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        config = make_config(compose("config", overrides=words))
    data = config.data.for_problem(config.task.problem_type)
    return data, data.load()


@pytest.fixture
def read() -> Callable[..., tuple[Dataset, Loaded]]:
    """Return what reads the data of ``seqlab train``: it takes the settings as one types them.

    Words in braces are replaced, so that a path may be any.
    """
    return _read
