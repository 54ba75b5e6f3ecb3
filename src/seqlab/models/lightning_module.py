"""The LightningModule for any cell, data and task."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
import torch
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from seqlab.cells import State
from seqlab.compat.lightning import restore_loader_places
from seqlab.data.batches import Batch
from seqlab.data.spec import DataSpec
from seqlab.errors import ConfigError, SeqlabError, failure, near
from seqlab.models.arguments import is_simple, named, of_task, plain
from seqlab.models.malloc import keep_large_blocks
from seqlab.models.notebook import table_of
from seqlab.models.optimizers import optimizer_of
from seqlab.models.schedulers import LENGTHS, make_scheduler, restore_rate
from seqlab.models.sequence_model import SequenceModel
from seqlab.models.steps import CheckedSteps, length_of
from seqlab.nn.decoders import Autoregressive, TeacherForcing
from seqlab.nn.parts import InputSpec
from seqlab.tasks import Task, tasks
from seqlab.tasks.further import FurtherScores

OF_DATA = ("inputs", "output_size", "output_steps")
"""The arguments of ``SequenceModel`` that data and task determine."""


class SequenceModule(CheckedSteps):
    """A network, a task, an optimizer and a schedule.

    A checkpoint contains the arguments that are simple values; parts that are modules are given again to
    ``load_from_checkpoint``.

    Example:
        >>> spec = {"kind": "tokens", "input_size": 30, "classes": ["Greek", "Irish"]}
        >>> module = SequenceModule(spec, cell="gru", hidden_size=8)
        >>> module(torch.ones(2, 5, dtype=torch.int64), torch.tensor([5, 3])).shape
        torch.Size([2, 2])

    Args:
        spec: the description of the data, ``data.spec``, or its plain values (``DataSpec.as_dict()``).
        model: arguments of ``SequenceModel`` as a mapping; ``network`` comes before it.
        task: its name, if it is not that of the data's problem type; or a mapping of its ``name``, its
            settings, such as ``label_smoothing``, and ``metrics``, further scores: names, or settings by
            name.
        optimizer: its name or path; or a mapping of that, ``name``, the arguments of the class, and grouping,
            see ``optimizer_of``. None for AdamW with a learning rate of 0.004.
        scheduler: its name or path; or a mapping of that, ``name``, and its settings, see ``make_scheduler``.
        network: arguments of ``SequenceModel``: cell, hidden_size, num_layers, …, or parts of your own.

    Raises:
        ConfigError: an argument is unknown, or a part does not fit another.
    """

    def __init__(
        self,
        spec: DataSpec | Mapping[str, Any],
        *,
        model: Mapping[str, Any] | None = None,
        task: str | Mapping[str, Any] | None = None,
        optimizer: str | Mapping[str, Any] | None = None,
        scheduler: str | Mapping[str, Any] | None = None,
        **network: Any,
    ) -> None:
        super().__init__()
        of_data, network = plain(spec), plain({**(model or {}), **network})
        settings = of_task(task)
        self.optimizer_settings = {"name": "adamw"} | (named("optimizer", optimizer) or {"lr": 4e-3})
        self.scheduler_settings = {"name": "none"} | named("scheduler", scheduler)
        self.save_hyperparameters(
            {
                "spec": of_data,
                "model": {name: value for name, value in network.items() if is_simple(value)},
                "task": dict(settings),
                "optimizer": self.optimizer_settings,
                "scheduler": self.scheduler_settings,
            },
            logger=False,
        )
        further = settings.pop("metrics", None) or {}
        name = settings.pop("name", None) or of_data.get("task", "classification")
        self.task = _task_of(name, of_data, settings)
        self.is_carried = bool(of_data.get("is_carried"))
        self.carried: dict[str, State] = {}
        self.further = FurtherScores(self.task, further)
        _refuse_unknown(network)
        inputs = replace(InputSpec.of(of_data), location=self.task.location)
        self.model = SequenceModel(inputs, self.task.output_size, self.task.output_steps, **network)
        if self.is_carried:
            self.model.check_carry()
        if self.model.instance_norm is not None:
            self.task.read_in_units_of(self.model.instance_norm)

    def kept_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return arguments, of a subclass too, with a DataSpec as a plain dict: no logger takes another."""
        return {
            name: plain(value) if isinstance(value, DataSpec) else value for name, value in arguments.items()
        }

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the outputs, [B, output_size], for a right-padded batch: x [B, T] or [B, T, F], lengths [B].

        For a task with outputs at S steps they are [B, S, output_size].
        """
        outputs: Tensor = self.model(x, lengths)
        return outputs

    def _repr_html_(self) -> str:
        """Return what is learnt, and how, with a table of the network's parts, as notebooks show it."""
        chosen = {"task": type(self.task).__name__, "optimizer": self.optimizer_settings["name"]}
        chosen["scheduler"] = self.scheduler_settings["name"]
        told = ", ".join(f"{name} {value}" for name, value in chosen.items())
        return f"<p>SequenceModule: {escape(told)}</p>{table_of(self.model)}"

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Check that the weights are finite before they are saved, with arguments that can be read again."""
        self.settle()
        # A subclass may have saved its own, with numbers of numpy.
        arguments = checkpoint.get(self.CHECKPOINT_HYPER_PARAMS_KEY, {})
        checkpoint[self.CHECKPOINT_HYPER_PARAMS_KEY] = plain(arguments)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the length of the schedule: a resumed run may be longer."""
        for state in checkpoint.get("lr_schedulers", ()):  # weights alone may be saved without them
            for name in LENGTHS:
                state.pop(name, None)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a training batch with penalties; a last group of fewer batches weighs right."""
        loss = self._step("train", batch.repeated(self.task.passes))
        penalty = self.model.take_penalty()
        loss = loss if penalty is None else loss + penalty
        # Lightning divides by the size of a full group; an epoch's last group may be smaller.
        whole, size = self.trainer.accumulate_grad_batches, self.group_size(batch_idx)
        return loss if size == whole else loss * (whole / size)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        """Update the scores with a validation batch."""
        self._step("val", batch)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:  # noqa: ARG002
        """Update the scores with a test batch, or with balanced training samples from the second loader."""
        stage = ("test", "balanced")[dataloader_idx]
        self._step(stage, batch)
        for place, windows in self.task.windowed(batch) if stage == "test" else ():
            self.task.step_windows(place, self(windows.x, windows.lengths), windows)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:  # noqa: ARG002
        """Return the predictions in readable units: probabilities [B, C], or forecasts [B, horizon, K]."""
        outputs = self._outputs("predict", batch)
        return self.task.predict(outputs, batch.x)[batch.ids >= 0]  # others only fill a rank's last batch

    def on_fit_start(self) -> None:
        """Have each process draw masks of its own, the first those of a single one, and keep its memory."""
        keep_large_blocks()
        if self.global_rank:  # Lightning has seeded all alike
            random = np.random.default_rng((torch.initial_seed(), self.global_rank))
            torch.manual_seed(int(random.integers(2**63)))

    def on_train_start(self) -> None:
        """Restore the position of the loader in a resumed epoch, and the learning rate of a longer run.

        ``length_of``, which schedules need, makes the loader before Lightning 2.6.6 reads the position from
        the checkpoint, and Lightning does not restore it later.
        """
        super().on_train_start()
        restore_loader_places(self.trainer)
        for schedule in self.trainer.lr_scheduler_configs:
            restore_rate(schedule.scheduler)

    def on_train_epoch_start(self) -> None:
        """Reset the training scores and the carried states."""
        self.task.reset("train")
        self.carried.pop("train", None)

    def on_validation_epoch_start(self) -> None:
        """Reset the validation scores, after the weights are known to be finite."""
        self.settle()
        self.reset("val")

    def on_test_epoch_start(self) -> None:
        """Reset the test scores."""
        self.reset("test")
        self.reset("balanced")

    def on_predict_epoch_start(self) -> None:
        """Reset the carried state."""
        self.carried.pop("predict", None)

    def on_train_epoch_end(self) -> None:
        """Log the training scores of the epoch, computed with the weights at each batch."""
        self.settle()
        self._log_epoch("train")

    def on_validation_epoch_end(self) -> None:
        """Log the validation scores."""
        self._log_epoch("val")

    def on_test_epoch_end(self) -> None:
        """Log the test scores."""
        self._log_epoch("test")

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make the optimizer and its schedule."""
        fused = self.trainer.precision != "16-mixed"
        optimizer = optimizer_of(self, self.model, self.optimizer_settings, fused=fused)
        length = length_of(self.trainer)
        schedule = make_scheduler(
            optimizer,
            self.scheduler_settings,
            total_steps=length.steps,
            total_epochs=length.epochs,
            steps_per_epoch=length.steps_per_epoch,
            validation_every=self.trainer.check_val_every_n_epoch or 1,
        )
        if schedule is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": schedule}  # type: ignore[return-value]

    def _step(self, stage: str, batch: Batch) -> Tensor:
        return self.score(stage, self._outputs(stage, batch), batch)

    def _outputs(self, stage: str, batch: Batch) -> Tensor:
        """Return the outputs for a batch.

        Raises:
            ConfigError: they are not as many as the task reads.
        """
        outputs = self._forward(stage, batch)
        steps = outputs.shape[1:2] if self.task.output_steps else ()
        if outputs.shape != (expected := (len(batch.x), *steps, self.task.output_size)):
            head, pooling = type(self.model.head).__name__, type(self.model.pooling).__name__
            read = "" if self.task.output_steps else f" of what pooling {pooling} returns"
            raise ConfigError(
                f"head {head} makes {list(outputs.shape)}{read}, and task {type(self.task).__name__} reads "
                f"{list(expected)}; return one vector a sequence from a pooling, and from a head as many "
                "numbers as it is asked for"
            )
        return outputs

    def _forward(self, stage: str, batch: Batch) -> Tensor:
        if self.is_carried:
            return self._carry(stage, batch)
        if stage == "train" and (probability := self._teacher_forcing()):
            told = TeacherForcing(self.task.decoder_targets(batch), probability)
            forced: Tensor = self.model(batch.x, batch.lengths, told)
            return forced
        outputs: Tensor = self(batch.x, batch.lengths)
        return outputs

    def _teacher_forcing(self) -> float:
        """Return the probability with which a decoder reads the truth in this step of training."""
        if not isinstance(self.model.decoder, Autoregressive):
            return 0.0
        begin, end = self.model.forcing
        done = self.global_step / max(length_of(self.trainer).steps, 1)
        return begin + (end - begin) * min(done, 1.0)

    def _carry(self, stage: str, batch: Batch) -> Tensor:
        """Return the outputs for a batch whose rows continue those of the previous one, without gradients.

        What comes after a row to ignore begins from zeros.
        """
        outputs, state = self.model.carry(batch.x, batch.lengths, self.carried.get(stage))
        goes_on = (batch.ids >= 0)[:, None]
        cut = {name: torch.where(goes_on, one.detach(), 0) for name, one in state.items()}
        self.carried[stage] = State(cut)
        return outputs

    def reset(self, stage: str) -> None:
        """Begin the scores of a stage anew, and its states from zeros."""
        self.carried.pop(stage, None)
        self.task.reset(stage)
        self.further.reset(stage)

    def score(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the loss of outputs for a batch, and add them to the scores of a stage.

        Raises:
            ConfigError: a task of one's own returns something else.
        """
        self.further.update(self.task, stage, outputs, batch)
        loss = self.task.step(stage, outputs, batch)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            what = f"a tensor of {loss.numel()} numbers" if isinstance(loss, Tensor) else type(loss).__name__
            raise ConfigError(f"task {type(self.task).__name__}: step returns {what}, not the mean loss")
        return loss

    def scores(self, *stages: str) -> dict[str, float]:
        """Return all scores of stages since their last reset, of further metrics too: ``{"val/loss": …}``.

        Raises:
            ConfigError: a task of one's own computes no loss.
        """
        return {
            f"{stage}/{name}": value
            for stage in stages
            for name, value in (self._computed(stage) | self.further.compute(self.task, stage)).items()
        }

    def _computed(self, stage: str) -> dict[str, float]:
        found = self.task.compute(stage)
        if not isinstance(found, dict) or "loss" not in found:
            name = type(self.task).__name__
            raise ConfigError(f"task {name}: compute({stage!r}) returns no 'loss'; add the mean loss")
        return found

    def _log_epoch(self, stage: str) -> None:
        trainer = self.trainer
        # A step of one's own need not score its batches; their loss would be 0.
        if trainer.sanity_checking or not self.task.has_scores(stage):
            return
        metrics = self.scores(stage)
        if trainer.state.fn != TrainerFn.FITTING:
            # What Lightning logs, validate() and test() return, here without rounding it.
            dtype = torch.float32 if self.device.type == "mps" else torch.float64
            exact = {name: torch.tensor(value, dtype=dtype) for name, value in metrics.items()}
            self.log_dict(exact, on_step=False, on_epoch=True, batch_size=1)
            return
        # Lightning would log an epoch only after its last checkpoint is written, which would lack it.
        self.log_dict(metrics, on_step=False, on_epoch=True, batch_size=1, logger=False)
        # A resumed run repeats what was logged at the step of last.ckpt, and keeps what was logged before.
        step = max(self.global_step - 1, 0)
        for logger in self.loggers:
            logger.log_metrics(metrics | {"epoch": self.current_epoch}, step=step)


def _task_of(name: str, of_data: Mapping[str, Any], settings: Mapping[str, Any]) -> Task:
    try:
        return tasks[name].of(of_data, settings)
    except SeqlabError:
        raise
    except Exception as error:
        raise ConfigError(f"task '{name}': {failure(error)}") from error


def _refuse_unknown(arguments: Iterable[str]) -> None:
    known = [name for name in inspect.signature(SequenceModel).parameters if name not in OF_DATA]
    for name in arguments:
        if name not in known:
            raise ConfigError(f"SequenceModule has no argument '{name}'; {near(name, known)}")
