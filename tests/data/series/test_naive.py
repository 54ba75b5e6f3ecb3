"""The error of a seasonal naive forecast, the unit of MASE, against NumPy."""

import numpy as np
import pytest

from seqlab.data.series.grid import Grid
from seqlab.data.series.naive import naive_errors
from seqlab.data.series.step import Months, Row, Weekdays, step_named

HOUR = 3600 * 10**6
SEASONS = {
    "row": 1,
    f"{HOUR} us": 24,
    f"{HOUR // 6} us": 144,
    f"{7 * HOUR} us": 1,
    f"{24 * HOUR} us": 1,
    f"{168 * HOUR} us": 1,
    "Mon Tue Wed Thu Fri": 1,
    "1 months": 12,
    "3 months": 4,
    "12 months": 1,
    "24 months": 1,
    "5 months": 1,
}


def grid_of(step, values: np.ndarray, **settings) -> Grid:
    return Grid(step, np.arange(len(values)), values, ("a", "b"), **settings)


@pytest.mark.parametrize(("name", "season"), SEASONS.items())
def test_a_season_is_a_day_or_a_year(name, season):
    assert step_named(name).season == season


@pytest.mark.parametrize("step", [Row(), Months(3), Weekdays("Mon Tue")])
def test_the_error_is_the_mean_change_over_a_season(step):
    values = np.random.default_rng(0).normal(size=(60, 2))
    values[[4, 20], 1] = np.nan
    season, part = step.season, values[10:50]
    changes = np.abs(part[season:] - part[:-season])
    found = naive_errors(grid_of(step, values), range(10, 50), ["b", "a"])
    assert found == pytest.approx((np.nanmean(changes[:, 1]), changes[:, 0].mean()))


def test_bridged_values_do_not_count():
    values = np.array([[1.0, 1], [3, 1], [3, 1], [7, 1]])
    there = np.ones((4, 2), dtype=bool)
    there[2, 0] = False
    assert naive_errors(grid_of(Row(), values, there=there), range(4), ["a"]) == (2.0,)


@pytest.mark.parametrize("part", [range(0), range(3, 4), range(12)])
def test_a_part_shorter_than_a_season_has_none(part):
    assert naive_errors(grid_of(Months(1), np.ones((30, 2))), part, ["a"]) == ()
