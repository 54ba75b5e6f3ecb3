"""Which equations? One family of cells per file; ``base`` holds the contract and the registration."""

from seqlab.cells.around import (
    Around,
    Episodes,
    RecurrentDropout,
    Residual,
    WeightDrop,
    Zoneout,
    regularized,
)
from seqlab.cells.base import Cell, State, register_cell
from seqlab.cells.declared import Gate, Norm, Parameter, Scalar, Vector
from seqlab.cells.gru import GRU, MGU, GRUResetBefore
from seqlab.cells.inputs import Bernoulli, Input, Interval
from seqlab.cells.layout import Layout
from seqlab.cells.lstm import LSTM, LSTMCoupled, LSTMLayerNorm, LSTMPeephole
from seqlab.cells.matrices import Blocks, Dense, Diagonal, Kind, LowRank, Masked, Orthogonal, Skew
from seqlab.cells.minimal import ATR, IRNN, JANET, RAN, STAR, UGRNN, FastGRNN, FastRNN, LiGRU
from seqlab.cells.rnn import RNN, Elman, RNNReLU, TutorialRNN
from seqlab.registry.catalog import cells

__all__ = [
    "ATR",
    "GRU",
    "IRNN",
    "JANET",
    "LSTM",
    "MGU",
    "RAN",
    "RNN",
    "STAR",
    "UGRNN",
    "Around",
    "Bernoulli",
    "Blocks",
    "Cell",
    "Dense",
    "Diagonal",
    "Elman",
    "Episodes",
    "FastGRNN",
    "FastRNN",
    "GRUResetBefore",
    "Gate",
    "Input",
    "Interval",
    "Kind",
    "LSTMCoupled",
    "LSTMLayerNorm",
    "LSTMPeephole",
    "Layout",
    "LiGRU",
    "LowRank",
    "Masked",
    "Norm",
    "Orthogonal",
    "Parameter",
    "RNNReLU",
    "RecurrentDropout",
    "Residual",
    "Scalar",
    "Skew",
    "State",
    "TutorialRNN",
    "Vector",
    "WeightDrop",
    "Zoneout",
    "cells",
    "register_cell",
    "regularized",
]
