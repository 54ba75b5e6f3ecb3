"""Which engine runs a network: chosen once for a type and device, and lent by those who observe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from torch import Tensor, nn

from seqlab.cells import Cell
from seqlab.compat.torch import has_hooks
from seqlab.engines import Choice, Engine, choose
from seqlab.engines.surroundings import watcher
from seqlab.engines.tape import TraceError
from seqlab.errors import EngineError

if TYPE_CHECKING:
    from seqlab.nn.layer import Layer

T = TypeVar("T")


class OnEngine(nn.Module):
    """The base of a network of layers, which all run on one engine.

    Attributes:
        engine: "auto", or the name of the engine that is asked for.
        cells: the equations of each layer.
        layers: the layers, by their directions.
    """

    engine: str
    cells: tuple[Cell, ...]
    layers: nn.ModuleList

    def __init__(self) -> None:
        super().__init__()
        self._lent: Engine | None = None
        self._choices: dict[tuple[str, torch.dtype, torch.device, str | None], Choice] = {}

    def choice(self, dtype: torch.dtype | None = None, device: torch.device | None = None) -> Choice:
        """Return the engine that runs this network, and why; by default for the parameters' type and device.

        Raises:
            EngineError: the requested engine cannot run it.
        """
        if dtype is None or device is None:
            W = next(self.layers.parameters())
            dtype, device = dtype or W.dtype, device or W.device
        if self._lent is not None:
            return Choice(self._lent, "lent")
        asked = self.engine, dtype, device, self._watcher()
        # An engine is chosen once: this traces the cells, and forward calls this method for every batch.
        if asked not in self._choices:
            self._choices[asked] = choose(self.engine, self.cells, *asked[1:])
        return self._choices[asked]

    @contextmanager
    def running_on(self, engine: Engine) -> Iterator[None]:
        """Run on this engine within the context, whichever was chosen: for engines that observe."""
        before, self._lent = self._lent, engine
        try:
            yield
        finally:
            self._lent = before

    def _on_engine(self, run: Callable[[Engine], T], x: Tensor) -> T:
        """Call a function with the engine for these inputs."""
        try:
            return run(self.choice(x.dtype, x.device).engine)
        except (EngineError, TraceError):
            if self.engine != "auto" or self._lent is not None:
                raise
            # A cell's step has changed since the engine was chosen, and now needs another engine.
            self._choices.clear()
            return run(self.choice(x.dtype, x.device).engine)

    def _watcher(self) -> str | None:
        """Return what must see every single torch operation now; the native engine does not call norms."""
        norms = (norm for layer in self.layers for norm in cast("Layer", layer).norms.values())
        return watcher() or ("a hook on a norm" if any(map(has_hooks, norms)) else None)

    def __prepare_scriptable__(self) -> "OnEngine":
        """Refuse torch.jit.script, which asks this of every module.

        Raises:
            EngineError: always.
        """
        raise EngineError(
            "torch.jit.script cannot read a loop over time; use seqlab export RUN --to onnx, or torch.export"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out which engine was chosen: another machine may have others."""
        return {**self.__dict__, "_choices": {}, "_lent": None}
