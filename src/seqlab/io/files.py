"""Reading users' files, and replacing files atomically: at any time the old or the new one is complete."""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seqlab.errors import ConfigError, DataError

DRAFT = ".draft-"
"""Part of the name of a file that is being written."""
DRAFT_NAME = re.compile(rf"\..+{re.escape(DRAFT)}[0-9a-f]{{8}}")

HEAD = 4096
"""The number of bytes at the beginning of a file in which its signature is searched."""


def resolved(path: str | Path) -> Path:
    """Return a path given by the user, absolute and without ``~``, ``..`` and links.

    Every path that is written to is resolved once, at the beginning, so that it has one spelling.

    Raises:
        ConfigError: its links form a loop, or it names an unknown user.
    """
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"{str(path)!r} is not a valid path ({error}); choose another") from error


def own_output(path: Path, signature: bytes) -> Path:
    """Return the resolved path of an output; an existing file may be replaced only if seqlab wrote it.

    Args:
        path: the path, given by the user.
        signature: a pattern that matches the beginning of such a file only if seqlab wrote it.

    Raises:
        ConfigError: another file exists there.
    """
    if path.exists() and not path.is_file():  # a terminal or a pipe
        return path
    file = resolved(path)
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
    except FileNotFoundError:
        return file
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; choose another file") from error
    if head and not re.match(signature, head, re.DOTALL):
        raise ConfigError(f"{path} already exists, and seqlab did not write it; choose another file")
    return file


def refuse_pipe(path: Path) -> None:
    """Refuse a pipe, such as that of ``<(…)``, where a file is read more than once.

    Raises:
        DataError: it is one.
    """
    with suppress(OSError):  # whoever reads it says what else is wrong
        if path.is_fifo():
            raise DataError(f"{path} is a pipe, which can be read only once; write it to a file")


def read_user_text(file: Path) -> str:
    """Return the text of a file given by the user.

    Raises:
        DataError: the file cannot be read, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}; give a readable file") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 at byte {error.start}; save it as UTF-8") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a draft next to ``path``, which replaces ``path`` when the body ends.

    The draft is written to the disk before it is renamed, and renamed before this returns. If the body or the
    disk fails, ``path`` is unchanged and the draft is removed.

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
    """Remove drafts left by a killed process; nothing else may be writing there."""
    for draft in folder.glob(f".*{DRAFT}*"):
        if DRAFT_NAME.fullmatch(draft.name):
            with suppress(OSError):
                draft.unlink()


def replace_folder(draft: Path, folder: Path) -> None:
    """Rename a folder once all of its files are on the disk."""
    for path in (*draft.rglob("*"), draft):
        if path.is_dir():
            _sync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())
    draft.rename(folder)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder, and writes a rename at once
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
