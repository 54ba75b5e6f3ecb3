"""The errors that a user can cause. A message says what was wrong and found, what is allowed, what to do."""

import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import accumulate

MOST_LISTED = 250
"""Characters of names that are listed."""
BEGINNING = 3
"""Letters of a name that are seldom misspelt."""


class SeqlabError(Exception):
    """The user's input or configuration is wrong. Shown as one or two lines; exit code 2."""

    exit_code = 2


class ConfigError(SeqlabError):
    """A setting is misspelt, out of range or contradicts another."""


class CellError(SeqlabError):
    """A cell's declaration and its step do not match."""


class EngineError(SeqlabError):
    """The requested engine cannot run this cell here."""


class DataError(SeqlabError):
    """A data file is missing or malformed."""


class RunError(SeqlabError):
    """A run folder cannot be written or read."""


class ExportError(SeqlabError):
    """A network cannot be exported, or an exported file cannot be read."""


class CacheError(SeqlabError):
    """Other users could change the files of the cache."""


class StorageError(SeqlabError):
    """A file can no longer be written; what was written before is intact."""

    exit_code = 1


class TrainingError(SeqlabError):
    """Training cannot go on: the loss or a gradient is not finite, or another process is lost."""

    exit_code = 1


class SweepError(SeqlabError):
    """Jobs of a sweep have failed; the others are done."""

    exit_code = 1


class BacktestError(SeqlabError):
    """Folds of a backtest have failed; the others are done."""

    exit_code = 1


def failure(error: BaseException) -> str:
    """Return the error and place of a failure in a user's code: ``KeyError: 'stars' (my_things.py:12)``."""
    message = error.msg if isinstance(error, SyntaxError) else error
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}:{error.lineno}"
    else:
        line = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{line.filename}:{line.lineno}"
    return f"{type(error).__name__}: {message} ({where})"


def described(value: object) -> str:
    """Return what a value is that cannot be taken: ``the class SGD``, ``the function tiny``."""
    name = getattr(value, "__name__", None)
    if name is None:
        return f"an object of type {type(value).__name__}"
    return f"the {'class' if isinstance(value, type) else 'function'} {name}"


def needs_extra(what: str, packages: str, extra: str, instead: str = "") -> str:
    """Return that an extra is not installed: ``--html needs plotly: pip install 'seqlab[report]'``.

    Args:
        what: what asks for it.
        packages: those of the extra that are missing.
        extra: its name.
        instead: what can be done without it.
    """
    return f"{what} needs {packages}: {to_install(extra)}{f', or {instead}' if instead else ''}"


def to_install(extra: str) -> str:
    """Return the command that installs the packages of an extra."""
    return f"pip install 'seqlab[{extra}]'"


def near(name: str, allowed: Iterable[str]) -> str:
    """Return the names that were probably meant, and those that are allowed; of many only the first.

    Returns:
        ``did you mean 'lstm'? There are: gru, lstm, rnn``, or ``there are: gru, lstm, rnn``
    """
    names = sorted(allowed)
    lower = {one.lower(): one for one in reversed(names)}
    close = [lower[one] for one in get_close_matches(name.lower(), lower, n=2, cutoff=0.5)]
    # What begins alike is meant: 'hiden' is hidden_size, not wide.
    close = [one for one in close if one[:BEGINNING].lower() == name[:BEGINNING].lower()] or close
    ends = accumulate(len(name) + 2 for name in names)
    shown = [name for name, end in zip(names, ends, strict=True) if end <= MOST_LISTED]
    more = f" and {len(names) - len(shown)} more" if len(shown) < len(names) else ""
    listed = f"here are: {', '.join(shown)}{more}"
    return f"did you mean {' or '.join(map(repr, close))}? T{listed}" if close else f"t{listed}"
