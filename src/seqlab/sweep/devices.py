"""Which devices the jobs of a sweep get: the parent never touches a GPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seqlab.errors import ConfigError
from seqlab.io.devices import cores, visible_gpus


@dataclass(frozen=True)
class Slot:
    """A place for one job at a time: devices by number, none for the processor alone, and its threads."""

    devices: tuple[str, ...]
    threads: int

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a job in this slot."""
        threads = {"OMP_NUM_THREADS": str(self.threads)}
        return threads | ({"CUDA_VISIBLE_DEVICES": ",".join(self.devices)} if self.devices else {})


def make_slots(
    devices: Sequence[int] | Literal["auto"], *, jobs_per_device: int, gpus_per_job: int
) -> list[Slot]:
    """Share the machine out among jobs that run at the same time.

    Args:
        devices: GPUs by number, or "auto" for all that are visible.
        jobs_per_device: jobs on one device at a time; without GPUs, on the processor.
        gpus_per_job: devices of one job; 1 where there are no GPUs.

    Raises:
        ConfigError: a GPU is not there, or a job needs more of them than there are.
    """
    there = visible_gpus()
    names = there if devices == "auto" else [str(device) for device in devices]
    found = f"the GPUs here are {', '.join(there)}" if there else "no GPU is visible here"
    if missing := [name for name in names if name not in there]:
        asked = f"launcher.devices=[{','.join(names)}]"
        raise ConfigError(f"{asked}: there is no GPU {missing[0]}; {found}; use launcher.devices=auto")
    if gpus_per_job > max(1, len(names)):
        few = found if devices == "auto" else f"launcher.devices names {len(names)}"
        raise ConfigError(f"launcher.gpus_per_job={gpus_per_job} is more than there are: {few}")
    groups = [
        tuple(names[first : first + gpus_per_job])
        for first in range(0, len(names) - gpus_per_job + 1, gpus_per_job)
    ] or [()]
    places = groups * jobs_per_device
    threads = max(1, cores() // len(places))
    return [Slot(group, threads) for group in places]
