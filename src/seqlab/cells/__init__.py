"""Which equations? One family of cells per file; ``base`` holds the contract and the registration."""

from seqlab.cells.base import Cell, Norm, Scalar, State, Vector, register_cell
from seqlab.cells.gru import GRU, MGU, GRUResetBefore
from seqlab.cells.layout import Layout
from seqlab.cells.lstm import LSTM, LSTMCoupled, LSTMLayerNorm, LSTMPeephole
from seqlab.cells.rnn import RNN, Elman, RNNReLU, TutorialRNN
from seqlab.registry.catalog import cells

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "RNN",
    "Cell",
    "Elman",
    "GRUResetBefore",
    "LSTMCoupled",
    "LSTMLayerNorm",
    "LSTMPeephole",
    "Layout",
    "Norm",
    "RNNReLU",
    "Scalar",
    "State",
    "TutorialRNN",
    "Vector",
    "cells",
    "register_cell",
]
