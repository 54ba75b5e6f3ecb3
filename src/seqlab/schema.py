"""The typed, validated configuration: what may be set, in which range, and what is said when it is wrong.

Field by field this is conf/, where every key is explained; here stand the types and ranges.

A key that comes later has a default here: what runs did before there was the key. conf/ sets every key, so
such a default speaks for older runs alone, and they keep their meaning whatever conf/ says by now.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from seqlab.data_schema import (
    AnyData,
    Count,
    Fetched,
    LongTextConfig,
    Positive,
    Section,
    Share,
    as_list,
)
from seqlab.errors import ConfigError, SeqlabError, near

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Beta = Annotated[float, Field(ge=0, lt=1)]
CLASS_SCORES = ("loss", "accuracy", "precision_macro", "recall_macro", "f1_macro")
VALIDATION_SCORES = {
    "classification": CLASS_SCORES,
    "tagging": CLASS_SCORES,
    "forecasting": ("loss", "mae", "median_ae", "rmse", "bias"),
    "regression": ("loss", "mse", "mae"),
}
"""What a run knows of its validation data after every epoch, by task."""

OF_THE_COMMAND = ("launcher", "sweep", "resume")
"""Keys that say how a command goes about its runs; they are not saved with a run."""

Limit = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, le=1)]


class ModelConfig(Section):
    """conf/model: the arguments of ``SequenceModel``."""

    cell: str
    options: dict[str, Any]
    hidden_size: Count
    num_layers: Count
    bidirectional: bool
    merge: Literal["concat", "sum"]
    encoder: Literal["auto", "embedding", "ngrams", "onehot", "linear", "identity"]
    embedding_size: Count
    embedding_dropout: Share
    feature_dropout: Share
    dropout: Share
    pooling: Literal["last", "mean", "max", "combined"]
    init: Literal["torch", "keras", "kaiming", "chrono"]
    init_steps: Annotated[int, Field(ge=3)] | None

    @model_validator(mode="after")
    def _cell_exists(self) -> "ModelConfig":
        from seqlab.cells import cells  # noqa: PLC0415 (imports torch)

        try:
            cells[self.cell](**self.options)
        except SeqlabError as error:
            raise ValueError(str(error)) from error
        return self


class ClassesConfig(Section):
    """What every task has that names classes."""

    label_smoothing: Share
    class_weight_power: Annotated[float, Field(ge=0, le=1)]
    baselines: bool


class ClassificationConfig(ClassesConfig):
    """conf/task/classification: the settings of ``Classification``."""

    name: Literal["classification"]


class ForecastingConfig(Section):
    """conf/task/forecasting: the settings of ``Forecasting``."""

    name: Literal["forecasting"]
    loss: Literal["mse", "mae"]
    residual: Literal["persistence", "none"]
    baselines: bool


class RegressionConfig(Section):
    """conf/task/regression: the settings of ``Regression``."""

    name: Literal["regression"]
    baselines: bool


class TaggingConfig(ClassesConfig):
    """conf/task/tagging: the settings of ``Tagging``."""

    name: Literal["tagging"]


class SGDConfig(Section):
    """conf/optimizer/sgd."""

    name: Literal["sgd"]
    lr: Rate
    momentum: Share
    weight_decay: NotNegative


class AdamConfig(Section):
    """conf/optimizer/adam and adamw."""

    name: Literal["adam", "adamw"]
    lr: Rate
    betas: tuple[Beta, Beta]
    weight_decay: NotNegative


class NoScheduleConfig(Section):
    """conf/scheduler/none."""

    name: Literal["none"]


class CosineConfig(Section):
    """conf/scheduler/cosine."""

    name: Literal["cosine"]
    interval: Literal["epoch", "step"]
    min_lr: NotNegative


class PlateauConfig(Section):
    """conf/scheduler/plateau."""

    name: Literal["plateau"]
    interval: Literal["epoch"]
    monitor: str
    mode: Literal["min", "max"]
    factor: Annotated[float, Field(gt=0, lt=1)]
    patience: Annotated[int, Field(ge=0)]
    min_lr: NotNegative


class OneCycleConfig(Section):
    """conf/scheduler/onecycle."""

    name: Literal["onecycle"]
    interval: Literal["epoch", "step"]
    warmup: Share


class TrainerConfig(Section):
    """conf/trainer: the arguments of Lightning's Trainer."""

    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"]
    devices: Count | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | Literal["auto"]
    num_nodes: Count
    strategy: str
    precision: Literal["32-true", "64-true", "16-mixed", "bf16-mixed", "bf16-true"]
    max_epochs: Count
    max_steps: Annotated[int, Field(ge=-1)]
    limit_train_batches: Limit
    limit_val_batches: Limit
    limit_test_batches: Limit
    check_val_every_n_epoch: Count
    gradient_clip_val: NotNegative | None
    gradient_clip_algorithm: Literal["norm", "value"]
    accumulate_grad_batches: Count
    log_every_n_steps: Count
    deterministic: bool
    detect_anomaly: bool
    profiler: Literal["simple", "advanced", "pytorch"] | None

    @field_validator("accelerator")
    @classmethod
    def _is_here(cls, accelerator: str) -> str:
        import torch  # noqa: PLC0415 (slow)

        here = {"auto": True, "cpu": True, "mps": torch.backends.mps.is_available()}
        if not here.get(accelerator, torch.cuda.is_available()):
            raise ValueError(f"this machine has no {accelerator}; use trainer.accelerator=cpu or auto")
        return accelerator

    @field_validator("strategy")
    @classmethod
    def _strategy_exists(cls, strategy: str) -> str:
        from lightning.pytorch.strategies import StrategyRegistry  # noqa: PLC0415 (slow)

        known = ("auto", *StrategyRegistry.available_strategies())
        if strategy not in known:
            raise ValueError(f"no strategy named '{strategy}'; {near(strategy, known)}")
        return strategy

    @model_validator(mode="after")
    def _devices_are_here(self) -> "TrainerConfig":
        import torch  # noqa: PLC0415 (slow)

        found = torch.cuda.device_count()
        wanted = max(self.devices) + 1 if isinstance(self.devices, list) else self.devices
        uses_gpus = self.accelerator in ("auto", "gpu", "cuda")
        if found and uses_gpus and wanted != "auto" and wanted > found:
            raise ValueError(
                f"trainer.devices={self.devices}: this machine has {found} GPUs, numbered from 0"
            )
        return self


