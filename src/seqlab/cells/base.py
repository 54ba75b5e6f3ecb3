"""What a cell is: gates, states, own parameters, and the equations of one time step.

A cell is a declaration. It owns no tensor and knows nothing of loops, devices, lengths or configuration. The
layer owns the parameters (``seqlab.nn``), an engine runs the cell over time (``seqlab.engines``).
"""

import copy
import inspect
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic, Literal, Self, TypeAlias, TypeVar, overload

from torch import Tensor, nn

from seqlab.compat.torch import register_pytree_node
from seqlab.errors import CellError, near
from seqlab.registry.catalog import cells

T = TypeVar("T")


class Names(Generic[T]):
    """Access by declared name, ``x.i`` or ``x["i"]``; an error for another name lists the declared ones."""

    def __init__(self, kind: str, declared: Iterable[str], make: Callable[[str], T]) -> None:
        self._kind = kind
        self._declared = tuple(declared)
        self._make = make

    def __getitem__(self, name: str) -> T:
        if name not in self._declared:
            raise CellError(f"{self._kind}.{name} is not declared; {near(name, self._declared)}")
        return self._make(name)

    def __getattr__(self, name: str) -> T:
        if name.startswith("__"):  # copy and pickle probe for these
            raise AttributeError(name)
        return self[name]


Gates: TypeAlias = Names[Tensor]
"""``x.<gate>`` is W x_t + b for that gate, [B, H]."""

Products: TypeAlias = Names[Callable[[Tensor], Tensor]]
"""``u.<gate>(v)`` is U v for that gate, [B, H] to [B, H]."""


class State(dict[str, Tensor]):
    """Named tensors: ``State(h=h, c=c)``; ``s.h`` is ``s["h"]``."""

    def __getattr__(self, name: str) -> Tensor:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self:
            raise CellError(f"s.{name} is not declared; {near(name, self)}")
        return self[name]


# torch.func and torch.export treat a State as a dict.
register_pytree_node(
    State,
    lambda state: (list(state.values()), tuple(state)),
    lambda values, names: State(zip(names, values, strict=True)),
    serialized_type_name="seqlab.State",
)


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


class Vector(Own[Tensor]):
    """A learnable vector [H]; ``init`` is a number, or "bias" to initialise it as the layer's biases."""

    def __init__(self, init: float | Literal["bias"] = 0.0) -> None:
        self.init = init


class Scalar(Own[Tensor]):
    """A learnable number, a tensor [] that starts at ``init``."""

    def __init__(self, init: float) -> None:
        self.init = init


class Norm(Own[Callable[[Tensor], Tensor]]):
    """Layer normalisation over H with learnable weight and bias (Ba et al. 2016), [B, H] to [B, H]."""

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps


OwnT = TypeVar("OwnT", bound=Own[Any])


class CellType(ABCMeta):
    """The metaclass of cells. It counts changes of cell classes, so that an outdated trace is noticed."""

    changes = 0

    def __setattr__(cls, name: str, value: object) -> None:
        super().__setattr__(name, value)
        CellType.changes += 1

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        CellType.changes += 1


class Cell(metaclass=CellType):
    """The equations of one time step. A subclass declares these class attributes and defines ``step``.

    - ``gates``: names; every gate is H wide.
    - ``state``: names; every state is H wide and starts at 0 unless the caller passes one.
    - ``output``: the name of the state, or of another value that ``step`` returns, that the layer outputs.
    - ``Vector()``, ``Norm()``, ``Scalar(…)`` under any names: parameters of the cell's own.
    - annotated constants, ``dt: float = 0.1``: options, set by ``MyCell(dt=0.05)`` or
      ``model.options.dt=0.05``.

    Raises:
        CellError: the declaration is impossible, or an option is unknown or of the wrong type.
    """

    name: ClassVar[str] = "cell"
    gates: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[tuple[str, ...]] = ("h",)
    output: ClassVar[str] = "h"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__name__
        for kind in ("gates", "state"):
            names = getattr(cls, kind)
            if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
                raise CellError(f"{cls.__name__}.{kind} must be a tuple of names, got {names!r}")
            _refuse_impossible(cls.__name__, kind, names)
        for name in cls.own(Own):  # they are stored in these, whose attributes they must not hide
            if any(hasattr(kept, name) for kept in (nn.ParameterDict(), nn.ModuleDict())):
                raise CellError(
                    f"{cls.__name__}: '{name}' cannot be the name of a parameter; choose another one"
                )

    def __init__(self, **options: Any) -> None:
        known = self.option_defaults()
        for name, value in options.items():
            if name not in known:
                allowed = near(name, known) if known else "it has none"
                raise CellError(f"cell '{self.name}' has no option '{name}'; {allowed}")
            setattr(self, name, _checked(f"{self.name}.{name}", value, known[name]))

    @abstractmethod
    def step(self, x: Gates, u: Products, s: State) -> State:
        """Return the states after one time step, and the output if it is not a state, each [B, H]."""

    @classmethod
    def option_defaults(cls) -> dict[str, Any]:
        """Return the annotated constants of the class and its bases with their values."""
        constants: dict[str, Any] = {}
        for base in reversed(cls.__mro__[: cls.__mro__.index(Cell)]):
            for name in inspect.get_annotations(base):
                value = getattr(cls, name, None)
                if name not in inspect.get_annotations(Cell) and not isinstance(value, Own):
                    constants[name] = value
        return constants

    @property
    def options(self) -> dict[str, Any]:
        """The options that this cell was created with."""
        return {name: getattr(self, name) for name in self.option_defaults()}

    @classmethod
    def own(cls, kind: type[OwnT]) -> dict[str, OwnT]:
        """Return the declared vectors, norms or scalars by name, base classes first."""
        found: dict[str, OwnT] = {}
        for base in reversed(cls.__mro__):
            found |= {name: value for name, value in vars(base).items() if isinstance(value, kind)}
        return found

    def bind(self, values: Mapping[str, Any]) -> Self:
        """Return a copy whose ``self.<name>`` are the layer's tensors and norms."""
        bound = copy.copy(self)
        bound.__dict__.update(values)
        return bound

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"{self.name}({options})"


def register_cell(name: str) -> Callable[[type[Cell]], type[Cell]]:
    """Register a cell class: ``@register_cell("lstm")``, then ``model=lstm`` and ``Recurrent("lstm", …)``.

    Raises:
        ConfigError: another class has the name.
    """

    def enter(cls: type[Cell]) -> type[Cell]:
        cells.register(name)(cls)
        cls.name = name
        return cls

    return enter


def _refuse_impossible(cell: str, kind: str, names: tuple[str, ...]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise CellError(f"{cell}.{kind} contains '{name}' twice")
        # s.items would be a method of dict, and a trace is Python code.
        if hasattr(dict, name) or not name.isidentifier():
            raise CellError(f"{cell}.{kind}: '{name}' cannot be a name; choose another")


def _checked(what: str, value: Any, default: Any) -> Any:
    """Return ``value`` in the type of the option's default."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        expected, got = type(default).__name__, type(value).__name__
        raise CellError(f"option {what} must be {expected}, got {value!r} ({got})")
    return value
