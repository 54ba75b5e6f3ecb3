"""Recurrent against torch.nn in float64: outputs, final states and every gradient."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqlab.cells import State
from seqlab.nn import from_torch

MODULES = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "rnn_relu": lambda *sizes, **more: nn.RNN(*sizes, nonlinearity="relu", **more),
}
LENGTHS = torch.tensor([6, 1, 3, 2])


def run_torch(module, x, starts, lengths):
    """Return outputs (zero past a length) and final states of torch's module."""
    start = tuple(starts) if isinstance(module, nn.LSTM) else starts[0]
    if lengths is None:
        outputs, final = module(x, start)
    else:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, final = module(packed, start)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
    return outputs, list(final) if isinstance(module, nn.LSTM) else [final]


@pytest.mark.product(3)
@pytest.mark.parametrize("engine", ["reference", "eager", "torch"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["equal", "padded"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one_way", "both_ways"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", MODULES)
def test_outputs_final_states_and_gradients_equal_torchs(name, layers, bidirectional, lengths, engine):
    torch.manual_seed(1)
    theirs = MODULES[name](3, 5, num_layers=layers, bidirectional=bidirectional, batch_first=True).double()
    ours = from_torch(theirs, engine=engine)
    x = torch.randn(4, 6, 3, dtype=torch.float64, requires_grad=True)
    shape = (layers * (1 + bidirectional), 4, 5)
    starts = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for _ in ours.cell.state]

    outputs, finals = run_torch(theirs, x, starts, lengths)
    found, final = ours(x, lengths, State(zip(ours.cell.state, starts, strict=True)))
    inside = torch.arange(6) < (LENGTHS if lengths is not None else torch.full((4,), 6))[:, None]
    found = found * inside[:, :, None]
    torch.testing.assert_close(found, outputs, atol=1e-10, rtol=0)
    for state, truth in zip(ours.cell.state, finals, strict=True):
        torch.testing.assert_close(final[state], truth, atol=1e-10, rtol=0)

    def gradients(values, parameters):
        total = sum(value.sin().sum() for value in values)
        return torch.autograd.grad(total, [x, *starts, *parameters], retain_graph=True)

    expected = gradients([outputs, *finals], theirs.parameters())
    layer_parameters = [parameter for layer in ours.layers for parameter in (layer.W, layer.U, layer.b)]
    got = gradients([found, *final.values()], layer_parameters)
    inputs = 1 + len(starts)
    for value, truth in zip(got[:inputs], expected[:inputs], strict=True):
        torch.testing.assert_close(value, truth, atol=1e-10, rtol=0)
    # A layer of torch has weight_ih, weight_hh, bias_ih, bias_hh; bias_ih has the gradient of our b.
    for number in range(len(ours.layers)):
        W, U, b = got[inputs + 3 * number : inputs + 3 * number + 3]
        weight_ih, weight_hh, bias_ih, _ = expected[inputs + 4 * number : inputs + 4 * number + 4]
        for value, truth in ((W, weight_ih), (U, weight_hh), (b, bias_ih)):
            torch.testing.assert_close(value, truth, atol=1e-10, rtol=0)
