"""The whole configuration of a run, with the checks across its sections."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator, model_validator

from seqlab.config.choices import CHOICES, OptimizerConfig, SchedulerConfig
from seqlab.config.forecasts import are_levels_idle, check_forecast, check_network, check_stateful
from seqlab.config.model import ModelConfig
from seqlab.config.sweep import AnyLauncher, AnySweep, BasicConfig, GridConfig
from seqlab.config.task import AnyTask
from seqlab.config.trainer import (
    CallbacksConfig,
    CheckpointConfig,
    FiguresConfig,
    LoggerConfig,
    TrainerConfig,
)
from seqlab.data.dataset import AnyDataset
from seqlab.errors import ConfigError, near
from seqlab.registry.catalog import check_reads, encoders, engines, inits
from seqlab.registry.types import FilePath, RunName, Section, as_list

OF_THE_COMMAND = ("launcher", "sweep", "resume")
"""Keys about how a command carries out its runs, which are not saved with a run."""


class PathsConfig(Section):
    """conf/paths.

    Attributes:
        output_dir: every run makes a folder of its own below.
    """

    output_dir: str = "outputs"


class Config(Section):
    """The whole configuration of a training run.

    Attributes:
        name: folder below paths.output_dir; None for the preset's name, or <data>-<model>.
        seed: of the initial weights, dropout and the order of the batches.
        engine: what runs the cell: auto (the fastest that can), native, torch, eager or reference.
        verbosity: quiet (warnings and the final table), normal, debug.
        resume: a run folder: resume that run; auto: resume the latest unfinished run with these settings.
        init_from: a run folder, with whose weights training begins as far as they fit.
        imports: your own modules that register cells, data sets, callbacks, …, e.g. imports=[my_things].
    """

    name: RunName | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    engine: str = "auto"
    verbosity: Literal["quiet", "normal", "debug"] = "normal"
    resume: str | None = None
    init_from: FilePath | None = None
    imports: Annotated[list[str], BeforeValidator(as_list)] = []
    model: ModelConfig
    data: AnyDataset
    task: AnyTask
    optimizer: Annotated[SerializeAsAny[OptimizerConfig], CHOICES["optimizer"].validator]
    scheduler: Annotated[SerializeAsAny[SchedulerConfig], CHOICES["scheduler"].validator]
    trainer: TrainerConfig
    callbacks: CallbacksConfig
    checkpoint: CheckpointConfig = Field(default_factory=CheckpointConfig)
    figures: FiguresConfig = Field(default_factory=FiguresConfig)
    logger: LoggerConfig
    launcher: AnyLauncher = Field(default_factory=lambda: BasicConfig(name="basic"))
    sweep: AnySweep = Field(default_factory=lambda: GridConfig(name="grid"))
    paths: PathsConfig = Field(default_factory=PathsConfig)

    @property
    def title(self) -> str:
        """The name of its runs."""
        return self.name or f"{self.data.name}-{self.model.title}"

    @field_validator("engine")
    @classmethod
    def _engine_exists(cls, engine: str) -> str:
        if engine != "auto" and engine not in engines:
            raise ValueError(f"no engine named '{engine}'; {near(engine, ('auto', *engines))}")
        return engine

    @model_validator(mode="after")
    def _task_suits_data(self) -> "Config":
        if reason := self.data.unsupported_reason(self.task.problem_type):
            raise ValueError(f"task={self.task.name} does not suit data={self.data.name}; {reason}")
        if self.model.condition == "class" and not (
            self.data.problem_types[1:] and self.task.says("is_causal")
        ):
            raise ValueError(
                "model.condition=class tells a language model the class of a text; use task=language_model "
                "and labelled texts, such as data=names"
            )
        for setting in ("bidirectional", "reverse"):
            if getattr(self.model, setting) and self.task.says("is_causal"):
                raise ValueError(
                    f"model.{setting}=true reads the tokens that task={self.task.name} predicts; use "
                    f"model.{setting}=false"
                )
        if self.model.pooling != "last" and self.task.says("is_stepwise"):
            raise ValueError(
                f"model.pooling={self.model.pooling} gives one output per sequence, and "
                f"task={self.task.name} needs one at each step; use model.pooling=last"
            )
        if self.callbacks.score_balanced and not self.task.says("has_one_class"):
            raise ValueError(
                f"callbacks.score_balanced samples by class, and task={self.task.name} of "
                f"data={self.data.name} has no classes"
            )
        return self

    @model_validator(mode="after")
    def _forecast_is_consistent(self) -> "Config":
        check_network(self.model, self.task)
        if self.task.name == "forecasting":
            check_forecast(self.task, self.data)
            check_stateful(self.model, self.data)
        return self

    @model_validator(mode="after")
    def _encoder_suits_data(self) -> "Config":
        if self.model.encoder != "auto":
            try:
                check_reads(self.model.encoder, self.data.kind)
            except ConfigError as error:
                raise ValueError(str(error)) from error
        return self

    @model_validator(mode="after")
    def _watched_score_is_known(self) -> "Config":
        watches = {
            f"scheduler={self.scheduler.name}": self.scheduler.monitor is not None,
            "callbacks.average_after": self.callbacks.average_after is not None,
            "callbacks.early_stopping_patience": self.callbacks.early_stopping_patience is not None,
            "task.monitor": self.task.monitor is not None,
        }
        for setting in (name for name, does in watches.items() if does):
            if self.trainer.limit_val_batches == 0:
                raise ValueError(
                    f"{setting} watches a score of validation; leave trainer.limit_val_batches=0 out"
                )
        known = [f"{stage}/{score.name}" for stage in ("val", "train") for score in self.task.scores]
        watched = {"scheduler": self.scheduler.monitor} | {
            f"callbacks.{key}": getattr(part, "monitor", None) for key, part in self.callbacks.parts.items()
        }
        for place, name in watched.items():
            # A callback may monitor what another one logs, which is known only in training.
            is_ours = place == "scheduler" or str(name).startswith(("val/", "train/"))
            if name is not None and is_ours and "/".join(str(name).split("/")[:2]) not in known:
                raise ValueError(
                    f"{place}.monitor={name} is not a score of {self.task.name}; {near(name, known)}"
                )
        return self


def without_effect(config: Config) -> list[str]:
    """Return a line for every setting that has no effect."""
    model, data, trainer = config.model, config.data, config.trainer
    of_encoder = encoders.settings(model.encoder) if model.encoder != "auto" else {}
    fields = type(model).model_fields
    idle = {
        f"model.merge={model.merge}": model.merge != "concat" and not model.bidirectional,
        f"model.between={model.between}": model.between != "dropout" and model.num_layers == 1,
        f"model.outputs={model.outputs}": model.outputs != "last" and model.num_layers == 1,
        f"model.pooling={model.pooling}": model.pooling != "last" and model.decoder != "direct",
        f"model.segment={model.segment}": (
            model.segment != fields["segment"].default
            and model.decoder == "direct"
            and "segment" not in of_encoder
        ),
        f"model.teacher_forcing={model.teacher_forcing:g}": (
            model.teacher_forcing != fields["teacher_forcing"].default and model.decoder != "autoregressive"
        ),
        f"model.teacher_forcing_end={model.teacher_forcing_end:g}": (
            model.teacher_forcing_end != fields["teacher_forcing_end"].default
            and model.decoder != "autoregressive"
        ),
        f"model.channel_embedding={model.channel_embedding}": (
            model.channel_embedding is not None and model.channels == "mixed"
        ),
        f"model.feature_dropout={model.feature_dropout}": (
            model.feature_dropout > 0 and "feature_dropout" not in of_encoder
        ),
        f"data.ngrams={getattr(data, 'ngrams', 1)}": (
            getattr(data, "ngrams", 1) > 1 and model.encoder in ("auto", "embedding", "onehot")
        ),
        f"model.init_steps={model.init_steps}": (
            model.init_steps is not None and "init_steps" not in inits.settings(model.init)
        ),
        f"trainer.gradient_clip_algorithm={trainer.gradient_clip_algorithm}": (
            trainer.gradient_clip_algorithm != "norm" and not trainer.gradient_clip_val
        ),
        f"data.url={getattr(data, 'url', None)}": (
            getattr(data, "url", None) is not None and getattr(data, "root", None) is not None
        ),
        "data.keep=end": getattr(data, "keep", None) == "end" and getattr(data, "max_length", 0) is None,
        "task.levels": config.task.name == "forecasting" and are_levels_idle(config.task),
        "callbacks.score_balanced=true": config.callbacks.score_balanced and trainer.limit_test_batches == 0,
    }
    return [
        f"{setting} has no effect with the other settings" for setting, is_idle in idle.items() if is_idle
    ]
