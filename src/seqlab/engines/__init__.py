"""How are the equations run? One engine per file; ``choose`` picks the fastest that can run the cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from seqlab.cells import Cell
from seqlab.engines.base import Engine, Weights, register_engine
from seqlab.engines.eager import Eager
from seqlab.engines.native import Native
from seqlab.engines.reference import Reference
from seqlab.engines.torch_rnn import Torch
from seqlab.errors import EngineError, near
from seqlab.registry.catalog import engines

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (Native(), Torch(), Eager(), Reference())}
"""seqlab's own engines by name, the fastest first: the order in which ``auto`` tries them."""


@dataclass(frozen=True)
class Choice:
    """The engine that runs a cell, and why it was taken."""

    engine: Engine
    reason: str


def choose(
    name: str,
    cells: Cell | Sequence[Cell],
    dtype: torch.dtype,
    device: torch.device,
    watcher: str | None = None,
) -> Choice:
    """Return the engine called ``name``, or for "auto" the fastest that can run the cell here.

    Args:
        name: of the engine.
        cells: the equations; those of each layer of a network, which all run on one engine.
        dtype: of the inputs.
        device: on which they are.
        watcher: what must see every single torch operation, see ``surroundings``; None if nothing does.

    Raises:
        EngineError: the name is unknown, or the requested engine cannot run the cell.
    """
    distinct = list({id(one): one for one in ([cells] if isinstance(cells, Cell) else cells)}.values())
    if name == "auto":
        reasons: list[str] = []
        for engine in ENGINES.values():
            reason = _unsupported_reason(engine, distinct, dtype, device, watcher)
            if reason is None:
                why = "; ".join(dict.fromkeys(reasons)) or f"the fastest for {_listed(distinct)}"
                return Choice(engine, f"auto: {why}")
            reasons.append(reason)
    engine = named(name)
    reason = _unsupported_reason(engine, distinct, dtype, device, watcher)
    if reason is not None:
        raise EngineError(f"engine={name} cannot run here: {reason}; use engine=auto")
    return Choice(engine, "requested")


def named(name: str) -> Engine:
    """Return an engine: one of ``ENGINES``, or a registered one of yours, which ``auto`` does not consider.

    Raises:
        EngineError: the name is unknown.
    """
    if name not in engines:
        raise EngineError(f"no engine named '{name}'; {near(name, ['auto', *engines])}")
    return ENGINES[name] if name in ENGINES else engines[name]()


def serving(cell: Cell, dtype: torch.dtype = torch.float32) -> list[str]:
    """Return the names of seqlab's engines that can run a cell on the CPU, the fastest first."""
    cpu = torch.device("cpu")
    return [name for name, engine in ENGINES.items() if engine.unsupported_reason(cell, dtype, cpu) is None]


def _unsupported_reason(
    engine: Engine, cells: Sequence[Cell], dtype: torch.dtype, device: torch.device, watcher: str | None
) -> str | None:
    """Return why the engine cannot run one of the cells; if it can, prepare them and return None."""
    if watcher is not None and engine.in_one_piece:
        able = " and ".join(name for name, other in ENGINES.items() if not other.in_one_piece)
        return f"{watcher} must see every single torch operation, and only the engines {able} allow that"
    for cell in cells:
        if (reason := engine.unsupported_reason(cell, dtype, device)) is not None:
            return reason
    try:
        for cell in cells:
            engine.prepare(cell, dtype)
    except EngineError as error:
        return str(error)
    return None


def _listed(cells: Sequence[Cell]) -> str:
    names = [f"'{name}'" for name in dict.fromkeys(cell.name for cell in cells)]
    return f"cell {names[0]}" if len(names) == 1 else f"cells {' and '.join(names)}"


__all__ = ["ENGINES", "Choice", "Engine", "Weights", "choose", "named", "register_engine", "serving"]
