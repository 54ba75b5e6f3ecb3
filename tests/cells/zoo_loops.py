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


def mut1(P, x, h):
    z, r = sigmoid(linear(P, "z", x)), sigmoid(linear(P, "r", x, h))
    n = tanh(tanh(x @ P.W_n.T) + (r * h) @ P.U_n.T + P.b_n)
    h = h + z * (n - h)
    return h, (h,)


def mut2(P, x, h):
    z, r = sigmoid(linear(P, "z", x, h)), sigmoid(linear(P, "r", x, h))
    h = h + z * (tanh(linear(P, "n", x, r * h)) - h)
    return h, (h,)


def mut3(P, x, h):
    z, r = sigmoid(linear(P, "z", x, tanh(h))), sigmoid(linear(P, "r", x, h))
    h = h + z * (tanh(linear(P, "n", x, r * h)) - h)
    return h, (h,)


def nas(P, x, h, c):
    i = [x @ vars(P)[f"W_a{k}"].T for k in range(8)]
    m = [h @ vars(P)[f"U_a{k}"].T for k in range(8)]
    first = [sigmoid(i[0] + m[0]), relu(i[1] + m[1]), sigmoid(i[2] + m[2]), relu(i[3] * m[3])]
    first += [tanh(i[4] + m[4]), sigmoid(i[5] + m[5]), tanh(i[6] + m[6]), sigmoid(i[7] + m[7])]
    second = [tanh(first[0] * first[1]), tanh(first[2] + first[3]), tanh(first[4] * first[5])]
    second.append(sigmoid(first[6] + first[7]))
    c = tanh(second[0] + c) * second[1]
    h = tanh(c * tanh(second[2] + second[3]))
    return h, (h, c)


def scrn(P, x, h, s):
    s = 0.05 * (x @ P.W_s.T) + 0.95 * s
    h = sigmoid(s @ P.U_p.T + x @ P.W_h.T + h @ P.U_h.T)
    return torch.cat([h, s], 1) @ torch.cat([P.U_y_h, P.U_y_s], 1).T, (h, s)


def rhn(P, x, h):
    for level in (1, 2, 3):
        n, t = (h @ vars(P)[f"U_{letter}{level}"].T + vars(P)[f"b_{letter}{level}"] for letter in "nt")
        if level == 1:
            n, t = n + x @ P.W_n1.T, t + x @ P.W_t1.T
        h = h + sigmoid(t) * (tanh(n) - h)
    return h, (h,)


def indrnn(P, x, h):
    h = relu(linear(P, "h", x) + h @ torch.diag(P.v))
    return h, (h,)


def lstm_projected(P, x, r, c):
    i, f, g, o = (linear(P, gate, x, r) for gate in "ifgo")
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    r = (sigmoid(o) * tanh(c)) @ P.U_r.T
    return r, (r, c)


def lstm_multiplicative(P, x, h, c):
    m = (x @ P.W_m.T) * (h @ P.U_m.T)
    i, f, g, o = (linear(P, gate, x, m) for gate in "ifgo")
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = tanh(c) * sigmoid(o)
    return h, (h, c)


def antisymmetric(P, x, h):
    A = P.U_h - P.U_h.T - 0.01 * torch.eye(H, dtype=x.dtype)
    h = h + 0.1 * tanh(linear(P, "h", x) + h @ A.T)
    return h, (h,)


def antisymmetric_gated(P, x, h):
    A = P.U_h - P.U_h.T - 0.01 * torch.eye(H, dtype=x.dtype)
    h = h + 0.1 * sigmoid(linear(P, "z", x) + h @ A.T) * tanh(linear(P, "h", x) + h @ A.T)
    return h, (h,)


def orthogonal(P, x, h):
    a = x @ P.W_h.T + h @ torch.linalg.matrix_exp(P.U_h - P.U_h.T).T
    h = torch.where(a.abs() + P.b > 0, a + P.b * a / a.abs(), 0 * a)
    return h, (h,)


def lem(P, x, y, z):
    a, b = sigmoid(linear(P, "a", x, y)), sigmoid(linear(P, "b", x, y))
    z = z + a * (tanh(linear(P, "z", x, y)) - z)
    y = y + b * (tanh(linear(P, "y", x, z)) - y)
    return y, (y, z)


def cornn(P, x, y, z):
    z = z + 0.042 * (tanh(linear(P, "y", x, y) + z @ P.U_z.T) - 2.7 * y - 4.7 * z)
    y = y + 0.042 * z
    return y, (y, z)


