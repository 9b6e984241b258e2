"""Intervals between contact days, and appointments that passed without a contact."""

from __future__ import annotations

import ibis.expr.types as ir

from features.definitions.contact import GRACE_DAYS
from features.windows import KEYS, Window


def contact_intervals(held: ir.Table) -> ir.Table:
    """Sums over the intervals between consecutive contact days, and appointments moved.

    One row per KEYS with a contact held in the last 365 days (`held`). An interval belongs to a window when both of
    its days lie in it. `moved_day` is the last agreed date among the appointments moved.
    """
    # One sort serves all: a day's contacts stand together, the one with the latest agreed date last.
    rows = held.select(*KEYS, "event_day", agreed=held.next_agreed_day.fill_null(-1))
    order = ("event_day", "agreed")
    rows = rows.mutate(
        earlier=rows.event_day.lag().over(group_by=KEYS, order_by=order),
        later=rows.event_day.lead().over(group_by=KEYS, order_by=order),
    )
    rows = rows.mutate(gap=(rows.event_day - rows.earlier).cast("int64"), is_moved=_is_moved(rows))
    sums: dict[str, ir.Value] = {}
    for days in (90, 180, 365):
        inside = (rows.gap > 0) & Window(days).holds(rows.earlier, rows.as_of_day)
        sums[f"gaps_{days}"] = rows.count(where=inside)
        sums[f"gap_sum_{days}"] = rows.gap.sum(where=inside)
        sums[f"longest_{days}"] = rows.gap.max(where=inside)
    return rows.group_by(*KEYS).aggregate(
        **sums,
        gap_squares_365=(rows.gap * rows.gap).sum(),
        gap_median=rows.gap.median(where=rows.gap > 0),
        contact_count_moved_365d=rows.count(where=rows.is_moved),
        moved_day=rows.agreed.max(where=rows.is_moved),
    )


def _is_moved(rows: ir.Table) -> ir.BooleanValue:
    """Whether the agreed date lies in the past with its grace, and the next contact, if any, came after both.

    Any contact on the days between keeps the appointment (own choice: it may have been brought forward, or agreed
    anew).
    """
    end = rows.agreed + GRACE_DAYS
    is_missed = rows.later.isnull() | (rows.later > end)
    return (rows.agreed > rows.event_day) & (end < rows.as_of_day) & is_missed
