"""Quoting settings for Hydra and for the shell."""

import re
import shlex
from collections.abc import Sequence

BARE = re.compile(r"[\w./-]+", re.ASCII)
"""Values that Hydra reads without quotes."""

EXPANDED = set('"$`\\!')
"""Characters that a shell expands in double quotes."""


def quoted(text: str) -> str:
    """Return a value in quotes for Hydra, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def setting(key: str, value: str | Sequence[str]) -> str:
    """Return a setting that a shell passes to Hydra unchanged.

    Example:
        >>> print(setting("data.text", "body"), setting("data.targets", ["T (degC)"]))
        data.text=body "data.targets=['T (degC)']"
    """
    whole = f"{key}={_word(value)}" if isinstance(value, str) else f"{key}=[{','.join(map(_word, value))}]"
    if "'" in whole and not set(whole) & EXPANDED:
        return f'"{whole}"'
    return shlex.quote(whole)


def _word(text: str) -> str:
    return text if BARE.fullmatch(text) else quoted(text)
