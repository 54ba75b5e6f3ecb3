"""The native engine and the reference on the same numbers, and by how much they may differ."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from seqlab.cells import Cell, Norm, State, cells
from seqlab.nn import Recurrent

EXACT = 1e-10
"""The largest error in float64, relative to the largest number of a tensor."""

ROUGH = 1e-5
"""The largest error in float32, or four times the reference's own where that is larger."""

FLOOR = 1e-3
"""Tensors whose largest number is below this share of all tensors' largest count as that large."""


@dataclass(frozen=True)
class Case:
    """What a cell is run on; every number is drawn from ``seed``."""

    batch: int = 3
    steps: int = 5
    inputs: int = 3
    hidden: int = 7
    layers: int = 1
    bidirectional: bool = False
    padded: bool = False
    started: bool = False
    threads: int = 1
    seed: int = 0


def as_cell(cell: str | type[Cell]) -> type[Cell]:
    """Return a cell's class."""
    return cells[cell] if isinstance(cell, str) else cell


def longest(cell: str | type[Cell]) -> int:
    """Return the steps over which errors stay comparable: norms make them grow fast."""
    return 16 if as_cell(cell).own(Norm) else 128


def compare(cell: str | type[Cell], case: Case, *, rough: bool = True) -> None:
    """Assert that outputs, final states and gradients are the reference's, in float64 and (rough) float32."""
    exact = results(cell, "reference", torch.float64, case)
    with threads(case.threads):
        found = results(cell, "native", torch.float64, case)
    check(found, exact, dict.fromkeys(exact, EXACT))
    if rough:
        own = errors(results(cell, "reference", torch.float32, case), exact)
        with threads(case.threads):
            found = results(cell, "native", torch.float32, case)
        check(found, exact, {what: max(ROUGH, 4 * error) for what, error in own.items()})


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check(values: dict[str, Tensor], exact: dict[str, Tensor], allowed: dict[str, float]) -> None:
    """Assert that no error is larger than allowed."""
    found = errors(values, exact)
    wrong = {what: error for what, error in found.items() if not error <= allowed[what]}
    assert not wrong, f"off by {wrong}"


def errors(values: dict[str, Tensor], exact: dict[str, Tensor]) -> dict[str, float]:
    """Return the largest error of each tensor, relative to its largest number."""
    largest = max(1e-30, *(float(value.abs().max()) for value in exact.values()))
    found: dict[str, float] = {}
    for what, value in exact.items():
        assert values[what].shape == value.shape, what
        scale = max(float(value.abs().max()), FLOOR * largest)
        found[what] = float((values[what].double() - value).abs().max()) / scale
    return found


def results(cell: str | type[Cell], engine: str, dtype: torch.dtype, case: Case) -> dict[str, Tensor]:
    """Return outputs within lengths, final states, and the gradients of a weighted sum of both."""
    network, random = network_of(cell, engine, case).to(dtype), torch.Generator().manual_seed(case.seed)
    count = case.layers * (1 + case.bidirectional)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random).to(dtype)

    x = draw(case.batch, case.steps, case.inputs).requires_grad_()
    lengths = torch.randint(1, case.steps + 1, (case.batch,), generator=random) if case.padded else None
    names = network.cell.state if case.started else ()
    start = State({name: draw(count, case.batch, case.hidden).requires_grad_() for name in names})
    outputs, final = network(x, lengths, start or None)
    ends = {f"final {name}": value for name, value in final.items()}
    ends = {"outputs": torch.where(within(lengths, case)[..., None], outputs, 0), **ends}
    total = sum((value * draw(*value.shape)).sum() for value in ends.values())
    leaves = {"x": x, **start, **{name: p for name, p in network.named_parameters() if p.numel()}}
    gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True, materialize_grads=True)
    named = {f"gradient of {name}": value for name, value in zip(leaves, gradients, strict=True)}
    return {what: value.detach() for what, value in {**ends, **named}.items()}


def within(lengths: Tensor | None, case: Case) -> Tensor:
    """Return which steps are within their sequence's length, [B, T]."""
    if lengths is None:
        return torch.ones(case.batch, case.steps, dtype=torch.bool)
    return torch.arange(case.steps) < lengths[:, None]


def network_of(cell: str | type[Cell], engine: str, case: Case) -> Recurrent:
    """Return a network in float32, its own parameters away from 0 and 1, which could hide a mistake."""
    network = Recurrent(
        cell,
        input_size=case.inputs,
        hidden_size=case.hidden,
        num_layers=case.layers,
        bidirectional=case.bidirectional,
        engine=engine,
    )
    random = torch.Generator().manual_seed(case.seed + 1)
    for name, parameter in network.named_parameters():
        draw = torch.rand(parameter.shape, generator=random)
        matrix = name.rpartition(".")[2] in ("W", "U")
        parameter.data.copy_((2 * draw - 1) / math.sqrt(case.hidden) if matrix else draw - 0.3)
    return network
