"""conf/task: what every task has; the other settings are those of its class."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import SerializeAsAny, model_validator

from seqlab.errors import near
from seqlab.registry.catalog import tasks
from seqlab.registry.section import Choice
from seqlab.registry.types import Section

if TYPE_CHECKING:
    from seqlab.tasks.score import Score


class TaskConfig(Section):
    """What every task has."""

    name: str
    monitor: str | None = None
    baselines: bool = True

    @property
    def question(self) -> str:
        """What data must ask."""
        return str(tasks.attribute(self.name, "question"))

    @property
    def scores(self) -> "tuple[Score, ...]":
        """What a run knows of its validation data after every epoch."""
        found: tuple[Score, ...] = tasks.attribute(self.name, "scores")
        return found

    @property
    def watched(self) -> str:
        """The score that chooses the best weights and stops early, such as "val/accuracy"."""
        return self.monitor or str(tasks.attribute(self.name, "monitor"))

    @property
    def mode(self) -> Literal["min", "max"]:
        """Whether less or more of it is better."""
        return next(score.mode for score in self.scores if f"val/{score.name}" == self.watched)

    @property
    def arguments(self) -> dict[str, Any]:
        """The name of its class and what that takes."""
        return self.model_dump(exclude={"monitor", "baselines"})

    @model_validator(mode="after")
    def _monitor_is_known(self) -> "TaskConfig":
        known = [f"val/{score.name}" for score in self.scores if score.better]
        if self.watched not in known:
            raise ValueError(
                f"monitor={self.watched} is no score of {self.name} to choose by; {near(self.watched, known)}"
            )
        return self


TASKS = Choice(tasks, base=TaskConfig)
"""The settings of a task: those that every task has, and those of its class."""
AnyTask = Annotated[SerializeAsAny[TaskConfig], TASKS.validator]


def section_of(raw: Mapping[str, Any]) -> TaskConfig:
    """Return the settings of a task in a composed configuration."""
    return cast("TaskConfig", TASKS.validated(dict(raw)))
