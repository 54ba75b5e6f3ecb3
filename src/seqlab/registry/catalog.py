"""What can be registered? One registry a kind; their names are known without torch."""

from typing import TYPE_CHECKING

from seqlab.registry.registry import Registry

if TYPE_CHECKING:
    from seqlab.cells.base import Cell

cells: "Registry[type[Cell]]" = Registry("cell", home="seqlab.cells")
"""The equations of one time step: ``model.cell=NAME``."""
