"""How far two steps of a series are apart: a row, a duration, weekdays or months, as pandas has them.

Times are datetime64[us]; of rows without times they are the numbers of the rows, from 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlab.data.series.spec import DAY, YEAR

if TYPE_CHECKING:
    from pandas.tseries.offsets import BaseOffset

SECOND = 1_000_000
"""Microseconds of it."""
MONTH = YEAR / 12
AVERAGED, UNEVEN = " averaged", " uneven"
"""Behind the name of a step: whose rows are averaged, or between which any time may be."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOLIDAYS = 10
"""Business days in a row that may be holidays; without more of them there is a gap."""


class Step(ABC):
    """One step of a grid."""

    name: str
    """As ``step_named`` reads it, and a run keeps it."""
    seconds: float
    """Its mean length; 0 of rows, which have none."""
    averages: bool = False
    """Whether it holds the mean of its rows."""

    @abstractmethod
    def places(self, times: np.ndarray) -> np.ndarray:
        """Return the place of each row on a grid that begins at the first one, ascending, [R]."""

    @abstractmethod
    def after(self, time: Any, count: int) -> np.ndarray:
        """Return the times of the next ``count`` steps."""

    def start(self, times: np.ndarray) -> Any:
        """Return the time at which a grid begins."""
        return times[0]

    @property
    def season(self) -> int:
        """Steps of a season, as forecasting competitions count them: a day, or a year of months; else 1."""
        return 1

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Row(Step):
    """Each row is the step after the one before; it has a number and no time."""

    name = "row"
    seconds = 0.0

    def places(self, times: np.ndarray) -> np.ndarray:
        """Return one place a row."""
        return np.arange(len(times))

    def after(self, time: Any, count: int) -> np.ndarray:
        """Return the next numbers."""
        found: np.ndarray = time + np.arange(1, count + 1)
        return found


@dataclass(frozen=True)
class Duration(Step):
    """Equal steps from the first row on; a row that comes early or late stays a step of its own."""

    length: int
    """Microseconds."""

    @property
    def name(self) -> str:  # type: ignore[override]
        """Its length in microseconds."""
        return f"{self.length} us"

    @property
    def seconds(self) -> float:  # type: ignore[override]
        """Its length."""
        return self.length / SECOND

    @property
    def season(self) -> int:
        """Steps of a day, if they are shorter and fill it."""
        count, rest = divmod(DAY * SECOND, self.length)
        return max(count, 1) if not rest else 1

    def places(self, times: np.ndarray) -> np.ndarray:
        """Round each distance of two rows to steps, so that a late clock never adds up."""
        return np.concatenate([[0], np.round(distances(times) / self.length).astype(np.int64).cumsum()])

    def after(self, time: Any, count: int) -> np.ndarray:
        """Return equally distant times."""
        found: np.ndarray = time + np.arange(1, count + 1) * np.timedelta64(self.length, "us")
        return found

    def __str__(self) -> str:
        return f"{self.seconds:g} seconds" if self.seconds < 60 else f"{self.seconds / 60:g} minutes"  # noqa: PLR2004


@dataclass(frozen=True)
class Averaging(Duration):
    """Equal steps at whole multiples of their length; each holds the mean of its rows."""

    averages = True

    def start(self, times: np.ndarray) -> Any:
        """Return the multiple that the first row belongs to."""
        return times[0] - np.timedelta64(int(times[0].astype(np.int64)) % self.length, "us")

    def places(self, times: np.ndarray) -> np.ndarray:
        """Return the step during which each row was measured."""
        found: np.ndarray = (times - self.start(times)).astype(np.int64) // self.length
        return found


@dataclass(frozen=True)
class Uneven(Step):
    """Each row, or average, is the step after the one before, however far it is from it."""

    usual: Step
    """What is mostly between two of them."""

    @property
    def name(self) -> str:  # type: ignore[override]
        """The usual step."""
        return f"{self.usual.name}{AVERAGED if self.averages else ''}{UNEVEN}"

    @property
    def seconds(self) -> float:  # type: ignore[override]
        """That of the usual step."""
        return self.usual.seconds

    @property
    def averages(self) -> bool:  # type: ignore[override]
        """As the usual step."""
        return self.usual.averages

    def places(self, times: np.ndarray) -> np.ndarray:
        """Count rows, or steps of the average that have any."""
        if isinstance(self.usual, Averaging):
            found: np.ndarray = np.unique(self.usual.places(times), return_inverse=True)[1]
            return found
        return np.arange(len(times))

    def rounded(self, times: np.ndarray) -> np.ndarray:
        """Return the time of the step of each row."""
        if not isinstance(self.usual, Averaging):
            return times
        found: np.ndarray = times - (times.astype(np.int64) % self.usual.length).astype("timedelta64[us]")
        return found

    def after(self, time: Any, count: int) -> np.ndarray:
        """Return the time behind which they are: nobody knows when that will be."""
        return np.repeat(time, count)

    def __str__(self) -> str:
        return f"{self.usual} that has a row" if self.averages else "a row"


