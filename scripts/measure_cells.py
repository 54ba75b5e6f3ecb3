"""Every cell on every engine beside its counterpart in torch.nn: forward and backward at given shapes."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from measure import NOTHING, Block, Measurement, count, in_turn, ratios, unsupported_reason, wait_for
from torch import Tensor, nn

from seqlab.nn import Recurrent


@dataclass(frozen=True)
class Shape:
    """Sizes, and what is measured at them unless the caller chooses.

    Attributes:
        B: sequences.
        T: steps.
        I: width of the inputs.
        H: width of the state.
        rounds: how often everything is timed, if there is time.
        calls: back to back that make one time.
        engines: all but the slow ones.
        cells: those that conf/model names if empty.
    """

    B: int
    T: int
    I: int  # noqa: E741 (the field's name)
    H: int
    rounds: int
    calls: int = 1
    engines: tuple[str, ...] = ("native", "torch")
    cells: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"B{self.B} T{self.T} I{self.I} H{self.H}"


SHAPES = {
    "names": Shape(64, 16, 57, 128, rounds=30, engines=("native", "torch", "eager", "reference")),
    "shopping": Shape(64, 128, 128, 128, rounds=11),
    "jena": Shape(128, 120, 14, 64, rounds=15),
    "single": Shape(1, 8, 57, 128, rounds=100, calls=5),
    "gallery": Shape(64, 50, 32, 128, rounds=9),
    "big": Shape(256, 256, 256, 512, rounds=3, engines=("native",), cells=("lstm", "gru")),
}

LIMIT = 3.0
"""Seconds a cell and shape, unless the caller says how many rounds."""


def library(cell: str) -> tuple[str, Callable[[int, int], nn.RNNBase]]:
    """Return the name of a cell's counterpart in torch.nn, or of nn.LSTM, and what makes one of I and H."""
    if cell in ("gru", "gru_reset_before", "mgu"):
        return "nn.GRU", partial(nn.GRU, batch_first=True)
    if cell == "rnn_relu":
        return "nn.RNN (relu)", partial(nn.RNN, nonlinearity="relu", batch_first=True)
    if cell in ("rnn", "elman", "tutorial_rnn"):
        return "nn.RNN", partial(nn.RNN, batch_first=True)
    return "nn.LSTM", partial(nn.LSTM, batch_first=True)


def measure(
    names: Sequence[str], case: str, engines: Sequence[str], threads: int, rounds: int | None
) -> Block:
    """Return the ratios of some cells at one shape; without ``engines`` or ``rounds``, those of the shape."""
    torch.set_num_threads(threads)
    shape = SHAPES[case]
    found = [
        each for cell in names for each in compare(cell, case, engines or shape.engines, threads, rounds)
    ]
    return Block(f"{case}: {shape}, {count(threads, 'thread')}", found)


def compare(
    cell: str,
    case: str,
    engines: Sequence[str],
    threads: int,
    rounds: int | None,
    *,
    device: str = "cpu",
    beside: str | None = None,
) -> Iterator[Measurement]:
    """Yield a cell's ratio to its counterpart, or to that of the cell ``beside``, engine by engine."""
    torch.manual_seed(0)
    shape, (against, make) = SHAPES[case], library(beside or cell)
    x = torch.randn(shape.B, shape.T, shape.I, device=device, requires_grad=True)
    refusals = {engine: unsupported_reason(engine, cell, device) for engine in engines}
    actions = {against: step(make(shape.I, shape.H), x)}
    for engine in engines:
        if not refusals[engine]:
            own = Recurrent(cell, input_size=shape.I, hidden_size=shape.H, engine=engine)
            actions[engine] = step(own, x)
    times = in_turn(actions, rounds or shape.rounds, shape.calls, math.inf if rounds else LIMIT)
    for engine in engines:
        if refusals[engine]:
            yield Measurement("cells", cell, case, engine, NOTHING, against, threads, note=refusals[engine])
            continue
        yield Measurement(
            *("cells", cell, case, engine, ratios(times[engine], times[against]), against, threads),
            rounds=len(times[engine]),
            own=statistics.median(times[engine]),
            other=statistics.median(times[against]),
        )


def step(module: nn.Module, x: Tensor) -> Callable[[], object]:
    """Return an action: forward, and the gradients of the input and of every weight, where the input is."""
    weights = [weight for weight in module.to(x.device).parameters() if weight.requires_grad]
    gradient = torch.randn_like(module(x)[0])

    def forward_and_backward() -> None:
        torch.autograd.grad(module(x)[0], [x, *weights], gradient, allow_unused=True)
        wait_for(x.device.type)

    return forward_and_backward
