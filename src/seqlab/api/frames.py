"""What a run tells, as DataFrames."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seqlab.comparison.runs import History, numbers

SINGULAR = {"classes": "class", "probabilities": "probability", "tokens": "token", "tags": "tag"}
"""The columns whose lists become rows."""


def of_rows(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return predictions as a table: lists of classes, tags or tokens become rows, mappings columns.

    A column whose name another already has is followed by an underscore.
    """
    return pd.DataFrame([one for row in rows for one in _each(row)])


def _each(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    plain = {name: value for name, value in row.items() if not isinstance(value, Mapping)}
    lists = {SINGULAR[name]: plain.pop(name) for name in list(plain) if name in SINGULAR}
    once = dict(plain)
    for name, value in _numbers(row):
        while name in once:  # a target or label may be called as one likes, such as "time"
            name += "_"  # noqa: PLW2901
        once[name] = value
    if not lists:
        return [once]
    return [once | dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _numbers(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what a row has by names of the data, of targets or labels."""
    if isinstance(row.get("values"), Mapping):
        from seqlab.tasks.forecast_rows import columns_of  # noqa: PLC0415 (imports torch)

        return columns_of(row)
    return [one for value in row.values() if isinstance(value, Mapping) for one in value.items()]


def of_history(history: History) -> pd.DataFrame:
    """Return learning curves, a row an epoch."""
    curves = {
        name: pd.Series(dict(points), dtype="float64")
        for name, points in history.items()
        if name.startswith(("train/", "val/"))
    }
    return pd.DataFrame(curves).rename_axis("epoch")


def of_scores(metrics: Mapping[str, float], baselines: Mapping[str, Any]) -> pd.DataFrame:
    """Return the scores of a run and its baselines on the test, a row each."""
    named = {"run": metrics, **{name: numbers(found) for name, found in baselines.items()}}
    scores = [name for name in metrics if name.startswith("test/")]
    return pd.DataFrame.from_dict(named, orient="index").reindex(columns=scores)
