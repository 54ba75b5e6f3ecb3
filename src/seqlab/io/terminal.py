"""What is printed: texts from anywhere, shown as they are, whatever they would have a terminal do."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

WIDTH = 200
"""Characters of a line where nobody looks: a file or a pipe has no width of its own."""

ORDERS = (
    *range(32),  # escape sequences begin with one of these, or of 128 to 159
    *range(127, 160),
    *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # the direction of a line
    *(
        0x200B,
        *range(0x2060, 0x2065),
        0xFEFF,
    ),  # without any width; joiners stay, some scripts are spelt with them
    *(0x2028, 0x2029),  # ends of lines
    *range(0xD800, 0xE000),  # halves of characters, which cannot be written at all
)
"""Characters that would give orders to a terminal, or not be seen."""


IN_A_LINE = {code: chr(code).encode("unicode_escape").decode() for code in ORDERS}
IN_A_TEXT = {code: escape for code, escape in IN_A_LINE.items() if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """Return a text that may come from anywhere as it can be shown; it keeps its lines."""
    return text.translate(IN_A_TEXT)


def in_a_line(text: str) -> str:
    """Return a text that may come from anywhere as it can be shown as a part of a line."""
    return text.translate(IN_A_LINE)


def as_json(value: Any) -> str:
    """Return a value as JSON in one line, which a terminal can show too."""
    return json.dumps(value, ensure_ascii=False).translate({code: f"\\u{code:04x}" for code in ORDERS})


def say(text: str) -> None:
    """Print a text on stdout."""
    sys.stdout.write(f"{printable(text)}\n")


def tell(text: str) -> None:
    """Print a text on stderr."""
    sys.stderr.write(f"{printable(text)}\n")


class Terminal(Console):
    """A console on which texts are no markup and give no orders.

    Args:
        stderr: whether it prints there, not on stdout.
        width: characters of a line where it is no terminal.
    """

    def __init__(self, *, stderr: bool = False, width: int = WIDTH) -> None:
        stream = sys.stderr if stderr else sys.stdout
        super().__init__(
            stderr=stderr,
            width=None if stream.isatty() else width,
            markup=False,
            emoji=False,
            highlight=not stderr,
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """Return what stands for a text wherever it is printed: in a table, its title or alone."""
        return super().render_str(printable(text), **options)
