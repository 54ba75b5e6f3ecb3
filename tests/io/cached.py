"""What tests of the cache put into it."""

from pathlib import Path

import pytest

from seqlab.io.cache import CHECKSUMS


def build(folder: Path) -> None:
    (folder / "content").write_text("whole")


def refuse(folder: Path) -> None:
    pytest.fail(f"{folder} was built again")


def files_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != CHECKSUMS}
