"""Weights to and from torch's own modules."""

import pytest
import torch
from torch import nn

from seqlab.errors import ConfigError
from seqlab.nn import Recurrent, from_torch, to_torch

MODULES = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "rnn_relu": lambda *sizes, **more: nn.RNN(*sizes, nonlinearity="relu", **more),
}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_both_ways_keep_outputs_and_final_states(name, layers, bidirectional):
    torch.manual_seed(0)
    theirs = MODULES[name](3, 5, num_layers=layers, bidirectional=bidirectional, batch_first=True).double()
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    outputs, final = theirs(x)
    ours = from_torch(theirs, engine="reference")
    again = to_torch(ours)
    for module in (ours, again):
        found, state = module(x)
        torch.testing.assert_close(found, outputs, atol=1e-12, rtol=0)
        states = (
            list(state.values()) if isinstance(state, dict) else list(state) if name == "lstm" else [state]
        )
        expected = list(final) if name == "lstm" else [final]
        for value, truth in zip(states, expected, strict=True):
            torch.testing.assert_close(value, truth, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", MODULES)
def test_both_ways_keep_the_mode_and_what_is_trained(name):
    theirs = MODULES[name](3, 5, num_layers=2, dropout=0.5, batch_first=True).eval()
    theirs.weight_hh_l0.requires_grad_(requires_grad=False)
    theirs.bias_ih_l1.requires_grad_(requires_grad=False)
    theirs.bias_hh_l1.requires_grad_(requires_grad=False)
    ours = from_torch(theirs)
    assert not any(module.training for module in ours.modules())
    frozen = {name for name, parameter in ours.named_parameters() if not parameter.requires_grad}
    assert frozen - {"layers.1.own.b_hn"} == {"layers.0.U", "layers.1.b"}
    again = to_torch(ours)
    assert not again.training
    for key, parameter in theirs.named_parameters():
        assert getattr(again, key).requires_grad == parameter.requires_grad, key
    assert from_torch(theirs.train()).between[0].dropout.training


def test_the_result_is_a_copy():
    theirs = nn.GRU(3, 5)
    ours = from_torch(theirs)
    ours.layers[0].W.data.zero_()
    assert theirs.weight_ih_l0.abs().sum() > 0


@pytest.mark.parametrize("module", [nn.LSTM(3, 5, proj_size=2), nn.GRU(3, 5, bias=False)])
def test_modules_without_a_twin_are_refused(module):
    with pytest.raises(ConfigError, match="biases and without proj_size"):
        from_torch(module)


def test_cells_and_merges_that_torch_lacks_are_refused():
    with pytest.raises(ConfigError, match="torch has no module for cell 'mgu'"):
        to_torch(Recurrent("mgu", input_size=3, hidden_size=5))
    with pytest.raises(ConfigError, match="sums them"):
        to_torch(Recurrent("gru", input_size=3, hidden_size=5, bidirectional=True, merge="sum"))
