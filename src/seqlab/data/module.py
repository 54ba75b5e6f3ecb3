"""The LightningDataModule: three splits of a data set, and their loaders."""

from html import escape
from typing import TYPE_CHECKING

import torch
from lightning.pytorch import LightningDataModule

from seqlab.data.batches import Batch, Samples
from seqlab.data.dataset import Dataset
from seqlab.data.loader import BatchLoader, Order
from seqlab.data.spec import DataSpec
from seqlab.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

EVALUATION = 256
"""Minimum batch size in evaluation; scores do not depend on it."""
SHOWN = 5
"""Samples that a notebook shows."""


class SequenceData(LightningDataModule):
    """A LightningDataModule with batches (x, lengths, y, ids) of a data set.

    Args:
        dataset: the data set to read.
        seed: of the order of the training batches.

    Example:
        >>> data = SequenceData(Names(source="sample"))  # doctest: +SKIP
        >>> data.spec.classes  # doctest: +SKIP
    """

    def __init__(self, dataset: Dataset, *, seed: int = 0) -> None:
        super().__init__()
        self.dataset, self.seed = dataset, seed
        self.samples: Mapping[str, Samples] = {}

    @property
    def spec(self) -> DataSpec:
        """The description of the data, which are read if they are not yet."""
        self.setup()
        return self._spec

    def __repr__(self) -> str:
        """Return the data set and, once it is read, how many samples a split has."""
        sizes = "".join(f", {len(samples)} {split}" for split, samples in self.samples.items())
        return f"{type(self).__name__}({self.dataset.name}{sizes})"

    __str__ = __repr__  # Lightning's fails on named tuples, such as our batches

    def _repr_html_(self) -> str:
        """Return the sizes and the first training samples, if they are read, as notebooks show them."""
        count = min(SHOWN, len(self.samples.get("train", ())))
        items = "".join(f"<li>{escape(self.describe('train', number))}</li>" for number in range(count))
        return f"<p>{escape(repr(self))}</p><ol>{items}</ol>"

    def describe(self, split: str, index: int) -> str:
        """Return sample ``index`` of a split in readable form; the data are read if they are not yet."""
        self.setup()
        return self._describe(split, index)

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002 (Lightning names it)
        """Read the data once, in whichever stage comes first.

        Raises:
            DataError: a file is missing or malformed, or a split has no samples.
        """
        if self.samples:
            return
        self._spec, self.samples, self._describe = self.dataset.load()
        for split, samples in self.samples.items():
            if not len(samples):
                raise DataError(
                    f"{self._spec.path or self._spec.origin}: '{split}' has no samples; add data, "
                    "or change data.val_share and data.test_share"
                )

    def train_dataloader(self) -> BatchLoader:
        """Return the training batches, in another order every epoch, or to overfit some in the same order."""
        trainer, order = self.trainer, self.dataset.order
        is_overfit = trainer is not None and trainer.overfit_batches > 0  # type: ignore[attr-defined]
        return self._loader("train", "given" if is_overfit and order != "streams" else order)

    def val_dataloader(self) -> BatchLoader:
        """Return the validation batches."""
        return self._loader("val", self._evaluated, EVALUATION)

    def test_dataloader(self) -> BatchLoader:
        """Return the test batches."""
        return self._loader("test", self._evaluated, EVALUATION)

    def predict_dataloader(self) -> BatchLoader:
        """Return the test batches for ``Trainer.predict``, in the order of the samples, or of the streams."""
        order: Order = "streams" if self.dataset.order == "streams" else "given"
        return self._loader("test", order, EVALUATION)

    def balanced_dataloader(self) -> BatchLoader:
        """Return training samples drawn with balanced sampling over classes."""
        return self._loader("train", "balanced", EVALUATION)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Copy a batch to the device; to a GPU through pinned memory, so that the copy does not block."""
        if device.type == "cuda":
            batch = Batch(*(part.pin_memory() for part in batch))
        moved: Batch = super().transfer_batch_to_device(batch, device, dataloader_idx)
        return moved

    @property
    def _evaluated(self) -> Order:
        return "streams" if self.dataset.order == "streams" else "sequential"

    def _loader(self, split: str, order: Order, at_least: int = 1) -> BatchLoader:
        self.setup()
        trainer = self.trainer
        rank, world_size = (trainer.global_rank, trainer.world_size) if trainer is not None else (0, 1)
        return BatchLoader(
            self.samples[split],
            max(self.dataset.batch_size, at_least),
            order=order,
            seed=self.seed,
            rank=rank,
            world_size=world_size,
        )
