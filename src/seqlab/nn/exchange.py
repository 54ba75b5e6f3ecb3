"""Weights to and from torch.nn.LSTM, GRU and RNN: all layers, both directions."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from seqlab.cells import GRU, LSTM, RNN, Cell, RNNReLU
from seqlab.errors import ConfigError
from seqlab.nn.between import Dropout
from seqlab.nn.recurrent import Layer, Recurrent


def from_torch(module: nn.RNNBase, *, engine: str = "auto") -> Recurrent:
    """Return the same network as a ``Recurrent``, batch first, with a copy of the weights.

    Training or evaluation mode and ``requires_grad`` of the parameters are copied too. torch adds two biases
    where a cell has one: they are summed, except nn.GRU's second bias of gate n, which acts inside the reset
    gate and is the cell's ``b_hn``.

    Raises:
        ConfigError: the module has projections (``proj_size``) or no biases.
    """
    if module.proj_size or not module.bias:
        raise ConfigError("only torch modules with biases and without proj_size can be converted")
    recurrent = Recurrent(
        _cell_of(module),
        input_size=module.input_size,
        hidden_size=module.hidden_size,
        num_layers=module.num_layers,
        bidirectional=module.bidirectional,
        dropout=module.dropout,
        engine=engine,
    ).to(next(module.parameters()))
    with torch.no_grad():
        for layer, theirs in _pairs(recurrent, module):
            layer.W.copy_(theirs["weight_ih"])
            layer.U.copy_(theirs["weight_hh"])
            second = theirs["bias_hh"].clone()
            if isinstance(recurrent.cell, GRU):
                layer.own["b_hn"].copy_(second[-module.hidden_size :])
                second[-module.hidden_size :] = 0
            layer.b.copy_(theirs["bias_ih"] + second)
    for layer, theirs in _pairs(recurrent, module):
        is_trained = {name: tensor.requires_grad for name, tensor in theirs.items()}
        layer.W.requires_grad_(is_trained["weight_ih"])
        layer.U.requires_grad_(is_trained["weight_hh"])
        layer.b.requires_grad_(is_trained["bias_ih"] or is_trained["bias_hh"])
        if isinstance(recurrent.cell, GRU):
            layer.own["b_hn"].requires_grad_(is_trained["bias_hh"])
    return recurrent.train(module.training)


def to_torch(recurrent: Recurrent) -> nn.RNNBase:
    """Return the same network as a module of torch.nn (batch first), with a copy of the weights.

    Training or evaluation mode and ``requires_grad`` of the parameters are copied too. The second biases are
    0, except nn.GRU's of gate n.

    Raises:
        ConfigError: torch has no such cell, the directions are summed, or there is more than dropout between
            layers.
    """
    kinds: dict[type[Cell], tuple[Callable[..., nn.RNNBase], dict[str, str]]] = {
        LSTM: (nn.LSTM, {}),
        GRU: (nn.GRU, {}),
        RNN: (nn.RNN, {"nonlinearity": "tanh"}),
        RNNReLU: (nn.RNN, {"nonlinearity": "relu"}),
    }
    if type(recurrent.cell) not in kinds:
        raise ConfigError(
            f"torch has no module for cell '{recurrent.cell.name}'; it has lstm, gru, rnn, rnn_relu"
        )
    if len({(type(level.cell), level.hidden_size) for level in recurrent.stack.levels}) > 1:
        layers = ", ".join(f"{level.cell.name} {level.hidden_size}" for level in recurrent.stack.levels)
        raise ConfigError(f"torch's modules have one cell and width in all layers; this network has {layers}")
    if recurrent.ways.turned == (True,) or recurrent.outputs != "last":
        raise ConfigError(
            "torch's modules begin at the first step and return the last layer's outputs; this network has "
            + ("outputs='all'" if recurrent.outputs == "all" else "reverse=True")
        )
    if recurrent.directions > 1 and recurrent.ways.merging != "concat":
        raise ConfigError("torch's modules concatenate their directions; this network sums them")
    if any(type(part) is not Dropout for part in recurrent.between):
        raise ConfigError("torch's modules have only dropout between their layers; this network has more")
    kind, more = kinds[type(recurrent.cell)]
    module = kind(
        recurrent.input_size,
        recurrent.hidden_size,
        num_layers=recurrent.num_layers,
        bidirectional=recurrent.directions > 1,
        dropout=recurrent.dropout,
        batch_first=True,
        **more,
    ).to(next(recurrent.parameters()))
    with torch.no_grad():
        for layer, theirs in _pairs(recurrent, module):
            theirs["weight_ih"].copy_(layer.W)
            theirs["weight_hh"].copy_(layer.U)
            theirs["bias_ih"].copy_(layer.b)
            theirs["bias_hh"].zero_()
            if isinstance(recurrent.cell, GRU):
                theirs["bias_hh"][-recurrent.hidden_size :] = layer.own["b_hn"]
    for layer, theirs in _pairs(recurrent, module):
        second = layer.own["b_hn"] if isinstance(recurrent.cell, GRU) else layer.b
        theirs["weight_ih"].requires_grad_(layer.W.requires_grad)
        theirs["weight_hh"].requires_grad_(layer.U.requires_grad)
        theirs["bias_ih"].requires_grad_(layer.b.requires_grad)
        theirs["bias_hh"].requires_grad_(second.requires_grad)
    return module.train(recurrent.training)


def _cell_of(module: nn.RNNBase) -> type[Cell]:
    if isinstance(module, nn.LSTM):
        return LSTM
    if isinstance(module, nn.GRU):
        return GRU
    return RNNReLU if module.nonlinearity == "relu" else RNN


def _pairs(recurrent: Recurrent, module: nn.RNNBase) -> Iterator[tuple[Layer, dict[str, Tensor]]]:
    """Yield each of our layers with torch's parameters of the same layer and direction."""
    for number, layer in enumerate(recurrent.layers):
        depth, backward = divmod(number, recurrent.directions)
        suffix = f"l{depth}" + ("_reverse" if backward else "")
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        assert isinstance(layer, Layer)  # noqa: S101 (for the type checker)
        yield layer, {name: getattr(module, f"{name}_{suffix}") for name in names}
