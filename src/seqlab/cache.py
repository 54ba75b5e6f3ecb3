"""Where computed and downloaded files are kept between runs."""

import atexit
import errno
import logging
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from seqlab.files import replace_folder

log = logging.getLogger(__name__)

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
"""What a system says when nothing more can be written."""


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
    """Return the cached folder ``group/key``; if there is none, have ``build`` fill it.

    Processes that ask at once build it once, and the others wait. The folder appears only when it is whole: a
    build that is killed leaves nothing that is ever read, and what it leaves is swept by the next one. Where
    the cache cannot be written the folder is a temporary one, gone with the process.

    Args:
        group: what kind of thing is cached.
        key: everything that the contents depend on, as a hash.
        build: fills an empty folder; what it raises is passed on.
    """
    home = cache_dir() / group
    folder = home / key
    try:
        if folder.is_dir():
            return folder
        home.mkdir(parents=True, exist_ok=True)
        (home / f"{key}.lock").touch()
    except OSError as error:
        log.warning("the cache %s cannot be written (%s); computing anew", home, error.strerror)
        return _temporary(build)
    with FileLock(home / f"{key}.lock"):
        if folder.is_dir():
            return folder
        for stale in home.glob(f"{key}.draft-*"):
            shutil.rmtree(stale, ignore_errors=True)
        draft = home / f"{key}.draft-{secrets.token_hex(4)}"
        try:
            draft.mkdir()
            build(draft)
            replace_folder(draft, folder)
        except OSError as error:
            if error.errno not in FULL:
                raise
            log.warning("the cache %s cannot be written (%s); computing anew", home, error.strerror)
            return _temporary(build)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder


def _temporary(build: Callable[[Path], None]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="seqlab-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    build(folder)
    return folder
