"""conf/trainer, conf/callbacks, conf/checkpoint, conf/figures and conf/logger."""

import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, field_validator, model_validator

from seqlab.config.choices import CHOICES
from seqlab.errors import near
from seqlab.io.devices import count_gpus, has_mps
from seqlab.registry.section import Part
from seqlab.registry.types import Count, NotNegative, Positive, Section, as_list

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


def _some(limit: float) -> float:
    if not limit:
        raise ValueError("0 would train on nothing; 1 is one batch, 0.1 a tenth of them")
    return limit


def _some_steps(steps: int) -> int:
    if steps == 0 or steps < -1:
        raise ValueError(f"{steps} would train nothing; -1 is no limit")
    return steps


SomeLimit = Annotated[Limit, AfterValidator(_some)]


class TrainerConfig(Section):
    """conf/trainer: the arguments of Lightning's Trainer.

    Attributes:
        accelerator: auto, cpu, gpu, cuda or mps.
        devices: how many, or which, e.g. [0,2]; auto for all.
        num_nodes: machines.
        strategy: how several devices work together, auto or ddp.
        rank_timeout_s: end a run of several processes when one gives no sign of life for so many seconds.
        precision: 32-true, 64-true, bf16-true, bf16-mixed, or on GPUs 16-mixed.
        max_epochs: times through the training data.
        max_steps: stop after so many optimizer steps; -1 for no limit.
        limit_train_batches: batches of a training epoch, a number, or up to 1.0 a share.
        limit_val_batches: the same for validation; 0 switches it off.
        limit_test_batches: the same for testing; 0 switches it off.
        check_val_every_n_epoch: validate after every so many epochs.
        gradient_clip_val: largest norm of the gradient; None for no limit.
        gradient_clip_algorithm: norm, or value to clip each number by itself.
        accumulate_grad_batches: batches whose mean makes one step; the last step of an epoch may have fewer.
        log_every_n_steps: steps between two records of loss, learning rate and gradient norm.
        deterministic: refuse operations that may differ from run to run (GPU).
        detect_anomaly: name the operation that made a NaN; slow.
        profiler: simple, advanced or pytorch; its report goes into the run folder.
    """

    accelerator: Literal["auto", "cpu", "gpu", "cuda", "mps"] = "auto"
    devices: Count | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | Literal["auto"] = 1
    num_nodes: Count = 1
    strategy: str = "auto"
    rank_timeout_s: Positive = 300.0
    precision: Literal["32-true", "64-true", "16-mixed", "bf16-mixed", "bf16-true"] = "32-true"
    max_epochs: Count = 15
    max_steps: Annotated[int, AfterValidator(_some_steps)] = -1
    limit_train_batches: SomeLimit = 1.0
    limit_val_batches: Limit = 1.0
    limit_test_batches: Limit = 1.0
    check_val_every_n_epoch: Count = 1
    gradient_clip_val: NotNegative | None = 5.0
    gradient_clip_algorithm: Literal["norm", "value"] = "norm"
    accumulate_grad_batches: Count = 1
    log_every_n_steps: Count = 20
    deterministic: bool = False
    detect_anomaly: bool = False
    profiler: Literal["simple", "advanced", "pytorch"] | None = None

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
        """Return what a machine lacks for these settings; None if nothing.

        Args:
            gpus: a function that returns the number of CUDA's GPUs, None if unknown; called only if needed.
            mps: a function that returns whether a Mac's GPU can be used.
        """
        name = self.accelerator
        if (name in ("gpu", "cuda") and gpus() == 0) or (name == "mps" and not mps()):
            return f"trainer.accelerator: this machine has no {name}; use trainer.accelerator=cpu or auto"
        uses_mps = name in ("auto", "gpu", "mps") and mps()
        needs_gpu = isinstance(self.devices, list) or self.precision == "16-mixed"
        is_bare = needs_gpu and (name == "cpu" or not (uses_mps or gpus() != 0))
        if reason := self._unsupported_devices(gpus, is_bare=is_bare):
            return reason
        if self.precision == "16-mixed" and is_bare:
            return "trainer.precision=16-mixed needs a GPU; on the CPU use bf16-mixed"
        if self.precision == "64-true" and uses_mps and gpus() == 0:
            return "trainer.precision=64-true: mps has no float64; use trainer.accelerator=cpu"
        return None

    def _unsupported_devices(self, gpus: Callable[[], int | None], *, is_bare: bool) -> str | None:
        """Return why a machine, or one without a GPU to use, has no such devices; None if it has."""
        devices = self.devices
        if isinstance(devices, list):
            if is_bare:
                return f"trainer.devices={devices} names GPUs, and there is none to use; give a number"
            if len(set(devices)) < len(devices):
                return f"trainer.devices={devices} names a GPU twice"
        wanted = max(devices) + 1 if isinstance(devices, list) else devices
        if self.accelerator in ("auto", "gpu", "cuda") and wanted != "auto" and wanted > 1:
            found = gpus()
            if found and wanted > found:
                return f"trainer.devices={devices}: this machine has {found} GPUs, numbered from 0"
        return None


