"""Local time and UTC as SQL: one bank zone, its changes of offset written out once.

The rules come from the tz database through `zoneinfo`, not from the SQL engine, so that what happens at a change
of the clocks is decided here: a local time that occurs twice is read as the earlier moment, one that never
occurs is a gap (intake quarantines it).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_FIRST_YEAR = 1900
_LAST_YEAR = 2100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    """One change of a zone's offset from UTC: the moment and both offsets, in microseconds."""

    moment: int
    before: int
    after: int


@dataclass(frozen=True)
class ZoneClock:
    """A zone's changes of offset between 1900 and 2100, and the offset before the first; microseconds."""

    name: str
    first_offset: int
    changes: tuple[Change, ...]

    def to_utc(self, local: str) -> str:
        """SQL for the UTC microseconds of a local time, of which `local` is the SQL in microseconds.

        A time that occurs twice is the earlier moment; one in a gap is read with the offset before the gap.
        """
        edges = [change.moment + max(change.before, change.after) for change in self.changes]
        return f"({local} - {_pieces(edges, self._offsets(), local)})"

    def to_local(self, utc: str) -> str:
        """SQL for the local microseconds of a moment, of which `utc` is the SQL in UTC microseconds."""
        return f"({utc} + {_pieces([change.moment for change in self.changes], self._offsets(), utc)})"

    def is_gap(self, local: str) -> str:
        """SQL that is true for a local time that never occurs in the zone."""
        edges: list[int] = []
        for change in self.changes:
            if change.after > change.before:
                edges += [change.moment + change.before, change.moment + change.after]
        answers = ["false", "true"] * (len(edges) // 2) + ["false"]
        return _pieces(edges, answers, local)

    def midnight(self, day: date) -> int:
        """UTC microseconds at which a day begins in the zone."""
        local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.name))
        return _microseconds(local)

    def _offsets(self) -> list[str]:
        return [str(self.first_offset), *(str(change.after) for change in self.changes)]


def _pieces(edges: Sequence[int], values: Sequence[str], expression: str) -> str:
    """SQL of a step function as a balanced tree of CASE: `values[i]` holds below `edges[i]`."""
    if not edges:
        return values[0]
    middle = len(edges) // 2
    below = _pieces(edges[:middle], values[: middle + 1], expression)
    above = _pieces(edges[middle + 1 :], values[middle + 1 :], expression)
    return f"CASE WHEN {expression} < {edges[middle]} THEN {below} ELSE {above} END"


def _microseconds(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=8)
def zone_clock(name: str) -> ZoneClock:
    """Return the clock of a zone of the tz database.

    Raises
    ------
    zoneinfo.ZoneInfoNotFoundError
        If there is no such zone.

    Examples
    --------
    >>> zone_clock("Asia/Kolkata").changes[-1].after / 3_600_000_000
    5.5
    """
    zone = ZoneInfo(name)
    day = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    end = datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    offset = _offset_at(zone, day)
    first, changes = offset, []
    while day < end:
        following = day + timedelta(days=1)
        later = _offset_at(zone, following)
        if later != offset:
            moment = _bisect(lambda at, old=offset: _offset_at(zone, at) != old, day, following)  # type: ignore[misc]
            changes.append(Change(_microseconds(moment), offset, later))
        day, offset = following, later
    return ZoneClock(name, first, tuple(changes))


def _offset_at(zone: ZoneInfo, moment: datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def _bisect(has_changed: Callable[[datetime], bool], low: datetime, high: datetime) -> datetime:
    """First whole second in (low, high] at which `has_changed` holds; changes fall on whole seconds."""
    first, last = 0, int((high - low).total_seconds())
    while last - first > 1:
        middle = (first + last) // 2
        if has_changed(low + timedelta(seconds=middle)):
            last = middle
        else:
            first = middle
    return low + timedelta(seconds=last)
