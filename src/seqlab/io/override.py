"""Settings as they are typed: what Hydra takes as it is, and a shell hands to Hydra."""

import re
import shlex
from collections.abc import Sequence

BARE = re.compile(r"[\w./-]+", re.ASCII)
"""Values that Hydra reads as they are."""

EXPANDED = set('"$`\\!')
"""What a shell does not leave alone in double quotes."""


def quoted(text: str) -> str:
    """Return a value that Hydra takes as it is, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def setting(key: str, value: str | Sequence[str]) -> str:
    """Return a setting that a shell hands to Hydra unchanged.

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
