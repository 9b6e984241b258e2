"""Purchases known at an as_of, as buy-till-you-die models read them: how often, since when, until when, how much."""

from __future__ import annotations

import ibis.expr.types as ir

from features.windows import KEYS, Tables, known


def purchase_histories(tables: Tables, spine: ir.Table) -> ir.Table:
    """Count the days on which a customer started a transaction, and add up their turnover.

    One row per KEYS with such a day before as_of: `frequency` days after the first, `recency` days from the first to
    the last, `age` days from the first to as_of, and `later`, the turnover of the days after the first in minor units.
    Transactions of nothing are left out.

    Source: `training.lifetimes.Histories`.
    """
    rows = known(tables, "transactions", spine)
    rows = rows.filter(rows.started_by == "customer", rows.event_day < rows.as_of_day, rows.amount != 0)
    days = rows.group_by(*KEYS, "event_day").aggregate(amount=rows.amount.abs().sum())
    days = days.mutate(first_day=days.event_day.min().over(group_by=KEYS))
    found = days.group_by(*KEYS).aggregate(
        frequency=days.count() - 1,
        first_day=days.event_day.min(),
        last_day=days.event_day.max(),
        later=days.amount.sum(where=days.event_day > days.first_day).fill_null(0),
    )
    return found.select(
        *KEYS,
        "frequency",
        "later",
        recency=found.last_day - found.first_day,
        age=found.as_of_day - found.first_day,
    )
