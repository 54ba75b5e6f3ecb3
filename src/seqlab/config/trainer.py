"""conf/trainer, and what stands around training: callbacks, checkpoints, loggers."""

import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from seqlab.config.choices import CHOICES
from seqlab.errors import near
from seqlab.io.devices import count_gpus, has_mps
from seqlab.registry.section import Part
from seqlab.registry.types import Count, NotNegative, Positive, Section

STRATEGIES = (
    *("single_device", "single_tpu", "single_xla", "xla", "xla_debug", "fsdp", "fsdp_cpu_offload"),
    *("deepspeed", "deepspeed_stage_1", "deepspeed_stage_2", "deepspeed_stage_2_offload"),
    *("deepspeed_stage_3", "deepspeed_stage_3_offload", "deepspeed_stage_3_offload_nvme"),
    *(
        f"ddp{start}{unused}"
        for start in ("", "_spawn", "_fork", "_notebook")
        for unused in ("", "_find_unused_parameters_false", "_find_unused_parameters_true")
    ),
)
"""Lightning's strategies, listed here so that it need not be imported."""
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

    @field_validator("strategy")
    @classmethod
    def _strategy_exists(cls, strategy: str) -> str:
        # A user's module that registers a strategy has imported Lightning.
        lightning = sys.modules.get("lightning.pytorch.strategies")
        known = lightning.StrategyRegistry.available_strategies() if lightning else STRATEGIES
        if strategy not in ("auto", *known):
            raise ValueError(f"no strategy named '{strategy}'; {near(strategy, ('auto', *known))}")
        return strategy

    @model_validator(mode="after")
    def _suits_this_machine(self) -> "TrainerConfig":
        reason = self.unsupported_reason(count_gpus, has_mps)
        if reason:
            raise ValueError(reason)
        return self

    def unsupported_reason(self, gpus: Callable[[], int | None], mps: Callable[[], bool]) -> str | None:
        """Return what a machine lacks for these settings, None if nothing.

        Args:
            gpus: returns how many GPUs CUDA has there, None if that is not known; asked only if it matters.
            mps: returns whether a Mac's GPU can be used there.
        """
        name, devices = self.accelerator, self.devices
        if (name in ("gpu", "cuda") and gpus() == 0) or (name == "mps" and not mps()):
            return f"trainer.accelerator: this machine has no {name}; use trainer.accelerator=cpu or auto"
        wanted = max(devices) + 1 if isinstance(devices, list) else devices
        if name in ("auto", "gpu", "cuda") and wanted != "auto" and wanted > 1:
            found = gpus()
            if found and wanted > found:
                return f"trainer.devices={devices}: this machine has {found} GPUs, numbered from 0"
        uses_mps = name in ("auto", "gpu", "mps") and mps()
        if self.precision == "16-mixed" and (name == "cpu" or not (uses_mps or gpus() != 0)):
            return "trainer.precision=16-mixed needs a GPU; on the processor use bf16-mixed"
        if self.precision == "64-true" and uses_mps and gpus() == 0:
            return "trainer.precision=64-true: mps has no float64; use trainer.accelerator=cpu"
        return None


PREDICTIONS = 100_000
"""Rows of predictions.csv, if nothing else is said."""


class CallbacksConfig(Section, extra="allow"):
    """conf/callbacks, and any callback below a key of its own."""

    __pydantic_extra__: dict[str, Annotated[SerializeAsAny[Part], CHOICES["callbacks"].validator]]
    early_stopping_patience: Count | None = None
    weight_average: Annotated[float, Field(gt=0, lt=1)] | None = None
    score_balanced: bool = False
    diagnostics_every: Count | None = None
    diagnostics_samples: Count = 16
    figures: bool = True
    predictions: bool | Annotated[int, Field(ge=0)] = PREDICTIONS

    @property
    def prediction_rows(self) -> int:
        """How many rows predictions.csv has at most; yes is the usual number."""
        return PREDICTIONS if self.predictions is True else int(self.predictions)

    @property
    def parts(self) -> dict[str, Part]:
        """The callbacks that have keys of their own."""
        return self.__pydantic_extra__

    @model_validator(mode="before")
    @classmethod
    def _others_are_callbacks(cls, raw: Any) -> Any:
        fields = cls.model_fields
        for key, value in raw.items() if isinstance(raw, dict) else ():
            if key not in fields and not isinstance(value, dict):
                raise ValueError(f"{key} is unknown; {near(key, fields)}")
        return raw


class CheckpointConfig(Section):
    """conf/checkpoint."""

    every_steps: Count | None = None
    every_minutes: Positive | None = None


class LoggerConfig(Section, extra="allow"):
    """conf/logger: one or several, each below a key of its own."""

    __pydantic_extra__: dict[str, Annotated[SerializeAsAny[Part], CHOICES["logger"].validator]]

    @property
    def parts(self) -> dict[str, Part]:
        """All that are chosen, by key."""
        return self.__pydantic_extra__

    @model_validator(mode="before")
    @classmethod
    def _none_is_alone(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "none" not in raw:
            return raw
        if len(raw) > 1:
            raise ValueError("none stands alone; leave it out of the list, or the others")
        return {}
