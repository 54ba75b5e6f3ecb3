"""The database of a search, search.db: its trials, their results, and whether to prune a trial."""

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
"""Seconds that a process waits for another to release the file."""


@contextmanager
def open_study(folder: Path, *, mode: str, seed: int) -> Iterator[optuna.Study]:
    """Open the search of a folder, or create it, and lock it against other processes.

    Args:
        folder: the folder of the sweep.
        mode: whether a lower ("min") or a higher ("max") score is better.
        seed: the seed of optuna's sampler.

    Raises:
        ConfigError: a search is running in the folder.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with claimed(folder, f".{STORAGE}.lock"), _storage(folder) as storage:
        study = optuna.create_study(
            storage=storage, study_name=NAME, direction=DIRECTIONS[mode], load_if_exists=True
        )
        # A resumed search must not draw the same random numbers again.
        study.sampler = TPESampler(seed=seed + len(study.trials))
        yield study


def is_hopeless(folder: Path, settings: SearchConfig, *, epoch: int, value: float) -> bool:
    """Record the score of a trial after an epoch, in the process of the trial; return whether to prune it.

    Args:
        folder: the folder of the trial; its name is the number of the trial.
        settings: the settings of the search.
        epoch: the number of the epoch, from 0.
        value: the monitored score.
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
    # Optuna's first step that may be pruned is this one, and epochs are counted from 0.
    return MedianPruner(settings.startup_trials, max(settings.warmup_epochs - 1, 0))
