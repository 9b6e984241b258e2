"""Market: rates here and elsewhere, and what they mean for what the customer holds."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.definitions.market import ADVANTAGE
from features.groups.balance_stages import ASSETS
from features.groups.levels import levels
from features.policy import read_policy
from features.windows import KEYS, Tables, known_of_all, onto_spine

POLICY_RATE: str = str(read_policy("market")["policy_rate"])
MOVES = (90, 180)


def market(tables: Tables, spine: ir.Table) -> ir.Table:
    """Advantage of rates elsewhere, moves of the policy rate, and what the customer would gain elsewhere.

    One row per (customer_id, as_of) of `spine`; all but `market_pull` are equal for all customers at one as_of.
    Rates are shares a year; a value holds until the next one of its series.

    Source: five-factor.md, "industry, macro and rate changes that change product demand".
    """
    joined = spine.left_join(_rates(tables, spine), "as_of_day")
    advantage = {
        product: joined[series["elsewhere"]] - joined[series["own"]] for product, series in ADVANTAGE.items()
    }
    columns = {f"market_advantage_{product}": value for product, value in advantage.items()}
    columns |= {
        f"market_policy_change_{days}d": joined[POLICY_RATE] - joined[f"policy_{days}"] for days in MOVES
    }
    found = joined.select(*KEYS, **columns)
    if "balances" not in tables:
        return found
    products = {"asset": ASSETS, **{name: (name,) for name in ADVANTAGE}}
    found = onto_spine(found, levels(tables, spine, products))
    return found.select(*KEYS, *columns, market_pull=_pull(found))


def _rates(tables: Tables, spine: ir.Table) -> ir.Table:
    """The value of every series that policy names at each as_of, and the policy rate some days before."""
    rows = known_of_all(tables, "market", spine)
    named = sorted({POLICY_RATE} | {name for pair in ADVANTAGE.values() for name in pair.values()})
    day = rows.as_of_day
    early = {
        f"last_{days}": ibis.ifelse(rows.event_day < day - days, rows.event_day, ibis.null("int32"))
        .max()
        .over(group_by=("series", "as_of_day"))
        for days in (0, *MOVES)
    }
    rows = rows.mutate(**early)

    def value(series: str, days: int) -> ir.FloatingScalar:
        return rows.value.max(where=(rows.series == series) & (rows.event_day == rows[f"last_{days}"]))

    return rows.group_by("as_of_day").aggregate(
        **{name: value(name, 0) for name in named},
        **{f"policy_{days}": value(POLICY_RATE, days) for days in MOVES},
    )


def _pull(joined: ir.Table) -> ir.FloatingValue:
    gain, is_known = ibis.literal(0.0), ibis.literal(False)  # noqa: FBT003 - a literal of the expression
    for product in ADVANTAGE:
        rate = joined[f"market_advantage_{product}"]
        gain = gain + rate.fill_null(0.0) * joined[f"{product}_0"].cast("float64")
        is_known = is_known | rate.notnull()
    share = gain / joined.asset_0.cast("float64")
    return ibis.ifelse(is_known & (joined.asset_0 > 0), share, ibis.null("float64"))
