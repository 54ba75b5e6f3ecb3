"""Arrays of numpy in one file, ``.npz``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from seqlab.data.sequences.layout import Layout
from seqlab.data.sequences.padding import MISSING
from seqlab.data.sequences.records import Record, Records
from seqlab.data.table.arrays import read_arrays
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

NAMES = {
    "x": ("x", "X", "data"),
    "y": ("y", "Y", "label", "labels", "target", "targets"),
    "lengths": ("lengths", "length"),
    "group": ("group", "groups"),
}
"""What an array may be called."""
MATRIX, CUBE = 2, 3
"""Dimensions of x without and with channels."""


@dataclass(frozen=True)
class NPZ(Layout):
    """``x`` [N, T] or [N, T, F], and if there are: ``y`` [N] or [N, C], ``lengths`` [N], ``group`` [N].

    Attributes:
        each_step: whether each step has a label, ``y`` [N, T].
    """

    each_step: bool = False
    name: Literal["npz"] = "npz"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:  # noqa: ARG003 (arrays have names)
        """Return the layout; the problem type says what y is."""
        return cls(data.problem_type == "tagging")

    def __str__(self) -> str:
        y = "y [N, T]" if self.each_step else "y [N]"
        return f"arrays x [N, T] or [N, T, F] and {y} in an .npz file"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences.

        Raises:
            DataError: an array is missing, has another shape, or holds no plain values.
        """
        arrays = _arrays(path)
        if "x" not in arrays:
            raise DataError(f"{path}: no array x; save it as np.savez(file, x=…, y=…)")
        x = arrays["x"]
        if x.dtype.kind not in "biuf" or x.ndim not in (MATRIX, CUBE):
            raise DataError(
                f"{path}: x is {x.dtype} of shape {list(x.shape)}; it must be numbers, [N, T] or [N, T, F]"
            )
        if not x.size:
            raise DataError(f"{path}: x of shape {list(x.shape)} holds no number; add sequences")
        x = x.reshape(len(x), x.shape[1], -1).astype(np.float64)
        lengths = _lengths(path, arrays, x)
        for name in arrays.keys() - {"x", "lengths"}:
            tags = name == "y" and self.each_step
            wanted = x.shape[: 1 + tags]
            if arrays[name].shape[: 1 if name == "y" and not tags else None] != wanted:
                raise DataError(
                    f"{path}: {name} has the shape {list(arrays[name].shape)}; with x of {len(x)} sequences "
                    f"{f'of {x.shape[1]} steps ' if tags else ''}it must be {list(wanted)}"
                )
        channels = [f"channel {place}" for place in range(1, x.shape[2] + 1)]
        names = ["y"] if self.each_step else _label_names(arrays)
        records = _records(x, lengths, arrays, each_step=self.each_step)
        is_whole = self.each_step and "lengths" in arrays  # without lengths, missing numbers are padding
        return Records.of(path, channels, names, records, each_step=is_whole, padding=data.padding)


def _label_names(arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Return a name for y, or for each of its columns."""
    count = arrays["y"].shape[1] if "y" in arrays and arrays["y"].ndim > 1 else 0
    return [f"label {place}" for place in range(1, count + 1)] or ["y"]


def _records(
    x: np.ndarray, lengths: np.ndarray, arrays: Mapping[str, np.ndarray], *, each_step: bool
) -> Iterator[Record]:
    labels = arrays["y"].reshape(len(x), -1).tolist() if "y" in arrays else None
    groups = arrays["group"].tolist() if "group" in arrays else None
    for place, length in enumerate(lengths.tolist()):
        yield Record(
            f"x[{place}]",
            x[place, :length],
            None if labels is None or each_step else tuple(map(_text, labels[place])),
            None if groups is None else str(groups[place]),
            _tags(labels[place][:length]) if labels is not None and each_step else None,
        )


def _text(label: Any) -> str:
    """Return a label, empty if it is missing."""
    return "" if label is None or label != label else str(label)  # noqa: PLR0124 (NaN)


def _tags(row: Sequence[Any]) -> list[str]:
    """Return the labels of a row's steps, empty where one is missing, and what says so at its end."""
    found = list(map(_text, row))
    end = max((step for step, label in enumerate(found, start=1) if label.strip()), default=0)
    return found[:end] + [MISSING] * (len(found) - end)


def _lengths(path: Path, arrays: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return how many steps of each row of x are its sequence."""
    if "lengths" not in arrays:
        return np.full(len(x), x.shape[1])
    lengths = arrays["lengths"]
    if lengths.dtype.kind not in "iu" or lengths.shape != (len(x),):
        raise DataError(f"{path}: lengths is {lengths.dtype} {list(lengths.shape)}; give {len(x)} integers")
    wrong = (lengths < 1) | (lengths > x.shape[1])
    if wrong.any():
        place = int(wrong.argmax())
        raise DataError(f"{path}: lengths[{place}] is {lengths[place]}; x has from 1 to {x.shape[1]} steps")
    return lengths


def x_among(arrays: Mapping[str, np.ndarray]) -> str | None:
    """Return the name of the array with the sequences; None if there is none."""
    return next((name for name in NAMES["x"] if name in arrays), None)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file by what they mean."""
    arrays = read_arrays(path)
    found = {meaning: [name for name in names if name in arrays] for meaning, names in NAMES.items()}
    if twice := next((names for names in found.values() if len(names) > 1), None):
        raise DataError(f"{path}: arrays {' and '.join(twice)} mean the same; leave one out")
    return {meaning: arrays[names[0]] for meaning, names in found.items() if names}
