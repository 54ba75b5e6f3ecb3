"""What stands between layers: exact on every engine, as a network of torch's own modules computes it."""

import pytest
import torch
from torch import nn

from seqlab.errors import ConfigError
from seqlab.nn import Recurrent
from seqlab.nn.exchange import to_torch
from seqlab.registry.catalog import engines

LENGTHS = torch.tensor([5, 2, 4])
WIDTHS = {"input_size": 3, "hidden_size": 3, "num_layers": 3}


def in_torch(network: Recurrent, x: torch.Tensor, between: str) -> torch.Tensor:
    """Return the outputs of torch's own LSTMs, one a layer, each sequence alone."""
    rows = []
    for row, length in enumerate(LENGTHS.tolist()):
        read = x[row : row + 1, :length]
        for depth in range(network.num_layers):
            layer = nn.LSTM(
                read.shape[2], 3, batch_first=True, bidirectional=network.directions == 2
            ).double()
            ours = network.layers[depth * network.directions : (depth + 1) * network.directions]
            for end, part in zip(("", "_reverse"), ours, strict=False):
                getattr(layer, f"weight_ih_l0{end}").data = part.W
                getattr(layer, f"weight_hh_l0{end}").data = part.U
                getattr(layer, f"bias_ih_l0{end}").data = part.b
                getattr(layer, f"bias_hh_l0{end}").data = torch.zeros_like(part.b)
            outputs, _ = layer(read)
            if depth == network.num_layers - 1:
                break
            if between == "layernorm":
                centred = outputs - outputs.mean(2, keepdim=True)
                outputs = centred / (outputs.var(2, unbiased=False, keepdim=True) + 1e-5).sqrt()
                norm = network.between[depth].norm
                outputs = outputs * norm.weight + norm.bias
            if between == "residual" and outputs.shape == read.shape:
                outputs = outputs + read
            read = outputs
        rows.append(nn.functional.pad(outputs[0], (0, 0, 0, 5 - length)))
    return torch.stack(rows)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("engine", engines)
@pytest.mark.parametrize("between", ["dropout", "layernorm", "residual"])
def test_between_layers_stands_what_is_said(between, engine, bidirectional):
    torch.manual_seed(0)
    network = Recurrent(
        "lstm", **WIDTHS, between=between, engine=engine, bidirectional=bidirectional
    ).double()
    for part in network.between.parameters():
        nn.init.normal_(part)
    x = torch.randn(3, 5, 3, dtype=torch.float64)
    expected = in_torch(network, x, between)
    for row, length in enumerate(LENGTHS.tolist()):
        x[row, length:] = float("nan")
    outputs, _ = network(x, LENGTHS)
    torch.testing.assert_close(outputs, expected, rtol=1e-10, atol=1e-12)
    outputs.sum().backward()
    assert all(part.grad.isfinite().all() for part in network.parameters())


def test_dropout_acts_after_the_norm_and_its_settings_are_its_own():
    options = {"between": "layernorm", "between_options": {"eps": 0.5}}
    network = Recurrent("gru", **WIDTHS, dropout=0.5, **options)
    assert [part.norm.eps for part in network.between] == [0.5, 0.5]
    assert [part.dropout.p for part in network.between] == [0.5, 0.5]
    with pytest.raises(ConfigError, match="only dropout between their layers"):
        to_torch(network)
    with pytest.raises(ConfigError, match="no between named 'layer_norm'; did you mean 'layernorm'"):
        Recurrent("gru", **WIDTHS, between="layer_norm")
