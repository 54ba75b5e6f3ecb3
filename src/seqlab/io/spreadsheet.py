"""Cells of CSV files: a text that a spreadsheet would execute gets a leading apostrophe, which it hides.

Source: OWASP, CSV Injection. If such a text already begins with apostrophes, it gets one more, so that every
cell can be read back.
"""

import re
from collections.abc import Mapping
from typing import Any

FORMULA = r"[=+\-@\t\r\n＝＋－＠]"
"""The beginning of a formula; some spreadsheets also accept full-width characters."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def to_cell(value: Any) -> Any:
    """Return the cell to write for a value; numbers, also as texts, are unchanged."""
    if isinstance(value, str) and re.match(f"'*{FORMULA}", value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def from_cell(cell: str) -> str:
    """Return the text of a cell written by ``to_cell``."""
    return cell[1:] if re.match(f"'+{FORMULA}", cell) else cell


def to_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row to write, with its column names."""
    return {to_cell(name): to_cell(value) for name, value in row.items()}
