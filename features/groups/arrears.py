"""Instalments: which were due, paid on time, in part or early, and what is in arrears."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.windows import KEYS, Tables, Window, counted, history_days, known, onto_spine, ratio

SERIOUSLY_LATE_DAYS: int = int(read_policy("credit")["seriously_late_days"])
YEAR = Window(365)
WINDOWS = (180, 365)

_COUNTS = (
    *(f"repayment_{measure}_count_{days}d" for days in WINDOWS for measure in ("due", "on_time")),
    "repayment_early_count_365d",
    "repayment_part_count_365d",
    "arrears_principal_sum",
    "arrears_interest_sum",
    "arrears_now_days",
    "arrears_worst_days_365d",
)


def arrears(tables: Tables, spine: ir.Table) -> ir.Table:
    """How instalments were paid, and what is overdue: the features of `credit` that need `repayments` alone.

    One row per (customer_id, as_of) of `spine`. Money in minor units. Only instalments due before as_of are known.

    Source: balances.md, "Credit"; interest is settled before principal: Civil Code of China, article 561.
    """
    rows = instalments(tables, spine)
    joined = onto_spine(spine, _totals(rows))
    day = joined.as_of_day
    shares = {
        f"repayment_on_time_share_{days}d": ratio(
            joined[f"repayment_on_time_count_{days}d"], joined[f"repayment_due_count_{days}d"]
        )
        for days in WINDOWS
    }
    return joined.select(
        *KEYS,
        **{name: counted(tables, "repayments", joined[name], day) for name in _COUNTS},
        **shares,
        arrears_first_age_days=(day - joined.first_late_day).cast("float64"),
        repayment_history_days=history_days(tables, "repayments", joined),
    )


def instalments(tables: Tables, spine: ir.Table) -> ir.Table:
    """Instalments known at each as_of, with what was paid of them, what is left, and until when they are or were late.

    One row per (customer_no, as_of_day) of `spine` and instalment of an amount. `is_open`: less is paid than is due.
    Money in minor units. `end`: as_of of an open one, else the day it was paid.
    """
    rows = known(tables, "repayments", spine)
    rows = rows.mutate(owed=rows.due_principal + rows.due_interest).filter(lambda t: t.owed > 0)
    stated = ibis.ifelse(rows.paid_day.isnull(), 0, rows.paid_amount.fill_null(rows.owed))
    rows = rows.mutate(paid=ibis.greatest(stated, 0))
    rows = rows.mutate(is_open=rows.paid < rows.owed)
    end = ibis.ifelse(rows.is_open, rows.as_of_day, rows.paid_day)
    interest = ibis.greatest(rows.due_interest - rows.paid, 0)
    return rows.mutate(end=end, interest_left=interest, principal_left=rows.owed - rows.paid - interest)


def _totals(rows: ir.Table) -> ir.Table:
    """One row per KEYS with an instalment."""
    is_paid = ~rows.is_open
    is_on_time = is_paid & (rows.paid_day <= rows.due_day)
    is_part = rows.is_open & (rows.paid > 0) & YEAR.holds(rows.paid_day, rows.as_of_day)
    is_recent = rows.is_open | YEAR.holds(rows.paid_day, rows.as_of_day)
    late_day = rows.due_day + SERIOUSLY_LATE_DAYS
    is_late = (late_day < rows.as_of_day) & (late_day <= rows.end)
    lateness = ibis.greatest(rows.end - rows.due_day, 0)
    counts: Mapping[str, ir.Value] = {
        name: rows.count(where=Window(days).holds(rows.due_day, rows.as_of_day) & chosen)
        for days in WINDOWS
        for name, chosen in (
            (f"repayment_due_count_{days}d", rows.owed > 0),
            (f"repayment_on_time_count_{days}d", is_on_time),
        )
    }
    is_early = YEAR.holds(rows.due_day, rows.as_of_day) & is_paid & (rows.paid_day < rows.due_day)
    return rows.group_by(*KEYS).aggregate(
        **counts,
        repayment_early_count_365d=rows.count(where=is_early),
        repayment_part_count_365d=rows.count(where=is_part),
        arrears_principal_sum=rows.principal_left.sum(where=rows.is_open),
        arrears_interest_sum=rows.interest_left.sum(where=rows.is_open),
        arrears_now_days=lateness.max(where=rows.is_open),
        arrears_worst_days_365d=lateness.max(where=is_recent),
        first_late_day=late_day.min(where=is_late),
    )
