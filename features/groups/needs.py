"""Needs: what customers have said they will want."""

from __future__ import annotations

import ibis.expr.types as ir

from features.definitions.needs import NEED_KINDS, NEED_WINDOWS
from features.windows import KEYS, Tables, Window, counted, known, onto_spine


def needs(tables: Tables, spine: ir.Table) -> ir.Table:
    """Development plans, product needs and credit requests: how many, of what amount, how long ago.

    One row per (customer_id, as_of) of `spine`. Amounts in minor units.

    Source: five-factor.md, "Growth potential weighs five questions".
    """
    rows = known(tables, "needs", spine)
    sums: dict[str, ir.Value] = {}
    for name, (kinds, _) in NEED_KINDS.items():
        for days in NEED_WINDOWS:
            counts = Window(days).holds(rows.event_day, rows.as_of_day) & rows.kind.isin(kinds)
            sums[f"need_count_{name}_{days}d"] = rows.count(where=counts)
            sums[f"need_amount_{name}_{days}d"] = rows.amount.sum(where=counts)
    year = Window(365).holds(rows.event_day, rows.as_of_day)
    sums["product_asked_count_365d"] = rows["product"].nunique(where=year)
    joined = onto_spine(spine, rows.group_by(*KEYS).aggregate(**sums, last_day=rows.event_day.max()))
    return joined.select(
        *KEYS,
        **{name: counted(tables, "needs", joined[name], joined.as_of_day) for name in sums},
        need_gap_days=(joined.as_of_day - joined.last_day).cast("float64"),
    )
