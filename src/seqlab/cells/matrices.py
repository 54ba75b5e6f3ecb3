"""Kinds of matrices: what W and U are made of, once a forward pass, before the loop over time.

A kind of your own says the shapes of its free parameters and makes the matrix of them::

    class Circulant(Kind):
        def shapes(self, rows, columns):
            return {"first": (columns,)}

        def matrix(self, first):
            return torch.stack([first.roll(k) for k in range(len(first))])
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.errors import CellError


class Kind:
    """How a matrix [rows, columns] is made of free parameters. By default it is one of them, ``weight``.

    Attributes:
        learn: whether the free parameters are learnt.
        square: whether there are only square ones.
    """

    learn: bool = True
    square: bool = False

    def shapes(self, rows: int, columns: int) -> Mapping[str, tuple[int, ...]]:
        """Return the names and shapes of the free parameters."""
        return {"weight": (rows, columns)}

    def matrix(self, **free: Tensor) -> Tensor:
        """Return the matrix, given the free parameters by name."""
        return free["weight"]

    def start(self, **free: Tensor) -> None:
        """Start the free parameters, in place: from U(−1/√n, 1/√n) for n columns."""
        for tensor in free.values():
            bound = 1 / math.sqrt(tensor.shape[-1])
            nn.init.uniform_(tensor, -bound, bound)

    def __repr__(self) -> str:
        settings = ", ".join(
            f"{name}={getattr(value, '__name__', repr(value))}" for name, value in vars(self).items()
        )
        return f"{type(self).__name__}({settings})"


class Dense(Kind):
    """A matrix of free numbers.

    Args:
        init: what it starts as: a number, a function of (rows, columns), such as ``torch.eye``, that returns
            it, or None for what the layer's ``init`` says.
        learn: False if it stays as it starts.
    """

    def __init__(self, init: float | Callable[..., Tensor] | None = None, *, learn: bool = True) -> None:
        self.init, self.learn = init, learn

    def start(self, **free: Tensor) -> None:
        """Start the matrix as ``init`` says, or as the layer does."""
        weight = free["weight"]
        if self.init is None:
            return
        if not callable(self.init):
            nn.init.constant_(weight, self.init)
            return
        made = torch.as_tensor(self.init(*weight.shape))
        if made.shape != weight.shape:
            raise CellError(
                f"{self!r} must start as {list(weight.shape)}, its init returns {list(made.shape)}"
            )
        weight.copy_(made)


class Diagonal(Kind):
    """diag(d): as many free numbers as rows."""

    square = True

    def shapes(self, rows: int, columns: int) -> Mapping[str, tuple[int, ...]]:  # noqa: ARG002
        return {"diagonal": (rows,)}

    def matrix(self, **free: Tensor) -> Tensor:
        return torch.diag(free["diagonal"])


class Skew(Kind):
    """A − Aᵀ − γI, with eigenvalues on, or γ left of, the imaginary axis (Chang et al. 2019)."""

    square = True

    def __init__(self, gamma: float = 0.0) -> None:
        self.gamma = gamma

    def matrix(self, **free: Tensor) -> Tensor:
        A = free["weight"]
        return A - A.T - self.gamma * torch.eye(len(A), dtype=A.dtype, device=A.device)


class Orthogonal(Kind):
    """exp(A − Aᵀ), a rotation (Lezcano-Casado & Martínez-Rubio 2019)."""

    square = True

    def matrix(self, **free: Tensor) -> Tensor:
        A = free["weight"]
        made: Tensor = torch.linalg.matrix_exp(A - A.T)
        return made


class LowRank(Kind):
    """L R, with L [rows, rank] and R [rank, columns] (Kusupati et al. 2018)."""

    def __init__(self, rank: int) -> None:
        self.rank = _from_one("LowRank", "rank", rank)

    def shapes(self, rows: int, columns: int) -> Mapping[str, tuple[int, ...]]:
        return {"left": (rows, self.rank), "right": (self.rank, columns)}

    def matrix(self, **free: Tensor) -> Tensor:
        return free["left"] @ free["right"]


class Blocks(Kind):
    """Block-diagonal, with ``count`` blocks of one size: heads that do not read each other."""

    def __init__(self, count: int) -> None:
        self.count = _from_one("Blocks", "count", count)

    def shapes(self, rows: int, columns: int) -> Mapping[str, tuple[int, ...]]:
        if rows % self.count or columns % self.count:
            raise CellError(f"{self!r} cannot divide a matrix [{rows}, {columns}] into equal blocks")
        return {"blocks": (self.count, rows // self.count, columns // self.count)}

    def matrix(self, **free: Tensor) -> Tensor:
        made: Tensor = torch.block_diag(*free["blocks"].unbind())  # type: ignore[no-untyped-call]
        return made


class Masked(Kind):
    """A free matrix of which only the places of a mask count.

    Args:
        mask: a function of (rows, columns) that returns zeros and ones, such as
            ``lambda rows, columns: torch.ones(rows, columns).triu()``.
    """

    def __init__(self, mask: Callable[[int, int], Tensor]) -> None:
        self.mask = mask

    def matrix(self, **free: Tensor) -> Tensor:
        weight = free["weight"]
        rows, columns = weight.shape
        return weight * self.mask(rows, columns).to(weight)


def _from_one(kind: str, name: str, number: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise CellError(f"{kind}: {name} must be a whole number from 1, got {number!r}")
    return number


def free_shapes(kind: Any, what: str, rows: int, columns: int) -> Mapping[str, tuple[int, ...]]:
    """Return the shapes of a kind's free parameters, once it was tried.

    Raises:
        CellError: the kind cannot make a matrix of this shape; ``what`` says whose it is.
    """
    if not isinstance(kind, Kind):
        raise CellError(f"{what} must be a kind of matrix, such as Skew(), got {kind!r}")
    if kind.square and rows != columns:
        raise CellError(f"{what} is [{rows}, {columns}], and {kind!r} makes only square matrices")
    try:
        shapes = kind.shapes(rows, columns)
        made = kind.matrix(**{name: torch.zeros(shape) for name, shape in shapes.items()})
    except CellError as error:
        raise CellError(f"{what}: {error}") from error
    except Exception as error:
        raise CellError(f"{what}: {kind!r} fails with {type(error).__name__}: {error}") from error
    if not isinstance(made, Tensor) or made.shape != (rows, columns):
        found = list(made.shape) if isinstance(made, Tensor) else type(made).__name__
        raise CellError(f"{what}: {kind!r} must make a matrix [{rows}, {columns}], it makes {found}")
    return shapes
