"""What every data set has in common: three splits, their loaders, and the spec it declares."""

from abc import abstractmethod
from collections.abc import Mapping

import torch
from lightning.pytorch import LightningDataModule

from seqlab.data.batches import Batch, Samples
from seqlab.data.loader import BatchLoader, Order
from seqlab.data.spec import DataSpec
from seqlab.errors import DataError

EVALUATION = 256
"""Rows in a batch for evaluation, if training has fewer: scores do not depend on it."""


class SequenceData(LightningDataModule):
    """A LightningDataModule of (x, lengths, y, ids) batches. A data set fills in ``load`` and ``describe``.

    Args:
        batch_size: rows in a training batch of one process.
        sampling: "all" for every training sample once an epoch, "by_class" for draws uniform over classes.
        limit_train_samples: take only so many training samples, or None.
        seed: decides the order of the training batches.
    """

    def __init__(
        self, *, batch_size: int, sampling: str = "all", limit_train_samples: int | None = None, seed: int = 0
    ) -> None:
        super().__init__()
        self.batch_size, self.seed = batch_size, seed
        self.train_order: Order = "by_class" if sampling == "by_class" else "shuffled"
        self.limit_train_samples = limit_train_samples
        self.samples: Mapping[str, Samples] = {}

    @property
    def spec(self) -> DataSpec:
        """What this data set declares; known after ``setup``."""
        return self._spec

    @abstractmethod
    def load(self) -> tuple[DataSpec, Mapping[str, Samples]]:
        """Read the files; return the spec and the samples of "train", "val" and "test".

        Raises:
            DataError: a file is missing or malformed.
        """

    @abstractmethod
    def describe(self, split: str, index: int) -> str:
        """Return sample ``index`` of a split as a person would write it."""

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002 (Lightning names it)
        """Read the data once, whichever stage asks first.

        Raises:
            DataError: a file is missing or malformed, or a split has no samples.
        """
        if self.samples:
            return
        self._spec, self.samples = self.load()
        for split, samples in self.samples.items():
            if not len(samples):
                raise DataError(
                    f"{self._spec.path}: no samples are left for '{split}'; add data, or change "
                    "data.val_share and data.test_share"
                )

    def train_dataloader(self) -> BatchLoader:
        """Return the training batches, in another order every epoch."""
        return self._loader("train", self.train_order)

    def val_dataloader(self) -> BatchLoader:
        """Return the validation batches."""
        return self._loader("val", "sequential", EVALUATION)

    def test_dataloader(self) -> BatchLoader:
        """Return the test batches."""
        return self._loader("test", "sequential", EVALUATION)

    def drawn_dataloader(self) -> BatchLoader:
        """Return training samples drawn uniformly over classes: the classroom's way to score."""
        return self._loader("train", "by_class", EVALUATION)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Copy a batch to the device; to a GPU through pinned memory, else the copy is waited for."""
        if device.type == "cuda":
            batch = Batch(*(part.pin_memory() for part in batch))
        moved: Batch = super().transfer_batch_to_device(batch, device, dataloader_idx)
        return moved

    def _loader(self, split: str, order: Order, at_least: int = 1) -> BatchLoader:
        trainer = self.trainer
        rank, world_size = (trainer.global_rank, trainer.world_size) if trainer is not None else (0, 1)
        return BatchLoader(
            self.samples[split],
            max(self.batch_size, at_least),
            order=order,
            seed=self.seed,
            rank=rank,
            world_size=world_size,
        )
