"""What all tests share: the real data where there are any, and a process left as it was found."""

import logging
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback

from seqlab import cli
from seqlab.engines import native
from seqlab.engines.native import compiler
from seqlab.io import devices
from seqlab.registry import catalog, module, signature
from seqlab.registry.registry import Registry

from .browser import axe, browser  # noqa: F401 (fixtures)

KINDS = [one for one in vars(catalog).values() if isinstance(one, Registry)]
"""What a test may register."""

# Tiny models gain nothing from a second thread, and on a busy machine lose a great deal.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["SEQLAB_OFFLINE"] = "1"  # no test asks a server but its own
torch.set_num_threads(1)

# To compile a kernel takes seconds; tests/engines/native compiles as shipped where slow tests are run too.
compiler.OPTIONS = tuple("-O1" if option == "-O3" else option for option in compiler.OPTIONS)

NUMBERS = count()
INSTALLED: set[str] = set()
"""Names of imported modules that are no test's own."""

# Read before any test changes the environment.
REAL_DATA = os.environ.get("SEQLAB_DATA_DIR")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave in the default tier one in so many cases: a diagonal of a product, or rows of a table."""
    numbers: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)  # of each parameter's values
    for item in items:
        if (product := item.get_closest_marker("product")) and isinstance(item, pytest.Function):
            place = 0
            for name, value in item.callspec.params.items():
                known = numbers[item.nodeid.partition("[")[0], name]
                place += known.setdefault(id(value), len(known))
            if place % product.args[0]:
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which kernels and samples are kept; all workers share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(autouse=True)
def same_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, made_once: Path
) -> Iterator[None]:
    """Undo what a run does to its process: loggers, search path, registered cells, environment."""
    names = ("seqlab", "lightning.pytorch", "lightning.fabric", "py.warnings")
    loggers = {name: logging.getLogger(name) for name in names}
    before = {name: (logger.handlers[:], logger.level, logger.propagate) for name, logger in loggers.items()}
    path, registered = sys.path[:], [(registry, registry.theirs()) for registry in KINDS]
    monkeypatch.setenv("COLUMNS", "120")
    cache = tmp_path_factory.getbasetemp() / f"cache-{next(NUMBERS)}"  # mktemp lists all folders first
    cache.mkdir()
    for name in ("native", "sources", "samples", "composed"):  # made once a session, not once a test
        (made_once / name).mkdir(exist_ok=True)
        (cache / name).symlink_to(made_once / name)
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(cache))
    yield
    for name, logger in loggers.items():
        logger.handlers, level, logger.propagate = before[name]
        if logger.level != level:  # to set one empties the caches of all loggers
            logger.setLevel(level)
    logging.captureWarnings(capture=False)
    sys.path[:] = path
    os.environ.pop("PYTHONSAFEPATH", None)  # a script of a later test may need what is beside it
    for registry, names_before in registered:
        for name in set(registry.theirs()) - set(names_before):
            del registry._entries[name]
    below = f"{tmp_path_factory.getbasetemp()}{os.sep}"
    for name in sys.modules.keys() - INSTALLED:  # those of thousands that have come since the last test
        if _file(sys.modules[name]).startswith(below):
            del sys.modules[name]
        else:
            INSTALLED.add(name)
    signature.settings_of.cache_clear()
    module.parsed.cache_clear()


def _file(module: object) -> str:
    return getattr(module, "__file__", None) or ""


@pytest.fixture(scope="module")
def shipped_kernels() -> Iterator[None]:
    """Optimize kernels as users' are; none that other tests have loaded is taken."""
    with pytest.MonkeyPatch.context() as patch:
        shipped = ["-O3" if option == "-O1" else option for option in compiler.OPTIONS]
        patch.setattr(compiler, "OPTIONS", tuple(shipped))
        native._kernel.cache_clear()
        yield
    native._kernel.cache_clear()


@pytest.fixture
def real_data() -> Path:
    """Return the folder of real data sets, or skip."""
    if not REAL_DATA or not (Path(REAL_DATA) / "names.zip").exists():
        pytest.skip("needs the real data: set SEQLAB_DATA_DIR to a folder with names.zip")
    return Path(REAL_DATA)


