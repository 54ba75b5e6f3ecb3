"""Cells that say everything the contract can say, each beside a plain loop that knows nothing of seqlab."""

import math
from types import SimpleNamespace

import torch
from torch import exp, relu, sigmoid, tanh

from seqlab.cells import (
    Blocks,
    Cell,
    Dense,
    Diagonal,
    Gate,
    Input,
    Kind,
    LowRank,
    Masked,
    Norm,
    Orthogonal,
    Parameter,
    Scalar,
    Skew,
    State,
    Vector,
)

I, H = 3, 4  # noqa: E741 (the letter of the input size)


class Circulant(Kind):
    square = True

    def shapes(self, rows, columns):
        return {"first": (columns,)}

    def matrix(self, first):
        return torch.stack([first.roll(k) for k in range(len(first))])


class Projected(Cell):
    """An LSTM whose output is projected (Sak et al. 2014), with a peephole and a norm of its own width."""

    proj: int = 2
    gates = {"i": "H", "f": "H", "g": "H", "o": "H", "r": Gate("proj", bias=False)}
    state = {"r": "proj", "c": "H"}
    output = "r"
    p_f = Vector(0.3)
    norm = Norm(eps=0.1, width="proj")

    def step(self, x, u, s):
        i, f = sigmoid(x.i + u.i(s.r)), sigmoid(x.f + u.f(s.r) + self.p_f * s.c)
        c = f * s.c + i * tanh(x.g + u.g(s.r))
        return State(c=c, r=self.norm(u.r(sigmoid(x.o + u.o(s.r)) * tanh(c))))


def projected(P, x, s, given):
    W, b = P.W.split(H), P.b.split(H)
    i, f, g, o = (x @ W[k].T + b[k] + s["r"] @ P.U[n].T for k, n in enumerate("ifgo"))
    c = sigmoid(f + P.p_f * s["c"]) * s["c"] + sigmoid(i) * tanh(g)
    r = (sigmoid(o) * tanh(c)) @ P.U["r"].T
    centred = r - r.mean(1, keepdim=True)
    scaled = centred / (centred.square().mean(1, keepdim=True) + 0.1).sqrt()
    r = scaled * P.norms["norm.weight"] + P.norms["norm.bias"]
    return r, {"r": r, "c": c}


class Substeps(Cell):
    """Liquid time constants (Hasani et al. 2021): three substeps of a time that is given."""

    gates = ("v",)
    state = ("v",)
    output = "v"
    inputs = {"dt": ()}
    A, tau = Vector(1.0), Vector(1.5)
    unfolds: int = 3

    def step(self, x, u, s):
        v, d = s.v, x.dt / self.unfolds
        for _ in range(self.unfolds):
            f = sigmoid(x.v + u.v(v))
            v = (v + d * f * self.A) / (1 + d * (1 / (1 + self.tau * self.tau) + f))
        return State(v=v)


def substeps(P, x, s, given):
    v = s["v"]
    for _ in range(3):
        f = torch.sigmoid(x @ P.W.T + P.b + v @ P.U["v"].T)
        d = given["dt"][:, None] / 3
        v = (v + d * f * P.A) / (1 + d * (1 / (1 + P.tau**2) + f))
    return v, {"v": v}


class Kinds(Cell):
    """A gate of every kind of matrix."""

    gates = {
        "a": Gate(U=Skew(0.1)),
        "b": Gate(U=Orthogonal()),
        "c": Gate(U=Diagonal(), bias=0.5),
        "d": Gate(W=LowRank(2), U=LowRank(1)),
        "e": Gate(U=Blocks(2), bias=torch.arange),
        "f": Gate(U=Masked(lambda rows, columns: torch.ones(rows, columns).triu())),
        "g": Gate(U=Dense(init=torch.eye, learn=False), bias=False),
        "k": Gate(U=Circulant()),
    }
    k0 = Parameter("H", init=lambda size: torch.linspace(0, 1, size), learn=False)

    def step(self, x, u, s):
        total = self.k0 * sum(x[gate] + u[gate](s.h) for gate in self.gates)
        return State(h=tanh(total + u.a(tanh(total))))


def kinds(P, x, s, given):
    m = P.matrices
    made = {
        "a": m["U_a.weight"] - m["U_a.weight"].T - torch.eye(H, dtype=torch.float64) / 10,
        "b": torch.linalg.matrix_exp(m["U_b.weight"] - m["U_b.weight"].T),
        "c": torch.diag_embed(m["U_c.diagonal"]),
        "d": torch.outer(m["U_d.left"][:, 0], m["U_d.right"][0]),
        "e": torch.zeros(H, H),
        "f": torch.tensor([[float(j >= i) for j in range(H)] for i in range(H)]) * m["U_f.weight"],
        "g": m["U_g.weight"],
        "k": torch.stack([torch.cat([m["U_k.first"][-k:], m["U_k.first"][:-k]]) for k in range(H)]),
    }
    half = torch.eye(2, dtype=torch.float64).repeat_interleave(2, 0)  # [H, 2]: which block a unit is in
    made["e"] = (half @ half.T) * m["U_e.blocks"].reshape(H, 2).repeat(1, 2)
    W = {gate: m[f"W_{gate}.weight"] for gate in made if gate != "d"}
    W["d"] = m["W_d.left"] @ m["W_d.right"]
    b = dict(zip("abcdefk", P.b.split(H), strict=True))
    total = P.k0 * sum(x @ W[g].T + b.get(g, 0) + s["h"] @ made[g].T for g in made)
    h = tanh(total + tanh(total) @ made["a"].T)
    return h, {"h": h}


