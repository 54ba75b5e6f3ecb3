"""Which equations? One family of cells a file; ``base`` holds the contract and the registry."""

from seqlab.cells.base import Cell, Norm, Scalar, State, Vector, cells, register_cell
from seqlab.cells.gru import GRU
from seqlab.cells.layout import Layout
from seqlab.cells.lstm import LSTM
from seqlab.cells.rnn import RNN, RNNReLU

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "Layout",
    "Norm",
    "RNNReLU",
    "Scalar",
    "State",
    "Vector",
    "cells",
    "register_cell",
]
