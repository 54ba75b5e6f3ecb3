"""Modules that libraries import and a run uses nothing of, imported when something of them is used.

They take more than half of the time to a first training step.
"""

import sys
from functools import wraps
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.abc import Loader  # slow

__all__ = ["postpone"]

SIGNAL = "scipy.signal"
"""torchmetrics imports it to add an old name."""
PLOT = "torchmetrics.utilities.plot"
"""All of torchmetrics imports it, and it all of matplotlib, for annotations and methods ``plot``."""
PLOTS = (
    *("_AX_TYPE", "_CMAP_TYPE", "_PLOT_OUT_TYPE"),
    *("plot_confusion_matrix", "plot_curve", "plot_single_or_multi_val"),
)
"""What torchmetrics imports of it."""
DYNAMO = "torch._dynamo"
"""Lightning imports it for ``isinstance``, every optimizer to say where torch.compile is not to look."""


def postpone() -> None:
    """Let ``import`` of each of these modules import it only when something of it is used."""
    if not any(isinstance(finder, _Parts) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Parts())
    for module in (
        _Postponed(SIGNAL, {}, added={"hamming": _Name(f"{SIGNAL}.windows", "hamming")}),
        _Postponed(PLOT, {name: _Name(PLOT, name) for name in PLOTS}),
        _Dynamo(),
    ):
        sys.modules.setdefault(module.__name__, module)


class _Postponed(ModuleType):
    """Stands where a module will, until something is used that it does not have.

    Args:
        name: of the module.
        has: what it has meanwhile.
        added: what it has too, and is then added to the module, which lacks it.
    """

    def __init__(self, name: str, has: dict[str, Any], added: dict[str, Any] | None = None) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, loader=None)
        self.__path__: list[str] = []  # for its parts, which are found by _Parts
        self.__file__ = None  # inspect asks every module for it
        self._added = added or {}
        vars(self).update(has, **self._added)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loaded(), name)

    def loaded(self) -> ModuleType:
        """Return the module itself, imported."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = import_module(self.__name__)
        for name, value in self._added.items():
            vars(module).setdefault(name, value)
        return module


class _Dynamo(_Postponed):
    """``torch._dynamo``: as long as nothing is compiled, what a run uses of it does nothing."""

    def __init__(self) -> None:
        self._told: list[Callable[[ModuleType], None]] = []
        meanwhile = {"OptimizedModule": _OwnClass(DYNAMO, "OptimizedModule"), "disable": self._disable}
        super().__init__(DYNAMO, {**meanwhile, "graph_break": lambda msg="": None})  # noqa: ARG005 (torch's)

    def _disable(self, fn: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return a function that torch.compile is not to look into, once there is one."""
        if not isinstance(fn, FunctionType):
            return self.loaded().disable(fn, *args, **kwargs)
        called: Callable[..., Any] = fn

        @wraps(fn)
        def disabled(*args: Any, **kwargs: Any) -> Any:
            return called(*args, **kwargs)

        def tell(dynamo: ModuleType) -> None:
            nonlocal called
            called = dynamo.disable(fn, *args, **kwargs)
            marks = {name: mark for name, mark in vars(called).items() if name.startswith("_torchdynamo")}
            vars(disabled).update(marks, _torchdynamo_wrapper_id=id(disabled))

        self._told.append(tell)
        return disabled

    def loaded(self) -> ModuleType:
        module = super().loaded()
        while self._told:
            self._told.pop()(module)
        return module


class _Name:
    """A function, class or type of a postponed module, which is imported when it is used."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def _real(self) -> Any:
        module = import_module(self._module)
        return getattr(module.loaded() if isinstance(module, _Postponed) else module, self._name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # typing looks for some in every annotation
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._real()(*args, **kwargs)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._real())

    def __subclasscheck__(self, subclass: Any) -> bool:
        return issubclass(subclass, self._real())

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real(),)


class _OwnClass(_Name):
    """A class of which only its module makes instances: before it is imported there are none."""

    def __instancecheck__(self, instance: Any) -> bool:
        is_postponed = isinstance(sys.modules.get(self._module), _Postponed)
        return not is_postponed and super().__instancecheck__(instance)


class _Parts:
    """Imports a postponed module before a part of it."""

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        whole = sys.modules.get(name.rpartition(".")[0])
        if not isinstance(whole, _Postponed):
            return None
        whole.loaded()
        part = sys.modules.get(name)
        return find_spec(name) if part is None else ModuleSpec(name, cast("Loader", _Imported(part)))


class _Imported:
    """Finds a part of a module that was imported with it."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, _: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec
