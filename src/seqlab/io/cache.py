"""Where computed and downloaded files are kept between runs, and which of them may be loaded.

Two questions are asked of what is found there, each on its own. Who can change it? A file is loaded only from
where nobody but this user and root can write. Is it what was written? Checksums kept beside the files tell,
and what is damaged is made again. Owners protect against people, checksums against disks; neither does both.
"""

import atexit
import logging
import os
import secrets
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from seqlab.errors import CacheError, StorageError
from seqlab.io.files import replace_folder
from seqlab.io.seal import checksum_of

log = logging.getLogger(__name__)

CHECKSUMS = ".checksums"
"""The file in a cached folder with size and CRC-32 of every other one."""


def cache_dir() -> Path:
    """Return SEQLAB_CACHE_DIR, else the user's cache folder of this system; it may not exist yet."""
    chosen = os.environ.get("SEQLAB_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "seqlab" / "cache"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/seqlab").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "seqlab"


def cached_folder(group: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the cached folder ``group/key``; if there is none that is whole, have ``build`` fill it.

    Processes that ask at once build it once, and the others wait. The folder appears only when it is whole: a
    build that is killed leaves nothing that is ever read, and what it leaves is swept by the next one. Where
    the cache cannot be written the folder is a temporary one, gone with the process.

    Args:
        group: what kind of thing is cached.
        key: everything that the contents depend on, as a hash.
        build: fills an empty folder; what it raises is passed on, but that nothing can be written.

    Raises:
        CacheError: others could change what is in the cache.
        StorageError: neither the cache nor a temporary folder can be written.
    """
    # Resolved once: no link leads elsewhere between the look at its owner and the reading of a file.
    home = Path(os.path.realpath(cache_dir() / group))
    folder = home / key
    try:
        _own(home)
        if not _is_whole(folder):
            with FileLock(home / f"{key}.lock", mode=0o644):
                if not _is_whole(folder):
                    _build(folder, build)
    # numpy's error has no number, and filelock has another one where a file system has no locks.
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        log.warning("the cache %s cannot be written (%s); computing anew", home, reason)
        return _temporary(build)
    return folder


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    """Put a new folder in the place of one that is damaged or not there."""
    if folder.exists():
        log.warning("the cached files in %s are not as they were written; made again", folder)
    for old in (folder, *folder.parent.glob(f"{folder.name}.draft-*")):
        shutil.rmtree(old, ignore_errors=True)
    draft = folder.with_name(f"{folder.name}.draft-{secrets.token_hex(4)}")
    try:
        draft.mkdir(mode=0o700)  # closed until its files are, whatever umask says
        build(draft)
        (draft / CHECKSUMS).write_bytes(_checksums(draft))
        for path in draft.rglob("*"):
            path.chmod(path.stat().st_mode & ~(stat.S_IWGRP | stat.S_IWOTH))
        draft.chmod(0o755)
        replace_folder(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _temporary(build: Callable[[Path], None]) -> Path:
    try:
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="seqlab-")))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _own(folder)
        build(folder)
    except OSError as error:
        raise StorageError(
            f"neither the cache nor {tempfile.gettempdir()} can be written ({error.strerror or error}); "
            "make room, or set SEQLAB_CACHE_DIR or TMPDIR to a folder with room"
        ) from error
    return folder


def _is_whole(folder: Path) -> bool:
    """Return whether a cached folder is there with all that was written to it.

    Raises:
        CacheError: others could change it.
    """
    try:
        for path in (folder, *folder.rglob("*")):
            _refuse_foreign(path)
        return (folder / CHECKSUMS).read_bytes() == _checksums(folder)
    except (FileNotFoundError, NotADirectoryError):  # also where another process is making it again
        return False


def _checksums(folder: Path) -> bytes:
    """Return size, CRC-32 and name of every file, a line each; hidden ones are the system's."""
    names = sorted(path for path in folder.rglob("[!.]*") if stat.S_ISREG(path.lstat().st_mode))
    lines = [f"{_checksum(path)} {path.relative_to(folder).as_posix()}\n" for path in names]
    return "".join(lines).encode()


def _checksum(path: Path) -> str:
    # Read, not mapped: a file cut short meanwhile would end the process. CRC-32 keeps up with the disk.
    with path.open("rb", buffering=0) as file:
        checksum = checksum_of(file)
        return f"{file.tell()} {checksum:08x}"


def _own(folder: Path) -> None:
    """Make a folder and those above it where they are missing; none of them may be another one's to change.

    Raises:
        CacheError: one of them is.
        OSError: one cannot be made or looked at.
    """
    # From the top: what was looked at once can no longer be exchanged by those who were found to have no say.
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(mode=0o755, exist_ok=True)
        _refuse_foreign(path, may_be_sticky=path != folder)


def _refuse_foreign(path: Path, *, may_be_sticky: bool = False) -> None:
    """Raise CacheError if somebody but this user and root could change, or has made, what is at ``path``.

    Args:
        path: a file or folder.
        may_be_sticky: whether all may write to a folder in which each can remove only what is their own, as
            /tmp is.
    """
    if os.name == "nt":  # where a user's cache folder is closed to others
        return
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    own = "set SEQLAB_CACHE_DIR to a folder of your own"
    if status.st_uid not in (os.geteuid(), 0):
        raise CacheError(f"the cache is not used: {path} belongs to another user; {own}")
    if stat.S_ISLNK(status.st_mode) or (may_be_sticky and mode & stat.S_ISVTX):
        return
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _is_private(status.st_gid)):
        raise CacheError(
            f"the cache is not used: others may write to {path} (mode {mode:04o}); {own}, "
            f"or, if you trust what is in it, run: chmod go-w {shlex.quote(str(path))}"
        )


def _is_private(group: int) -> bool:
    """Return whether a group is this user's or root's alone: named as the account is, with no one else."""
    import grp  # noqa: PLC0415 (not on Windows)
    import pwd  # noqa: PLC0415

    try:
        found = grp.getgrgid(group)
        accounts = {pwd.getpwuid(user).pw_name for user in {os.geteuid(), 0}}
    except KeyError:
        return False
    return found.gr_name in accounts and {*found.gr_mem} <= accounts
