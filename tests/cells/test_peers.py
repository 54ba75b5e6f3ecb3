"""Cells beside those of other libraries, with the same weights."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from seqlab.cells import cells
from seqlab.nn import Recurrent

from ..engines.contract_cells import random
from .zoo_loops import H, I, blocks

B, T = 3, 6


def ours(cell):
    network = Recurrent(cell, input_size=I, hidden_size=H, engine="eager").double()
    for number, parameter in enumerate(network.parameters()):
        parameter.data.copy_(random(number, *parameter.shape))
    return network


def test_lstm_projected_is_nn_lstm_with_proj_size():
    network = ours(cells["lstm_projected"](proj=3))
    theirs, x = nn.LSTM(I, H, proj_size=3, batch_first=True).double(), random(9, B, T, I)
    P = vars(blocks(network.layers[0]))
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.cat([P[f"W_{gate}"] for gate in "ifgo"]))
        theirs.weight_hh_l0.copy_(torch.cat([P[f"U_{gate}"] for gate in "ifgo"]))
        theirs.bias_ih_l0.copy_(torch.cat([P[f"b_{gate}"] for gate in "ifgo"]))
        theirs.bias_hh_l0.zero_()
        theirs.weight_hr_l0.copy_(P["U_r"])
    outputs, final = network(x)
    expected, (h, c) = theirs(x)
    assert_close((outputs, final.r, final.c), (expected, h, c), atol=1e-12, rtol=1e-12)


TORCHRECURRENT = {
    "ugrnn": ("UGRNNCell", "ng", "ng"),
    "ran": ("RANCell", "cif", "if"),
    "janet": ("JANETCell", "fn", "fn"),
    "star": ("STARCell", "zk", "k"),
    "atr": ("ATRCell", "p", "p"),
}
"""The class of the cell there, and in which order it has our gates in W and in U."""


@pytest.mark.parametrize("name", TORCHRECURRENT)
def test_a_cell_is_that_of_torchrecurrent(name):
    peers = pytest.importorskip("torchrecurrent")
    kind, of_x, of_h = TORCHRECURRENT[name]
    network, x = ours(cells[name]()), random(9, B, T, I)
    P = vars(blocks(network.layers[0]))
    theirs = getattr(peers, kind)(I, H).double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.zero_()
        theirs.weight_ih.copy_(torch.cat([P[f"W_{gate}"] for gate in of_x]))
        theirs.weight_hh.copy_(torch.cat([P[f"U_{gate}"] for gate in of_h]))
        if hasattr(theirs, "beta"):
            theirs.beta.fill_(1.0)
        if any(f"b_{gate}" in P for gate in of_x):
            theirs.bias_ih.copy_(torch.cat([P[f"b_{gate}"] for gate in of_x if f"b_{gate}" in P]))
    state, outputs = None, []
    for x_t in x.unbind(1):
        state = theirs(x_t, state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    assert_close(network(x)[0], torch.stack(outputs, 1), atol=1e-12, rtol=1e-12)
