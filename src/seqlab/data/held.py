"""Data that Python holds, as the data module that a Trainer takes."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic import ValidationError

from seqlab.data.dataset import Dataset
from seqlab.data.module import SequenceData
from seqlab.errors import ConfigError, near
from seqlab.io.cache import cached_folder
from seqlab.registry.section import wrong

ARRAYS = "arrays.npz"


def data_of(
    dataset: type[Any], settings: Mapping[str, Any], *, task: str | None = None, seed: int = 0
) -> SequenceData:
    """Return a data set with some settings; nothing is read yet.

    Args:
        dataset: the class of the data set.
        settings: its settings.
        task: the problem type; None for the default one.
        seed: of the order of the training batches.

    Raises:
        ConfigError: a setting is unknown or wrong.
    """
    try:
        made = cast("Dataset", dataset(**settings))
    except ValidationError as error:
        raise ConfigError(
            "\n".join(_line(dataset, detail) for detail in error.errors(include_url=False))
        ) from None
    return SequenceData(made.for_problem(task or made.task), seed=seed)


def arrays_as_file(x: Any, y: Any = None, lengths: Any = None, groups: Any = None) -> str:
    """Return the path of an .npz file in the cache with these arrays.

    Args:
        x: numbers, [N, T] or [N, T, F]; or N sequences of any lengths, each [T] or [T, F].
        y: labels, [N] or [N, C], or a label for each step, [N, T] or N sequences of labels; None for none.
        lengths: steps of each sequence, [N], if x is padded.
        groups: sequences of one group are in the same split, [N].

    Raises:
        ConfigError: the sequences are no numbers, or their shapes differ.
    """
    try:
        arrays = {"x": x, "y": y, "lengths": lengths, "group": groups}
        found = {name: _array(values) for name, values in arrays.items() if values is not None}
        if lengths is None and _is_ragged(x):
            found["lengths"] = np.array([len(one) for one in x])
    except (ValueError, TypeError) as error:
        raise ConfigError(f"these arrays are no sequences: {error}") from error
    if found["x"].dtype.kind not in "biuf":
        raise ConfigError(f"x is an array of {found['x'].dtype}; give numbers")
    key = sha256()
    for name, array in found.items():
        key.update(
            repr((name, array.dtype.str, array.shape)).encode() + np.ascontiguousarray(array).tobytes()
        )

    def write(folder: Path) -> None:
        np.savez(folder / ARRAYS, **cast("dict[str, Any]", found))

    return str(cached_folder("arrays", key.hexdigest()[:24], write) / ARRAYS)


def _is_ragged(values: Any) -> bool:
    is_objects = isinstance(values, np.ndarray) and values.dtype.kind == "O" and values.ndim == 1
    is_list = is_objects or (isinstance(values, Sequence) and not isinstance(values, str))
    return is_list and len({len(one) for one in values if np.ndim(one)}) > 1


def _array(values: Any) -> np.ndarray:
    """Return an array of numbers or texts; sequences of several lengths are filled with zeros."""
    if not _is_ragged(values):
        return _plain(np.asarray(values))
    rows = [_plain(np.asarray(one)) for one in values]
    longest = max(map(len, rows))
    filled: np.ndarray = np.zeros((len(rows), longest, *rows[0].shape[1:]), np.result_type(*rows))
    for place, row in enumerate(rows):
        filled[place, : len(row)] = row
    return filled


def _plain(array: np.ndarray) -> np.ndarray:
    """Return objects of Python as texts; what is missing is an empty one."""
    if array.dtype.kind != "O":
        return array
    cells = ["" if one is None or one != one else str(one) for one in array.ravel()]  # noqa: PLR0124 (NaN)
    return np.array(cells).reshape(array.shape)


def _line(dataset: type[Dataset], detail: Any) -> str:
    key = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        known = dataset.model_fields.keys() - {"name"}
        return f"{dataset.__name__} has no setting '{key}'; {near(key, known)}"
    return f"{key} is missing" if detail["type"] == "missing" else wrong(key, detail)
