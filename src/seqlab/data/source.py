"""Where are a data set's files? In the given folder, in SEQLAB_DATA_DIR, in a download, or in the sample."""

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seqlab.data.fetch import Remote, fetch
from seqlab.errors import DataError
from seqlab.io.cache import cached_folder
from seqlab.io.files import refuse_pipe

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """The files that were found.

    Attributes:
        kind: "real", or "sample" for the files that come with seqlab.
        path: the file or folder to read.
        how: how it was found, in words.
    """

    kind: Literal["real", "sample"]
    path: Path
    how: str


def resolve(
    name: str,
    find: Callable[[Path], Path | None],
    sample: Callable[[], Path],
    *,
    root: str | None,
    source: Literal["auto", "real", "sample"],
    remote: Remote | None = None,
    mirror: str | None = None,
) -> Source:
    """Find data set ``name``: below ``root``, else below SEQLAB_DATA_DIR, else fetched, else the sample.

    Args:
        name: the data set.
        find: returns the data set's files below a folder, or None.
        sample: returns the built-in files, making them if necessary.
        root: the folder given by the user; if given, the files must be there.
        source: "real" never uses the sample, "sample" always does.
        remote: the real files on a server; after a download they stay in the user's cache.
        mirror: a folder on another server with the real files.

    Raises:
        DataError: the files are not in the given folder, or ``source`` is "real" and there are none.
        CacheError: other users could change what is in the cache.
        StorageError: a download cannot be written anywhere.
    """
    if source == "sample":
        return Source("sample", sample(), "data.source=sample")
    tried = []
    for folder, how in ((root, "data.root"), (os.environ.get("SEQLAB_DATA_DIR"), "SEQLAB_DATA_DIR")):
        if not folder:
            continue
        found = _found(find, folder, how)
        if found is not None:
            return Source("real", found, f"{how}={folder}")
        exists = Path(folder).expanduser().exists()
        tried.append(f"{how}={folder} {f'holds no files of {name}' if exists else 'does not exist'}")
        if how == "data.root":
            break
    if remote is not None and not root:
        try:
            fetched = cached_folder(
                "fetched", f"{name}-{remote.key}", lambda folder: fetch(remote, folder, mirror=mirror)
            )
            return Source("real", find(fetched) or fetched, f"fetched from {mirror or remote.base_url}")
        except DataError as error:
            tried.append(str(error))
    if root or source == "real":
        reasons = "; ".join(tried) or "neither data.root nor SEQLAB_DATA_DIR is set"
        raise DataError(f"no real data: {reasons}. Set data.root to the right folder, or data.source=sample")
    for line in tried:
        log.warning("%s", line)
    log.warning(
        "SAMPLE DATA: no real files of %s were found, so this run uses the small sample of seqlab. "
        "Its scores say nothing about the real data. For those set data.root=FOLDER or SEQLAB_DATA_DIR.",
        name,
    )
    return Source("sample", sample(), "the built-in sample")


def _found(find: Callable[[Path], Path | None], folder: str, how: str) -> Path | None:
    try:
        return find(Path(folder).expanduser())
    except OSError as error:  # no permission, a name that is too long
        raise DataError(f"{how}={folder}: {error.strerror}; give a readable folder") from error


def named_file(path: str, *, setting: str = "data.path", folder: bool = False) -> Source:
    """Return the file given by the user, never a sample.

    Args:
        path: its path.
        setting: that gives it.
        folder: whether a folder is allowed too.

    Raises:
        DataError: the file does not exist, or is a pipe.
    """
    file = Path(path).expanduser()
    refuse_pipe(file)
    try:
        if not (file.is_file() or (folder and file.is_dir())):
            state = "is a folder" if file.is_dir() else "does not exist"
            raise DataError(f"{setting}={path} {state}; set {setting} to your file")
    except OSError as error:
        raise DataError(f"{setting}={path}: {error.strerror}; give a readable file") from error
    return Source("real", file, setting)


def defined_in(cls: type, method: str) -> Source:
    """Return the source file of a method that yields the data itself, as the origin of the data."""
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return Source("real", Path(file or cls.__module__), f"{cls.__qualname__}.{method}")


def find_table(root: Path, pattern: str) -> Path | None:
    """Return ``root`` itself if it is a file, else the first CSV file or zip in it whose name matches.

    Args:
        root: a file or a folder.
        pattern: the name without its suffix, as for ``Path.glob``.
    """
    if root.is_file():
        return root
    found = [
        file for ending in (".csv", ".zip") for file in root.glob(f"{pattern}{ending}") if file.is_file()
    ]
    return min(found, default=None)
