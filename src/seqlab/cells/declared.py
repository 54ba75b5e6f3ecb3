"""What a cell declares beside its step: widths, gates, and parameters of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeAlias, TypeVar, overload

import torch
from torch import Tensor, nn

from seqlab.cells.matrices import Kind
from seqlab.errors import CellError

if TYPE_CHECKING:
    from seqlab.cells.base import Cell

T = TypeVar("T")

Width: TypeAlias = str | int | tuple[()]
"""How wide a vector is: "H", the hidden size; "I", the inputs of the layer; a whole number; or the name of an
option that is one. () is a number, one for each sequence: it goes with vectors of any width."""


class Own(Generic[T]):
    """A parameter or norm that a cell declares. In a step it reads as the layer's tensor or function."""

    name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, cell: None, owner: type) -> Self: ...
    @overload
    def __get__(self, cell: "Cell", owner: type) -> T: ...
    def __get__(self, cell: "Cell | None", owner: type) -> Self | T:
        """Return the declaration, on the class; on a bound cell Python finds the instance's value first."""
        if cell is None:
            return self
        raise CellError(f"{owner.__name__}.{self.name} has a value only inside the step of a layer")


class Parameter(Own[Tensor]):
    """A vector of any width, or a number, that the layer holds and learns.

    Args:
        width: how wide, see ``Width``.
        init: what it starts as: a number, a function that is given the size (none for a number) and returns
            a tensor, or "bias" to start as the layer's biases do.
        learn: False if it stays as it starts.
    """

    def __init__(
        self,
        width: Width = (),
        init: float | Literal["bias"] | Callable[..., Tensor] = 0.0,
        *,
        learn: bool = True,
    ) -> None:
        self.width, self.init, self.learn = checked_width("a Parameter", width), init, learn

    def fill(self, tensor: Tensor) -> None:
        """Start a tensor; "bias" starts at 0 until an initialisation says otherwise."""
        start(tensor, 0.0 if isinstance(self.init, str) else self.init, f"the init of {self.name}")


class Vector(Parameter):
    """A learnable vector [H]; ``init`` is a number, or "bias" to initialise it as the layer's biases."""

    def __init__(self, init: float | Literal["bias"] = 0.0) -> None:
        super().__init__("H", init)


class Scalar(Parameter):
    """A learnable number, a tensor [] that starts at ``init``."""

    def __init__(self, init: float) -> None:
        super().__init__((), init)


class Norm(Own[Callable[[Tensor], Tensor]]):
    """Layer normalisation with learnable weight and bias (Ba et al. 2016), of H or another width."""

    def __init__(self, eps: float = 1e-5, width: Width = "H") -> None:
        self.eps, self.width = eps, checked_width("a Norm", width)
        if self.width == ():
            raise CellError("a Norm is of a vector, not of a number ()")


@dataclass(frozen=True)
class Gate:
    """A gate: W x + b as ``x.<gate>``, U v as ``u.<gate>(v)``.

    Args:
        width: of both, see ``Width``.
        bias: whether there is one; or what it starts as, a number or a function of the size.
        W: the kind of W; the cell's ``W`` if None.
        U: the kind of U; the cell's ``U`` if None.
    """

    width: Width = "H"
    bias: bool | float | Callable[[int], Tensor] = field(default=True, kw_only=True)
    W: Kind | None = field(default=None, kw_only=True)
    U: Kind | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", checked_width("a Gate", self.width))
        if not (isinstance(self.bias, bool | int | float) or callable(self.bias)):
            raise CellError(f"the bias of a Gate is True, False, a number or a function, got {self.bias!r}")

    @property
    def has_bias(self) -> bool:
        """Whether W x has a bias added."""
        return self.bias is not False


def checked_width(what: str, width: Any) -> Width:
    """Return a width, also one that is given as a shape of one dimension.

    Raises:
        CellError: it is something else.
    """
    if isinstance(width, tuple | list) and len(width) == 1:
        width = width[0]
    if width == () or isinstance(width, str) or (isinstance(width, int) and width >= 1):
        return width  # type: ignore[no-any-return]
    more = "; a step computes with vectors, matrices are those of gates" if isinstance(width, tuple) else ""
    raise CellError(
        f"{what} is {width!r} wide; a width is 'H', 'I', a number from 1, the name of an option, or (){more}"
    )


def start(tensor: Tensor, value: float | Callable[..., Tensor], what: str) -> None:
    """Fill a tensor with a number, or with what a function of its sizes returns.

    Raises:
        CellError: the function returns another shape.
    """
    if not callable(value):
        nn.init.constant_(tensor, value)
        return
    made = torch.as_tensor(value(*tensor.shape))
    if made.shape != tensor.shape:
        raise CellError(f"{what} must be {list(tensor.shape)}, its function returns {list(made.shape)}")
    with torch.no_grad():
        tensor.copy_(made)
