"""Warning signals."""

from __future__ import annotations

import ibis.expr.types as ir

from features.definitions.signals import SIGNAL_CATEGORIES
from features.windows import KEYS, Tables, Window, counted, known, onto_spine


def signals(tables: Tables, spine: ir.Table) -> ir.Table:
    """Recorded signals of a customer: open ones, severities by category, new ones.

    One row per (customer_id, as_of) of `spine`. Signals that name an industry or region instead of a customer
    are not counted here.

    Source: warning-signals.md, "Features per customer and as-of date".
    """
    rows = known(tables, "warning_signals", spine)
    is_open = rows.closed_day.isnull()

    def new(days: int) -> ir.BooleanValue:
        return Window(days).holds(rows.event_day, rows.as_of_day)

    total = rows.group_by(*KEYS).aggregate(
        signal_count_open=rows.count(where=is_open),
        open_max=rows.severity.max(where=is_open),
        **{
            f"signal_severity_sum_{name}_180d": rows.severity.sum(
                where=new(180) & rows.code.startswith(letter)
            )
            for letter, name in SIGNAL_CATEGORIES.items()
        },
        **{f"signal_count_new_{days}d": rows.count(where=new(days)) for days in (30, 90)},
        last_day=rows.event_day.max(),
    )
    joined = onto_spine(spine, total)
    counts = [
        "signal_count_open",
        *(f"signal_severity_sum_{name}_180d" for name in SIGNAL_CATEGORIES.values()),
        "signal_count_new_30d",
        "signal_count_new_90d",
    ]
    return joined.select(
        *KEYS,
        **{name: counted(tables, "warning_signals", joined[name], joined.as_of_day) for name in counts},
        signal_severity_open_max=joined.open_max.cast("float64"),
        signal_gap_days=(joined.as_of_day - joined.last_day).cast("float64"),
    )
