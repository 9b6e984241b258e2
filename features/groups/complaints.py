"""Complaints."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.windows import KEYS, Tables, Window, counted, known, onto_spine


def complaints(tables: Tables, spine: ir.Table) -> ir.Table:
    """Complaints: how many, how many open, how many that left the customer unsatisfied.

    One row per (customer_id, as_of) of `spine`.

    Source: contact.md, "Complaints".
    """
    rows = known(tables, "complaints", spine)
    unsatisfied = rows.satisfied == ibis.literal(False)  # noqa: FBT003 - a literal of the expression
    total = rows.group_by(*KEYS).aggregate(
        complaint_count_180d=rows.count(where=Window(180).holds(rows.event_day, rows.as_of_day)),
        complaint_count_open=rows.count(where=rows.resolved_day.isnull()),
        complaint_count_unsatisfied_365d=rows.count(
            where=Window(365).holds(rows.event_day, rows.as_of_day) & unsatisfied
        ),
        last_day=rows.event_day.max(),
    )
    joined = onto_spine(spine, total)
    return joined.select(
        *KEYS,
        **{
            name: counted(tables, "complaints", joined[name], joined.as_of_day)
            for name in ("complaint_count_180d", "complaint_count_open", "complaint_count_unsatisfied_365d")
        },
        complaint_gap_days=(joined.as_of_day - joined.last_day).cast("float64"),
    )
