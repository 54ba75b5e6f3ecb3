"""Cells of CSV files: a text that a spreadsheet would execute begins with an apostrophe, which hides there.

Source: OWASP, CSV Injection. A text that begins with apostrophes before such a character gets one more, so
that every cell can be read back.
"""

import re
from typing import Any

FORMULA = r"[=+\-@\t\r\n＝＋－＠]"
"""How a formula begins; wide characters count in some spreadsheets."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def to_cell(value: Any) -> Any:
    """Return what to write for a value; numbers, also those in texts, are left as they are."""
    if isinstance(value, str) and re.match(f"'*{FORMULA}", value) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def from_cell(cell: str) -> str:
    """Return the text for which a cell was written."""
    return cell[1:] if re.match(f"'+{FORMULA}", cell) else cell


def to_cells(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row to write, and the names of its columns."""
    return {to_cell(name): to_cell(value) for name, value in row.items()}
