"""Gradient flow, gates and memory of the network during training, on the same few sequences each time."""

from functools import partial

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from seqlab.config.trainer import FiguresConfig
from seqlab.data import Batch, SequenceData
from seqlab.data.streams.samples import StreamSamples
from seqlab.diagnostics.snapshot import take_snapshot
from seqlab.errors import RunError
from seqlab.io.safe_read import UnreadableError
from seqlab.models.lightning_module import SequenceModule
from seqlab.runs.diagnostics_file import LayerSnapshot, Snapshot, read_snapshots, write_snapshots
from seqlab.runs.folder import RunFolder
from seqlab.training.results import save_figures


class Diagnostics(Callback):
    """Measures before training, every few epochs and after the last one, and draws figures at the end.

    Measuring does not change the result of a run, bit for bit. Only rank 0 measures, in the precision of the
    weights.

    Args:
        folder: the run folder.
        every: epochs between two measurements.
        samples: number of validation sequences that are measured, evenly spaced.
        figures: the files of the figures; None to draw none.
        title: the title of the figures.
    """

    def __init__(
        self, folder: RunFolder, *, every: int, samples: int, figures: FiguresConfig | None, title: str
    ) -> None:
        self.folder, self.every, self.samples = folder, every, samples
        self.figures, self.title = figures, title
        self._measured = -1

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        assert isinstance(pl_module, SequenceModule)  # noqa: S101 (there is no other)
        pl_module.model.check_stepwise("callbacks=diagnostics")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.global_step == 0:
            self._measure(trainer, pl_module, 0)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if (trainer.current_epoch + 1) % self.every == 0:
            self._measure(trainer, pl_module, trainer.current_epoch + 1)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._measured != trainer.current_epoch:
            self._measure(trainer, pl_module, trainer.current_epoch)
        if self.figures and trainer.is_global_zero:
            self._draw(trainer, self.figures)

    def state_dict(self) -> dict[str, int]:
        return {"measured": self._measured}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        self._measured = state_dict["measured"]

    def _measure(self, trainer: Trainer, module: LightningModule, epoch: int) -> None:
        self._measured = epoch
        if not trainer.is_global_zero:
            return
        assert isinstance(module, SequenceModule)  # noqa: S101 (there is no other)
        device = module.device  # the CPU at the end of training
        probe = trainer.strategy.batch_to_device(self._probe(trainer), device)
        with torch.autocast(device.type, enabled=False):
            found = take_snapshot(module, probe, epoch=epoch, step=trainer.global_step)
        # A resumed run repeats measurements after its checkpoint, and drops one at its former end if it
        # trains longer.
        before = [one for one in self._snapshots() if one.epoch < epoch and one.epoch % self.every == 0]
        write_snapshots(self.folder.diagnostics, [*before, found])
        step = max(trainer.global_step - 1, 0)
        for logger in trainer.loggers:
            logger.log_metrics(_scalars(found), step=step)
            if isinstance(logger, TensorBoardLogger):
                _log_histograms(logger, found, step)

    def _snapshots(self) -> list[Snapshot]:
        file = self.folder.diagnostics
        try:
            return read_snapshots(file)
        except UnreadableError as error:
            raise RunError(f"{file} {error}; remove it, then resume the run") from error

    def _probe(self, trainer: Trainer) -> Batch:
        samples = _data_of(trainer).samples["val"]
        if isinstance(samples, StreamSamples):
            return samples.probe(self.samples)
        count = min(self.samples, len(samples))
        return samples.batch(torch.linspace(0, len(samples) - 1, count).round().long())

    def _draw(self, trainer: Trainer, files: FiguresConfig) -> None:
        from seqlab.diagnostics.figures import draw  # noqa: PLC0415 (slow, and not needed before training)

        title = _data_of(trainer).spec.headed(self.title)
        figures = partial(draw, self._snapshots(), title)
        save_figures(figures, self.folder.figures, trainer.loggers, trainer.global_step, files)


def _data_of(trainer: Trainer) -> SequenceData:
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, SequenceData)  # noqa: S101 (there is no other)
    return data


def _log_histograms(logger: TensorBoardLogger, found: Snapshot, step: int) -> None:
    for layer in found.layers:
        for name, gate in layer.gates.items():
            counts, edges = np.array(gate.counts), np.array(gate.edges)
            middles = (edges[1:] + edges[:-1]) / 2
            logger.experiment.add_histogram_raw(
                f"{_place(layer)}/{name.replace(' ', '_')}",
                min=edges[0],
                max=edges[-1],
                num=counts.sum(),
                sum=counts @ middles,
                sum_squares=counts @ middles**2,
                bucket_limits=edges[1:].tolist(),
                bucket_counts=gate.counts,
                global_step=step,
            )


def _place(layer: LayerSnapshot) -> str:
    return f"diagnostics/{layer.name.replace(' ', '_')}"


def _scalars(found: Snapshot) -> dict[str, float]:
    """Return the values that are logged, by name."""
    scalars = {"diagnostics/half_length": found.half_length}
    for layer in found.layers:
        place = _place(layer)
        scalars[f"{place}/growth_rate"] = layer.growth_rate
        for name, gate in layer.gates.items():
            if gate.is_gate and gate.shut is not None and gate.open is not None:
                saturated = [sum(shares) for shares in zip(gate.shut, gate.open, strict=True)]
                scalars[f"{place}/saturation_{name.replace(' ', '_')}"] = sum(saturated) / len(saturated)
    return scalars
