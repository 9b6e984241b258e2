"""What a customer holds or owes at this bank on single days: the step function of balances, read at a few places."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.groups.balance_stages import STALE_DAYS, own_reports
from features.windows import KEYS, Tables


def levels(
    tables: Tables, spine: ir.Table, products: Mapping[str, tuple[str, ...]], ago: tuple[int, ...] = (0,)
) -> ir.Table:
    """Sums of products at this bank, at as_of and some days before it, as known at as_of.

    One row per KEYS with a report; `<name>_<days>` in minor units: the sum over the products of that name on the last
    reporting date before as_of - days, at most 45 days old; null where there is none.

    Parameters
    ----------
    products
        Name of a sum -> the products in it.

    Source: contract.md, "Balances are a step function".
    """
    reported = own_reports(tables, spine)
    reported = reported.select(
        *KEYS,
        "event_day",
        **{
            name: sum((reported[product].fill_null(0) for product in parts), ibis.literal(0, "int64"))
            for name, parts in products.items()
        },
    )
    fresh = {}
    for days in ago:
        day = reported.as_of_day - days
        is_fresh = (reported.event_day < day) & (reported.event_day >= day - STALE_DAYS)
        fresh[f"fresh_{days}"] = ibis.ifelse(is_fresh, reported.event_day, ibis.null("int32"))
    reported = reported.mutate(**fresh)
    newest = reported.mutate(
        **{f"last_{days}": reported[f"fresh_{days}"].max().over(group_by=KEYS) for days in ago}
    )
    return newest.group_by(*KEYS).aggregate(
        **{
            f"{name}_{days}": newest[name].max(where=newest.event_day == newest[f"last_{days}"])
            for name in products
            for days in ago
        }
    )
