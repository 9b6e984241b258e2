"""What serving a customer cost, and what payments brought: contacts and transactions, counted and priced."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.groups import transaction_stages as stages
from features.groups.product_earnings import QUARTER, YEAR
from features.policy.dated import Series
from features.policy.rates import CHANNELS, Rates, day_of, minor_units
from features.segments import at_moments, knowledge, recent
from features.windows import KEYS, Tables, Window, known

KINDS = {"contacts": "contact", "transactions": "transaction"}
FEES = ("fee", "penalty_interest")
UNSTATED = "unstated"


def event_sums(tables: Tables, spine: ir.Table, rates: Rates, table: str) -> ir.Table:
    """Cost of a customer's contacts or transactions, and fees paid, over 365 and 90 days.

    One row per (customer_no, as_of_day) with such an event in the year: `cost_<days>`, and of transactions
    `<fee>_<days>`, in minor units; a fee is positive where the bank took it.
    """
    summed = _contact_parts if table == "contacts" else _transaction_parts
    parts = at_moments(
        tables, tables.share(f"contribution_{table}", lambda: summed(tables, rates)), spine, YEAR
    )
    is_late = parts.segment >= parts.as_of_day - QUARTER
    measures = ("cost", *(FEES if table == "transactions" else ()))
    return parts.group_by(*KEYS).aggregate(
        **{f"{name}_{YEAR}": parts[name].sum() for name in measures},
        **{f"{name}_{QUARTER}": parts[name].sum(where=is_late) for name in measures},
    )


def _contact_parts(tables: Tables, rates: Rates) -> ir.Table:
    """Cost of the contacts of each customer and segment of time."""
    rows = recent(tables, "contacts", (YEAR, QUARTER))
    channels = {code: rows.channel == code for code in CHANNELS["contact"]}
    cost = _cost(rows, channels, _prices(rates, "contacts"), tables.currency_decimals)
    return rows.group_by("customer_no", "segment", *knowledge(tables)).aggregate(cost=cost.sum())


def _transaction_parts(tables: Tables, rates: Rates) -> ir.Table:
    """Cost of the transactions of each customer and segment of time, and the fees among them.

    The rows are those that the group `transactions` reads: a large table is read once.
    """
    rows = stages.rows_seen(tables)
    channels = {code: rows.channel == place for place, code in enumerate(stages.CHANNELS)}
    cost = _cost(
        rows,
        channels | {UNSTATED: rows.channel.isnull()},
        _prices(rates, "transactions"),
        tables.currency_decimals,
    )
    fees = {fee: (-rows.amount).sum(where=rows.kind == stages.KINDS.index(fee)) for fee in FEES}
    return rows.group_by("customer_no", "segment", *knowledge(tables)).aggregate(cost=cost.sum(), **fees)


def event_costs(tables: Tables, spine: ir.Table, rates: Rates, table: str) -> ir.Table:
    """Return the same costs and fees by channel, for statements.

    One row per (customer_no, as_of_day) and channel (`unstated`: none noted) with such an event in the
    year: `events`, `cost` in minor units, and of transactions `<fee>` with its number `<fee>_events`.
    """
    rows = known(tables, table, spine)
    rows = rows.filter(Window(YEAR).holds(rows.event_day, rows.as_of_day))
    rows = rows.mutate(channel=rows.channel.fill_null(UNSTATED))
    channels = {code: rows.channel == code for code in CHANNELS[KINDS[table]]}
    cost = _cost(rows, channels, _prices(rates, table), tables.currency_decimals)
    parts = {"events": rows.count(), "cost": cost.sum()}
    for fee in FEES if table == "transactions" else ():
        parts[fee] = (-rows.amount).sum(where=rows.kind == fee)
        parts[f"{fee}_events"] = rows.count(where=rows.kind == fee)
    return rows.group_by(*KEYS, "channel").aggregate(**parts)


def _cost(
    rows: ir.Table, channels: Mapping[str, ir.BooleanValue], prices: Mapping[str, Series], decimals: int
) -> ir.IntegerValue:
    """Return the cost of each event by its channel, in minor units."""
    costs = [(is_channel, _on_day(rows, prices[code], decimals)) for code, is_channel in channels.items()]
    return ibis.cases(*costs, else_=ibis.null("int64"))


def _prices(rates: Rates, table: str) -> Mapping[str, Series]:
    """Return by channel what an event of a table costs."""
    kind = KINDS[table]
    return {code: rates.series[f"{kind}.{code}"] for code in CHANNELS[kind]}


def _on_day(rows: ir.Table, series: Series, decimals: int) -> ir.IntegerValue:
    """Return the cost in force on the day of each row."""
    first, *later = series.steps
    cost: ir.IntegerValue = ibis.literal(minor_units(first.millionths, decimals), "int64")
    for step in later:
        price = ibis.literal(minor_units(step.millionths, decimals), "int64")
        cost = ibis.ifelse(rows.event_day >= day_of(step.start), price, cost)
    return cost
