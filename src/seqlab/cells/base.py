"""What a cell is: gates, states, own parameters, and the equations of one time step.

A cell is a declaration. It owns no tensor and knows nothing of loops, devices, lengths or configuration. The
layer owns the parameters (``seqlab.nn``), an engine runs the cell over time (``seqlab.engines``).
"""

import copy
import inspect
import sys
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, Self, TypeAlias, TypeVar

from torch import Tensor, nn

from seqlab.cells.checks import check_declared
from seqlab.cells.declared import Gate, Norm, Own, Parameter, Scalar, Vector, Width, checked_width
from seqlab.cells.inputs import Input, as_input
from seqlab.cells.matrices import Dense, Kind
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
"""``x.<gate>`` is W x_t + b for that gate, [B, H] or its width; ``x.<input>`` what comes beside x."""

Products: TypeAlias = Names[Callable[[Tensor], Tensor]]
"""``u.<gate>(v)`` is U v for that gate, [B, H] to [B, H]; or of other widths."""


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


OwnT = TypeVar("OwnT", bound=Own[Any])


class CellType(ABCMeta):
    """The metaclass of cells. It counts changes of cell classes, so that an outdated trace is noticed."""

    changes = 0

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls.__abstractmethods__:
            raise CellError(
                f"cell {cls.__name__} has no step; define step(self, x, u, s), which returns a State"
                f" ({sys.modules[cls.__module__].__file__}: class {cls.__name__})"
            )
        return super().__call__(*args, **kwargs)

    def __setattr__(cls, name: str, value: object) -> None:
        super().__setattr__(name, value)
        CellType.changes += 1

    def __delattr__(cls, name: str) -> None:
        super().__delattr__(name)
        CellType.changes += 1