def unicornn(P, x, y, z):
    step = 0.1 / (1 + torch.exp(-P.c))
    z = z - step * (tanh(linear(P, "y", x) + P.w * y) + y)
    y = y + step * z
    return y, (y, z)


def nbrc(P, x, h):
    a, c = tanh(x @ P.W_a.T + h @ P.U_a.T) + 1, sigmoid(x @ P.W_c.T + h @ P.U_c.T)
    n = tanh(x @ P.W_h.T + a * h)
    h = n + c * (h - n)
    return h, (h,)


def mingru(P, x, h):
    h = torch.lerp(h, linear(P, "n", x), sigmoid(linear(P, "z", x)))
    return h, (h,)


def minlstm(P, x, h):
    f, i = sigmoid(linear(P, "f", x)), sigmoid(linear(P, "i", x))
    h = f / (f + i) * h + i / (f + i) * linear(P, "n", x)
    return h, (h,)


def sru(P, x, c):
    f, r = sigmoid(linear(P, "f", x) + P.v_f * c), sigmoid(linear(P, "r", x) + P.v_r * c)
    c = torch.lerp(x @ P.W_c.T, c, f)
    return torch.lerp(x @ P.W_x.T, c, r), (c,)


def qrnn(P, x, *states):
    c, z, f, o = states
    gates = [linear(P, gate, x) + before for gate, before in (("z", z), ("f", f), ("o", o))]
    c = torch.lerp(tanh(gates[0]), c, sigmoid(gates[1]))
    after = (x @ vars(P)[f"W_next_{gate}"].T for gate in "zfo")
    return sigmoid(gates[2]) * c, (c, *after)


def lru(P, x, re, im):
    value = torch.exp(torch.complex(-torch.exp(P.nu), torch.exp(P.theta)))
    B, C = torch.complex(P.W_re, P.W_im), torch.complex(P.U_c_re, P.U_c_im)
    state = value * torch.complex(re, im) + torch.exp(P.g) * (x.to(B.dtype) @ B.T)
    return (state @ C.T).real + x @ P.W_d.T, (state.real, state.imag)


def hgrn(P, x, re, im):
    keep = 0.25 + 0.75 * sigmoid(linear(P, "keep", x))
    c = torch.complex(*(a * sigmoid(a) for a in (linear(P, "re", x), linear(P, "im", x))))
    state = keep * torch.polar(torch.ones_like(P.theta), P.theta) * torch.complex(re, im) + (1 - keep) * c
    parts = torch.cat([state.real, state.imag], 1)
    parts = parts * sigmoid(torch.cat([linear(P, "g_re", x), linear(P, "g_im", x)], 1))
    return parts @ torch.cat([P.U_o_re, P.U_o_im], 1).T + P.b_o, (state.real, state.imag)


def rg_lru(P, x, h):
    a = sigmoid(P.Lambda) ** (8 * sigmoid(linear(P, "r", x)))
    h = a * h + (1 - a**2).sqrt() * sigmoid(linear(P, "i", x)) * (x @ P.W_v.T)
    return h, (h,)


def slstm(P, x, *states):
    h, c, n, m = states
    gates = {}
    for gate in "ifgo":  # each head with its own block
        heads = zip(h.chunk(2, 1), vars(P)[f"U_{gate}_blocks"], strict=True)
        gates[gate] = linear(P, gate, x) + torch.cat([part @ block.T for part, block in heads], 1)
    log_f = torch.log(sigmoid(gates["f"]))
    new = torch.where(log_f + m > gates["i"], log_f + m, gates["i"])
    f, i = torch.exp(log_f + m - new), torch.exp(gates["i"] - new)
    c, n = f * c + i * tanh(gates["g"]), f * n + i
    h = sigmoid(gates["o"]) * (c / n)
    return h, (h, c, n, new)


def ltc(P, x, v, dt):
    for _ in range(6):
        f, d = sigmoid(linear(P, "v", x, v)), dt[:, None] / 6
        v = (v + d * f * P.A) / (1 + d * (1 / torch.exp(P.t) + f))
    return v, (v,)


def cfc(P, x, h, dt):
    z = 1.7159 * tanh(linear(P, "z", x, h) / 1.5)
    a, t, f, g = (z @ vars(P)[f"U_{gate}"].T + vars(P)[f"b_{gate}"] for gate in "atfg")
    h = torch.lerp(tanh(f), tanh(g), sigmoid(a * dt[:, None] + t))
    return h, (h,)


