"""How many steps a window reads, and how many it forecasts."""

import logging
from collections.abc import Sequence

from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.members import Splits
from seqlab.data.series.spec import DAY
from seqlab.data.series.step import Averaging, Step

log = logging.getLogger(__name__)

STEPS = {"input": 12, "horizon": 1}
"""Steps of a window whose days are shorter than a step, or, if nobody chose them, longer than a split."""


def window_size(data: SeriesData, step: Step, splits: Splits) -> tuple[int, int]:
    """Return how many steps a window reads, and how many it asks for."""
    found = {key: _steps(data, key, step) for key in STEPS}
    shortest = min(map(longest, splits.values()))
    if sum(found.values()) > shortest:
        for key in [key for key in STEPS if _is_usual(data, key) and found[key] > STEPS[key]]:
            found[key] = STEPS[key]
            log.warning(
                "data.%s_days=%g is too long for splits of %s steps; data.%s_steps=%s is taken instead",
                *(key, getattr(data, f"{key}_days"), shortest, key, STEPS[key]),
            )
    return found["input"], found["horizon"]


def longest(ranges: Sequence[range]) -> int:
    """Return the steps of the longest of the series in a split."""
    return max(map(len, ranges))


def _is_usual(data: SeriesData, key: str) -> bool:
    """Return whether a length is the one that is taken where nobody says any."""
    name = f"{key}_days"
    return (
        getattr(data, f"{key}_steps") is None
        and getattr(data, name) == type(data).model_fields[name].get_default()
    )


def _steps(data: SeriesData, key: str, step: Step) -> int:
    steps: int | None = getattr(data, f"{key}_steps")
    days: float = getattr(data, f"{key}_days")
    if steps is not None:
        return steps
    is_long = step.seconds > DAY and not isinstance(step, Averaging)
    if not step.seconds or (is_long and days * DAY < step.seconds):
        usual = STEPS[key]
        log.warning(
            "data.%s_days=%g is no whole step; data.%s_steps=%s is taken instead", key, days, key, usual
        )
        return usual
    return max(round(days * DAY / step.seconds), 1)
