"""The memory of a search, search.db: what was tried, how it went, and whether to go on with a trial."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from sqlalchemy import URL

from seqlab.config.sweep import SearchConfig
from seqlab.sweep.folder import claimed

STORAGE = "search.db"
NAME = "search"
DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}

PATIENCE = 60
"""Seconds that one process waits for another to let go of the file."""


@contextmanager
def open_study(folder: Path, *, mode: str, seed: int) -> Iterator[optuna.Study]:
    """Open the search of a folder, or begin it; no other process can meanwhile.

    Args:
        folder: of the sweep.
        mode: whether less ("min") or more ("max") is better.
        seed: of what is tried.

    Raises:
        ConfigError: a search is under way there.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with claimed(folder, f".{STORAGE}.lock"), _storage(folder) as storage:
        study = optuna.create_study(
            storage=storage, study_name=NAME, direction=DIRECTIONS[mode], load_if_exists=True
        )
        # A search that goes on must not draw again what it has drawn.
        study.sampler = TPESampler(seed=seed + len(study.trials))
        yield study


def is_hopeless(folder: Path, settings: SearchConfig, *, epoch: int, value: float) -> bool:
    """Note the score of a trial after an epoch, from the trial's own process; return whether to stop it.

    Args:
        folder: the trial's, called by its number.
        settings: of the search.
        epoch: from 0.
        value: of the score that is monitored.
    """
    with _storage(folder.parent) as storage:
        study = optuna.load_study(study_name=NAME, storage=storage, pruner=_pruner(settings))
        found = storage.get_study_id_from_name(NAME)
        trial = storage.get_trial_id_from_study_id_trial_number(found, int(folder.name))
        storage.set_trial_intermediate_value(trial, epoch, value)
        return study.pruner.prune(study, storage.get_trial(trial))


@contextmanager
def _storage(folder: Path) -> Iterator[RDBStorage]:
    url = URL.create("sqlite", database=str(folder / STORAGE)).render_as_string()
    storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": PATIENCE}})
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _pruner(settings: SearchConfig) -> BasePruner:
    if settings.pruner == "none":
        return NopPruner()
    return MedianPruner(settings.startup_trials, settings.warmup_epochs)
