"""Jacobian norms against brute force, against the closed form, and against theory."""

import math

import pytest
import torch
from torch import Tensor

from seqlab.cells import Cell, State
from seqlab.diagnostics import JacobianNorms, LayerRun, jacobian_norms
from seqlab.errors import ConfigError
from seqlab.nn import Recurrent

from ..cells.textbook import TEXTBOOK, TYPICAL
from .conftest import LENGTHS, run_of

EXACT = {"tolerance": 1e-11, "most": 5_000}


class Forgetful(Cell):
    """A cell whose state is its input alone."""

    gates = ("a",)

    def step(self, x, u, s):
        return State(h=torch.tanh(x.a))


def brute_force(run: LayerRun, row: int, distance: int) -> float:
    """Return log ‖∂s_t/∂s_{t−d}‖ for one sequence, by the whole matrix."""
    end = int(run.lengths[row])
    names, start = run.cell.state, end - distance

    def reach(s: Tensor) -> Tensor:
        parts = s.expand(len(run.x), -1).chunk(len(names), dim=1)
        state = State(zip(names, parts, strict=True))
        for time in range(start, end):
            state = run.step(time, state)
        return torch.cat([state[name][row] for name in names])

    at = torch.cat([run.states[start][name][row] for name in names]).detach()
    matrix = torch.autograd.functional.jacobian(reach, at)
    return float(torch.linalg.matrix_norm(matrix, ord=2).log())


@pytest.mark.parametrize(
    "cell", [pytest.param(cell, marks=[pytest.mark.slow] * (cell not in TYPICAL)) for cell in TEXTBOOK]
)
def test_norms_of_every_textbook_cell_agree_with_brute_force(cell):
    torch.manual_seed(0)
    network = Recurrent(cell, input_size=3, hidden_size=4).double()
    run = run_of(network, torch.randn(4, 6, 3).double(), torch.tensor(LENGTHS))
    found = jacobian_norms(run, **EXACT)
    assert found.distances.tolist() == [1, 2, 3, 4, 5, 6]
    for place, distance in enumerate(found.distances.tolist()):
        for row, length in enumerate(LENGTHS):
            norm = float(found.log_norms[place, row])
            if distance > length:
                assert math.isnan(norm)
            else:
                assert math.exp(norm) == pytest.approx(math.exp(brute_force(run, row, distance)), rel=1e-6)


def test_norms_of_the_plain_network_agree_with_the_product_of_the_reports():
    torch.manual_seed(0)
    network = Recurrent("rnn", input_size=3, hidden_size=6).double()
    run = run_of(network, torch.randn(2, 8, 3).double())
    found = jacobian_norms(run, **EXACT)
    U = network.layers[0].U.detach()
    for row in range(2):
        matrix = torch.eye(6).double()
        for distance in range(1, 9):
            h = run.states[9 - distance].h[row].detach()
            # From the left, as gradients come: ∂h_T/∂h_k = … diag(1 − h_{k+1}²) U.
            matrix = matrix @ torch.diag(1 - h**2) @ U
            expected = torch.linalg.matrix_norm(matrix, ord=2)
            assert float(found.log_norms[distance - 1, row].exp()) == pytest.approx(float(expected), rel=1e-6)


def scaled_rnn(radius: float) -> Recurrent:
    torch.manual_seed(0)
    network = Recurrent("rnn", input_size=2, hidden_size=64).double()
    with torch.no_grad():
        U = torch.randn(64, 64).double()
        network.layers[0].U.copy_(U * radius / torch.linalg.eigvals(U).abs().max())
        network.layers[0].b.zero_()
    return network


def test_exponents_of_untrained_networks_are_ordered_by_their_spectral_radius():
    x = 0.1 * torch.randn(2, 60, 2, generator=torch.Generator().manual_seed(0)).double()
    distances = range(20, 61, 20)
    vanishing, marginal, exploding = (
        jacobian_norms(run_of(scaled_rnn(radius), x), distances).growth_rate for radius in (0.5, 1.0, 1.5)
    )
    assert vanishing < marginal < exploding
    assert vanishing == pytest.approx(math.log(0.5), abs=0.05)
    assert vanishing < -0.5 < marginal < 0 < exploding < math.log(1.5)


@pytest.mark.slow
@pytest.mark.parametrize("radius", [0.5, 1.0, 1.5])
def test_at_rest_the_exponent_is_the_logarithm_of_the_spectral_radius(radius):
    # Without input h stays 0, so that the Jacobian over d steps is U to the power d.
    run = run_of(scaled_rnn(radius), torch.zeros(1, 200, 2).double())
    found = jacobian_norms(run, [100, 200])
    assert found.growth_rate == pytest.approx(math.log(radius), abs=2e-3)


@pytest.mark.parametrize("radius", [1e-3, 1e3])
def test_norms_neither_underflow_nor_overflow(radius):
    run = run_of(scaled_rnn(radius).float(), torch.zeros(1, 40, 2))
    found = jacobian_norms(run, [20, 40])
    assert found.log_norms.isfinite().all()
    assert found.growth_rate == pytest.approx(math.log(radius), abs=0.01)


def test_a_state_that_forgets_everything_has_no_growth_at_all():
    run = run_of(Recurrent(Forgetful, input_size=3, hidden_size=4), torch.randn(2, 5, 3))
    found = jacobian_norms(run)
    assert found.log_norms.isneginf().all()
    assert found.growth_rate == -math.inf


def test_the_growth_rate_is_the_slope_of_the_mean_logarithm():
    distances = torch.tensor([1, 2, 5])
    log_norms = torch.tensor([[1.0, 3.0], [0.5, 2.5], [-1.0, math.nan]])
    found = JacobianNorms(distances, log_norms)
    assert found.mean.tolist() == [2.0, 1.5, -1.0]
    # Least squares by hand: d − mean = (−5, −2, 7)/3, y − mean = (7, 4, −11)/6.
    assert found.growth_rate == pytest.approx(-(35 + 8 + 77) / 18 / (78 / 9))
    assert math.isnan(JacobianNorms(distances[:1], log_norms[:1]).growth_rate)


def test_some_distances_have_the_norms_they_have_among_all():
    torch.manual_seed(0)
    run = run_of(Recurrent("lstm", input_size=3, hidden_size=4).double(), torch.randn(2, 6, 3).double())
    every = jacobian_norms(run, **EXACT)
    some = jacobian_norms(run, [5, 2], **EXACT)
    assert some.distances.tolist() == [2, 5]
    assert torch.allclose(some.log_norms, every.log_norms[[1, 4]], atol=1e-7)


@pytest.mark.parametrize("distances", [[], [0], [1, 7]])
def test_a_distance_that_no_sequence_has_is_refused(distances):
    run = run_of(Recurrent("rnn", input_size=3, hidden_size=4), torch.randn(2, 6, 3))
    with pytest.raises(ConfigError, match="distances must be from 1 to 6"):
        jacobian_norms(run, distances)
