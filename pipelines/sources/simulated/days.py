"""The fixed calendar of the simulated bank: days since 1970-01-01 in its zone, months, reporting days, holidays."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]
Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

ZONE = "Asia/Shanghai"
ZONE_SECONDS = 8 * 3600
"""Offset of the zone from UTC in the years that the simulation covers: no summer time since 1991."""

REPORTING_DAYS = (10, 20)
"""Days of the month on which balances are reported, besides the last one."""

NEVER = 10**8
"""A day that does not come."""

_SPRING_FESTIVALS = np.array(
    [
        "2012-01-23", "2013-02-10", "2014-01-31", "2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16",
        "2019-02-05", "2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29",
        "2026-02-17", "2027-02-06",
    ],
    dtype="datetime64[D]",
).astype(np.int64)  # fmt: skip


def weekday(days: Days) -> Days:
    """Day of the week, Monday 0.

    Examples
    --------
    >>> weekday(np.array([0]))  # 1970-01-01 was a Thursday
    array([3])
    """
    return np.asarray((days + 3) % 7)


def day_of_month(days: Days) -> Days:
    """Day of the month, 1 to 31."""
    dates = days.astype("datetime64[D]")
    return np.asarray((dates - dates.astype("datetime64[M]")).astype(np.int64) + 1)


def is_festival(days: Days) -> Flags:
    """Whether a day falls into the week of the Spring Festival or into the first week of October."""
    place = np.clip(np.searchsorted(_SPRING_FESTIVALS, days, side="right") - 1, 0, None)
    in_spring = (days >= _SPRING_FESTIVALS[place]) & (days < _SPRING_FESTIVALS[place] + 8)
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    result: Flags = in_spring | ((month == 9) & (day_of_month(days) <= 7))
    return result


@dataclass(frozen=True)
class Calendar:
    """The months of one simulation, numbered from 0; negative ones lie before the data, later ones after."""

    until: date
    months: int

    def edge(self, month: int) -> int:
        """First day of a month.

        Examples
        --------
        >>> calendar = Calendar(date(2026, 11, 1), 36)
        >>> [str(np.datetime64(calendar.edge(month), "D")) for month in (0, 36)]
        ['2023-11-01', '2026-11-01']
        """
        first = np.datetime64(self.until, "M") - self.months + month
        return int(first.astype("datetime64[D]").astype(np.int64))

    @property
    def start(self) -> int:
        """The first day of the data."""
        return self.edge(0)

    @property
    def stop(self) -> int:
        """The day after the last of the data."""
        return self.edge(self.months)

    @property
    def stop_at(self) -> int:
        """The midnight at which the data end, in microseconds since 1970-01-01 UTC."""
        return (self.stop * 86_400 - ZONE_SECONDS) * 1_000_000

    def reporting_days(self, first_month: int, last_month: int) -> Days:
        """Reporting days of the months from `first_month` up to, without, `last_month`."""
        days: list[int] = []
        for month in range(first_month, last_month):
            begin = self.edge(month)
            days += [begin + day - 1 for day in REPORTING_DAYS] + [self.edge(month + 1) - 1]
        return np.array(days, dtype=np.int64)


def moments(days: Days, seconds: Days) -> Days:
    """Microseconds since 1970-01-01 UTC of local days and seconds of the day."""
    result: Days = (days * 86_400 + seconds - ZONE_SECONDS) * 1_000_000
    return result
