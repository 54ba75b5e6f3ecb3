"""What ``seqlab predict`` shows of forecasts: a row for each time of each series."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from seqlab.data.series.spec import Ahead
from seqlab.io.terminal import in_a_line
from seqlab.tasks.intervals import Ends


def rows_of(
    targets: Sequence[str], names: Sequence[Ahead], values: Tensor, ends: Ends | None = None
) -> list[dict[str, Any]]:
    """Return for each time the point forecast of every target, and its interval if there are any.

    Args:
        targets: their names.
        names: the series, with the times.
        values: in the units of the targets, [series, horizon, K].
        ends: of the intervals, likewise.
    """
    rows = [
        ({"series": one.series} if one.series else {})
        | {"time": time, "values": dict(zip(targets, its, strict=True))}
        for one, each in zip(names, values.tolist(), strict=True)
        for time, its in zip(one.times, each, strict=True)
    ]
    if ends is None:
        return rows
    lower, upper = (end.flatten(0, 1).tolist() for end in ends)
    return [
        row | {"interval": dict(zip(targets, map(list, zip(low, high, strict=True)), strict=True))}
        for row, low, high in zip(rows, lower, upper, strict=True)
    ]


def quantiles_of(targets: Sequence[str], levels: Sequence[float], values: Tensor) -> list[dict[str, Any]]:
    """Return for each row of ``rows_of`` the quantiles of every target by their levels.

    Args:
        targets: their names.
        levels: of the quantiles.
        values: in the units of the targets, [series, horizon, K, levels].
    """
    names = [f"{level:g}" for level in levels]
    return [
        {target: dict(zip(names, its, strict=True)) for target, its in zip(targets, row, strict=True)}
        for row in values.flatten(0, 1).tolist()
    ]


def lines_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line with the names of the columns, then one line per row."""
    dated = [key for key in ("series", "time") if key in rows[0]]
    columns = [columns_of(row) for row in rows]
    header = "\t".join([*dated, *(in_a_line(name) for name, _ in columns[0])])
    return [
        header,
        *(
            "\t".join([*(in_a_line(row[key]) for key in dated), *(f"{v:.7g}" for _, v in numbers)])
            for row, numbers in zip(rows, columns, strict=True)
        ),
    ]


def columns_of(row: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the names and numbers of a row: of each target its forecast, interval and quantiles."""
    found: list[tuple[str, float]] = []
    for target, value in row["values"].items():
        found.append((target, value))
        if "interval" in row:
            found += zip((f"{target} lower", f"{target} upper"), row["interval"][target], strict=True)
        found += [
            (f"{target} {level}", one) for level, one in row.get("quantiles", {}).get(target, {}).items()
        ]
    return found
