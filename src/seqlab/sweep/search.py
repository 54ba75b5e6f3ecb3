"""A search: optuna proposes trials, and any launcher runs them.

A trial is a job with the same number. Its result is read from the record in its folder, so a search that was
interrupted, even by a crash of the machine, can be resumed: finished trials are kept, running ones run again.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf
from optuna.trial import FrozenTrial, Trial, TrialState

from seqlab.compat.hydra import failure
from seqlab.config.compose import refuse_unknown
from seqlab.config.renamed import present_overrides
from seqlab.config.task import section_of
from seqlab.errors import ConfigError, SweepError
from seqlab.io.files import own_output
from seqlab.io.terminal import tell
from seqlab.sweep.best import FILE, SIGNATURE, find_best, show_best
from seqlab.sweep.job import Job, finished, result_overrides
from seqlab.sweep.launch import make_job, pool_slots
from seqlab.sweep.on_ray import parallel_jobs
from seqlab.sweep.pool import check
from seqlab.sweep.space import Space, read_space
from seqlab.sweep.study import open_study

REPLACES = "replaces"
"""Attribute of a trial: the number of the interrupted trial that it repeats."""

SETTINGS = "question"
"""Attribute of a study, named as in earlier versions: the search space and the fixed settings."""


def search(
    loader: ConfigLoader,
    config: DictConfig,
    launcher: Launcher,
    params: Mapping[str, Any],
    arguments: Sequence[str],
) -> None:
    """Start a search, or resume the one in ``hydra.sweep.dir``; report the best trial at the end.

    Args:
        loader: composes a trial's configuration.
        config: the configuration of the sweep.
        launcher: Hydra's launcher, which runs trials.
        params: the search space of a file.
        arguments: the command line.

    Raises:
        ConfigError: the space, a setting or the folder is invalid; nothing was started.
        SweepError: no trial was finished, or the launcher failed.
    """
    folder = Path(config.hydra.sweep.dir)
    own_output(folder / FILE, SIGNATURE.encode())
    space = read_space(loader, params, arguments)
    jobs = _check(loader, config, space)
    task = section_of(jobs[0].config.task)
    if jobs[0].folder != folder / jobs[0].config.hydra.job.id:
        raise ConfigError("hydra.sweep.subdir must be ${hydra.job.num}: a search finds its trials by it")
    with open_study(folder, mode=task.mode, seed=config.sweep.seed) as study:
        space = _resumed(study, space, loader, folder)
        OmegaConf.save(config, folder / "multirun.yaml")
        tell(f"a search of {config.sweep.n_trials} trials; to resume it, add hydra.sweep.dir={folder}")
        _Search(config, space, launcher, study, folder, task.watched).run()
        show_best(study, space, loader, config, task.watched)


def _check(loader: ConfigLoader, config: DictConfig, space: Space) -> list[Job]:
    """Compose and validate a few points, so that an error in the space is found before the first trial."""
    groups = [one for one in space.dimensions if loader.get_group_options(one.name)]
    first = space.overrides({one.name: one.examples()[0] for one in groups})
    composed = loader.load_sweep_config(config, first)
    for one in space.dimensions:
        if one not in groups and one.prefix == one.name:
            refuse_unknown(one.name, composed)
    jobs = [make_job(loader, config, 0, point) for point in space.examples()]
    if lines := check(jobs):
        different = {line.partition(", got")[0]: line for line in reversed(lines)}
        raise ConfigError("\n".join(_hint(line, space) for line in reversed(different.values())))
    if len({section_of(job.config.task).watched for job in jobs}) > 1:
        raise ConfigError("a search compares one score, but its trials differ in task or task.monitor")
    return jobs


def _hint(line: str, space: Space) -> str:
    fraction = [one for one in space.dimensions if line.startswith(f"{one.name} must be a valid integer")]
    return f"{line}: {fraction[0].written}; use range(…) or int(interval(…))" if fraction else line


def _resumed(study: optuna.Study, space: Space, loader: ConfigLoader, folder: Path) -> Space:
    """Return the space of a search, as its study knows it: possibly with former names of settings and values.

    Raises:
        ConfigError: the search in the folder has other settings.
    """
    mine = {"space": sorted(one.written for one in space.dimensions), "fixed": result_overrides(space.fixed)}
    stored = study.user_attrs.get(SETTINGS)
    if stored is None:
        study.set_user_attr(SETTINGS, mine)
        return space
    theirs = {part: sorted(present_overrides(stored.get(part, []))) for part in mine}
    if odd := [text for part in mine for text in sorted(set(mine[part]) ^ set(theirs[part]))]:
        raise ConfigError(
            f"{folder} has another search, which differs in {', '.join(odd)}; set another hydra.sweep.dir"
        )
    if stored["space"] == mine["space"]:
        return space
    return replace(space, dimensions=read_space(loader, {}, stored["space"]).dimensions)


@dataclass(frozen=True)
class _Search:
    config: DictConfig
    space: Space
    launcher: Launcher
    study: optuna.Study
    folder: Path
    monitor: str

    def run(self) -> None:
        """Run trials until there are enough, or the time limit is reached."""
        self._close_open_trials()
        wanted, seconds = self.config.sweep.n_trials, self.config.sweep.timeout
        end = time.monotonic() + seconds if seconds else None
        while (done := self._done()) < wanted and (end is None or time.monotonic() < end):
            count = min(self._parallel_trials(), wanted - done)
            self._launch([self.study.ask(self.space.distributions) for _ in range(count)])
            self._say_progress()

    def _close_open_trials(self) -> None:
        """Close the trials that an interruption left open: record the finished ones, enqueue the others."""
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            if finished(self.folder / str(trial.number), self.space.overrides(trial.params)):
                self._tell(trial)
                continue
            if trial.number not in self._replaced():
                self.study.enqueue_trial(trial.params, user_attrs={REPLACES: trial.number})
            self.study.tell(trial.number, state=TrialState.FAIL)

    def _replaced(self) -> set[int]:
        trials = self.study.get_trials(deepcopy=False)
        return {trial.user_attrs[REPLACES] for trial in trials if REPLACES in trial.user_attrs}

    def _done(self) -> int:
        finished_ones = {trial.number for trial in self.study.get_trials() if trial.state.is_finished()}
        return len(finished_ones - self._replaced())

    def _parallel_trials(self) -> int:
        jobs: int | str = self.config.sweep.n_jobs
        if isinstance(jobs, int):
            return jobs
        if self.config.launcher.name == "pool":
            return len(pool_slots(self.config))
        if self.config.launcher.name == "ray":
            return parallel_jobs(self.config)
        return int(self.config.launcher.get("max_jobs", 1))

    def _launch(self, trials: Sequence[Trial]) -> None:
        """Run trials of consecutive numbers at the same time, and record their results."""
        points = [self.space.overrides(trial.params) for trial in trials]
        returned: Iterable[JobReturn | None] = [None] * len(trials)
        try:
            returned = self.launcher.launch(points, trials[0].number)
        except ConfigError as error:  # an invalid combination; nothing was started
            if len(trials) > 1:
                for trial in trials:
                    self._launch([trial])
                return
            tell(str(error))
        except SweepError:  # the others are finished, unless fail_fast is set
            if self.config.launcher.get("fail_fast"):
                raise
        for trial, job in zip(trials, returned, strict=True):
            self._tell(trial, job)

    def _tell(self, trial: Trial | FrozenTrial, job: JobReturn | None = None) -> None:
        """Record the result of a trial from its run's record; a trial without a score has failed."""
        record = finished(self.folder / str(trial.number), self.space.overrides(trial.params)) or {}
        if record.get("score") is None:
            tell(f"trial {trial.number} failed{_reason(job)}")
            self.study.tell(trial.number, state=TrialState.FAIL)
        elif record.get("pruned"):
            self.study.tell(trial.number, state=TrialState.PRUNED)
        else:
            self.study.tell(trial.number, record["score"])

    def _say_progress(self) -> None:
        best = find_best(self.study)
        score = f"; best: trial {best.number}, {self.monitor} {best.value:.4f}" if best else ""
        tell(f"{self._done()} of {self.config.sweep.n_trials} trials{score}")


def _reason(job: JobReturn | None) -> str:
    raised = failure(job)
    if raised is None:
        return ""
    said = str(raised).strip()
    return f": {said.splitlines()[0] if said else type(raised).__name__}"