PREDICTIONS = 100_000
"""Rows of predictions.csv or .parquet, if nothing else is said."""


class CallbacksConfig(Section, extra="allow"):
    """conf/callbacks, and any callback with its own key.

    Attributes:
        early_stopping_patience: stop after this number of validations without a better score.
        weight_average: score and keep an exponential average of the weights, e.g. 0.999.
        average_after: score and keep the mean of the weights of all steps since this number of validations
            brought no better score (averaged SGD, with optimizer=sgd scheduler=none).
        unfreeze_every: train the head alone at first, and one part more, from the top, after this number of
            epochs.
        score_balanced: also score training samples, sampled uniformly over classes, as "balanced/…".
        diagnostics_every: measure gradient flow, gates and memory after every so many epochs; see
            diagnostics.yaml.
        diagnostics_samples: validation sequences on which they are measured.
        figures: draw loss, accuracy and confusion matrices into figures/.
        predictions: rows of predictions.csv, the test predictions, evenly spread if there are more; 0 or
            False for none.
        predictions_format: "csv", or "parquet" for predictions.parquet, which needs seqlab[tables].
    """

    __pydantic_extra__: dict[str, Annotated[SerializeAsAny[Part], CHOICES["callbacks"].validator]]
    early_stopping_patience: Count | None = None
    weight_average: Annotated[float, Field(gt=0, lt=1)] | None = None
    average_after: Count | None = None
    unfreeze_every: Count | None = None
    score_balanced: bool = False
    diagnostics_every: Count | None = None
    diagnostics_samples: Count = 16
    figures: bool = True
    predictions: bool | Annotated[int, Field(ge=0)] = PREDICTIONS
    predictions_format: Literal["csv", "parquet"] = "csv"

    @model_validator(mode="after")
    def _one_average(self) -> "CallbacksConfig":
        if self.weight_average and self.average_after:
            raise ValueError("weight_average and average_after are two averages of the weights; set one")
        return self

    @property
    def prediction_rows(self) -> int:
        """How many rows the predictions have at most; yes is the usual number."""
        return PREDICTIONS if self.predictions is True else int(self.predictions)

    @property
    def parts(self) -> dict[str, Part]:
        """The callbacks that have their own keys."""
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
    """conf/checkpoint.

    Attributes:
        every_steps: optimizer steps from one to the next.
        every_minutes: minutes since the last one.
    """

    every_steps: Count | None = None
    every_minutes: Positive | None = None


class FiguresConfig(Section):
    """conf/figures.

    Attributes:
        format: png, pdf or svg, or several of them; a report shows those in png.
        dpi: dots per inch of png.
    """

    format: Annotated[list[Literal["png", "pdf", "svg"]], BeforeValidator(as_list), Field(min_length=1)] = [
        "png"
    ]
    dpi: Annotated[int, Field(ge=30, le=1200)] = 120


class LoggerConfig(Section, extra="allow"):
    """conf/logger: one or several, each with its own key."""

    __pydantic_extra__: dict[str, Annotated[SerializeAsAny[Part], CHOICES["logger"].validator]]

    @property
    def parts(self) -> dict[str, Part]:
        """The loggers by key."""
        return self.__pydantic_extra__

    @model_validator(mode="before")
    @classmethod
    def _none_is_alone(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or "none" not in raw:
            return raw
        if len(raw) > 1:
            raise ValueError("none cannot be combined; leave it out of the list, or the others")
        return {}