class CallbacksConfig(Section):
    """conf/callbacks."""

    early_stopping_patience: Count | None
    weight_average: Annotated[float, Field(gt=0, lt=1)] | None
    score_drawn: bool
    diagnostics_every: Count | None = None
    diagnostics_samples: Count = 16
    figures: bool
    predictions: bool


class CheckpointConfig(Section):
    """conf/checkpoint."""

    every_steps: Count | None = None
    every_minutes: Positive | None = None


class LoggerConfig(Section):
    """conf/logger."""

    name: Literal["tensorboard", "csv", "none"]


class PoolConfig(Section):
    """conf/launcher/pool."""

    name: Literal["pool"]
    devices: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | Literal["auto"]
    jobs_per_device: Count
    gpus_per_job: Count
    fail_fast: bool


class BasicConfig(Section):
    """conf/launcher/basic."""

    name: Literal["basic"]


class SlurmConfig(Section):
    """conf/launcher/slurm."""

    name: Literal["slurm"]
    gpus_per_job: Annotated[int, Field(ge=0)]
    cpus_per_job: Count
    memory_gb: Count
    minutes: Count
    partition: str | None
    max_jobs: Count
    sbatch: dict[str, str | int | float | bool]


class RayConfig(Section):
    """conf/launcher/ray."""

    name: Literal["ray"]
    address: str | None
    gpus_per_job: NotNegative
    cpus_per_job: Count

    @field_validator("gpus_per_job")
    @classmethod
    def _is_shareable(cls, gpus: float) -> float:
        if gpus > 1 and gpus != int(gpus):
            raise ValueError(f"a job has a share of one GPU, or several whole ones, got {gpus}")
        return gpus


