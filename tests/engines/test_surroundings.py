"""Inside transforms, forward mode, traces and exports: the reference's numbers, or one line that says why."""

import io

import pytest
import torch
from torch import tanh
from torch.autograd import forward_ad
from torch.fx.experimental.proxy_tensor import make_fx
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from seqlab.cells import Cell, State
from seqlab.errors import EngineError
from seqlab.nn import Recurrent

X = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LENGTHS = torch.tensor([5, 2, 1])


def networks(cell="gru"):
    """Return the same network on the engine that auto takes and on the reference."""
    torch.manual_seed(0)
    sizes = {"input_size": 4, "hidden_size": 6, "num_layers": 2, "bidirectional": True}
    auto = Recurrent(cell, **sizes).double()
    reference = Recurrent(cell, engine="reference", **sizes).double()
    reference.load_state_dict(auto.state_dict())
    return auto, reference


def called(network, parameters, *arguments):
    return torch.func.functional_call(network, parameters, arguments)[0]


def tangent(network):
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(network(forward_ad.make_dual(X, X.cos()), LENGTHS)[0]).tangent


TRANSFORMS = {
    "grad": lambda net: torch.func.grad(lambda p: called(net, p, X, LENGTHS).sum())(
        dict(net.named_parameters())
    ),
    "per sample": lambda net: torch.func.vmap(
        torch.func.grad(lambda p, x, length: called(net, p, x[None], length[None]).square().sum()),
        in_dims=(None, 0, 0),
    )(dict(net.named_parameters()), X, LENGTHS),
    "states": lambda net: torch.func.vmap(lambda x: net(x[None]))(X),
    "jacrev": lambda net: torch.func.jacrev(lambda x: net(x, LENGTHS)[0])(X),
    "jacfwd": lambda net: torch.func.jacfwd(lambda x: net(x, LENGTHS)[0])(X),
    "jvp": lambda net: torch.func.jvp(lambda x: net(x, LENGTHS)[0], (X,), (X.cos(),)),
    "hessian": lambda net: torch.func.hessian(lambda x: net(x, LENGTHS)[0].sum())(X),
    "functional_call": lambda net: called(net, {k: 2 * v for k, v in net.named_parameters()}, X),
    "dual numbers": tangent,
    "vectorized": lambda net: torch.autograd.functional.jacobian(
        lambda x: net(x, LENGTHS)[0], X, vectorize=True
    ),
    "hvp": lambda net: torch.autograd.functional.hvp(lambda x: net(x, LENGTHS)[0].sum(), X, X.cos()),
    "make_fx": lambda net: make_fx(lambda x: net(x)[0])(X)(2 * X),
    "export": lambda net: torch.export.export(net, (X, LENGTHS)).module()(2 * X, LENGTHS),
}


@pytest.mark.product(3)
@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
def test_a_transform_has_the_references_numbers(transform):
    auto, reference = networks()
    plain = auto(X)  # native is chosen before, and not kept
    found, expected = transform(auto), transform(reference)
    assert_close(torch.utils._pytree.tree_leaves(found), torch.utils._pytree.tree_leaves(expected))
    assert_close(auto(X), plain, rtol=0, atol=0)
    assert auto.choice().engine.name == "native"


class Fresh(Cell):
    """A step that no other test compiles: its first use decides."""

    gates = ("h",)

    def step(self, x, u, s):
        return State(h=tanh(x.h + u.h(s.h)) * 0.987 + 0.013)


class Watching(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return function(*args, **(kwargs or {}))


def watched(net, x):
    with Watching():
        return net(x)


@pytest.mark.product(3)
@pytest.mark.parametrize(
    "first",
    [
        lambda net, x: torch.func.grad(lambda x: net(x)[0].sum())(x),
        lambda net, x: torch.func.vmap(lambda x: net(x[None])[0])(x),
        lambda net, x: torch.autocast("cpu")(lambda: net(x))(),
        lambda net, x: torch.inference_mode()(lambda: net(x))(),
        watched,
    ],
    ids=["grad", "vmap", "autocast", "inference_mode", "dispatch mode"],
)
def test_a_cells_first_use_leaves_nothing_behind(first):
    cell = type("Fresh", (Fresh,), {})  # a class of its own: nothing is kept of it
    torch.manual_seed(0)
    auto = Recurrent(cell, input_size=4, hidden_size=6)
    first(auto, X.float())
    later = Recurrent(cell, input_size=4, hidden_size=6)
    reference = Recurrent(cell, input_size=4, hidden_size=6, engine="reference")
    reference.load_state_dict(later.state_dict())
    assert_close(later(X.float())[0], reference(X.float())[0])
    assert later.choice().engine.name == "native"


@pytest.mark.parametrize("engine", ["native", "torch"])
def test_an_engine_in_one_piece_is_refused_inside_a_transform_and_others_named(engine):
    network = Recurrent("gru", input_size=4, hidden_size=6, engine=engine).double()
    network(X)
    with pytest.raises(
        EngineError, match=rf"engine={engine} cannot run here: torch.func .* eager and reference"
    ):
        torch.func.grad(lambda x: network(x)[0].sum())(X)


class Outputs(torch.nn.Module):
    def __init__(self, engine):
        super().__init__()
        self.recurrent = Recurrent("gru", input_size=4, hidden_size=6, engine=engine)

    def forward(self, x):
        return self.recurrent(x, need_state=False)[0]


@pytest.mark.parametrize("engine", ["auto", "torch", "eager", "reference"])
@pytest.mark.parametrize(
    "trace",
    [
        lambda net: torch.jit.trace(net, (X,)),
        lambda net: torch.onnx.export(net, (X,), io.BytesIO(), dynamo=False),
    ],
    ids=["jit", "onnx"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_trace_is_refused_and_the_ways_out_named(engine, trace):
    network = Outputs(engine).double().eval()
    network(X)
    with pytest.raises(EngineError, match=r"would keep the example's steps.*seqlab export RUN --to onnx"):
        trace(network)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_script_is_refused_and_the_ways_out_named():
    with pytest.raises(EngineError, match=r"torch.jit.script cannot read.*seqlab export RUN --to onnx"):
        torch.jit.script(Outputs("auto"))


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["auto", "torch"])
@pytest.mark.filterwarnings("ignore")
def test_compiled_with_lengths_it_computes_the_same_and_a_whole_graph_is_refused(engine):
    network = Recurrent("lstm", input_size=4, hidden_size=6, engine=engine).double()
    expected = network(X, LENGTHS)[0]
    torch._dynamo.reset()
    assert_close(torch.compile(network, backend="eager")(X, LENGTHS)[0], expected)
    torch._dynamo.reset()
    with pytest.raises(torch._dynamo.exc.Unsupported, match="leave out fullgraph=True"):
        torch.compile(network, backend="eager", fullgraph=True)(X, LENGTHS)
