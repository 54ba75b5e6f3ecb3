"""seqlab doctor: what is installed here, what runs the cells, and what the cache holds."""

import argparse
import os
import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from seqlab.errors import to_install

PACKAGES = ("seqlab", "torch", "lightning", "torchmetrics", "hydra-core", "numpy", "pandas")
"""Packages whose versions are told."""
FOR_DEVELOPERS = ("dev", "cluster")
"""Extras that no command needs."""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: it has none."""


def run(_options: argparse.Namespace) -> None:
    """Print a line for each fact."""
    from rich.table import Table  # noqa: PLC0415 (slow)

    from seqlab.io.console import Terminal  # noqa: PLC0415

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in (*_installed(), *_devices(), *_cached()):
        table.add_row(name, value)
    Terminal().print(table)


def _installed() -> Iterator[tuple[str, str]]:
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    yield "packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    for extra, names in _extras().items():
        missing = [name for name in names if not _is_installed(name)]
        told = f"without {', '.join(missing)}: {to_install(extra)}" if missing else "installed"
        yield f"seqlab[{extra}]", told


def _extras() -> dict[str, list[str]]:
    """Return the packages of each extra, by its name."""
    found: dict[str, list[str]] = {}
    for line in requires("seqlab") or ():
        package, _, condition = line.partition(";")
        extra = condition.partition("extra == ")[2].strip(" \"'")
        name = re.match(r"[\w.-]+", package)
        if name and extra and extra not in FOR_DEVELOPERS:
            found.setdefault(extra, []).append(name[0])
    return found


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _devices() -> Iterator[tuple[str, str]]:
    import torch  # noqa: PLC0415 (slow)

    from seqlab.engines.native.compiler import CompilerError, find_compiler  # noqa: PLC0415
    from seqlab.io.devices import visible_gpus  # noqa: PLC0415

    yield "processors", f"{os.cpu_count()}, of which torch uses {torch.get_num_threads()}"
    yield "GPUs", ", ".join(visible_gpus()) or "none"
    try:
        yield "C++ compiler", find_compiler()
    except CompilerError as error:
        yield "C++ compiler", f"{error}; without it cells run on slower engines"


def _cached() -> Iterator[tuple[str, str]]:
    from seqlab.io.cache import LOCK, cache_dir  # noqa: PLC0415

    folder = cache_dir()
    yield "cache", f"{folder}, {_size(folder)}, which can be deleted while no run trains"
    for group in sorted(folder.glob("*/")):
        entries = sum(one.suffix != LOCK for one in group.iterdir())
        yield f"  {group.name}", f"{_size(group)} in {entries}"


def _size(folder: Path) -> str:
    size = sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.1f} kB"  # noqa: PLR2004
