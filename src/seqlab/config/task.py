"""conf/task: the settings of every task; the others are those of its class."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from seqlab.config.choices import CHOICES
from seqlab.errors import ConfigError, near
from seqlab.registry.catalog import metrics, tasks
from seqlab.registry.section import Choice, Part
from seqlab.registry.types import Section

if TYPE_CHECKING:
    from seqlab.tasks.score import Score

METRICS = CHOICES["task.metrics"]


class TaskConfig(Section):
    """The settings of every task."""

    name: str
    monitor: str | None = None
    baselines: bool | tuple[str, ...] = True
    metrics: dict[str, Annotated[SerializeAsAny[Part], METRICS.validator]] = Field(default={})

    def says(self, attribute: str) -> Any:
        """Return an attribute of the class, such as "is_stepwise", without importing it."""
        return tasks.attribute(self.name, attribute)

    @property
    def problem_type(self) -> str:
        """The problem type for which the data are prepared."""
        return str(self.says("problem_type"))

    @property
    def scores(self) -> "tuple[Score, ...]":
        """The scores of the task, and of its metrics."""
        found: tuple[Score, ...] = self.says("scores")
        return (*found, *(self._further(found[0], name) for name in self.metrics))

    def _further(self, pattern: "Score", name: str) -> "Score":
        """Return the score of a metric, whose class knows whether higher is better."""
        better: dict[bool | None, Literal["higher", "lower"] | None] = {True: "higher", False: "lower"}
        is_better = None
        with suppress(ConfigError):
            is_better = metrics.attribute(self.metrics[name].target_, "higher_is_better")
        found = replace(pattern, name=name, label=name, title="", unit=None, in_tables=True, each_epoch=False)
        return replace(found, better=better.get(is_better))

    @property
    def watched(self) -> str:
        """The score that chooses the best weights and stops early, such as "val/accuracy"."""
        return self.monitor or str(self.says("monitor"))

    @property
    def mode(self) -> Literal["min", "max"]:
        """Whether a lower or a higher value of it is better."""
        return next(score.mode for score in self.scores if f"val/{score.name}" == self.watched)

    @property
    def arguments(self) -> dict[str, Any]:
        """The name of its class, and the arguments."""
        return self.model_dump(exclude={"monitor", "baselines"})

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments of its class."""
        return {key: one for key, one in self.arguments.items() if key not in ("name", "metrics")}

    @field_validator("metrics", mode="before")
    @classmethod
    def _none_are_no_metrics(cls, raw: Any) -> Any:
        return {} if raw is None else raw

    @model_validator(mode="after")
    def _metrics_suit_the_task(self) -> "TaskConfig":
        if not self.metrics:
            return self
        kind = self.says("metrics_of")
        if kind is None:
            raise ValueError(f"metrics: {self.name} has only its own scores; leave out metrics")
        fitting = [name for name in metrics if _is_for(kind, metrics.path(name))]
        own = [score.name for score in self.says("scores")]
        for name, part in self.metrics.items():
            if not name.isidentifier() or name in own:
                raise ValueError(f"metrics.{name}: choose another name; {', '.join(own)} are taken")
            if not _is_for(kind, metrics.path(part.target_)):
                raise ValueError(
                    f"metrics.{name}: {part.target_} is not a metric of {self.problem_type}; "
                    f"{near(part.target_.rpartition('.')[2], fitting)}"
                )
        return self

    @model_validator(mode="after")
    def _baselines_are_known(self) -> "TaskConfig":
        if isinstance(self.baselines, bool):
            return self
        known = self.says("baseline_names")
        if not known:
            raise ValueError(f"baselines: {self.name} has only its own; set true or false")
        if not self.baselines:
            raise ValueError("baselines: name one or more, or set false for none")
        for name in self.baselines:
            if name not in known:
                raise ValueError(f"baselines: '{name}' is no baseline of forecasts; {near(name, known)}")
            if self.baselines.count(name) > 1:
                raise ValueError(f"baselines: '{name}' is named twice")
        return self

    @model_validator(mode="after")
    def _monitor_is_known(self) -> "TaskConfig":
        known = [f"val/{score.name}" for score in self.scores if score.better]
        if self.watched not in known:
            raise ValueError(
                f"monitor={self.watched} is not a score of {self.name} to choose by; "
                f"{near(self.watched, known)}"
            )
        return self


def _is_for(kind: str, path: str) -> bool:
    """Return whether a metric of torchmetrics suits such predictions; a user's metric is tried later."""
    return not path.startswith("torchmetrics.") or path.startswith(f"torchmetrics.{kind}")


TASKS = Choice(tasks, base=TaskConfig)
"""The settings of a task: those that every task has, and those of its class."""
AnyTask = Annotated[SerializeAsAny[TaskConfig], TASKS.validator]


def section_of(raw: Mapping[str, Any]) -> TaskConfig:
    """Return the settings of a task in a composed configuration."""
    return cast("TaskConfig", TASKS.validated(dict(raw)))
