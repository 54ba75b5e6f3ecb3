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
from seqlab.cells.bistable import NBRC
from seqlab.cells.continuous import GRUD, LTC, CfC, PhasedLSTM
from seqlab.cells.declared import Gate, Norm, Parameter, Scalar, Vector
from seqlab.cells.deep import RHN, SCRN, IndRNN, LSTMMultiplicative, LSTMProjected
from seqlab.cells.gru import GRU, MGU, GRUResetBefore
from seqlab.cells.inputs import Bernoulli, Input, Interval
from seqlab.cells.layout import Layout
from seqlab.cells.linear import HGRN, LRU, QRNN, RGLRU, SRU, MinGRU, MinLSTM
from seqlab.cells.lstm import LSTM, LSTMCoupled, LSTMLayerNorm, LSTMPeephole
from seqlab.cells.matrices import Blocks, Dense, Diagonal, Kind, LowRank, Masked, Orthogonal, Skew
from seqlab.cells.minimal import ATR, IRNN, JANET, RAN, STAR, UGRNN, FastGRNN, FastRNN, LiGRU
from seqlab.cells.orthogonal import Antisymmetric, AntisymmetricGated, OrthogonalRNN
from seqlab.cells.oscillators import LEM, CoRNN, UnICORNN
from seqlab.cells.rnn import RNN, Elman, RNNReLU, TutorialRNN
from seqlab.cells.searched import MUT1, MUT2, MUT3, NAS
from seqlab.cells.surrogate import with_slope
from seqlab.cells.timed import ESN, LIF, Clockwork
from seqlab.cells.xlstm import SLSTM
from seqlab.registry.catalog import cells

__all__ = [
    "ATR",
    "ESN",
    "GRU",
    "GRUD",
    "HGRN",
    "IRNN",
    "JANET",
    "LEM",
    "LIF",
    "LRU",
    "LSTM",
    "LTC",
    "MGU",
    "MUT1",
    "MUT2",
    "MUT3",
    "NAS",
    "NBRC",
    "QRNN",
    "RAN",
    "RGLRU",
    "RHN",
    "RNN",
    "SCRN",
    "SLSTM",
    "SRU",
    "STAR",
    "UGRNN",
    "Antisymmetric",
    "AntisymmetricGated",
    "Around",
    "Bernoulli",
    "Blocks",
    "Cell",
    "CfC",
    "Clockwork",
    "CoRNN",
    "Dense",
    "Diagonal",
    "Elman",
    "Episodes",
    "FastGRNN",
    "FastRNN",
    "GRUResetBefore",
    "Gate",
    "IndRNN",
    "Input",
    "Interval",
    "Kind",
    "LSTMCoupled",
    "LSTMLayerNorm",
    "LSTMMultiplicative",
    "LSTMPeephole",
    "LSTMProjected",
    "Layout",
    "LiGRU",
    "LowRank",
    "Masked",
    "MinGRU",
    "MinLSTM",
    "Norm",
    "Orthogonal",
    "OrthogonalRNN",
    "Parameter",
    "PhasedLSTM",
    "RNNReLU",
    "RecurrentDropout",
    "Residual",
    "Scalar",
    "Skew",
    "State",
    "TutorialRNN",
    "UnICORNN",
    "Vector",
    "WeightDrop",
    "Zoneout",
    "cells",
    "register_cell",
    "regularized",
    "with_slope",
]
