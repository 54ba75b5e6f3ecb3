"""The compiler and the cache: what is compiled when, and what happens when it cannot be."""

import ctypes
import errno
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seqlab.cells import cells
from seqlab.engines import choose, native
from seqlab.engines.native import compiler
from seqlab.errors import CacheError, EngineError, StorageError
from seqlab.io import cache

CPU = torch.device("cpu")
SOURCE = 'extern "C" const long lanes = 7;\n'


@pytest.fixture(autouse=True)
def nothing_is_known(tmp_path, monkeypatch):
    """Let every test begin with an empty cache, on disk and in memory, and leave none of it."""
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    known = (compiler.find_compiler, compiler._target, native._kernel, native._warn)
    for function in known:
        function.cache_clear()
    yield
    for function in known:
        function.cache_clear()


@pytest.fixture
def wrapper(tmp_path, monkeypatch):
    """Return what makes a shell script the compiler; it finds the true one as $TRUE."""
    true = compiler.find_compiler()
    compiler.find_compiler.cache_clear()

    def make(script):
        path = tmp_path / "c++"
        path.write_text(f'#!/bin/sh\nTRUE={true}\ncase "$*" in *-dM*) exec $TRUE "$@";; esac\n{script}\n')
        path.chmod(0o755)
        monkeypatch.setenv("CXX", str(path))
        return path

    return make


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def falls_back(caplog, reason, cell="lstm"):
    """Assert that auto takes another engine with one line in the log, and that native is an error."""
    for _ in range(2):
        choice = choose("auto", cells[cell](), torch.float32, CPU)
        assert choice.engine.name == ("torch" if cell == "lstm" else "eager")
        assert reason in choice.reason
    (line,) = warnings(caplog)
    assert reason in line
    assert "slower" in line
    assert "\n" not in line
    with pytest.raises(EngineError) as error:
        choose("native", cells[cell](), torch.float32, CPU)
    assert reason in str(error.value)
    assert "engine=native cannot run here" in str(error.value)
    assert "\n" not in str(error.value)
    return line


def test_without_a_compiler_the_package_to_install_is_named(monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    line = falls_back(caplog, "no C++ compiler was found; install one: ")
    assert "apt install g++" in line or "xcode-select --install" in line or "g++ or clang++" in line


def test_a_compiler_that_does_not_exist_is_named(monkeypatch, caplog):
    monkeypatch.setenv("CXX", "/nowhere/c++")
    falls_back(caplog, "CXX=/nowhere/c++ is not an executable program; install one: ", cell="mgu")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "fails: exit code 3"),
        (
            'echo "In file a.h:" >&2; echo "a.h:1: error: no such thing" >&2; exit 1',
            "fails: a.h:1: error: no such thing",
        ),
        (
            'while [ "$1" != -o ]; do shift; done; echo garbage > "$2"',
            "the compiled kernel cannot be loaded: ",
        ),
        ("exit 0", "fails: it has written nothing"),
        ("""exec $TRUE -shared -x c++ /dev/null -o $(echo "$*" | sed 's/.*-o //; s/ .*//')""", "lanes"),
        ("kill -9 $$", "fails: exit code -9"),
    ],
    ids=["code", "error", "garbage", "nothing", "no symbols", "killed"],
)
def test_a_compiler_that_fails_is_quoted(wrapper, caplog, script, reason):
    wrapper(script)
    falls_back(caplog, reason)
    left = [path.name for path in (cache.cache_dir() / "native").iterdir() if path.suffix != ".lock"]
    assert left == []  # neither a folder that is not whole nor a draft


def test_a_compiler_that_cannot_say_what_it_is_fails_as_one_that_cannot_compile(monkeypatch, caplog):
    monkeypatch.setenv("CXX", "/bin/false")
    falls_back(caplog, "the compiler /bin/false fails: exit code 1")


def test_a_compiler_that_hangs_is_stopped(wrapper, caplog, monkeypatch):
    wrapper("exec sleep 60")
    monkeypatch.setattr(compiler, "TIME_LIMIT", 0.5)
    compiler._target(compiler.find_compiler())
    falls_back(caplog, "timed out after 0.5 seconds")


def empty(tmp_path):
    """Return a sound library without a symbol of ours."""
    library = tmp_path / "empty.so"
    compiler._run([compiler.find_compiler(), "-shared", "-x", "c++", os.devnull, "-o", str(library)])
    return library.read_bytes()


LOAD = """
import sys, torch
from seqlab.engines.native import compiler
compiler.OPTIONS = sys.argv[1].split()
for source in sys.argv[2:]:
    compiler.load(source, torch.float32)
    print("loaded")
"""


