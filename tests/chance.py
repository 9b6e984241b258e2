"""Draws for random banks over small alphabets: days at the edges of windows, late records, few amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

ZONES = ("UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York", "Pacific/Auckland")
WINDOWS = (30, 45, 60, 90, 120, 150, 180, 210, 365)
EDGES = (1, 2, 3, 29, 31, 44, 46, 59, 61, 89, 91, 179, 181, 364, 366, 400, *WINDOWS)
CLOCK = (time(0), time(0, 0, 0, 1), time(12), time(12), time(18, 30), time(23, 59, 59, 999999))
LAGS = (timedelta(0), timedelta(seconds=1), timedelta(hours=13), timedelta(days=1), timedelta(days=40))


def midnight_of(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time(0))


class Chance:
    """Draws of one random bank; `style` says whether its moments carry a zone."""

    def __init__(self, seed: int, as_ofs: Sequence[date], *, is_csv: bool) -> None:
        self.draw = Random(seed)
        self.as_ofs, self.is_csv = as_ofs, is_csv
        self.zone = self.draw.choice(ZONES)
        self.serial = 0
        self.focus = as_ofs[0]
        self.is_steady = False

    def turn_to(self, person: str) -> None:
        """Draw for one customer: most of the events lie around one as_of, some customers come steadily."""
        own = Random(person)
        self.focus, self.is_steady = own.choice(self.as_ofs), own.random() < 0.4

    def likely(self, share: float) -> bool:
        return self.draw.random() < share

    def one(self, *values: Any) -> Any:
        return self.draw.choice(values)

    def next_id(self, letter: str) -> str:
        self.serial += 1
        return f"{letter}{self.serial:06d}"

    def day(self) -> date:
        """A day at an edge of a window of some as_of, on or after it, or anywhere."""
        as_of = self.focus if self.likely(0.8) else self.draw.choice(self.as_ofs)
        if self.likely(0.15):
            return as_of + timedelta(days=self.one(0, 0, 1, 5))
        back = self.draw.choice(EDGES) if self.likely(0.6) else self.draw.randint(1, 420)
        return as_of - timedelta(days=back)

    def steady_days(self, *steps: int) -> Iterator[date]:
        """Days over the whole time of the bank, one of `steps` apart."""
        day = min(self.as_ofs) - timedelta(days=self.one(500, 380, 100))
        while day < max(self.as_ofs) + timedelta(days=self.one(100, 195)):
            day += timedelta(days=self.draw.choice(steps))
            yield day

    def moment(self, day: date) -> datetime:
        """A moment of a day in the bank's zone, without a zone; `zoned` gives some of them one."""
        return datetime.combine(day, self.draw.choice(CLOCK))

    def recorded(self, event: datetime) -> datetime | None:
        """Mostly at once; otherwise some time later, or at an as_of's midnight, or just before it."""
        if self.likely(0.7):
            return None
        if self.likely(0.3):
            midnight = datetime.combine(self.draw.choice(self.as_ofs), time(0))
            return midnight - timedelta(microseconds=self.draw.randint(0, 1))
        lag: timedelta = self.draw.choice(LAGS)
        return event + lag

    def several(self) -> range:
        """None, a few or many."""
        return range(self.one(0, 0, 1, 2, 3, 5, self.draw.randint(6, 25)))
