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


def recent(tables: Tables, name: str, windows: tuple[int, ...]) -> ir.Table:
    """Rows of a table that any as_of of the run can see within its longest window, each with its segment.

    `segment` is the first day of the row's segment (int32). In a run of several dates, `late_day` is the day on
    which a late row became known (else `PUNCTUAL`) and `until_day` the day on which a correction replaced it; in a
    run of one, only what was known at it is here.
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


def knowledge(tables: Tables) -> tuple[str, ...]:
    """Columns by which the parts of a run stay apart: none where the run has one date, and all is known at it."""
    return () if len(tables.as_of_days) == 1 else ("late_day", "until_day")


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


def at_moments(
    tables: Tables, parts: ir.Table, spine: ir.Table, longest: int, day: str = "segment"
) -> ir.Table:
    """Parts of segments that were known at each as_of of the spine and lie in its longest window.

    One row per part and as_of that sees it. A part counts in the window of n days if `day >= as_of_day - n`.
    """
    if tables.only_day is None:
        moments = spine.select("as_of_day").distinct()
        near = [parts[day] < moments.as_of_day, parts[day] >= moments.as_of_day - longest]
        return was_known(tables, parts.join(moments, near))
    seen = parts.filter(parts[day] < tables.only_day, parts[day] >= tables.only_day - longest)
    return was_known(tables, seen.mutate(as_of_day=ibis.literal(tables.only_day, "int32")))


def was_known(tables: Tables, rows: ir.Table) -> ir.Table:
    """Rows known at their `as_of_day`."""
    if not knowledge(tables):
        return rows
    return rows.filter(rows.late_day <= rows.as_of_day, rows.until_day > rows.as_of_day)


def active_days(days: ir.Table, windows: tuple[int, ...]) -> ir.Table:
    """How often something happened, and the intervals between the days on which it did.

    Parameters
    ----------
    days
        (customer_no, as_of_day, event_day) within the longest window; a day may appear more than once.

    Returns
    -------
    One row per KEYS with a day. Per window w the number `active_w` of distinct days and the first of them,
    `since_w`; over the longest window the last day `last_day`, the sum of squares `gap_squares` of the intervals
    between consecutive days and the longest of them, `gap_longest`. The intervals of a window are one fewer than
    its days, and their sum is `last_day` less `since_w`.
    """
    before = days.event_day.lag().over(group_by=KEYS, order_by="event_day")
    steps = days.mutate(gap=(days.event_day - before).cast("int64"))
    steps = steps.mutate(is_new=steps.gap.isnull() | (steps.gap > 0))
    parts: dict[str, ir.Value] = {}
    for window in windows:
        inside = steps.event_day >= steps.as_of_day - window
        parts[f"active_{window}"] = steps.count(where=inside & steps.is_new)
        parts[f"since_{window}"] = steps.event_day.min(where=inside)
    return steps.group_by(*KEYS).aggregate(
        **parts,
        last_day=steps.event_day.max(),
        gap_squares=(steps.gap * steps.gap).sum(),
        gap_longest=steps.gap.nullif(0).max(),
    )
