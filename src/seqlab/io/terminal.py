"""Safe printing: untrusted texts are shown literally and cannot control the terminal."""

import json
import sys
from typing import Any

ORDERS = (
    *range(32),  # escape sequences begin with one of these, or with one of 128 to 159
    *range(127, 160),
    *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # text direction
    *(
        0x200B,
        *range(0x2060, 0x2065),
        0xFEFF,
    ),  # zero width; joiners stay, since some scripts need them
    *(0x2028, 0x2029),  # line and paragraph separators
    *range(0xD800, 0xE000),  # surrogates, which cannot be encoded
)
"""Characters that could control a terminal, or are invisible."""


IN_A_LINE = {code: chr(code).encode("unicode_escape").decode() for code in ORDERS}
IN_A_TEXT = {code: escape for code, escape in IN_A_LINE.items() if chr(code) not in "\n\t"}


def printable(text: str) -> str:
    """Return an untrusted text with unsafe characters replaced; line breaks stay."""
    return text.translate(IN_A_TEXT)


def in_a_line(text: str) -> str:
    """Return an untrusted text with unsafe characters and line breaks replaced."""
    return text.translate(IN_A_LINE)


def as_json(value: Any) -> str:
    """Return a value as JSON in one line, safe to print in a terminal."""
    return json.dumps(value, ensure_ascii=False).translate({code: f"\\u{code:04x}" for code in ORDERS})


def say(text: str) -> None:
    """Print a text on stdout."""
    sys.stdout.write(f"{printable(text)}\n")


def tell(text: str) -> None:
    """Print a text on stderr."""
    sys.stderr.write(f"{printable(text)}\n")
