"""Files of users, read and left as they are; our own, of which at any instant the old or the new is whole."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seqlab.errors import ConfigError, DataError

DRAFT = ".draft-"
"""In the name of a file that is being written."""
DRAFT_NAME = re.compile(rf"\..+{re.escape(DRAFT)}[0-9a-f]{{8}}")

HEAD = 4096
"""Bytes at the beginning of a file among which its signature stands."""


def resolved(path: str | Path) -> Path:
    """Return a path that a user has named, absolute and without ``~``, ``..`` and links.

    Every path that is written to comes through here once, where it enters, so that there is one text for it.

    Raises:
        ConfigError: its links lead in a circle, or it names a user that is not there.
    """
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"{str(path)!r} is not a path that can be followed ({error}); name another"
        ) from error


def own_output(path: Path, signature: bytes) -> Path:
    """Return where an output goes, resolved; only what seqlab wrote is replaced there.

    Args:
        path: that the user has named.
        signature: a pattern of how such a file begins when seqlab wrote it, and no one else.

    Raises:
        ConfigError: another file lies there.
    """
    if path.exists() and not path.is_file():  # a terminal or a pipe, which is written through
        return path
    file = resolved(path)
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
    except FileNotFoundError:
        return file
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; name another file") from error
    if head and not re.match(signature, head, re.DOTALL):
        raise ConfigError(f"{path} is there already, and seqlab did not write it; name another file")
    return file


def read_user_text(file: Path) -> str:
    """Return the text of a file that a user has named.

    Raises:
        DataError: it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}; name a readable file") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 at byte {error.start}; save it as UTF-8") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a draft beside ``path``, which takes its place when the body has written it.

    The draft reaches the disk before it gets the name, and the name before this returns. When the body or the
    disk fails, ``path`` is what it was, and the draft is gone.

    Args:
        path: the file; its folder exists.

    Raises:
        OSError: the draft cannot be written.
    """
    draft = path.with_name(f".{path.name}{DRAFT}{secrets.token_hex(4)}")
    try:
        yield draft
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def sweep_drafts(folder: Path) -> None:
    """Remove what a killed process has left of its drafts; nobody else may be writing there."""
    for draft in folder.glob(f".*{DRAFT}*"):
        if DRAFT_NAME.fullmatch(draft.name):
            with suppress(OSError):
                draft.unlink()


def replace_folder(draft: Path, folder: Path) -> None:
    """Give a folder of files its name, once all that is in it has reached the disk."""
    for path in (*draft.rglob("*"), draft):
        if path.is_dir():
            _sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    draft.rename(folder)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # where a folder cannot be opened, and a rename is written at once
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
