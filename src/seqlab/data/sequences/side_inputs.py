"""What a cell reads beside x, as channels made of those of the sequences."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from seqlab.data.sequences.records import Records
from seqlab.errors import DataError, near

DIFF = "diff:"
"""Before the name of a column: the difference from the step before."""
MASK = "mask"
"""1 where a number is there, 0 where it is missing, for each channel."""


def columns_of(sources: Mapping[str, str]) -> list[str]:
    """Return the columns that side inputs are made of."""
    return [source.removeprefix(DIFF) for source in sources.values() if source != MASK]


def with_side_inputs(records: Records, sources: Mapping[str, str]) -> Records:
    """Return sequences whose last channels are side inputs; x is read from the other columns alone.

    A difference is missing at the first step of a sequence, which has no step before it.

    Args:
        records: sequences with all columns that are named.
        sources: what each side input is: a column, ``diff:COLUMN`` or ``mask``, by its name in the cell.

    Raises:
        DataError: a column is not there, has a missing number, or is a time that goes back.
    """
    if not sources:
        return records
    used = columns_of(sources)
    for column in used:
        if column not in records.channels:
            known = near(column, records.channels)
            raise DataError(f"{records.path}: data.side_inputs has '{column}', which is no column; {known}")
    places = [place for place, channel in enumerate(records.channels) if channel not in used]
    if not places:
        raise DataError(f"{records.path}: data.side_inputs leaves no column for x")
    channels, values = [records.channels[place] for place in places], [records.values[:, places]]
    for name, source in sources.items():
        if source == MASK:
            values.append((~np.isnan(values[0])).astype(np.float64))
            channels += [f"x.{name} {channel}" for channel in channels[: len(places)]]
        else:
            values.append(_column(records, source))
            channels.append(f"x.{name}")
    widths = {name: part.shape[1] for name, part in zip(sources, values[1:], strict=True)}
    made = np.concatenate(values, axis=1)
    return replace(records, channels=tuple(channels), values=made, side_inputs=widths)


def _column(records: Records, source: str) -> np.ndarray:
    """Return a column or its differences, [S, 1]."""
    column = source.removeprefix(DIFF)
    found = records.values[:, [records.channels.index(column)]]
    _refuse(records, np.isnan(found), f"'{column}' is missing; data.side_inputs needs it at every step")
    if not source.startswith(DIFF):
        return found
    differences = np.diff(found, axis=0, prepend=np.nan)
    differences[records.starts] = np.nan
    _refuse(records, differences < 0, f"'{column}' goes back; sort the rows of a sequence by it")
    return differences


def _refuse(records: Records, wrong: np.ndarray, reason: str) -> None:
    """Raise an error that names the first step that is wrong, if there is one."""
    if wrong.any():
        step = int(wrong.argmax())
        row = int(np.searchsorted(records.starts, step, side="right")) - 1
        at = step - int(records.starts[row]) + 1
        raise DataError(f"{records.path}, {records.names[row]}, step {at}: {reason}")
