"""One point of a sweep: its overrides, its folder, and its progress."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seqlab.config.exit_codes import TRACE_HINT
from seqlab.config.model import title_of
from seqlab.config.renamed import present_overrides
from seqlab.runs.folder import RunFolder
from seqlab.runs.record import recorded

COMPLAINT = "seqlab: "
"""The prefix of an error message on stderr."""


@dataclass(frozen=True)
class Job:
    """A point of a sweep.

    Attributes:
        number: the number of the job, from 0.
        title: the overrides that differ from those of other jobs.
        overrides: all overrides, as on the command line.
        folder: the folder of its run.
        config: its composed configuration, including the section ``hydra``.
    """

    number: int
    title: str
    overrides: tuple[str, ...]
    folder: Path
    config: DictConfig

    @property
    def output(self) -> Path:
        """The file with what the job prints."""
        return self.folder.with_name(f"{self.folder.name}.log")

    def record(self) -> dict[str, Any]:
        """Return the run's record; empty if it is missing or unreadable."""
        return recorded(self.folder)

    def begin(self) -> None:
        """Write a record before the job's process starts; it marks the folder and the output as ours."""
        if self._is_used():  # by a resumed run outside the sweep; the job's process will report it
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._renew()
        self.output.unlink(missing_ok=True)

    def forget_end(self) -> None:
        """Remove how an earlier attempt ended from the record, so that a later end is new."""
        if self.record() and not self._is_used():
            self._renew()

    def _renew(self) -> None:
        folder = RunFolder(self.folder)
        if begun(self.folder, self.overrides):
            folder.restore_record()
            folder.record.pop("pid", None)  # of an earlier attempt, which is gone
        else:
            folder.record = self._facts()
        folder.write(status="running")

    def record_failure(self, end: str) -> None:
        """Record that the run has failed, unless the run itself recorded its end.

        Args:
            end: how the process ended, in words.
        """
        record = self.record()
        if record.get("status", "running") != "running" or self._is_used():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = RunFolder(self.folder)
        folder.record = record or self._facts()
        folder.write(status="failed", error=self._last_complaint() or end)

    def _facts(self) -> dict[str, Any]:
        """Return the fields of the record that are known before the run starts."""
        return {
            "overrides": list(self.overrides),
            "name": self.config.name,
            "cell": title_of(self.config.model.cell),
            "seed": self.config.seed,
        }

    def _is_used(self) -> bool:
        return self.folder.is_dir() and RunFolder(self.folder).is_used()

    def _last_complaint(self) -> str:
        """Return the last error message that the command printed, or ""."""
        try:
            lines = self.output.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        said = [line.removeprefix(COMPLAINT) for line in lines if line.startswith(COMPLAINT)]
        said = [line for line in said if line != TRACE_HINT]
        return said[-1] if said else ""

    def last_metrics(self) -> dict[str, Any]:
        """Return the scores of the last epoch in metrics.jsonl."""
        try:
            lines = (self.folder / "metrics.jsonl").read_bytes().splitlines()
        except OSError:
            return {}
        for line in reversed(lines):
            try:
                found: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            if any(name.startswith("val/") for name in found):
                return found
        return {}


def result_overrides(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that can change a result, without those that only control how jobs are run."""
    chosen = (text for text in overrides if not re.match(r"[+~]*(launcher|sweep)[=.@]", text))
    return sorted(present_overrides(chosen))


def finished(folder: Path, overrides: Sequence[str]) -> dict[str, Any] | None:
    """Return the record of a finished run with exactly these settings, or None."""
    record = begun(folder, overrides)
    return record if record and record.get("status") == "done" else None


def begun(folder: Path, overrides: Sequence[str]) -> dict[str, Any] | None:
    """Return the record of a run with exactly these settings, finished or not, or None."""
    record = recorded(folder)
    theirs = record.get("overrides")
    if not isinstance(theirs, list) or not all(isinstance(text, str) for text in theirs):
        return None
    return record if result_overrides(theirs) == result_overrides(overrides) else None
