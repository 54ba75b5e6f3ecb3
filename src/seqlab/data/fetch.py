"""Downloading a data set: pinned addresses and hashes, a cap on the size, and never half a file."""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from seqlab.errors import DataError

log = logging.getLogger(__name__)

RETRIES = 2
TIMEOUT = (5, 30)
"""Seconds to connect, and between two pieces."""
CHUNK = 2**16


@dataclass(frozen=True)
class Remote:
    """Files of a data set on a server.

    Attributes:
        base_url: the folder of the files, pinned to a version.
        sha256: hash of each file by its name; None where none was published.
        largest: bytes that one file may have.
        check: raises DataError for a file that is not the right one, where there is no hash.
    """

    base_url: str
    sha256: Mapping[str, str | None]
    largest: int
    check: Callable[[Path], None] | None = None

    @property
    def key(self) -> str:
        """A hash of what is fetched."""
        return sha256(repr((self.base_url, sorted(self.sha256.items()))).encode()).hexdigest()[:12]


def fetch(remote: Remote, folder: Path, *, mirror: str | None = None) -> None:
    """Put all files of ``remote`` into an empty folder.

    Args:
        remote: what to fetch.
        folder: where the files go.
        mirror: another folder on a server with the same files.

    Raises:
        DataError: a file cannot be had, is too large, or is not the one that was pinned.
        OSError: the folder cannot be written.
    """
    base_url = (mirror or remote.base_url).rstrip("/") + "/"
    if os.environ.get("SEQLAB_OFFLINE"):
        raise DataError(f"{base_url} is not asked, since SEQLAB_OFFLINE is set")
    import pooch  # noqa: PLC0415 (with requests it takes a while, and mostly there is nothing to fetch)
    import requests  # noqa: PLC0415

    pooch.get_logger().setLevel(logging.WARNING)
    store = pooch.create(
        path=folder,
        base_url=base_url,
        registry={name: digest and f"sha256:{digest}" for name, digest in remote.sha256.items()},
        retry_if_failed=RETRIES,
    )
    log.info("fetching %d files from %s …", len(remote.sha256), base_url)
    for number, name in enumerate(remote.sha256, start=1):
        try:
            store.fetch(name, downloader=_Download(remote.largest, f"{number}/{len(remote.sha256)} {name}"))
        except (requests.RequestException, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{base_url}{name} could not be fetched: {reason}") from error
        if remote.check is not None:
            remote.check(folder / name)


class _Download:
    """A pooch downloader that stops at a size and shows a bar on a terminal."""

    def __init__(self, largest: int, what: str) -> None:
        self.largest, self.what = largest, what

    def __call__(self, url: str, output_file: str | BinaryIO, _pooch: Any, check_only: bool = False) -> None:  # noqa: FBT001, FBT002 (pooch calls it so)
        if check_only:
            raise NotImplementedError("files are fetched, not looked for")
        import requests  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        try:
            answer = requests.get(url, stream=True, timeout=TIMEOUT)
        except requests.ConnectionError as error:
            # No way there: another try in a second would not help, and the user waits.
            raise DataError(f"{url} cannot be reached") from error
        with (
            answer,
            Path(str(output_file)).open("wb") as file,
            Progress(disable=not sys.stderr.isatty()) as bar,
        ):
            answer.raise_for_status()
            task = bar.add_task(self.what, total=int(answer.headers.get("content-length", 0)) or None)
            size = 0
            for piece in answer.iter_content(CHUNK):
                size += len(piece)
                if size > self.largest:
                    raise DataError(
                        f"{url} is larger than {self.largest:,} bytes, which no file of the set is"
                    )
                file.write(piece)
                bar.advance(task, len(piece))
