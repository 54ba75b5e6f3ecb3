"""The cells of the zoo as plain loops, written from the papers' equations and knowing nothing of seqlab.

A loop's step is given the layer's named blocks P, x of one time [B, I] and the states; it returns the output
and the new states, in the order in which the cell declares them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from torch import relu, sigmoid, tanh

I, H = 5, 4  # noqa: E741 (the letter of the input size)


def linear(P, gate, x, h=None):
    """Return W x + b, and U h if there is an h, as far as there are these blocks."""
    total = x @ vars(P)[f"W_{gate}"].T
    if f"b_{gate}" in vars(P):
        total = total + vars(P)[f"b_{gate}"]
    return total if h is None else total + h @ vars(P)[f"U_{gate}"].T


def normed(P, name, v):
    centred = v - v.mean(1, keepdim=True)
    scaled = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    return scaled * vars(P)[f"{name}_weight"] + vars(P)[f"{name}_bias"]


def irnn(P, x, h):
    h = (x @ P.W_h.T + P.b_h + h @ P.U_h.T).clamp(min=0)
    return h, (h,)


def ugrnn(P, x, h):
    g = sigmoid(linear(P, "g", x, h))
    h = g * (h - tanh(linear(P, "n", x, h))) + tanh(linear(P, "n", x, h))
    return h, (h,)


def ran(P, x, h, c):
    c = sigmoid(linear(P, "i", x, h)) * (x @ P.W_c.T) + sigmoid(linear(P, "f", x, h)) * c
    return tanh(c), (tanh(c), c)


def ligru(P, x, h):
    z = sigmoid(normed(P, "norm_z", x @ P.W_z.T) + h @ P.U_z.T)
    n = relu(normed(P, "norm_n", x @ P.W_n.T) + h @ P.U_n.T)
    h = n + z * (h - n)
    return h, (h,)


def fastrnn(P, x, h):
    h = P.alpha.sigmoid() * tanh(linear(P, "h", x, h)) + P.beta.sigmoid() * h
    return h, (h,)


def fastgrnn(P, x, h):
    z = sigmoid(x @ P.W_a.T + h @ P.U_a.T + P.b_z)
    n = tanh(x @ P.W_a.T + h @ P.U_a.T + P.b_n)
    h = n * (P.zeta.sigmoid() - P.zeta.sigmoid() * z + P.nu.sigmoid()) + z * h
    return h, (h,)


def atr(P, x, h):
    p, q = x @ P.W_p.T, h @ P.U_p.T
    h = p / (1 + torch.exp(-p - q)) + h / (1 + torch.exp(q - p))
    return h, (h,)


def star(P, x, h):
    k, z = sigmoid(linear(P, "k", x, h)), tanh(linear(P, "z", x))
    h = tanh(h + k * (z - h))
    return h, (h,)


def janet(P, x, h):
    a, n = linear(P, "f", x, h), tanh(linear(P, "n", x, h))
    h = sigmoid(a) * h + sigmoid(1 - a) * n
    return h, (h,)


@dataclass(frozen=True)
class Loop:
    """A cell's loop.

    Attributes:
        step: the loop's step.
        states: how wide its states are.
        options: of the cell, where its own do not suit the size of the tests.
        inputs: the shape of each input beside x at one step.
    """

    step: Callable[..., Any]
    states: tuple[int, ...] = (H,)
    options: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, tuple[int, ...]] = field(default_factory=dict)


LOOPS = {
    "irnn": Loop(irnn),
    "ugrnn": Loop(ugrnn),
    "ran": Loop(ran, (H, H)),
    "ligru": Loop(ligru),
    "fastrnn": Loop(fastrnn),
    "fastgrnn": Loop(fastgrnn),
    "atr": Loop(atr),
    "star": Loop(star),
    "janet": Loop(janet),
}
"""Every cell that is not of the textbooks, in the order of seqlab/cells."""


def blocks(layer):
    """Return a layer's tensors by name: W_<gate>, U_<gate>, b_<gate>, those of the cell and of its norms.

    Of a matrix that is made of others it has these, as U_<gate>_<name>; one of free numbers is U_<gate>.
    """
    named = {name.removeprefix("own."): value for name, value in layer.named_parameters()}
    found = {name.removeprefix("norms.").replace(".", "_"): value for name, value in named.items()}
    for name, value in named.items():
        if name.startswith("matrices."):
            found[name.removeprefix("matrices.").removesuffix(".weight").replace(".", "_")] = value
    rows = {gate: layer.sizes[layer.cell.gate(gate).width] for gate in layer.cell.gates}
    gates = {"W": layer.layout.inputs, "U": layer.layout.recurrent, "b": layer.biased}
    for letter, names in gates.items():
        fused = getattr(layer, letter)
        if fused is not None and len(fused):
            parts = fused.split([rows[gate] for gate in names])
            found |= {f"{letter}_{gate}": part for gate, part in zip(names, parts, strict=True)}
    return SimpleNamespace(**found)


def run(loop, layer, x, lengths, given):
    """Return the outputs [B, T, …], 0 past a length, and the states after each sequence's last step."""
    P, rows = blocks(layer), torch.arange(len(x))
    states = tuple(x.new_zeros(len(x), size) for size in loop.states)
    outputs, after = [], []
    for t in range(x.shape[1]):
        beside = {name: value[:, t] for name, value in given.items()}
        output, states = loop.step(P, x[:, t], *states, **beside)
        outputs.append(output)
        after.append(states)
    is_inside = (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None]
    kept = torch.where(is_inside, torch.stack(outputs, 1), 0.0)
    return kept, [torch.stack(each)[lengths - 1, rows] for each in zip(*after, strict=True)]
