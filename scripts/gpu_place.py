"""Where scripts/gpu_check.py tries things, and what its parts yield."""

from dataclasses import dataclass
from typing import Any

import torch

Row = dict[str, Any]
"""Plain values; ``ok`` says whether they are what they must be."""

ENGINES = ("torch", "eager", "reference")
"""Those that run on a GPU."""


@dataclass(frozen=True)
class Place:
    """Where the parts run: a device, and whether everything is tiny."""

    device: str
    quick: bool

    @property
    def settings(self) -> list[str]:
        """The device as settings of a run."""
        return [f"trainer.accelerator={'gpu' if self.device == 'cuda' else 'cpu'}", "trainer.devices=1"]


def peak(place: Place) -> float | None:
    """Return the most memory taken on the GPU since the last call, in MiB."""
    if place.device != "cuda":
        return None
    most = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return round(most, 1)