def test_damaged_libraries_are_compiled_again_each_in_a_line(tmp_path):
    damages = {
        **{f"{size} bytes": lambda sound, size=size: sound[:size] for size in (0, 100, 4096, 12_000)},
        "a bit": lambda sound: sound[:9000] + bytes([sound[9000] ^ 1]) + sound[9001:],
        "no symbols": lambda _: empty(tmp_path),
    }
    sources = [f"{SOURCE}// {name}" for name in damages]

    for source in sources:
        compiler.load(source, torch.float32)
    sound = {}
    for library in (cache.cache_dir() / "native").glob("*/kernel.so"):
        sound[library] = library.read_bytes()
        name = library.with_name("kernel.cpp").read_text().rpartition("// ")[2]
        library.unlink()  # another file: this one is loaded
        library.write_bytes(damages[name](sound[library]))
        assert library.read_bytes() != sound[library], name
    assert len(sound) == len(damages)
    # In a process of its own, which a library that is cut short would end by a signal; and once more.
    command = [sys.executable, "-c", LOAD, " ".join(compiler.OPTIONS), *sources, *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, 2 * "loaded\n" * len(sources))
    said = [f"the cached files in {file.parent} are damaged; making them again" for file in sound]
    assert sorted(done.stderr.splitlines()) == sorted(said)
    assert {library: library.read_bytes() for library in sound} == sound


def lanes(library):
    return ctypes.c_long.in_dll(library, "lanes").value


def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_folder(monkeypatch, caplog, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert lanes(compiler.load(SOURCE, torch.float32)) == 7
    (line,) = warnings(caplog)
    assert "cannot be written" in line


def test_a_cache_that_others_may_write_to_is_refused_even_by_auto():
    cache.cache_dir().mkdir()
    cache.cache_dir().chmod(0o777)
    for engine in ("auto", "native"):
        with pytest.raises(CacheError, match=r"other users may write to .* SEQLAB_CACHE_DIR"):
            choose(engine, cells["mgu"](), torch.float32, CPU)


def full_disk(monkeypatch, where):
    """Let nothing be written below folders whose path contains ``where``."""
    write = Path.write_text

    def refuse(path, *arguments, **settings):
        if where in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, *arguments, **settings)

    monkeypatch.setattr(Path, "write_text", refuse)


def test_a_full_disk_is_avoided_by_a_temporary_folder(monkeypatch, caplog):
    full_disk(monkeypatch, str(cache.cache_dir()))
    assert lanes(compiler.load(SOURCE, torch.float32)) == 7
    (line,) = warnings(caplog)
    assert "No space left on device" in line


def test_a_disk_on_which_only_the_library_finds_no_room_is_avoided_too(monkeypatch, caplog):
    copy = shutil.copy

    def refuse(source, target):
        if cache.cache_dir() in Path(target).parents:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), str(target))
        return copy(source, target)

    monkeypatch.setattr(shutil, "copy", refuse)
    assert lanes(compiler.load(SOURCE, torch.float32)) == 7
    (line,) = warnings(caplog)
    assert "Disk quota exceeded" in line


def test_a_disk_that_is_full_everywhere_leaves_another_engine(monkeypatch, caplog):
    full_disk(monkeypatch, "kernel.cpp")
    choice = choose("auto", cells["mgu"](), torch.float32, CPU)
    assert choice.engine.name == "eager"
    assert "the compiled kernel cannot be written: " in choice.reason
    assert "No space left on device" in warnings(caplog)[-1]


def test_that_temporary_files_cannot_be_written_is_not_said_of_the_cache(monkeypatch, caplog, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    line = falls_back(caplog, "temporary files cannot be written: ", "mgu")
    assert str(tmp_path / "missing") in line
    assert "TMPDIR" in line
    assert "cache" not in line.replace(str(tmp_path), "")


def test_the_key_is_everything_that_a_library_depends_on(monkeypatch, tmp_path):
    keys = []

    def note(group, key, build, days):
        keys.append(key)
        raise StorageError("not now")

    def ask(source=SOURCE, dtype=torch.float32):
        with pytest.raises(compiler.CompilerError):
            compiler.load(source, dtype)
        return keys[-1]

    monkeypatch.setattr(compiler, "cached_folder", note)
    first = ask()
    assert ask() == first
    different = [ask(source=SOURCE + "\n"), ask(dtype=torch.float64)]
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "OPTIONS", (*compiler.OPTIONS, "-g"))
        different.append(ask())
    with monkeypatch.context() as patch:  # another version, another processor
        patch.setattr(compiler, "_target", lambda _: "#define __VERSION__ 99")
        different.append(ask())
    with monkeypatch.context() as patch:
        patch.setattr(compiler, "HERE", tmp_path)
        for name in compiler.HEADERS:
            (tmp_path / name).write_text("// another")
        different.append(ask())
    assert len({first, *different}) == 1 + len(different)
