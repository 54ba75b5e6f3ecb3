"""What was made of a large file stays in the cache: the next run maps it instead of making it anew."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqlab.io.cache import cached_folder

log = logging.getLogger("seqlab.data")

VERSION = 2
"""Part of the cache's key: change it with the layout of the files."""
LARGE = 2**24
"""Bytes of a file from which all is made so fast that it is made every time."""
ABOUT = "about.json"


class Kept(NamedTuple):
    """What was made of a file: arrays by their names, and all else as plain values of JSON."""

    arrays: Mapping[str, np.ndarray]
    about: Mapping[str, Any]


def kept(group: str, path: Path, recipe: Callable[[], Sequence[object]], make: Callable[[], Kept]) -> Kept:
    """Return what is made of a file, from the cache if it is large and was made so before.

    What is said about the data while it is made is said again whenever it comes from the cache.

    Args:
        group: the kind of what is made.
        path: the file.
        recipe: returns all that it depends on: a hash of the content, settings, versions.
        make: makes it.

    Raises:
        DataError: the file is malformed.
    """
    if not path.is_file() or path.stat().st_size < LARGE:
        return make()

    def write(folder: Path) -> None:
        with _heard() as said:
            made = make()
        for name, array in made.arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        values = {"names": list(made.arrays), "about": made.about, "path": str(path), "said": said}
        (folder / ABOUT).write_text(json.dumps(values), encoding="utf-8")

    key = sha256(repr([VERSION, *recipe()]).encode()).hexdigest()[:24]
    folder = cached_folder(group, key, write)
    values = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    _say((level, line.replace(values["path"], str(path))) for level, line in values["said"])
    # "c", since torch wants arrays that may be written to; nothing that is written would reach the file.
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="c") for name in values["names"]}
    return Kept(arrays, values["about"])


class _Lines(logging.Handler):
    """Writes down the messages about data, each with its level."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelno, record.getMessage()))


@contextmanager
def _heard() -> Iterator[list[tuple[int, str]]]:
    """Hold back the messages about data, whatever is shown now; say them if there is an error."""
    before = log.handlers, log.level, log.propagate
    handler = _Lines()
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)
    try:
        yield handler.lines
    except BaseException:
        _restore(*before)
        _say(handler.lines)
        raise
    finally:
        _restore(*before)


def _restore(handlers: list[logging.Handler], level: int, propagate: bool) -> None:  # noqa: FBT001
    log.handlers, log.propagate = handlers, propagate
    log.setLevel(level)


def _say(lines: Iterator[tuple[int, str]] | Sequence[tuple[int, str]]) -> None:
    for level, line in lines:
        log.log(level, "%s", line)
