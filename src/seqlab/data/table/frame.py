"""A table that Python holds, a DataFrame or a dict of arrays: written into the cache, where runs find it."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from seqlab.io.cache import cached_folder

FILE = "table.csv"


def is_table(given: Any) -> bool:
    """Return whether something is a DataFrame, or a dict of columns."""
    return type(given).__name__ == "DataFrame" or (isinstance(given, Mapping) and bool(given))


def as_file(table: Any) -> Any:
    """Return the path of a file with the rows of a table; what is no DataFrame, dict or Path, as it is.

    An index is a column if it has a name, or is of times, then called ``time``.

    Args:
        table: a ``pandas.DataFrame``, a dict of columns of equal length, or a Path.

    Raises:
        ValueError: the columns have other lengths, or a cell is no number, time or text.
    """
    if isinstance(table, Path):
        return str(table)
    if not is_table(table):
        return table
    import pandas as pd  # noqa: PLC0415 (slow to import)

    frame = pd.DataFrame(dict(table)) if isinstance(table, Mapping) else table
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.name is None:
        frame = frame.rename_axis("time")
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    try:
        rows = pd.util.hash_pandas_object(frame, index=False)
    except TypeError as error:
        raise ValueError(f"a cell is no number, time or text ({error})") from error
    key = sha256(
        repr([list(frame.columns), list(map(str, frame.dtypes))]).encode() + rows.to_numpy().tobytes()
    )

    def write(folder: Path) -> None:
        frame.to_csv(folder / FILE, index=False, lineterminator="\n")

    return str(cached_folder("frames", key.hexdigest()[:24], write) / FILE)