def gru_d(P, x, h, last, *, mask, dt):
    last = mask * x + (1 - mask) * last
    seen = mask * x + (1 - mask) * torch.exp(-(P.g_x * dt + P.b_x).clamp(min=0)) * last
    h = torch.exp(-(dt @ P.U_decay.T + P.b_h).clamp(min=0)) * h
    r = sigmoid(seen @ P.U_xr.T + h @ P.U_r.T + mask @ P.U_mr.T + P.b_r)
    z = sigmoid(seen @ P.U_xz.T + h @ P.U_z.T + mask @ P.U_mz.T + P.b_z)
    n = tanh(seen @ P.U_xn.T + (r * h) @ P.U_n.T + mask @ P.U_mn.T + P.b_n)
    h = h + z * (n - h)
    return h, (h, last)


def phased_lstm(P, x, *states, dt):
    h, c, time = states
    time = time + dt[:, None]
    phase = torch.frac(torch.frac(time / P.tau - P.shift) + 1)
    rise, fall = phase / 0.2, (0.4 - phase) / 0.2
    k = torch.where(phase < 0.2, rise, torch.where(phase < 0.4, fall, 0.1 * phase))
    i, f = (sigmoid(linear(P, gate, x, h) + vars(P)[f"w_{gate}"] * c) for gate in "if")
    new = f * c + i * tanh(linear(P, "g", x, h))
    out = sigmoid(linear(P, "o", x, h) + P.w_o * new) * tanh(new)
    h, c = torch.lerp(h, out, k), torch.lerp(c, new, k)
    return h, (h, c, time)


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 1).to(v.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return gradient / (1 + 10 * (ctx.saved_tensors[0] - 1).abs()).square()


def lif(P, x, v, s):
    v = 0.9 * v + linear(P, "v", x, s) - s
    return Spike.apply(v), (v, Spike.apply(v))


def clockwork(P, x, h, wait):
    new = tanh(linear(P, "h", x) + h @ P.U_h.triu().T)
    columns, left = [], []
    for unit, period in enumerate((1, 2, 4, 8)):  # one unit a module
        moves = wait[:, unit] <= 0
        columns.append(torch.where(moves, new[:, unit], h[:, unit]))
        left.append(torch.where(moves, period, wait[:, unit]) - 1)
    h = torch.stack(columns, 1)
    return h, (h, torch.stack(left, 1))


def esn(P, x, h):
    h = 0.7 * h + 0.3 * tanh(x @ P.W_h.T + h @ P.U_h.T)
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
    "mut1": Loop(mut1),
    "mut2": Loop(mut2),
    "mut3": Loop(mut3),
    "nas": Loop(nas, (H, H)),
    "scrn": Loop(scrn, (H, 3), {"context": 3}),
    "rhn": Loop(rhn),
    "indrnn": Loop(indrnn),
    "lstm_projected": Loop(lstm_projected, (3, H), {"proj": 3}),
    "lstm_multiplicative": Loop(lstm_multiplicative, (H, H)),
    "antisymmetric": Loop(antisymmetric),
    "antisymmetric_gated": Loop(antisymmetric_gated),
    "orthogonal": Loop(orthogonal),
    "lem": Loop(lem, (H, H)),
    "cornn": Loop(cornn, (H, H)),
    "unicornn": Loop(unicornn, (H, H)),
    "nbrc": Loop(nbrc),
    "mingru": Loop(mingru),
    "minlstm": Loop(minlstm),
    "sru": Loop(sru),
    "qrnn": Loop(qrnn, (H, H, H, H)),
    "lru": Loop(lru, (H, H)),
    "hgrn": Loop(hgrn, (H, H), {"gamma": 0.25}),
    "rg_lru": Loop(rg_lru),
    "slstm": Loop(slstm, (H, H, H, H), {"heads": 2}),
    "ltc": Loop(ltc, inputs={"dt": ()}),
    "cfc": Loop(cfc, options={"backbone": 7}, inputs={"dt": ()}),
    "gru_d": Loop(gru_d, (H, I), inputs={"mask": (I,), "dt": (I,)}),
    "phased_lstm": Loop(phased_lstm, (H, H, 1), {"open_for": 0.4, "leak": 0.1}, inputs={"dt": ()}),
    "lif": Loop(lif, (H, H)),
    "clockwork": Loop(clockwork, (H, H)),
    "esn": Loop(esn),
}
"""Every cell that is not of the textbooks, family by family."""


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