class GridConfig(Section):
    """conf/sweep/grid, and the ready grids."""

    name: Literal["grid"]


class SearchConfig(Section):
    """conf/sweep/optuna."""

    name: Literal["optuna"]
    n_trials: Count
    n_jobs: Count | Literal["auto"]
    timeout: Positive | None
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    pruner: Literal["median", "none"]
    startup_trials: Annotated[int, Field(ge=0)]
    warmup_epochs: Annotated[int, Field(ge=0)]


class PathsConfig(Section):
    """conf/paths."""

    output_dir: str


class Config(Section):
    """The whole configuration of a training run."""

    name: str | None
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    engine: str
    verbosity: Literal["quiet", "normal", "debug"]
    resume: str | None = None
    imports: Annotated[list[str], BeforeValidator(as_list)]
    model: ModelConfig
    data: AnyData
    task: Annotated[
        ClassificationConfig | ForecastingConfig | RegressionConfig | TaggingConfig,
        Field(discriminator="name"),
    ]
    optimizer: Annotated[SGDConfig | AdamConfig, Field(discriminator="name")]
    scheduler: Annotated[
        NoScheduleConfig | CosineConfig | PlateauConfig | OneCycleConfig, Field(discriminator="name")
    ]
    trainer: TrainerConfig
    callbacks: CallbacksConfig
    checkpoint: CheckpointConfig = CheckpointConfig()
    logger: LoggerConfig
    launcher: PoolConfig | BasicConfig | SlurmConfig | RayConfig = Field(
        BasicConfig(name="basic"), discriminator="name"
    )
    sweep: GridConfig | SearchConfig = Field(GridConfig(name="grid"), discriminator="name")
    paths: PathsConfig

    @property
    def title(self) -> str:
        """What its runs are called."""
        return self.name or f"{self.data.name}-{self.model.cell}"

    @field_validator("engine")
    @classmethod
    def _engine_exists(cls, engine: str) -> str:
        from seqlab.engines import ENGINES  # noqa: PLC0415 (imports torch)

        if engine not in ("auto", *ENGINES):
            raise ValueError(f"no engine named '{engine}'; {near(engine, ('auto', *ENGINES))}")
        return engine

    @model_validator(mode="after")
    def _task_suits_data(self) -> "Config":
        if self.task.name != self.data.task:
            raise ValueError(
                f"task={self.task.name} does not suit data={self.data.name}; use task={self.data.task}"
            )
        if self.data.task == "tagging" and self.model.pooling != "last":
            raise ValueError(
                f"model.pooling={self.model.pooling} gives a sequence one answer, and data={self.data.name} "
                "asks at each of its last steps; use model.pooling=last"
            )
        if self.callbacks.score_drawn and self.data.task != "classification":
            raise ValueError(
                f"callbacks.score_drawn draws by class, and data={self.data.name} has no classes"
            )
        return self

    @model_validator(mode="after")
    def _encoder_suits_data(self) -> "Config":
        from seqlab.nn.encoders import ENCODERS  # noqa: PLC0415 (imports torch)

        encoder, fitting = self.model.encoder, ENCODERS[self.data.kind]
        if encoder not in ("auto", *fitting):
            raise ValueError(
                f"model.encoder={encoder} does not read {self.data.kind}; use {' or '.join(fitting)}"
            )
        return self

    @model_validator(mode="after")
    def _watched_score_is_known(self) -> "Config":
        if self.scheduler.name != "plateau":
            return self
        if self.trainer.limit_val_batches == 0:
            raise ValueError(
                "scheduler=plateau watches a score of validation; leave trainer.limit_val_batches=0 out"
            )
        watched, known = (
            self.scheduler.monitor,
            [f"val/{score}" for score in VALIDATION_SCORES[self.task.name]],
        )
        if watched not in known:
            raise ValueError(
                f"scheduler.monitor={watched} is no score of {self.task.name}; {near(watched, known)}"
            )
        return self


