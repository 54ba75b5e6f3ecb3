"""What a run tells, as DataFrames."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seqlab.comparison.runs import History, numbers

SINGULAR = {"classes": "class", "probabilities": "probability", "tokens": "token", "tags": "tag"}
"""The columns whose lists become rows."""


def of_rows(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return predictions as a table: lists of classes, tags or tokens become rows, mappings columns."""
    return pd.DataFrame([one for row in rows for one in _each(row)])


def _each(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    once: dict[str, Any] = {}
    lists: dict[str, Sequence[Any]] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            once |= value
        elif name in SINGULAR:
            lists[SINGULAR[name]] = value
        else:
            once[name] = value
    if not lists:
        return [once]
    return [once | dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


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