class Cell(metaclass=CellType):
    """The equations of one time step. A subclass declares these class attributes and defines ``step``.

    - ``gates``: names, each H wide; or {name: width or ``Gate(…)``}.
    - ``state``: names, each H wide; or {name: width}. A state starts at 0 unless the caller passes one.
    - ``start``: {state: own parameter} for states that start as that parameter is.
    - ``bookkeeping``: states that are no memory, such as a clock; ``model.zoneout`` leaves them as they are.
    - ``inputs``: {name: width or ``Input(…)``}, what comes with every step beside x, read as ``x.<name>``;
      ``"x": "I"`` is x itself.
    - ``output``: the name of the state, or of another value that ``step`` returns, that the layer outputs.
    - ``Vector()``, ``Norm()``, ``Scalar(…)``, ``Parameter(…)`` under any names: the cell's own parameters.
    - ``W``, ``U``: the kind of matrix of all gates that name none.
    - annotated constants, ``dt: float = 0.1``: options, set by ``MyCell(dt=0.05)`` or
      ``model.options.dt=0.05``.

    Attributes:
        weight_drop: share of the numbers of U that each forward pass of training leaves out (``WeightDrop``).

    Raises:
        CellError: the declaration is impossible, or an option is unknown or of the wrong type.
    """

    name: str = "cell"
    gates: tuple[str, ...] | Mapping[str, Width | Gate] = ()
    state: tuple[str, ...] | Mapping[str, Width] = ("h",)
    start: Mapping[str, str] = {}
    bookkeeping: tuple[str, ...] = ()
    inputs: Mapping[str, Width | Input] = {}
    output: str = "h"
    W: Kind = Dense()
    U: Kind = Dense()
    weight_drop: float = 0.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = cls.__name__
        for name in cls.own(Own):  # they are stored in these, whose attributes they must not hide
            if any(hasattr(kept, name) for kept in (nn.ParameterDict(), nn.ModuleDict())):
                raise CellError(
                    f"{cls.__name__}: '{name}' cannot be the name of a parameter; choose another one"
                )
        check_declared(cls)

    def __init__(self, **options: Any) -> None:
        known = self.option_defaults()
        for name, value in options.items():
            if name not in known:
                allowed = near(name, known) if known else "it has none"
                raise CellError(f"cell '{self.name}' has no option '{name}'; {allowed}")
            setattr(self, name, _checked(f"{self.name}.{name}", value, known[name]))

    @abstractmethod
    def step(self, x: Gates, u: Products, s: State) -> State:
        """Return the states after one time step, and the output if it is not a state, each [B, width]."""

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
        """Return the declared vectors, scalars, norms or all parameters by name, base classes first."""
        found: dict[str, OwnT] = {}
        for base in reversed(cls.__mro__):
            found |= {name: value for name, value in vars(base).items() if isinstance(value, kind)}
        return found

    def declared(self, kind: type[OwnT]) -> dict[str, OwnT]:
        """Return what ``own`` does, of a cell around another one too: vectors first, then scalars."""
        found = self.own(kind)
        order = [*self.own(Vector), *self.own(Scalar)]
        return {name: found[name] for name in dict.fromkeys((*order, *found)) if name in found}

    def gate(self, name: str) -> Gate:
        """Return what is declared of a gate."""
        declared = self.gates[name] if isinstance(self.gates, Mapping) else "H"
        return declared if isinstance(declared, Gate) else Gate(declared)

    @property
    def side_inputs(self) -> dict[str, Input]:
        """What comes with every step beside x, by name."""
        return {name: as_input(name, declared) for name, declared in self.inputs.items()}

    @property
    def widths(self) -> dict[str, Width]:
        """The widths of ``x_<gate>``, ``s_<state>``, ``i_<input>`` and ``p_<own parameter or norm>``."""
        widths: dict[str, Width] = {f"x_{name}": self.gate(name).width for name in self.gates}
        states = self.state if isinstance(self.state, Mapping) else dict.fromkeys(self.state, "H")
        widths |= {f"s_{name}": checked_width(f"state {name}", width) for name, width in states.items()}
        widths |= {f"i_{name}": given.width for name, given in self.side_inputs.items()}
        own: dict[str, Parameter | Norm] = {**self.declared(Parameter), **self.declared(Norm)}
        return widths | {f"p_{name}": value.width for name, value in own.items()}

    def sizes(self, input_size: int, hidden_size: int) -> dict[Width, int]:
        """Return how many numbers each of the cell's widths is in a layer of these sizes."""
        sizes: dict[Width, int] = {"H": hidden_size, "I": input_size, (): 1}
        for width in self.widths.values():
            if width not in sizes:
                sizes[width] = width if isinstance(width, int) else self._option_width(str(width))
        return sizes

    def _option_width(self, name: str) -> int:
        number: int = self.options[name]
        if number < 1:
            raise CellError(f"cell '{self.name}': {name} is a width, from 1, got {number}")
        return number

    def take(self, values: Mapping[str, Any]) -> None:
        """Make ``self.<name>`` of own parameters and norms the tensors and functions given."""
        vars(self).update(values)

    def bind(self, values: Mapping[str, Any]) -> Self:
        """Return a copy whose ``self.<name>`` are the layer's tensors and norms."""
        bound = copy.copy(self)
        bound.take(values)
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


def as_cell(cell: Any) -> Cell:
    """Return a cell, also one that is given by its registered name or its class.

    Raises:
        CellError: it is something else.
        ConfigError: no cell has the name.
    """
    made = cells[cell]() if isinstance(cell, str) else cell() if isinstance(cell, CellType) else cell
    if not isinstance(made, Cell):
        raise CellError(f"a cell is a registered name, a Cell class or such as GRU(), got {made!r}")
    return made


def _checked(what: str, value: Any, default: Any) -> Any:
    """Return ``value`` in the type of the option's default."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        expected, got = type(default).__name__, type(value).__name__
        raise CellError(f"option {what} must be {expected}, got {value!r} ({got})")
    return value
