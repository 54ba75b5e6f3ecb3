"""conf/trainer, and what stands around training: callbacks, checkpoints, loggers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from seqlab.errors import near
from seqlab.registry.types import Count, NotNegative, Positive, Section

LoggerName = Literal["tensorboard", "csv", "none"]
Limit = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0, le=1)]


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

    @model_validator(mode="after")
    def _device_has_precision(self) -> "TrainerConfig":
        import torch  # noqa: PLC0415 (slow)

        mps = self.accelerator in ("auto", "gpu", "mps") and torch.backends.mps.is_available()
        cpu = self.accelerator == "cpu" or not (torch.cuda.is_available() or mps)
        if self.precision == "16-mixed" and cpu:
            raise ValueError("trainer.precision=16-mixed needs a GPU; on the processor use bf16-mixed")
        if self.precision == "64-true" and mps and not torch.cuda.is_available():
            raise ValueError("trainer.precision=64-true: mps has no float64; use trainer.accelerator=cpu")
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
    """conf/logger: one of its files, or several, each of which adds a key of its own."""

    name: LoggerName | list[LoggerName]

    @property
    def names(self) -> Sequence[str]:
        """All that are chosen."""
        return self.name if isinstance(self.name, list) else [self.name]

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, raw: Any) -> Any:
        chosen = sorted(raw) if isinstance(raw, dict) and all(value is True for value in raw.values()) else []
        return {"name": chosen[0] if len(chosen) == 1 else chosen} if chosen else raw

    @model_validator(mode="after")
    def _none_is_alone(self) -> "LoggerConfig":
        if "none" in self.names and len(self.names) > 1:
            raise ValueError("logger=none stands alone; leave it out of the list, or the others")
        return self