@dataclass(frozen=True)
class Weekdays(Step):
    """Some days of the week; up to ``HOLIDAYS`` of them in a row without a row are holidays."""

    days: str
    """Their names, as a weekmask of pandas: "Mon Tue Wed Thu Fri"."""
    seconds = DAY

    @property
    def name(self) -> str:  # type: ignore[override]
        """The days."""
        return self.days

    def apart(self, times: np.ndarray) -> np.ndarray:
        """Return how many of the days are between each row and the next."""
        days = times.astype("datetime64[D]")
        found: np.ndarray = np.busday_count(days[:-1], days[1:], weekmask=self.days)
        return found

    def places(self, times: np.ndarray) -> np.ndarray:
        """Count days, holidays left out."""
        apart = self.apart(times)
        return np.concatenate([[0], np.where(apart > HOLIDAYS + 1, apart, np.minimum(apart, 1)).cumsum()])

    def after(self, time: Any, count: int) -> np.ndarray:
        """Return the next such days."""
        from pandas.tseries.offsets import CustomBusinessDay  # noqa: PLC0415 (slow)

        return _range(time, CustomBusinessDay(weekmask=self.days), count)

    def __str__(self) -> str:
        return f"business days ({self.days})"


@dataclass(frozen=True)
class Months(Step):
    """Some months: quarters are 3, years 12."""

    months: int
    anchor: str = ""
    """Which day of the month, as pandas spells it: MS, ME, BMS, BME, WOM-1MON; or that of the first row."""

    @property
    def name(self) -> str:  # type: ignore[override]
        """Number and anchor."""
        return f"{self.months} months {self.anchor}".strip()

    @property
    def seconds(self) -> float:  # type: ignore[override]
        """Its mean length."""
        return self.months * MONTH

    @property
    def season(self) -> int:
        """Steps of a year, if they are shorter and fill it."""
        return max(12 // self.months, 1) if 12 % self.months == 0 else 1

    def places(self, times: np.ndarray) -> np.ndarray:
        """Count months by the calendar."""
        months = times.astype("datetime64[M]").astype(np.int64)
        return np.concatenate([[0], np.round(np.diff(months) / self.months).astype(np.int64).cumsum()])

    def after(self, time: Any, count: int) -> np.ndarray:
        """Return the same day of the next months, the last one of those that are too short."""
        if not self.anchor:
            return months_after(time, self.months * np.arange(1, count + 1))
        return _range(time, offset_of(self.anchor), count * self.months)[self.months - 1 :: self.months]

    def __str__(self) -> str:
        return {1: "months", 3: "quarters", 6: "half-years", 12: "years"}.get(
            self.months, f"{self.months} months"
        )


def _range(time: Any, offset: "BaseOffset", count: int) -> np.ndarray:
    from pandas import Timestamp  # noqa: PLC0415 (slow)

    began = Timestamp(time)
    dates = [began := began + offset for _ in range(count)]
    return np.array(dates, dtype="datetime64[us]")


def months_after(time: Any, months: np.ndarray) -> np.ndarray:
    """Return the same day, or the last, some months later, for each number of them."""
    from pandas import DateOffset, Timestamp  # noqa: PLC0415 (slow)

    dates = [Timestamp(time) + DateOffset(months=count) for count in months.tolist()]
    return np.array(dates, dtype="datetime64[us]")


def offset_of(anchor: str) -> "BaseOffset":
    """Return the offset of pandas with this name."""
    from pandas.tseries.frequencies import to_offset  # noqa: PLC0415 (slow)

    return to_offset(anchor)


def anchors(months: int) -> Iterator[str]:
    """Return the days of a month on which steps of so many months may lie, as ``Months.anchor``."""
    yield from ("MS", "ME", "BMS", "BME")
    if months == 1:
        yield from (f"WOM-{week}{day.upper()}" for week in (1, 2, 3, 4) for day in WEEKDAYS)


def distances(times: np.ndarray) -> np.ndarray:
    """Return the distance of each row to the next, microseconds, [R - 1]."""
    return np.diff(times).astype(np.int64)


def is_duration(name: str | None) -> bool:
    """Return whether a step, by the name that a run has kept, is so many hours."""
    return name is None or name.endswith(" us")


def step_named(name: str) -> Step:
    """Return the step of a name that a run has kept.

    Raises:
        ValueError: no step has such a name.
    """
    if name.endswith(UNEVEN):
        return Uneven(step_named(name.removesuffix(UNEVEN)))
    number, _, rest = name.partition(" ")
    if name == Row.name:
        return Row()
    if number in WEEKDAYS and set(name.split()) <= set(WEEKDAYS):
        return Weekdays(name)
    if number.isdigit() and int(number):
        if rest == "us":
            return Duration(int(number))
        if rest == f"us{AVERAGED}":
            return Averaging(int(number))
        unit, _, anchor = rest.partition(" ")
        if unit == "months" and anchor in ("", *anchors(int(number))):
            return Months(int(number), anchor)
    raise ValueError(f"'{name}' is no step")
