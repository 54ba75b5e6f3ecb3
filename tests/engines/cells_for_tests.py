"""Cells that the shipped ones do not resemble, for the tests of engines."""

import torch
from torch import exp, maximum, sigmoid, tanh
from torch.nn.functional import logsigmoid

from seqlab.cells import Cell, Norm, Scalar, State, Vector


class RecurrentHighway(Cell):
    """Zilly et al. 2017: gates of the second micro-step have no W x."""

    gates = ("a0", "t0", "a1", "t1")
    b_a, b_t = Vector(), Vector(init=-1.0)

    def step(self, x, u, s):
        h = s.h
        for depth in range(2):
            a = u[f"a{depth}"](h) + (x.a0 if depth == 0 else self.b_a)
            t = sigmoid(u[f"t{depth}"](h) + (x.t0 if depth == 0 else self.b_t))
            h = tanh(a) * t + h * (1 - t)
        return State(h=h)


class ScalarLSTM(Cell):
    """The xLSTM's sLSTM without heads (Beck et al. 2024)."""

    gates = ("i", "f", "z", "o")
    state = ("h", "c", "n", "m")

    def step(self, x, u, s):
        i = x.i + u.i(s.h)
        f = logsigmoid(x.f + u.f(s.h)) + s.m
        m = maximum(i, f)
        i, f = exp(i - m), exp(f - m)
        c = f * s.c + i * tanh(x.z + u.z(s.h))
        n = f * s.n + i
        return State(h=sigmoid(x.o + u.o(s.h)) * c / n, c=c, n=n, m=m)


class Oscillator(Cell):
    """coRNN (Rusch & Mishra 2021): two vectors at one level, a state that is no h."""

    gates = ("y", "z")
    state = ("y", "z")
    output = "y"
    dt, gamma = Scalar(0.1), Scalar(1.0)
    eps: float = 1.0

    def step(self, x, u, s):
        z = s.z + self.dt * (tanh(x.y + u.y(s.y) + u.z(s.z)) - self.gamma * s.y - self.eps * s.z)
        return State(y=s.y + self.dt * z, z=z)


class NormedOutput(Cell):
    gates = ("h", "y")
    output = "y"
    norm = Norm()

    def step(self, x, u, s):
        h = self.norm(tanh(x.h + u.h(s.h)))
        return State(h=h, y=u.y(h).sigmoid())


class Memoryless(Cell):
    """No U at all."""

    gates = ("h",)

    def step(self, x, u, s):
        return State(h=tanh(x.h) + 0.5 * s.h)


class EveryProduct(Cell):
    """u of a parameter, a gate's value, an x, a new state and an old one; and names that lead nowhere."""

    gates = ("a", "b", "c", "d", "e", "f", "g")
    state = ("h", "k", "m", "n")
    output = "y"
    v = Vector(0.5)
    rate: float = 0.3

    def step(self, x, u, s):
        a = sigmoid(x.a + u.a(self.v))
        b = tanh(x.b + u.b(a))
        h = a * b + self.rate * s.k
        u.f(s.h), x.d  # a product and an input that nobody uses
        y = u.c(h) + u.d(s.m) + x.f
        n = tanh(u.e(x.b) + u.g(y) - s.n)
        # One value for two states, and a state that only hands on another.
        return State(h=h, k=h, m=s.h, n=n, y=y)


class EveryNorm(Cell):
    """Norms of a state, a gate, a parameter, a product, a norm and a new state; two of them used twice."""

    gates = ("a", "b", "c")
    state = ("h", "c")
    output = "y"
    v, w = Vector(0.5), Vector(-0.5)
    first, second, third = Norm(), Norm(eps=1e-2), Norm()

    def step(self, x, u, s):
        a = tanh(self.first(x.a + u.a(s.h)) + self.second(s.h))
        c = sigmoid(self.second(self.first(s.c)) + self.third(self.v * self.w) + self.third(self.v))
        h = a * c + self.third(u.b(a))
        return State(h=h, c=self.first(c), y=self.second(h) * u.c(self.second(h)))


class Plain(Cell):
    """Results that are an input, a product, a parameter's value and a constant, without a computation."""

    gates = ("a", "b")
    state = ("h", "c", "d", "e")
    v = Vector(0.5)
    scale = Scalar(0.5)

    def step(self, x, u, s):
        d = self.v * torch.ones_like(s.d)
        return State(h=x.a, c=u.b(s.e), d=d, e=self.scale * s.h + torch.zeros_like(s.c))


class Singular(Cell):
    """Without a value at 0, where the numbers behind the hidden size stand in a padded row."""

    gates = ("h", "z")

    def step(self, x, u, s):
        size = x.h**2 + u.h(s.h) ** 2 + x.z**2
        return State(h=torch.log(size) / size**0.25 + tanh(u.z(s.h)))


class WithoutInputs(Cell):
    """No W at all: what it reads changes nothing."""

    gates = ("h",)
    state = ("h", "c")

    def step(self, x, u, s):
        return State(h=tanh(u.h(s.h) + s.c), c=s.h)


class WithoutGates(Cell):
    """Neither W nor U: it decays."""

    rate = Scalar(0.8)

    def step(self, x, u, s):
        return State(h=self.rate * s.h)
