"""Tables and bars in a terminal, by rich, which takes as long to import as the command line to answer."""

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from seqlab.io.terminal import printable

WIDTH = 200
"""Characters per line in a file or a pipe, which has no width."""


class Terminal(Console):
    """A console that prints texts literally, without markup and control characters.

    Args:
        stderr: whether it prints to stderr instead of stdout.
        width: characters per line if the output is not a terminal.
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
        """Return a text as it is printed, also in a table or as its title."""
        return super().render_str(printable(text), **options)
