"""How a small change of the state grows or decays over time: the norm of ∂s_t/∂s_k against t − k.

By the chain rule the Jacobian over a distance is a product, ∂s_t/∂s_k = A_t A_{t−1} ⋯ A_{k+1} with
A_t = ∂s_t/∂s_{t−1}; for the simple tanh network A_t = diag(1 − h_t²) U (Bengio et al. 1994). Its norm is
measured without forming a matrix: automatic differentiation computes the products A v and Aᵀ v.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqlab.cells import State
from seqlab.diagnostics.recording import LayerRun
from seqlab.errors import ConfigError


@dataclass(frozen=True, eq=False)
class JacobianNorms:
    """Spectral norms of ∂s_t/∂s_{t−d}, where t is the last step of each sequence.

    s is the whole state of a layer, all of its vectors concatenated: h and c of an LSTM.

    Attributes:
        distances: d in steps, ascending, [D].
        log_norms: natural logarithms of the norms, [D, B]; NaN where a sequence has fewer than d steps,
            −∞ where the Jacobian is 0.
    """

    distances: Tensor
    log_norms: Tensor

    @property
    def mean(self) -> Tensor:
        """The geometric mean over the sequences that are long enough, as a logarithm, [D]."""
        return self.log_norms.nanmean(1)

    @property
    def growth_rate(self) -> float:
        """How much the norm grows per step, in nats: the slope of ``mean`` against the distance.

        Below 0 gradients vanish, above 0 they explode. Over long distances it approaches the largest Lyapunov
        exponent. −∞ if a Jacobian is 0, NaN for fewer than two distances.
        """
        mean = self.mean.double()
        d, y = self.distances[~mean.isnan()].double(), mean[~mean.isnan()]
        if len(d) < 2:  # noqa: PLR2004 (a slope needs two points)
            return math.nan
        if y.isneginf().any():
            return -math.inf
        d = d - d.mean()
        return float((d * y).sum() / d.square().sum())


def jacobian_norms(
    run: LayerRun,
    distances: Sequence[int] | None = None,
    *,
    tolerance: float = 1e-4,
    most: int = 100,
) -> JacobianNorms:
    """Measure the norms by power iteration on JᵀJ, for all sequences and distances at once.

    Args:
        run: a recorded layer; float64 for more than six digits.
        distances: steps back from each sequence's end, from 1; None for all.
        tolerance: relative change of every norm at which the iteration ends.
        most: the maximum number of iterations; each costs two passes over all steps.

    Raises:
        ConfigError: a distance is not from 1 to T.
    """
    steps = run.x.shape[1]
    chosen = sorted(set(range(1, steps + 1) if distances is None else distances))
    if not chosen or not 1 <= chosen[0] <= chosen[-1] <= steps:
        raise ConfigError(f"distances must be from 1 to {steps}, the steps of the batch, got {distances}")
    chain = _Chain(run, torch.tensor(chosen, device=run.x.device))
    v = torch.randn(
        (len(chosen), *chain.shape), generator=torch.Generator().manual_seed(0), dtype=run.x.dtype
    ).to(run.x.device)
    log_norms = torch.full(v.shape[:2], torch.inf, dtype=v.dtype, device=v.device)
    v, _ = _normalised(v)
    for _ in range(most):
        u, _ = chain.forwards(v)
        v, found = chain.backwards(u)
        change = (found - log_norms).abs()
        log_norms = found
        if not (change > tolerance).any():  # −∞ minus −∞ is NaN, which counts as no change
            break
    enough = chain.first >= 0
    return JacobianNorms(chain.distances, log_norms.where(enough, torch.nan))


class _Chain:
    """The steps of a layer as linear maps along its trajectory: J v and Jᵀ v, over several distances at once.

    Vectors are [D, B, n] for D distances, B sequences and a state of n numbers. They are normalised at every
    step, and the logarithms of their lengths are added up: over long distances the lengths would over- or
    underflow.
    """

    def __init__(self, run: LayerRun, distances: Tensor) -> None:
        self.run, self.distances = run, distances
        self.names = tuple(run.cell.state)
        with torch.enable_grad():
            self.links = [self._linearised(time) for time in range(run.x.shape[1])]
        self.shape = self.links[0][0].shape
        self.first = run.lengths - distances[:, None]
        """The first step that each vector passes through, [D, B]; below 0 if the sequence is too short."""

    def forwards(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return J v normalised, [D, B, n], and the logarithm of its length, [D, B]."""
        logs = v.new_zeros(v.shape[:2])
        for time, (_, _, dual, transposed) in enumerate(self.links):
            v, logs = self._advance(time, v, logs, transposed, dual)
        return v, logs

    def backwards(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return Jᵀ u normalised, [D, B, n], and the logarithm of its length, [D, B]."""
        logs = u.new_zeros(u.shape[:2])
        for time, (before, after, _, _) in reversed(list(enumerate(self.links))):
            u, logs = self._advance(time, u, logs, after, before)
        return u, logs

    def _advance(self, time: int, v: Tensor, logs: Tensor, of: Tensor, by: Tensor) -> tuple[Tensor, Tensor]:
        """Multiply by (∂of/∂by)ᵀ, for the vectors that pass through the step."""
        inside = (time >= self.first) & (time < self.run.lengths)
        (product,) = torch.autograd.grad(of, by, v, retain_graph=True, is_grads_batched=True)
        product, grown = _normalised(product)
        return torch.where(inside[:, :, None], product, v), torch.where(inside, logs + grown, logs)

    def _linearised(self, time: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return s, s' = f(s), a vector w, and g = Aᵀ w, each [B, n]: ∂g/∂w is Aᵀ, and its transpose A."""
        before = torch.cat([self.run.states[time][name] for name in self.names], dim=1)
        before = before.detach().requires_grad_()
        parts = torch.split(before, [self.run.weights.size(f"s_{name}") for name in self.names], dim=1)
        state = self.run.step(time, State(zip(self.names, parts, strict=True)))
        # Plus 0 · s, since a step may ignore the state.
        after = torch.cat([state[name] for name in self.names], dim=1) + 0 * before
        dual = torch.zeros_like(after, requires_grad=True)
        (transposed,) = torch.autograd.grad(after, before, dual, create_graph=True)
        return before, after, dual, transposed


def _normalised(v: Tensor) -> tuple[Tensor, Tensor]:
    """Return vectors [D, B, n] of length 1, and the logarithms of their lengths; zero stays zero."""
    length = v.norm(dim=2)
    return v / length.clamp(min=torch.finfo(v.dtype).tiny)[:, :, None], length.log()
