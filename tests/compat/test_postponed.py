"""What is postponed is not imported by a first training step, and is all there for whoever uses it."""

import importlib
import subprocess
import sys

import pytest

from .test_private_names import canary

UNUSED = """
import sys
from seqlab.compat.postponed import DYNAMO, PLOT, SIGNAL, postpone
postpone()
stand_ins = {name: sys.modules[name] for name in (DYNAMO, PLOT, SIGNAL)}
import lightning.pytorch
import torch
from lightning.pytorch.utilities.compile import OptimizedModule, to_uncompiled
from torchmetrics import MeanMetric
layer = torch.nn.Linear(1, 1)
optimizer = torch.optim.AdamW(layer.parameters())
def step():
    optimizer.zero_grad()
    layer(torch.ones(2, 1)).sum().backward()
    optimizer.step()
step()
@torch.compiler.disable
def hidden(x):
    seen.append(torch.compiler.is_compiling())
    return x + 1
seen = []
assert hidden(1) == 2
assert not isinstance(layer, OptimizedModule)
metric = MeanMetric()
metric.update(3.0)
kept = {name for name, module in stand_ins.items() if sys.modules[name] is module}
assert kept == {*stand_ins}, {*stand_ins} - kept
assert not {"sympy", "matplotlib", "scipy.stats"}.intersection(sys.modules)
"""
"""A training step with Lightning, torch and torchmetrics."""

WHOLES = """
import scipy.signal
assert scipy.signal.convolve([1, 2], [1, 1]).tolist() == [1, 3, 2]
assert sys.modules[SIGNAL] is scipy.signal is not stand_ins[SIGNAL]
old, new = scipy.signal.hamming(5).tolist(), scipy.signal.windows.hamming(5).tolist()
assert stand_ins[SIGNAL].hamming(5).tolist() == old == new

from torchmetrics.utilities.plot import _AX_TYPE, trim_axs
figure, axes = metric.plot()
from matplotlib.axes import Axes
assert isinstance(axes, Axes) and isinstance(axes, _AX_TYPE) and not isinstance(figure, _AX_TYPE)
assert sys.modules[PLOT].trim_axs is trim_axs

graphs = []
def kept(graph, examples):
    graphs.append(graph)
    return graph.forward
compiled = torch.compile(lambda x: hidden(x * 2) * 3, backend=kept)
assert compiled(torch.tensor(1.0)).item() == 9
assert len(graphs) == 2, "the disabled function is in a graph"
assert seen == [False, False]
import torch._dynamo
assert torch._dynamo is sys.modules[DYNAMO] is not stand_ins[DYNAMO]
module = torch.compile(layer, backend="eager")
assert isinstance(module, OptimizedModule) and isinstance(module, torch._dynamo.OptimizedModule)
assert issubclass(type(module), OptimizedModule) and not isinstance(layer, OptimizedModule)
step()
assert torch.optim.Optimizer.zero_grad.__wrapped__.__dynamo_disable._torchdynamo_disable
"""
"""Each of the modules is used."""
PARTS = """
import scipy.signal.windows as windows
from scipy.signal import convolve
assert sys.modules["scipy.signal.windows"] is windows and sys.modules[SIGNAL].windows is windows
assert windows.__spec__.loader.name == windows.__name__ and sys.modules[SIGNAL].convolve is convolve

import torch._dynamo.utils as utils
assert torch._dynamo.utils is utils and utils.__spec__.loader.name == utils.__name__
assert hidden(2) == 3 and hidden._torchdynamo_disable
step()
"""
"""A part of a module is imported first."""


@pytest.mark.parametrize("use", [WHOLES, PARTS], ids=["whole", "part"])
def test_what_a_training_step_postpones_is_there_for_whoever_uses_it(use):
    with canary("torch", "postponed"):
        done = subprocess.run(
            [sys.executable, "-c", UNUSED + use], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_a_module_that_is_imported_stays():
    names = ("scipy.signal", "torch._dynamo", "torchmetrics.utilities.plot")
    modules = {name: importlib.import_module(name) for name in names}
    with canary("torch", "postponed") as compat:
        compat.postpone()
    assert {name: sys.modules[name] for name in names} == modules
