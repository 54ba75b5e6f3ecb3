"""The private names of libraries stand in seqlab.compat alone, and do there what they are used for."""

import ast
import importlib
import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus
from lightning.pytorch import Trainer
from omegaconf import OmegaConf
from packaging.requirements import Requirement
from packaging.version import Version
from torch import nn
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torchmetrics.aggregation import SumMetric

import seqlab
from seqlab.compat import TRIED

ROOT = Path(seqlab.__file__).parent
OWN = {"self", "cls"}
PUBLIC = {"_replace", "_asdict", "_fields", "_make", "_getframe", "_exit"}
"""Documented names of namedtuples, sys and os."""


@contextmanager
def canary(library: str, room: str) -> Iterator[Any]:
    """Hand over the module of seqlab.compat, and say what to do where the library has changed."""
    try:
        yield importlib.import_module(f"seqlab.compat.{room}")
    except (AttributeError, ImportError, TypeError, AssertionError) as error:
        pytest.fail(
            f"{library} {importlib.metadata.version(library)} has changed what it keeps private: "
            f"{type(error).__name__}: {error}; tried with {', '.join(TRIED[library])}; "
            f"adapt seqlab/compat/{room}.py, or lower the bound in pyproject.toml"
        )


def private_names(source: str) -> list[str]:
    """Return the private names that a module takes of something that is not its own."""
    found = []
    tree = ast.parse(source)
    own = {name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for name in _defined_in(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("seqlab"):
            found += [one.name for one in node.names if one.name.startswith("_")]
            found += [part for part in (node.module or "").split(".") if is_private(part)]
        if isinstance(node, ast.Import):
            found += [part for one in node.names for part in one.name.split(".") if is_private(part)]
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            is_own = isinstance(node.value, ast.Name) and node.value.id in OWN
            found += [] if is_own or node.attr in PUBLIC | own else [node.attr]
    return found


def _defined_in(node: ast.ClassDef) -> Iterator[str]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef):
            yield one.name
        elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            yield one.target.id


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_private_names_stand_in_compat_alone():
    places = [ROOT, ROOT.parent / "hydra_plugins"]
    files = [file for place in places for file in place.rglob("*.py") if "compat" not in file.parts]
    assert len(files) > 200
    found = {
        f"{file.relative_to(ROOT.parent)}: {name}"
        for file in files
        for name in private_names(file.read_text(encoding="utf-8"))
    }
    assert found == set()


@pytest.mark.parametrize(
    "source", ["from a._b import c", "from a import _b", "import a._b", "a._b", "a.b._c()", "f()._b"]
)
def test_a_private_name_is_seen(source):
    assert private_names(source) != []


@pytest.mark.parametrize(
    "source", ["self._a", "cls._a", "pair._replace(a=1)", "from seqlab.a import _b", "a.__b__"]
)
def test_what_is_ones_own_or_documented_is_let_be(source):
    assert private_names(source) == []


def minor(version: str) -> tuple[int, ...]:
    return Version(version).release[:2]


@pytest.mark.parametrize("library", TRIED)
def test_the_installed_version_is_one_that_was_tried(library):
    try:
        found = importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{library} is not installed")
    assert minor(found) in {minor(version) for version in TRIED[library]}, (
        f"{library} {found} is new: once the tests pass with it, add it to seqlab.compat.TRIED"
    )


@pytest.mark.parametrize("library", ["hydra-core", "lightning", "torch"])
def test_the_bound_is_the_next_minor_version_after_the_newest_that_was_tried(library):
    (line,) = (one for one in requirements() if one.name == library and not one.marker)
    major, newest = max(minor(version) for version in TRIED[library])
    assert line.specifier.contains(f"{major}.{newest}.99")
    assert not line.specifier.contains(f"{major}.{newest + 1}.0")


def requirements() -> list[Requirement]:
    """Return what the installed seqlab requires."""
    return [Requirement(line) for line in importlib.metadata.requires("seqlab") or ()]


def test_torch():
    x = torch.ones(2)
    with canary("torch", "torch") as compat:
        states = compat.in_transform(), compat.in_forward_mode(), compat.in_dispatch_mode()
        assert states == (False, False, False)
        seen = []

        def look(value):
            seen.append((compat.in_transform(), compat.in_dispatch_mode()))
            with compat.without_transforms():
                seen.append((compat.in_transform(), compat.in_dispatch_mode()))
            return value * 2

        torch.func.vmap(look)(x)
        make_fx(look)(x)
        assert seen == [(True, False), (False, False), (False, True), (False, False)]
        with forward_ad.dual_level():
            assert compat.in_forward_mode()
        assert compat.has_memory(x)
        layer = nn.Linear(1, 1)
        assert not compat.has_hooks(layer)
        layer.register_forward_hook(lambda *_: None)
        assert compat.has_hooks(layer)
        assert len(compat.core_aten_decompositions()) > 100
        kept = compat.Unrounded()
        kept.part = nn.BatchNorm1d(1)
        assert kept.to(torch.bfloat16).part.running_mean.dtype == torch.float32


def test_lightning(monkeypatch):
    with canary("lightning", "lightning") as compat:
        trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, barebones=True)
        loop = trainer.fit_loop
        compat.leave_signals(trainer)
        # Assigning makes an attribute of anything: that Lightning has and reads it is looked at in its class.
        known = [
            (type(trainer._signal_connector), "register_signal_handlers"),
            (type(loop.epoch_loop), "_broadcast_sigterm_tensor"),
            (type(loop), "_load_combined_loader_states"),
            (type(loop), "restarting"),
        ]
        assert [name for owner, name in known if not hasattr(owner, name)] == []
        assert isinstance(loop.epoch_loop._batches_that_stepped, int)
        assert isinstance(loop.epoch_progress.current.ready, int)
        compat.restore_loader_places(trainer)
        compat.count_epoch(trainer)
        assert loop.epoch_progress.current.ready == 1
        loop.epoch_loop.batch_progress.current.ready = 3
        compat.count_batches_from_zero(trainer)
        assert loop.epoch_loop.batch_progress.current.ready == 0
        compat.count_logged_steps(trainer)
        compat.take_plateau_step(trainer)
        loop.epoch_loop.batch_progress.is_last_batch = True
        assert not compat.is_within_epoch(trainer)
        children = Trainer(accelerator="cpu", strategy="ddp", devices=2, barebones=True)
        assert list(compat.child_processes(children)) == []
        observer = compat._ChildProcessObserver(0, [children])
        monkeypatch.setattr("threading.enumerate", lambda: [observer])
        compat.leave_children()
        assert observer._run()

        class Doubling(compat.Hyperparameters):
            def kept_arguments(self, arguments):
                return {name: 2 * value for name, value in arguments.items()}

            def __init__(self, width):
                super().__init__()
                self.save_hyperparameters()

        assert Doubling(4).hparams == Doubling(4).hparams_initial == {"width": 8}


