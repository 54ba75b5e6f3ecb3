"""Data that Python holds, as the data module that a Trainer takes."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic import ValidationError

from seqlab.data.arrays import Held, arrays_of, filled
from seqlab.data.dataset import Dataset
from seqlab.data.module import SequenceData
from seqlab.errors import ConfigError, near
from seqlab.io.cache import cached_folder
from seqlab.registry.section import wrong

ARRAYS = "arrays.npz"
MATRIX = 2
"""The least dimensions of x: sequences and their steps."""


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


def arrays_as_file(
    x: Any, y: Any = None, lengths: Any = None, groups: Any = None, *, each_step: bool = False
) -> str:
    """Return the path of an .npz file in the cache with these arrays.

    Args:
        x: numbers, [N, T] or [N, T, F]; or N sequences of any lengths, each [T] or [T, F].
        y: labels, [N] or [N, C], or a label for each step, [N, T] or N sequences of labels; None for none.
        lengths: steps of each sequence, [N], if x is padded.
        groups: sequences of one group are in the same split, [N].
        each_step: whether y has a label for each step.

    Raises:
        ConfigError: x holds no numbers, sequences have other dimensions, or more or fewer labels than steps.
    """
    given = {"x": x, "y": y, "lengths": lengths, "group": groups}
    try:
        held = {
            name: arrays_of(values, are_numbers=name == "x")
            for name, values in given.items()
            if values is not None
        }
    except (ValueError, TypeError) as error:
        raise ConfigError(f"these arrays are no sequences: {error}") from error
    by_step = {"x", "y"} if each_step else {"x"}
    for name, rows in held.items():
        _check_shapes(name, rows, is_by_step=name in by_step)
    found = filled(held["x"])
    if found.dtype.kind not in "biuf" or found.ndim < MATRIX:
        shown = f"{found.dtype} of shape {list(found.shape)}"
        raise ConfigError(f"x is an array of {shown}; give numbers, [N, T] or [N, T, F]")
    steps = list(map(len, held["x"]))
    if lengths is None and len(set(steps)) > 1:
        held["lengths"] = np.array(steps)
    if each_step and isinstance(held.get("y"), list):
        _check_labels(held["y"], steps, filled(held.get("lengths", np.array(steps))))
    return _as_file({name: filled(rows, found.shape[1] * (name in by_step)) for name, rows in held.items()})


def _check_shapes(name: str, rows: Held, *, is_by_step: bool) -> None:
    """Refuse sequences of other dimensions than the first, apart from their steps."""
    for place, row in enumerate(rows if isinstance(rows, list) else ()):
        if (row.ndim, row.shape[is_by_step:]) != (rows[0].ndim, rows[0].shape[is_by_step:]):
            raise ConfigError(
                f"{name}[0] has the shape {list(rows[0].shape)}, and {name}[{place}] has {list(row.shape)}; "
                f"{'only their steps may differ' if is_by_step else 'they must be alike'}"
            )


def _check_labels(labels: Held, steps: Sequence[int], lengths: np.ndarray) -> None:
    """Refuse labels of steps that are neither as many as the sequence is long nor padded as it is."""
    for place, (its, padded, length) in enumerate(zip(labels, steps, lengths.tolist(), strict=False)):
        if len(its) not in (padded, length):
            raise ConfigError(f"y[{place}] has {len(its)} labels, and x[{place}] has {length} steps")


def _as_file(arrays: Mapping[str, np.ndarray]) -> str:
    key = sha256()
    for name, array in arrays.items():
        key.update(
            repr((name, array.dtype.str, array.shape)).encode() + np.ascontiguousarray(array).tobytes()
        )

    def write(folder: Path) -> None:
        np.savez(folder / ARRAYS, **cast("dict[str, Any]", arrays))

    return str(cached_folder("arrays", key.hexdigest()[:24], write) / ARRAYS)


def _line(dataset: type[Dataset], detail: Any) -> str:
    key = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        known = dataset.model_fields.keys() - {"name"}
        return f"{dataset.__name__} has no setting '{key}'; {near(key, known)}"
    return f"{key} is missing" if detail["type"] == "missing" else wrong(key, detail)
