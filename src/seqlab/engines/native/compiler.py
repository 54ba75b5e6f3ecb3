"""From a cell to a loaded library: compiled once per cell and kind of processor, and cached."""

import ctypes
import hashlib
import logging
import os
import platform
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch

from seqlab.errors import EngineError, StorageError
from seqlab.io.cache import cached_folder

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
HEADERS = ("maths.h", "matrix.h", "loop.h")
OPTIONS = (
    "-std=c++17",
    "-O3",
    "-fPIC",
    "-shared",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
)
LIBRARY = "kernel.so"
REALS = {torch.float32: "float", torch.float64: "double"}
UNUSED_DAYS = 60
"""Days after which a kernel that is not used is removed from the cache."""
TIME_LIMIT = 120
"""Seconds after which the compiler is stopped."""


class CompilerError(EngineError):
    """A C++ compiler is missing, or it fails."""


def load(source: str, dtype: torch.dtype) -> ctypes.CDLL:
    """Compile a kernel, or take it from the cache, and load it.

    Raises:
        CompilerError: a C++ compiler is missing, it fails, or its output cannot be stored or loaded.
        CacheError: other users could change what is in the cache.
    """
    compiler = find_compiler()
    options = [*OPTIONS, _processor(), f"-DSEQLAB_REAL={REALS[dtype]}"]
    texts = [source, *(HERE.joinpath(name).read_text() for name in HEADERS), *options, _target(compiler)]
    key = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:24]

    def build(folder: Path) -> None:
        file = folder / "kernel.cpp"
        file.write_text(source)
        # In a temporary folder first: a full cache must not look like a failing compiler.
        with _temporary_folder() as elsewhere:
            output = Path(elsewhere) / LIBRARY
            _run([compiler, *options, f"-I{HERE}", str(file), "-o", str(output), "-lm"])
            if not output.exists():
                raise CompilerError(f"the compiler {compiler} fails: it has written nothing")
            shutil.copy(output, folder)

    try:
        folder = cached_folder("native", key, build, days=UNUSED_DAYS)
    except StorageError as error:
        raise CompilerError(f"the compiled kernel cannot be written: {error}") from error
    try:
        library = ctypes.CDLL(str(folder / LIBRARY))
        ctypes.c_int64.in_dll(library, "lanes")
    except (OSError, ValueError) as error:
        shutil.rmtree(
            folder, ignore_errors=True
        )  # a library that cannot be loaded must not stay in the cache
        raise CompilerError(f"the compiled kernel cannot be loaded: {error}") from error
    return library


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="seqlab-")
    except OSError as error:  # would otherwise be reported as an error of the cache
        raise CompilerError(
            f"temporary files cannot be written: {error}; free disk space, or set TMPDIR"
        ) from error


@cache
def find_compiler() -> str:
    """Return the C++ compiler: CXX, or the first of c++, g++ and clang++.

    Raises:
        CompilerError: none is installed.
    """
    asked = os.environ.get("CXX")
    for name in [asked] if asked else ["c++", "g++", "clang++"]:
        found = shutil.which(name)
        if found:
            return found
    missing = f"CXX={asked} is not an executable program" if asked else "no C++ compiler was found"
    raise CompilerError(f"{missing}; install one: {INSTALL.get(platform.system(), 'g++ or clang++')}")


INSTALL = {
    "Linux": "apt install g++, dnf install gcc-c++, or conda install gxx",
    "Darwin": "xcode-select --install",
}


def _processor() -> str:
    return "-mcpu=native" if platform.machine() in ("aarch64", "arm64") else "-march=native"


@cache
def _target(compiler: str) -> str:
    """Return the compiler's version and target options; two machines may share a home folder."""
    return _run([compiler, _processor(), "-dM", "-E", "-x", "c++", os.devnull])


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIME_LIMIT)  # noqa: S603
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if "error" in line] or error.stderr.splitlines()
        first = lines[0] if lines else f"exit code {error.returncode}"
        raise CompilerError(f"the compiler {command[0]} fails: {first}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CompilerError(f"the compiler {command[0]} fails: {error}") from error
    return done.stdout