def test_torchmetrics():
    with canary("torchmetrics", "torchmetrics") as compat:
        metric = SumMetric()
        metric.update(1.0)
        assert (compat.update_count(metric), metric.update_count) == (1, 1)
        compat.set_update_count(metric, 4)
        assert metric.update_count == 4


def test_hydra():
    with canary("hydra-core", "hydra") as compat:
        options = compat.options(compat.parser())
        assert options["--config-dir"] is None
        assert options["--multirun"] == 0
        composed = OmegaConf.create({"seed": 0})
        compat.apply(OverridesParser.create().parse_override("seed=3"), composed)
        assert composed.seed == 3
        reason = ValueError("why")
        assert compat.failure(JobReturn(status=JobStatus.FAILED, _return_value=reason)) is reason
        assert compat.failure(JobReturn(status=JobStatus.COMPLETED, _return_value=1)) is None
        assert callable(compat.BasicLauncher.launch)
        assert callable(compat.ImportlibResourcesConfigSource.load_config)
        assert any(pattern.match("1e-3") for _, pattern in compat.number_resolvers()["1"])


def test_submitit():
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    with canary("submitit", "submitit") as compat:
        watcher = compat.watcher(("echo", "7_0"), 5, str.split)
        for job in ("7_0", "7_1"):
            watcher.register_job(job)
        watcher.update()
        assert [watcher.get_state(job) for job in ("7_0", "7_1")] == ["RUNNING", "ENDED"]


def test_the_canary_says_what_changed():
    message = (
        r"torch \S+ has changed what it keeps private: AttributeError: .*_gone.*; adapt seqlab/compat/torch"
    )
    with pytest.raises(pytest.fail.Exception, match=message), canary("torch", "torch"):
        _ = torch.nn._gone


class Doubling(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 3 * gradient


def test_functions_with_a_derivative_of_their_own_are_handled_under_any_name():
    def handler(function, args):
        return (function, args) if args[0] is None else NotImplemented

    known_before, x = Doubling.apply, torch.ones(2, requires_grad=True)
    with canary("torch", "torch") as room:
        with room.functions_handled(handler):
            assert known_before(None) == Doubling.apply(None) == (Doubling, (None,))
            assert torch.equal(known_before(x), 2 * x)
        assert known_before(1) == 2
        assert torch.equal(torch.autograd.grad(known_before(x).sum(), x)[0], torch.full((2,), 3.0))
