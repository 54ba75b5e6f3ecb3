"""Download a data set safely: pinned addresses and hashes, limited sizes, no incomplete files."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from seqlab.errors import DataError

if TYPE_CHECKING:
    from requests import Response

log = logging.getLogger(__name__)

RETRIES = 2
TIMEOUT = (5, 30)
"""Timeouts in seconds: to connect, and between two chunks."""
CHUNK = 2**16

SLOWEST = 1024
"""Bytes per second, on average since the download began, below which it is given up."""
WARM_UP = 30.0
"""Seconds of a download in which any speed will do."""


@dataclass(frozen=True)
class Remote:
    """Files of a data set on a server.

    Attributes:
        base_url: the folder of the files, pinned to a version.
        sha256: hash of each file by its name; None if none was published.
        largest: the largest size of a file in bytes.
        check: raises DataError for a wrong file, if no hash was published.
        licence: the terms under which the files are published, as their source says.
    """

    base_url: str
    sha256: Mapping[str, str | None]
    largest: int
    check: Callable[[Path], None] | None = None
    licence: str = "none stated"

    @property
    def key(self) -> str:
        """A hash that identifies the files."""
        return sha256(repr((self.base_url, sorted(self.sha256.items()))).encode()).hexdigest()[:12]


def fetch(remote: Remote, folder: Path, *, mirror: str | None = None) -> None:
    """Download all files of ``remote`` into an empty folder.

    Args:
        remote: the files to download.
        folder: the target.
        mirror: a folder on another server with the same files.

    Raises:
        DataError: a file cannot be downloaded, is too large, or does not have the pinned hash.
        OSError: the folder cannot be written.
    """
    base_url = (mirror or remote.base_url).rstrip("/") + "/"
    if os.environ.get("SEQLAB_OFFLINE"):
        raise DataError(f"{base_url} is not downloaded, because SEQLAB_OFFLINE is set")
    import pooch  # noqa: PLC0415 (slow to import, and rarely needed)
    import requests  # noqa: PLC0415

    pooch.get_logger().setLevel(logging.WARNING)
    store = pooch.create(
        path=folder,
        base_url=base_url,
        registry={name: digest and f"sha256:{digest}" for name, digest in remote.sha256.items()},
        retry_if_failed=RETRIES,
    )
    log.info("fetching %d files from %s (licence: %s) …", len(remote.sha256), base_url, remote.licence)
    for number, name in enumerate(remote.sha256, start=1):
        try:
            store.fetch(name, downloader=_Download(remote.largest, f"{number}/{len(remote.sha256)} {name}"))
        except (requests.RequestException, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"{base_url}{name} could not be fetched: {reason}") from error
        if remote.check is not None:
            remote.check(folder / name)


class _Download:
    """A pooch downloader that enforces a maximum size and shows a progress bar on a terminal."""

    def __init__(self, largest: int, what: str) -> None:
        self.largest, self.what = largest, what

    def __call__(self, url: str, output_file: str | BinaryIO, _pooch: Any, check_only: bool = False) -> None:  # noqa: FBT001, FBT002 (pooch calls it so)
        if check_only:
            raise NotImplementedError("check_only is not supported")
        import requests  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        begun = time.monotonic()
        try:
            answer = requests.get(url, stream=True, timeout=TIMEOUT)
        except requests.ConnectionError as error:
            # Unreachable: another attempt in a second would not help, and the user waits.
            raise DataError(f"{url} cannot be reached") from error
        with (
            answer,
            Path(str(output_file)).open("wb") as file,
            Progress(disable=not sys.stderr.isatty()) as bar,
        ):
            answer.raise_for_status()
            task = bar.add_task(self.what, total=int(answer.headers.get("content-length", 0)) or None)
            size = 0
            for piece in _pieces(answer):
                size += len(piece)
                seconds = time.monotonic() - begun
                if seconds > WARM_UP and size < SLOWEST * seconds:
                    raise DataError(
                        f"{url} sends fewer than {SLOWEST:,} bytes a second ({size:,} in {seconds:.0f} s); "
                        "try again later, or name another server with data.url"
                    )
                if size > self.largest:
                    raise DataError(
                        f"{url} is larger than {self.largest:,} bytes, the limit for files of this data set"
                    )
                file.write(piece)
                bar.advance(task, len(piece))


def _pieces(answer: "Response") -> Iterator[bytes]:
    """Yield what a server sends as it comes; ``iter_content`` waits until a piece is full.

    Raises:
        requests.ConnectionError: the connection breaks, or nothing comes for too long.
    """
    import requests  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        while piece := answer.raw.read1(CHUNK, decode_content=True):
            yield piece
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
