"""conf/task: what every task has; the other settings are those of its class."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, SerializeAsAny, create_model, model_validator

from seqlab.errors import near
from seqlab.registry.catalog import tasks
from seqlab.registry.settings import Declaration
from seqlab.registry.types import Section

if TYPE_CHECKING:
    from seqlab.tasks.score import Score


class TaskConfig(Section):
    """What every task has."""

    name: str
    monitor: str | None = None
    baselines: bool = True

    @property
    def declaration(self) -> Declaration:
        """What its class says of itself."""
        return tasks.declaration(self.name)

    @property
    def question(self) -> str:
        """What data must ask."""
        return str(self.declaration.attribute("question"))

    @property
    def scores(self) -> "tuple[Score, ...]":
        """What a run knows of its validation data after every epoch."""
        found: tuple[Score, ...] = self.declaration.attribute("scores")
        return found

    @property
    def watched(self) -> str:
        """The score that chooses the best weights and stops early, such as "val/accuracy"."""
        return self.monitor or str(self.declaration.attribute("monitor"))

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


def _of_its_class(raw: Any) -> Any:
    """Take the settings of the class that ``name`` names.

    Raises:
        ValueError: there is no such class, or a setting is wrong.
    """
    name = raw.get("name") if isinstance(raw, Mapping) else None
    if not isinstance(name, str):
        return raw
    if name not in tasks:
        raise ValueError(f"no task named '{name}'; {near(name, tasks)}")
    return _section(name).model_validate(raw)


def _section(name: str) -> type[TaskConfig]:
    """Return the settings of a task: those that every task has, and those of its class."""
    fields: dict[str, Any] = tasks.declaration(name).settings()
    return create_model(f"{name}Config", __base__=TaskConfig, **fields)


def defaults_of(name: str) -> dict[str, Any]:
    """Return what the settings of a task are if nobody sets them."""
    return _section(name)(name=name).model_dump(mode="json")


def section_of(raw: Mapping[str, Any]) -> TaskConfig:
    """Return the settings of a task in a composed configuration."""
    section = _of_its_class(dict(raw))
    assert isinstance(section, TaskConfig)  # noqa: S101 (a composed one has a name)
    return section


AnyTask = Annotated[SerializeAsAny[TaskConfig], BeforeValidator(_of_its_class)]
