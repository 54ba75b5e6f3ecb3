"""Training from Python: a run as ``seqlab train`` makes it, in this process."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from seqlab.api.run import Run
from seqlab.errors import ConfigError
from seqlab.io.override import quoted

if TYPE_CHECKING:
    from seqlab.data import Dataset, SequenceData

VARIABLES = ("HYDRA_FULL_ERROR", "PYTHONSAFEPATH")
"""Environment variables that a command sets for its own process."""


def train(*settings: str, data: "SequenceData | None" = None) -> Run:
    """Train, and return the run; the same settings on the command line give the same weights.

    Example:
        >>> run = seqlab.train("data=names", "model=lstm", "trainer.max_epochs=5")  # doctest: +SKIP
        >>> run.metrics["test/accuracy"]  # doctest: +SKIP

    Args:
        settings: those of ``seqlab train``, such as ``model.hidden_size=64``; see ``seqlab train --help``.
        data: data of your own, such as ``Texts.from_frame(…)``, in place of ``data=``.

    Raises:
        SeqlabError: a setting or the data are wrong; the message has a line for every mistake.
        KeyboardInterrupt: the run was interrupted; ``seqlab.train("resume=FOLDER")`` continues it.
    """
    from seqlab.cli.arguments import as_choice, as_typed, is_one_run  # noqa: PLC0415
    from seqlab.cli.main import prepared, train_once  # noqa: PLC0415
    from seqlab.config.error_report import explained  # noqa: PLC0415
    from seqlab.config.renamed import present_overrides  # noqa: PLC0415
    from seqlab.io import console_log  # noqa: PLC0415

    _check(settings, data)
    settings = (*(settings_of(data.dataset) if data is not None else ()), *settings)
    given = present_overrides([as_typed(as_choice(one), is_sweep=False) for one in settings], warns=True)
    for one in given:
        if "=" not in one or not is_one_run([one]):
            raise ConfigError(f"'{one}' is for the command line; seqlab.train takes settings, KEY=VALUE")
    with _surroundings_kept(), console_log.kept(), explained(given):
        return Run(train_once(prepared(given)).folder.path)


def _check(settings: tuple[Any, ...], data: Any) -> None:
    """Refuse settings that are no texts, and data that are none of Lightning's."""
    for one in settings:
        if not isinstance(one, str):
            raise ConfigError(
                f"seqlab.train takes settings one by one, such as 'model=lstm', not a {type(one).__name__}"
            )
    from seqlab.data import SequenceData  # noqa: PLC0415 (imports torch)

    if data is not None and not isinstance(data, SequenceData):
        raise ConfigError(
            "data must be a SequenceData, such as Texts.from_frame(…) or SequenceData(Names()), not a "
            f"{type(data).__name__}; a data set by its name is the setting 'data=names'"
        )


def settings_of(dataset: "Dataset") -> list[str]:
    """Return the settings with which a command reads the same data."""
    given = dataset.model_dump(mode="json", include=dataset.model_fields_set - {"name"})
    task = [f"task={dataset.problem_type}"] * (dataset.problem_type != dataset.task)
    return [f"data={dataset.name}", *task, *(f"data.{key}={_written(value)}" for key, value in given.items())]


def _written(value: Any) -> str:
    """Return a value as Hydra reads it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_written(key)}:{_written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    return "null" if value is None else str(value).lower()


@contextmanager
def _surroundings_kept() -> Iterator[None]:
    """Restore what a command changes in its process."""
    from hydra.core.hydra_config import HydraConfig  # noqa: PLC0415

    before = {name: os.environ.get(name) for name in VARIABLES}
    config = HydraConfig.instance().cfg
    try:
        yield
    finally:
        HydraConfig.instance().cfg = config
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
