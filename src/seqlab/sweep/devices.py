"""The devices of the jobs of a sweep. The parent process never initialises a GPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seqlab.errors import ConfigError
from seqlab.io.devices import cores, visible_gpus


@dataclass(frozen=True)
class Slot:
    """Resources for one job at a time: the numbers of its GPUs (none for CPU only) and of its threads."""

    devices: tuple[str, ...]
    threads: int

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a job in this slot."""
        threads = {"OMP_NUM_THREADS": str(self.threads)}
        return threads | ({"CUDA_VISIBLE_DEVICES": ",".join(self.devices)} if self.devices else {})


def make_slots(
    devices: Sequence[int] | Literal["auto"], *, jobs_per_device: int, gpus_per_job: int
) -> list[Slot]:
    """Divide the machine among jobs that run at the same time.

    Args:
        devices: GPUs by number, or "auto" for all visible ones.
        jobs_per_device: jobs on one device at a time; without GPUs, on the CPU.
        gpus_per_job: GPUs per job; 1 if there are none.

    Raises:
        ConfigError: a GPU does not exist, or a job needs more GPUs than there are.
    """
    there = visible_gpus()
    names = there if devices == "auto" else [str(device) for device in devices]
    found = f"the GPUs here are {', '.join(there)}" if there else "no GPU is visible here"
    if missing := [name for name in names if name not in there]:
        asked = f"launcher.devices=[{','.join(names)}]"
        raise ConfigError(f"{asked}: GPU {missing[0]} does not exist; {found}; use launcher.devices=auto")
    if gpus_per_job > max(1, len(names)):
        few = found if devices == "auto" else f"launcher.devices names {len(names)}"
        raise ConfigError(f"launcher.gpus_per_job={gpus_per_job} is more than the available GPUs: {few}")
    groups = [
        tuple(names[first : first + gpus_per_job])
        for first in range(0, len(names) - gpus_per_job + 1, gpus_per_job)
    ] or [()]
    places = groups * jobs_per_device
    threads = max(1, cores() // len(places))
    return [Slot(group, threads) for group in places]
