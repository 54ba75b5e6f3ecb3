"""torch.nn with its weights copied by hand, from zeros: outputs, final states and every weight gradient."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqlab.nn import Recurrent

INPUT, HIDDEN, STEPS = 3, 4, 5
LENGTHS = torch.tensor([2, 5, 1])
MODULES = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "rnn_relu": lambda *sizes, **more: nn.RNN(*sizes, nonlinearity="relu", **more),
}


def suffixes(layers, bidirectional):
    ways = ("", "_reverse") if bidirectional else ("",)
    return [f"l{depth}{way}" for depth in range(layers) for way in ways]


def copy_weights(theirs, ours, names):
    for layer, name in zip(ours.layers, names, strict=True):
        W, U, first, second = (
            getattr(theirs, f"{kind}_{name}").detach().clone()
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        if isinstance(theirs, nn.GRU):
            layer.own["b_hn"].data = second[2 * HIDDEN :].clone()
            second[2 * HIDDEN :] = 0
        layer.W.data, layer.U.data, layer.b.data = W, U, first + second


@pytest.mark.product(3)
@pytest.mark.parametrize("engine", ["reference", "eager", "torch"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["equal", "padded"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one_way", "both_ways"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("name", MODULES)
def test_from_zeros_outputs_states_and_weight_gradients_equal_torchs(
    name, layers, bidirectional, lengths, engine
):
    torch.manual_seed(5)
    sizes = {"num_layers": layers, "bidirectional": bidirectional}
    theirs = MODULES[name](INPUT, HIDDEN, batch_first=True, **sizes).double()
    ours = Recurrent(name, input_size=INPUT, hidden_size=HIDDEN, engine=engine, **sizes).double()
    names = suffixes(layers, bidirectional)
    copy_weights(theirs, ours, names)
    x = torch.randn(3, STEPS, INPUT, dtype=torch.float64)

    if lengths is None:
        expected, final = theirs(x)
    else:
        packed, final = theirs(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        expected, _ = pad_packed_sequence(packed, batch_first=True)
    outputs, state = ours(x, lengths)
    whole = torch.full((3,), STEPS) if lengths is None else lengths
    inside = torch.arange(STEPS) < whole[:, None]
    torch.testing.assert_close(outputs[inside], expected[inside], atol=1e-10, rtol=0)
    finals = list(final) if isinstance(final, tuple) else [final]
    for value, truth in zip(state.values(), finals, strict=True):
        torch.testing.assert_close(value, truth, atol=1e-10, rtol=0)

    (expected[inside].cos().sum() + sum(value.sum() for value in finals)).backward()
    (outputs[inside].cos().sum() + sum(value.sum() for value in state.values())).backward()
    for layer, suffix in zip(ours.layers, names, strict=True):
        truths = {
            "W": getattr(theirs, f"weight_ih_{suffix}").grad,
            "U": getattr(theirs, f"weight_hh_{suffix}").grad,
            "b": getattr(theirs, f"bias_ih_{suffix}").grad,
        }
        if name == "gru":
            truths["own.b_hn"] = getattr(theirs, f"bias_hh_{suffix}").grad[2 * HIDDEN :]
        gradients = {parameter: value.grad for parameter, value in layer.named_parameters()}
        assert gradients.keys() == truths.keys()
        for parameter, truth in truths.items():
            torch.testing.assert_close(gradients[parameter], truth, atol=1e-10, rtol=0)
