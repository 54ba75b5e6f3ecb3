"""What a network is given in Python: texts, or the file of a table or of arrays."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from seqlab.data.table.frame import as_file, is_table
from seqlab.errors import DataError


def texts_or_file(kind: Literal["tokens", "features"], given: Any) -> tuple[list[str], Path | None]:
    """Return texts, or a file: a Path is a file, and a str a text for a network that reads texts.

    Args:
        kind: what the network reads, texts ("tokens") or numbers ("features").
        given: a text or several; a DataFrame, a dict of columns, a SequenceData, a file; or sequences
            [N, T, F] or N arrays.

    Raises:
        DataError: nothing is given, a text is blank or no text, a network for texts is given a table, or the
            table is malformed.
        ConfigError: arrays are no sequences.
    """
    if isinstance(given, Path):
        return [], file_of(given)
    if kind == "tokens":
        return _texts(given), None
    if given is None:
        raise DataError("nothing to predict: give a table or sequences")
    if isinstance(given, str) or is_table(given) or _is_data(given):
        return [], file_of(given)
    from seqlab.data.held import arrays_as_file  # noqa: PLC0415 (imports torch)

    return [], Path(arrays_as_file(given))


def file_of(given: Any) -> Path:
    """Return the file of a table: a path, or one in the cache with the rows of a DataFrame or a dict.

    Of a SequenceData it is the file that its ``path`` names.

    Raises:
        DataError: it is no table, or a malformed one.
    """
    if _is_data(given):
        if not hasattr(given.dataset, "path"):
            raise DataError(f"{given.dataset.name} is in no file of your own; give a DataFrame or a path")
        given = given.dataset.path
    if isinstance(given, str | Path):
        return Path(given).expanduser()
    if not is_table(given):
        raise DataError(
            f"a {type(given).__name__} is no table; give a DataFrame, a dict of columns, the path of a file, "
            "or arrays as Sequences.from_arrays(x, y)"
        )
    try:
        return Path(as_file(given))
    except ValueError as error:
        raise DataError(f"the table cannot be read: {error}") from error


def _is_data(given: Any) -> bool:
    from seqlab.data import SequenceData  # noqa: PLC0415 (imports torch)

    return isinstance(given, SequenceData)


def _texts(given: Any) -> list[str]:
    """Return a text or several; a blank one has no prediction, so it would shift those of all others."""
    if is_table(given) or _is_data(given):
        raise DataError("this network reads texts; give them as a list, such as frame['text']")
    if not isinstance(given, Iterable):
        raise DataError(f"this network reads texts, not a {type(given).__name__}")
    texts = [given] if isinstance(given, str) else list(given)
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise DataError(
                f"this network reads texts, and number {number} of {len(texts)} is a {type(text).__name__}"
            )
        if not text.strip():
            raise DataError(
                f"text {number} of {len(texts)} is blank, for which nothing can be predicted; leave it out"
            )
    return texts
