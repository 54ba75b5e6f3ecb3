"""Cells that are steps of differential equations of the second order, or of two time scales."""

import torch
from torch import sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Parameter


@register_cell("lem")
class LEM(Cell):
    """Long expressive memory (Rusch et al. 2022).

    a = Δt σ(W_a x + U_a y + b_a)    b = Δt σ(W_b x + U_b y + b_b)
    z' = (1 − a) ⊙ z + a ⊙ tanh(W_z x + U_z y + b_z)
    y' = (1 − b) ⊙ y + b ⊙ tanh(W_y x + U_y z' + b_y)

    As the authors' code has it; torchrecurrent's y' reads z instead of z'.
    """

    gates = ("a", "b", "z", "y")
    state = ("y", "z")
    output = "y"
    dt: float = 1.0

    def step(self, x: Gates, u: Products, s: State) -> State:
        a = self.dt * sigmoid(x.a + u.a(s.y))
        b = self.dt * sigmoid(x.b + u.b(s.y))
        z = (1 - a) * s.z + a * tanh(x.z + u.z(s.y))
        y = (1 - b) * s.y + b * tanh(x.y + u.y(z))
        return State(y=y, z=z)


@register_cell("cornn")
class CoRNN(Cell):
    """Coupled oscillators, with velocities z (Rusch & Mishra 2021).

    z' = z + Δt (tanh(W x + U y + V z + b) − γ y − ε z)
    y' = y + Δt z'
    """

    gates = ("y", "z")
    state = ("y", "z")
    output = "y"
    dt: float = 0.042
    gamma: float = 2.7
    epsilon: float = 4.7

    def step(self, x: Gates, u: Products, s: State) -> State:
        force = tanh(x.y + u.y(s.y) + u.z(s.z))
        z = s.z + self.dt * (force - self.gamma * s.y - self.epsilon * s.z)
        return State(y=s.y + self.dt * z, z=z)


@register_cell("unicornn")
class UnICORNN(Cell):
    """Undamped independent controlled oscillators (Rusch & Mishra 2021).

    z' = z − Δt σ(c) ⊙ (tanh(W x + w ⊙ y + b) + α y)
    y' = y + Δt σ(c) ⊙ z'
    """

    gates = ("y",)
    state = ("y", "z")
    output = "y"
    w = Parameter("H", init=torch.rand)
    c = Parameter("H", init=lambda size: 0.2 * torch.rand(size) - 0.1)
    dt: float = 0.1
    alpha: float = 1.0

    def step(self, x: Gates, u: Products, s: State) -> State:  # noqa: ARG002
        dt = self.dt * sigmoid(self.c)
        z = s.z - dt * (tanh(x.y + self.w * s.y) + self.alpha * s.y)
        return State(y=s.y + dt * z, z=z)