def without_effect(config: Config) -> list[str]:
    """Return a line for every setting that was made and changes nothing."""
    model, data, trainer = config.model, config.data, config.trainer
    idle = {
        f"model.merge={model.merge}": model.merge != "concat" and not model.bidirectional,
        f"model.feature_dropout={model.feature_dropout}": (
            model.feature_dropout > 0 and model.encoder != "ngrams"
        ),
        f"data.ngrams={getattr(data, 'ngrams', 1)}": (
            getattr(data, "ngrams", 1) > 1 and model.encoder != "ngrams"
        ),
        f"model.init_steps={model.init_steps}": model.init_steps is not None and model.init != "chrono",
        f"trainer.gradient_clip_algorithm={trainer.gradient_clip_algorithm}": (
            trainer.gradient_clip_algorithm != "norm" and not trainer.gradient_clip_val
        ),
        f"data.url={getattr(data, 'url', None)}": (
            isinstance(data, Fetched) and data.url is not None and data.root is not None
        ),
        "data.keep=end": isinstance(data, LongTextConfig) and data.keep == "end" and data.max_length is None,
        "callbacks.score_drawn=true": config.callbacks.score_drawn and trainer.limit_test_batches == 0,
    }
    return [
        f"{setting} has no effect beside the other settings" for setting, is_idle in idle.items() if is_idle
    ]


def validate(raw: Mapping[str, Any]) -> Config:
    """Return the typed configuration.

    Raises:
        ConfigError: one line for every key that is wrong.
    """
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)
        unknown = {detail["loc"][-1] for detail in details if detail["type"] == "extra_forbidden"}
        found = dict.fromkeys(_line(detail, raw, unknown) for detail in details)
        raise ConfigError("\n".join(_merged(found))) from error


def _merged(lines: Iterable[str]) -> list[str]:
    """Return one line for all that a key may be, ``… must be A or B, got C``; a union has several."""
    allowed: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        key, _, rest = line.partition(" must be ")
        wish, is_type, got = rest.rpartition(", got ")
        allowed.setdefault((key, got) if is_type else (line, ""), []).append(wish)
    return [
        f"{key} must be {' or '.join(wishes)}, got {got}" if got else key
        for (key, got), wishes in allowed.items()
    ]


def _line(detail: Any, raw: Mapping[str, Any], unknown: set[Any]) -> str:
    """Say what is wrong with one key: ``model.hidden_size must be greater than 0, got -1``."""
    path: list[str] = []
    siblings: Mapping[str, Any] = {}
    here: Any = raw
    for place, part in enumerate(detail["loc"], start=1):
        # A union adds the name of its branch to the place; that is no key of the configuration.
        if isinstance(here, Mapping) and (
            part in here or (detail["type"] == "missing" and place == len(detail["loc"]))
        ):
            path.append(str(part))
            siblings, here = here, here.get(part)
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"{key} is unknown; {near(path[-1], set(siblings) - unknown)}"
    if detail["type"] == "missing":
        return f"{key} is missing"
    if detail["type"] == "value_error":
        return f"{key}: {detail['ctx']['error']}" if key else str(detail["ctx"]["error"])
    message = (
        detail["msg"]
        .replace("Input should be", "must be")
        .replace("String should", "must")
        .replace("List should have at least 1 item after validation, not 0", "must be a list of one or more")
        .split(", unable to ")[0]
        .split(", got a number")[0]
    )
    return f"{key} {message[0].lower()}{message[1:]}, got {detail['input']!r}"