class Decaying(Cell):
    """GRU-D (Che et al. 2018): x itself, masks and times, a state as wide as the inputs."""

    gates = ("z", "n", "xz", "xn", "mz", "gh")
    state = {"h": "H", "last": "I"}
    inputs = {"x": "I", "m": "I", "dt": Input("I")}
    g_x = Parameter("I", init=0.3)
    b_z, b_h = Vector(), Vector()

    def step(self, x, u, s):
        last = x.m * x.x + (1 - x.m) * s.last
        hat = x.m * x.x + (1 - x.m) * exp(-relu(self.g_x * x.dt + 0.1)) * last
        h = exp(-relu(u.gh(x.dt) + self.b_h)) * s.h
        z = sigmoid(u.xz(hat) + u.z(h) + u.mz(x.m) + self.b_z)
        return State(h=(1 - z) * h + z * tanh(u.xn(hat) + u.n(h)), last=last)


def decaying(P, x, s, given):
    m, dt = given["m"], given["dt"]
    last = m * x + (1 - m) * s["last"]
    hat = m * x + (1 - m) * exp(-(P.g_x * dt + 0.1).clamp(min=0)) * last
    h = exp(-(dt @ P.U["gh"].T + P.b_h).clamp(min=0)) * s["h"]
    z = sigmoid(hat @ P.U["xz"].T + h @ P.U["z"].T + m @ P.U["mz"].T + P.b_z)
    h = (1 - z) * h + z * tanh(hat @ P.U["xn"].T + h @ P.U["n"].T)
    return h, {"h": h, "last": last}


class Numbers(Cell):
    """Numbers a sequence: a gate, a state, a parameter, a product; a state that begins with a parameter."""

    gates = {"a": (), "h": "H", "k": "H", "y": 2}
    state = {"h": "H", "t": ()}
    start = {"h": "h0"}
    output = "y"
    inputs = {"dt": ()}
    h0 = Vector(0.2)
    rate = Scalar(0.7)
    shift = Parameter((), 0.1)

    def step(self, x, u, s):
        t = s.t * sigmoid(self.rate) + x.dt * self.shift
        a = sigmoid(x.a + u.a(s.h)) * t
        h = a * tanh(x.h + u.h(s.h)) + (1 - a) * s.h + u.k(a) * self.rate
        return State(h=h, t=t, y=u.y(h) * a)


def numbers(P, x, s, given):
    dt = given["dt"]
    t = s["t"][:, 0] * torch.sigmoid(P.rate) + dt * P.shift
    a = torch.sigmoid(x @ P.W[0] + P.b[0] + s["h"] @ P.U["a"][0]) * t
    a = a[:, None]
    new = tanh(x @ P.W[1:].T + P.b[1:] + s["h"] @ P.U["h"].T)
    h = a * new + (1 - a) * s["h"] + a @ P.U["k"].T * P.rate
    return a * (h @ P.U["y"].T), {"h": h, "t": t[:, None]}


CASES = {
    "projected": (Projected, projected, {"r": 2, "c": H}, {}),
    "substeps": (Substeps, substeps, {"v": H}, {"dt": ()}),
    "kinds": (Kinds, kinds, {"h": H}, {}),
    "decaying": (Decaying, decaying, {"h": H, "last": I}, {"m": (I,), "dt": (I,)}),
    "numbers": (Numbers, numbers, {"h": H, "t": 1}, {"dt": ()}),
}
"""By name: the cell, its loop, the sizes of its states, the shapes of its inputs."""


def parameters(layer):
    """Return a layer's tensors as a loop reads them: W, b, U by gate, own by name, those of kinds."""
    tensors = dict(layer.named_parameters())

    def below(prefix):
        return {
            name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)
        }

    own, free, norms = below("own."), below("matrices."), below("norms.")
    if layer.U is None:
        U = {
            name[2:-7]: value
            for name, value in free.items()
            if name.startswith("U_") and name.endswith("weight")
        }
    else:
        U = dict(zip(layer.layout.recurrent, layer.U.split(layer.hidden_size), strict=True))
    return SimpleNamespace(W=layer.W, b=layer.b, U=U, matrices=free, norms=norms, **own)


def loop(name, layer, x, state, given):
    """Return the outputs [B, T, …] and final states of the plain loop."""
    P, outputs = parameters(layer), []
    for t in range(x.shape[1]):
        output, state = CASES[name][1](P, x[:, t], state, {key: value[:, t] for key, value in given.items()})
        outputs.append(output)
    return torch.stack(outputs, 1), state


def random(seed, *shape, low=-1.0):
    """Return numbers between ``low`` and 1 that do not depend on torch's own state."""
    drawn = torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return low + (1 - low) * drawn


def fill(network, seed=0):
    """Give every parameter numbers of its own, so that 0 and 1 hide no mistake."""
    for number, parameter in enumerate(network.parameters()):
        scale = 1 / math.sqrt(max((*parameter.shape[-1:], 1)))
        parameter.data.copy_(random(seed + number, *parameter.shape).mul(scale))
    return network
