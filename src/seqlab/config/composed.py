"""Hydra's composition of chosen files, kept for the next command: most of the time to answer a typo."""

import json
import os
import pkgutil
import zlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from hydra import compose, initialize_config_module
from hydra.core.utils import setup_globals
from omegaconf import DictConfig, OmegaConf

import hydra_plugins
import seqlab
from seqlab.config.hydra_syntax import parse
from seqlab.config.packaged import PACKAGED
from seqlab.io.cache import cached_text, key_of

LIBRARIES = ("hydra", "lightning", "omegaconf", "pydantic", "torch", "torchmetrics")
"""Packages whose classes, or composing, decide about a configuration."""


def composed(overrides: Sequence[str]) -> DictConfig:
    """Return the configuration of a command, with Hydra's settings.

    If only seqlab's own files are chosen it is read from the cache, which takes a tenth of the time.

    Raises:
        HydraException, OmegaConfBaseException: an override does not fit.
    """
    if not all(map(_chooses_packaged, overrides)):
        return _by_hydra(overrides)
    text = cached_text(
        "composed",
        key_of(overrides),
        f"{zlib.crc32(json.dumps(sorted(_sources())).encode()):08x}",
        lambda: json.dumps(OmegaConf.to_container(_by_hydra(overrides), enum_to_str=True)),
    )
    setup_globals()  # Hydra's resolvers
    found: DictConfig = OmegaConf.create(json.loads(text))
    found.hydra.runtime.cwd = str(Path.cwd())
    OmegaConf.set_struct(found, True)  # noqa: FBT003 (omegaconf's signature)
    return found


def _by_hydra(overrides: Sequence[str]) -> DictConfig:
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        return compose("config", list(overrides), return_hydra_config=True)


def _chooses_packaged(override: str) -> bool:
    """Return whether an override chooses files of seqlab's, by their names."""
    parsed = parse(override)
    if parsed is None or parsed.is_sweep_override() or parsed.package is not None:
        return False
    value = parsed.value()
    names = value if isinstance(value, list) else [value]
    return all((PACKAGED / parsed.key_or_group / f"{name}.yaml").is_file() for name in names)


def _sources() -> Iterator[tuple[str, int, int]]:
    """Yield name, size and time of every file that decides about a configuration."""
    folders = [str(Path(seqlab.__file__).parent), str(PACKAGED)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith((".py", ".yaml")):
                    yield entry.path, entry.stat().st_size, entry.stat().st_mtime_ns
    for name in LIBRARIES:
        spec = find_spec(name)
        file = Path(str(spec and spec.origin))
        yield str(file), 0, file.stat().st_mtime_ns
    yield from ((plugin.name, 0, 0) for plugin in pkgutil.iter_modules(hydra_plugins.__path__))