@pytest.fixture
def case(real_data: Path) -> Callable[[str], Path]:
    """Return what finds a folder or file among the cases that lie beside the real data, or skips."""

    def find(name: str) -> Path:
        path = real_data.parent / "cases/data" / name
        if not path.exists():
            pytest.skip("needs the folder of cases beside the real data")
        return path

    return find


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return the command ``seqlab train`` on the CPU and the built-in sample, its runs below tmp_path/out.

    It draws no figures and fits no baselines if it is not told to: they take longer than a tiny run.
    """
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py"])

    def run(*arguments: str) -> int:
        begins = not any(argument.startswith("resume=") for argument in arguments)
        quick = ["callbacks.figures=false", "task.baselines=false"] if begins else []
        return cli.train(["paths.output_dir=out", "trainer.accelerator=cpu", *quick, *arguments])

    return run


@pytest.fixture(scope="session")
def trained_runs() -> dict[object, Path]:
    """Return the folders in which runs were trained that several tests look at, by their settings."""
    return {}


@pytest.fixture
def trained(
    train: Callable[..., int],
    trained_runs: dict[object, Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Path]:
    """Return what gives a test its copy of a run, below the working folder; the same run is trained once.

    It takes settings, and the files beside the run by their names: the run reads those of the first test.
    """

    def copy(*settings: str, **files: str) -> Path:
        wanted = (settings, tuple(files.items()))
        if wanted not in trained_runs:
            folder = tmp_path_factory.mktemp("trained")
            for name, content in files.items():
                (folder / name).write_text(content, encoding="utf-8")
            with monkeypatch.context() as patch:
                patch.chdir(folder)
                assert train(*settings) == 0
            trained_runs[wanted] = folder
        shutil.copytree(trained_runs[wanted], tmp_path, dirs_exist_ok=True)
        (record,) = trained_runs[wanted].glob("out/**/run.json")
        return record.parent.relative_to(trained_runs[wanted])

    return copy


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return the installed command: its exit code, what it printed, what it complained of."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqlab", *map(str, arguments)])
        capsys.readouterr()
        code = cli.main()
        shown = capsys.readouterr()
        assert "Traceback" not in shown.err
        return code, shown.out, shown.err

    return run


@pytest.fixture
def list_gpus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return what sets the answer of ``nvidia-smi -L``."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def answer(listing: str) -> None:
        done = subprocess.CompletedProcess((), 0, stdout=listing)
        monkeypatch.setattr("seqlab.io.devices.subprocess.run", lambda *_arguments, **_settings: done)
        devices._listed_gpus.cache_clear()

    yield answer
    devices._listed_gpus.cache_clear()


@pytest.fixture
def six_gpus(list_gpus: Callable[[str], None]) -> None:
    """A machine with GPUs 0 to 5, the last of which is in parts."""
    lines = [f"GPU {number}: NVIDIA A100 (UUID: GPU-{number}aaa-bbb)" for number in range(6)]
    list_gpus("\n".join([*lines, "  MIG 1g.5gb     Device  0: (UUID: MIG-5c5-d)", ""]))


class Killed(BaseException):
    """What ends a run in the middle of a test: no code of a run looks for it."""


@pytest.fixture
def happening(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[None]]:
    """Return a context whose runs do something at a hook of Lightning's: after so many steps, or always."""

    @contextmanager
    def happens(hook: str, step: int | None, action: Callable[[], object]) -> Iterator[None]:
        def act(_self: Callback, trainer: object, *_arguments: object) -> None:
            if step in (None, trainer.global_step):
                action()

        callback = type("Happening", (Callback,), {hook: act})()
        with monkeypatch.context() as patch:
            patch.setattr("seqlab.training.trainer.progress", lambda _verbosity: [callback])
            yield

    return happens


@pytest.fixture
def killed(
    happening: Callable[..., AbstractContextManager[None]],
) -> Callable[..., AbstractContextManager[None]]:
    """Return a context in which a run dies at a hook of Lightning's, after so many steps."""

    @contextmanager
    def dies(hook: str, step: int) -> Iterator[None]:
        def die() -> None:
            raise Killed

        with happening(hook, step, die), pytest.raises(Killed):
            yield

    return dies


class Arrival:
    """Stands for torch.cuda.Event, and tells whether it was waited for."""

    def __init__(self) -> None:
        self.recorded = self.waited_for = False

    def record(self) -> None:
        self.recorded = True

    def synchronize(self) -> None:
        assert self.recorded
        self.waited_for = True


@pytest.fixture
def arriving_late(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return what lets numbers of the processor arrive as those of a GPU do: so many readings later."""

    def late(behind: int) -> None:
        monkeypatch.setattr("seqlab.models.readings.SYNCHRONOUS", ())
        monkeypatch.setattr("seqlab.models.readings.PENDING", behind)
        monkeypatch.setattr(torch.cuda, "Event", Arrival)

    return late
