"""Where computed and downloaded files are kept between runs."""

import os
import sys
from pathlib import Path


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
