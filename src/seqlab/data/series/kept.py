"""What was read of a large file stays in the cache: the next run maps it instead of reading anew."""

import json
import logging
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np

from seqlab.data.series.table import Measured
from seqlab.data.table.base import Table
from seqlab.io.cache import cached_folder

log = logging.getLogger(__name__)

VERSION = 1
"""Part of the cache's key: change it with the layout of the files, or with how a file is read."""
LARGE = 2**24
"""Bytes of a file that is read so fast that it is read every time."""


def kept(table: Table, how: str, read: Callable[[], Measured]) -> Measured:
    """Return what is read of a file, from the cache if it is large and was read so before.

    Args:
        table: the file.
        how: all settings of the reading, in words.
        read: reads it.

    Raises:
        DataError: the file is malformed.
    """
    if not table.path.is_file() or table.path.stat().st_size < LARGE:
        return read()
    recipe = repr([VERSION, table.fingerprint(), table.recipe, table.dialect, how])
    fresh: list[Measured] = []

    def build(folder: Path) -> None:
        with _Heard() as heard:
            measured = read()
        fresh.append(measured)
        np.save(folder / "times.npy", measured.times)
        np.save(folder / "numbers.npy", measured.numbers)
        about = {
            "columns": measured.columns,
            "lengths": measured.lengths,
            "meanings": measured.meanings,
            "zone": measured.zone,
            "path": str(table.path),
            "heard": heard.lines,
        }
        (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")

    folder = cached_folder("series", sha256(recipe.encode()).hexdigest()[:24], build)
    if fresh:
        return fresh[0]
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    for line in about["heard"]:
        log.warning("%s", line.replace(about["path"], str(table.path)))
    return Measured(
        np.load(folder / "times.npy", mmap_mode="r"),
        np.load(folder / "numbers.npy", mmap_mode="r"),
        tuple(about["columns"]),
        about["lengths"],
        {name: tuple(words) for name, words in about["meanings"].items()},
        about["zone"],
    )


class _Heard(logging.Handler):
    """Writes down the warnings about data."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def __enter__(self) -> Self:
        logging.getLogger("seqlab.data").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("seqlab.data").removeHandler(self)
