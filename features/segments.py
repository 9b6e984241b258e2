"""Time cut at every edge of every window: rows of a large table are added up once, whatever the number of as_of dates.

A segment is a run of days between two neighbouring edges; no window of any as_of of the run begins or ends inside
one. A row is *late* if it was not known at the first as_of after it happened: such rows stay apart, with the day on
which they became known, so that each as_of adds up exactly what was known at it.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.tables import NEVER
from features.windows import KEYS, Tables

PUNCTUAL = 0
"""`late_day` of a row that was known at the first as_of after it happened: nothing has to be looked at."""

SEGMENT = ("customer_no", "segment", "late_day", "until_day")


def recent(tables: Tables, name: str, windows: tuple[int, ...]) -> ir.Table:
    """Rows of a table that any as_of of the run can see within its longest window, each with its segment.

    `segment` is the first day of the row's segment (int32), `late_day` the day on which a late row became known
    (else `PUNCTUAL`), `until_day` the day on which a correction replaced it.
    """
    first, last = min(tables.as_of_days), max(tables.as_of_days)
    rows = tables[name]
    rows = rows.filter(
        rows.event_day >= first - max(windows),
        rows.event_day < last,
        rows.known_day <= last,
        rows.until_day > first,
    )
    days = ibis.memtable(_days(tables.as_of_days, windows), schema=_DAYS)
    joined = rows.join(days, rows.event_day == days.day)
    return joined.mutate(
        late_day=ibis.ifelse(joined.known_day <= joined.next_as_of, PUNCTUAL, joined.known_day).cast("int32"),
        until_day=ibis.ifelse(joined.until_day > last, NEVER, joined.until_day).cast("int32"),
    ).drop("day", "next_as_of")


_DAYS = {"day": "int32", "segment": "int32", "next_as_of": "int32"}


def _days(as_of_days: tuple[int, ...], windows: tuple[int, ...]) -> dict[str, list[int]]:
    """Each day of the run with the first day of its segment and the first as_of after it."""
    first, last = min(as_of_days) - max(windows), max(as_of_days)
    edges = {as_of - days for as_of in as_of_days for days in (0, *windows)}
    found: dict[str, list[int]] = {"day": [], "segment": [], "next_as_of": []}
    segment = first
    for day in range(first, last):
        segment = day if day in edges else segment
        found["day"].append(day)
        found["segment"].append(segment)
        found["next_as_of"].append(min(as_of for as_of in as_of_days if as_of > day))
    return found


def at_moments(parts: ir.Table, spine: ir.Table, longest: int, day: str = "segment") -> ir.Table:
    """Parts of segments that were known at each as_of of the spine and lie in its longest window.

    One row per part and as_of that sees it. A part counts in the window of n days if `day >= as_of_day - n`.
    """
    moments = spine.select("as_of_day").distinct()
    joined = parts.join(
        moments, [parts[day] < moments.as_of_day, parts[day] >= moments.as_of_day - longest]
    )
    return joined.filter(joined.late_day <= joined.as_of_day, joined.until_day > joined.as_of_day)


def gap_statistics(days: ir.Table, windows: tuple[int, ...]) -> ir.Table:
    """Intervals between the days of each (customer_no, as_of_day), within windows.

    Parameters
    ----------
    days
        (customer_no, as_of_day, event_day); a day may appear more than once, the intervals of 0 days that come of it
        are not counted.

    Returns
    -------
    One row per KEYS: per window w the number `n_w` of intervals, their sum `s_w`, sum of squares `q_w` and longest
    `m_w` in whole days; an interval lies in a window if both of its days do.
    """
    before = days.event_day.lag().over(group_by=KEYS, order_by="event_day")
    gaps = days.mutate(before=before, gap=(days.event_day - before).cast("int64"))
    gaps = gaps.filter(gaps.gap > 0)
    parts: dict[str, ir.Value] = {}
    for window in windows:
        inside = gaps.before >= gaps.as_of_day - window
        parts[f"n_{window}"] = gaps.count(where=inside)
        parts[f"s_{window}"] = gaps.gap.sum(where=inside)
        parts[f"q_{window}"] = (gaps.gap * gaps.gap).sum(where=inside)
        parts[f"m_{window}"] = gaps.gap.max(where=inside)
    return gaps.group_by(*KEYS).aggregate(**parts)
