"""What a checkpoint says of the data that its network was trained on."""

import math
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from seqlab.data import DataSpec
from seqlab.data.series.grid import Grid, derive
from seqlab.data.series.spec import SeriesSettings
from seqlab.data.series.step import Row, step_named
from seqlab.io.safe_read import UnreadableError

SPEC = TypeAdapter(DataSpec)


def spec_of(content: dict[str, Any]) -> DataSpec:
    """Return what the data of a checkpoint declared; no size in it is larger than the file that claims it.

    Raises:
        UnreadableError: it is missing, or its parts do not fit together.
    """
    hyper_parameters = content.get("hyper_parameters")
    given = hyper_parameters.get("spec") if isinstance(hyper_parameters, dict) else None
    try:
        spec = SPEC.validate_python(given)
    except (ValidationError, OverflowError) as error:
        raise UnreadableError("does not say what data it was trained on") from error
    bias = content["state_dict"].get("model.head.linear.bias")  # a head of the user's own may have none
    answers = _answers(spec)
    is_fitting = bias is None or (isinstance(bias, Tensor) and bias.shape == (answers,))
    if not fits(spec) or not answers or not is_fitting:
        raise UnreadableError("describes its data in a way that cannot be")
    return spec


def _answers(spec: DataSpec) -> int:
    """Return how many numbers a network answers with."""
    if spec.task == "forecasting":
        return spec.series.horizon_steps * len(spec.series.targets) if spec.series else 0
    return 1 if spec.task == "regression" else len(spec.classes)


def fits(spec: DataSpec) -> bool:
    """Return whether what a spec says of one thing agrees with what it says of the others."""
    if spec.task == "forecasting":
        return spec.series is not None and _fits_series(spec, spec.series)
    if spec.task == "regression":
        return spec.input_size == len(spec.features)
    text = spec.text
    return (
        spec.input_size == len(spec.symbols) == len(set(spec.symbols))
        and len(spec.class_titles) in (0, len(spec.classes))
        and len(spec.class_counts) in (0, len(spec.classes))
        and (spec.task == "classification" or spec.tagged_steps > 0)
        and (spec.task == "tagging" or text is not None)
        and (text is None or text.max_length is None or text.max_length > 0)
    )


def _fits_series(spec: DataSpec, series: SeriesSettings) -> bool:
    numbers = (series.step_minutes, *series.means, *series.scales)
    return (
        spec.input_size == len(series.columns) == len(series.means) == len(series.scales)
        and all(map(math.isfinite, numbers))
        and min(series.scales) > 0
        and _is_step(series)
        and min(series.input_steps, series.horizon_steps) > 0
        and _ends_with_derived(series)
    )


def _is_step(series: SeriesSettings) -> bool:
    """Return whether the step is one, of the length that is said."""
    if series.step is None:
        return series.step_minutes > 0
    try:
        return math.isclose(step_named(series.step).seconds, 60 * series.step_minutes)
    except (ValueError, OverflowError):
        return False


def _ends_with_derived(series: SeriesSettings) -> bool:
    """Return whether the last input columns are those that calendar and climatology make of the targets."""
    targets = Grid(Row(), np.zeros(1, "datetime64[us]"), np.zeros((1, len(series.targets))), series.targets)
    try:
        columns = derive(targets, series.calendar, series.targets, series.climatology).columns
    except (KeyError, ValueError):
        return False
    first = len(series.columns) - len(columns) + len(targets.columns)
    return series.columns[first:] == columns[len(targets.columns) :] and set(series.targets) <= set(
        series.columns[:first]
    )
