"""Numbers and labels that Python holds, in whatever kind of list, table or tensor, as arrays of numpy."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

Held = np.ndarray | list[np.ndarray]
"""One array, or one for each sequence."""


def arrays_of(values: Any, *, are_numbers: bool) -> Held:
    """Return numbers or labels as one array, or as one for each sequence if ``values`` holds several.

    Args:
        values: an array, tensor, DataFrame or nested list; or a list, Series or iterator of them.
        are_numbers: whether objects of Python are numbers; otherwise they are texts.

    Raises:
        ValueError, TypeError: the values are no numbers, or lists inside others differ in length.
    """
    is_of_objects = getattr(getattr(values, "dtype", None), "kind", "") == "O"
    if isinstance(values, Iterator) or (is_of_objects and np.ndim(values) == 1):
        values = list(values)
    if isinstance(values, list | tuple) and any(np.ndim(one) for one in values):
        return [_array(one, are_numbers=are_numbers) for one in values]
    return _array(values, are_numbers=are_numbers)


def filled(rows: Held, steps: int = 0) -> np.ndarray:
    """Return sequences that differ in their steps alone as one array, filled with zeros or empty texts.

    Args:
        rows: the sequences; one array is returned as it is.
        steps: at least so many has the result.
    """
    if isinstance(rows, np.ndarray):
        return rows
    longest = max(steps, *map(len, rows))
    whole = np.zeros((len(rows), longest, *rows[0].shape[1:]), np.result_type(*{row.dtype for row in rows}))
    for place, row in enumerate(rows):
        whole[place, : len(row)] = row
    return whole


def _array(values: Any, *, are_numbers: bool) -> np.ndarray:
    """Return an array of numbers or texts; what is missing is NaN, or an empty text."""
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        values = values.float() if values.dtype == torch.bfloat16 else values  # which numpy has not
    if isinstance(values, np.ma.MaskedArray):
        array = values.data.astype(object)
        array[np.ma.getmaskarray(values)] = None
    else:
        array = np.asarray(values)
    if array.dtype.kind == "U" and not are_numbers and not isinstance(values, np.ndarray):
        array = np.asarray(values, object)  # beside texts, numpy writes NaN as one
    if array.dtype.kind != "O":
        return array
    is_missing = pd.isna(array)
    if are_numbers and not any(isinstance(cell, str) for cell in array.flat):
        return np.asarray(np.where(is_missing, np.nan, array), np.float64)
    return np.asarray(np.where(is_missing, "", array), str)
