"""One thing that a file may be, and the command that would train on it so."""

from pathlib import Path
from typing import NamedTuple

from seqlab.io.override import setting

Settings = dict[str, str | list[str]]
"""Settings by key."""
LONGEST = 24
"""Steps that a first window reads, of a series that is long enough."""


class Suggestion(NamedTuple):
    """One thing that a file may be.

    Attributes:
        what: it is, in words.
        data: the data set that reads it.
        settings: of ``seqlab train`` besides, with names as they are in the file.
    """

    what: str
    data: str
    settings: Settings

    def at(self, path: Path, dialect: Settings) -> "Suggestion":
        """Return the same with the settings that say where the file is and how it writes a table."""
        return Suggestion(self.what, self.data, {"data.path": str(path), **dialect, **self.settings})

    @property
    def command(self) -> str:
        """What to type."""
        each = (setting(key, value) for key, value in self.settings.items())
        return " ".join([f"seqlab train data={self.data}", *each])


def window(steps: int, horizon: str = "1") -> Settings:
    """Return a window to begin with, which fits into the tenth of a series that is for validation."""
    read = min(max(steps // 10 - int(horizon), 1), LONGEST)
    return {"data.input_steps": str(read), "data.horizon_steps": horizon}
