"""The tutorials: notebooks as Markdown, which the site and the tests execute.

A cell may say in its option ``small`` by which line a short execution replaces it.
"""

import os
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "tutorials"
SIZE = "SEQLAB_TUTORIALS"
"""The environment variable that is "small" where tutorials are only tried."""

_CELL = re.compile(r"^```\{code-cell\}\n:small: (.*)\n(?:(?!```).*\n)*```$", re.MULTILINE)


def small(text: str) -> str:
    """Return a tutorial that is executed quickly."""
    return _CELL.sub("```{code-cell}\n\\1\n```", text)


def on_source_read(_: "Sphinx", name: str, source: list[str]) -> None:
    """Choose the size of a tutorial on the site, and end it with a link to its executed notebook."""
    place = PurePosixPath(name)
    if place.parent.name == FOLDER and place.name != "index":
        text = small(source[0]) if os.environ.get(SIZE) == "small" else source[0]
        source[0] = f"{text}\n---\n\nThis page as a notebook: {{nb-download}}`{place.name}.ipynb`\n"
