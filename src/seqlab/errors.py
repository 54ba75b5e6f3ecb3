"""The errors a user can cause: what was wrong, what was found, what is allowed, what to do next."""

import traceback
from collections.abc import Iterable
from difflib import get_close_matches


class SeqlabError(Exception):
    """The user's input or configuration is wrong. Shown as one or two lines; exit code 2."""

    exit_code = 2


class ConfigError(SeqlabError):
    """A setting is misspelt, out of range or contradicts another one."""


class CellError(SeqlabError):
    """A cell's declaration and its step do not fit together."""


class EngineError(SeqlabError):
    """The engine that was asked for cannot run this cell here."""


class DataError(SeqlabError):
    """A data file is missing or malformed."""


class RunError(SeqlabError):
    """A run folder cannot be written or read."""


class ExportError(SeqlabError):
    """A network cannot be exported, or an exported file cannot be read."""


class CacheError(SeqlabError):
    """Others than this user could change what is in the cache."""


class StorageError(SeqlabError):
    """A file can no longer be written; what was written before is whole."""

    exit_code = 1


class TrainingError(SeqlabError):
    """Training has led to a loss or gradient that is NaN or infinite."""

    exit_code = 1


class SweepError(SeqlabError):
    """Jobs of a sweep have failed; the others are done."""

    exit_code = 1


def failure(error: BaseException) -> str:
    """Say what has failed in code that the user wrote, and where: ``KeyError: 'stars' (my_things.py:12)``."""
    message = error.msg if isinstance(error, SyntaxError) else error
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}:{error.lineno}"
    else:
        line = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{line.filename}:{line.lineno}"
    return f"{type(error).__name__}: {message} ({where})"


def near(name: str, allowed: Iterable[str]) -> str:
    """Say what was probably meant, and what else there is.

    Returns:
        ``did you mean 'lstm'? There are: gru, lstm, rnn``, or ``there are: gru, lstm, rnn``
    """
    names = sorted(allowed)
    close = get_close_matches(name, names, n=2, cutoff=0.5)
    listed = f"here are: {', '.join(names)}"
    return f"did you mean {' or '.join(map(repr, close))}? T{listed}" if close else f"t{listed}"
