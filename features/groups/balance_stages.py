"""Balances as the groups need them: a row per reporting date, worked out once for each as_of."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.tables import PRODUCTS
from features.windows import KEYS, Tables, exact, known

_POLICY = read_policy("balances")
ASSETS: tuple[str, ...] = tuple(_POLICY["assets"])
DEPOSITS: tuple[str, ...] = tuple(_POLICY["deposits"])
INVESTMENTS: tuple[str, ...] = tuple(_POLICY["investments"])
LOANS: tuple[str, ...] = tuple(_POLICY["loans"])
LIABILITIES: tuple[str, ...] = tuple(_POLICY["liabilities"])
STALE_DAYS: int = int(_POLICY["stale_after_days"])
YEAR = 365


def own_reports(tables: Tables, spine: ir.Table) -> ir.Table:
    """What a customer has and owes at this bank, per reporting date of the year before as_of.

    One row per (customer_no, as_of_day, event_day): a column per product, null where the date has none of it, `held`
    products above 0, and `asset`, `deposit`, `investment`, `liability`. Minor units (int64). `start` to `end` are the
    days on which it holds (see `segments`); `day_before` and `asset_before` are those of the reporting date before,
    null of the first.
    """

    def stage() -> ir.Table:
        rows = _recent(tables, spine)
        return _by_date(rows.filter(rows.bank.fill_null("own") == "own"))

    return tables.once("balances_own", stage)


def elsewhere_reports(tables: Tables, spine: ir.Table) -> ir.Table:
    """What a customer is known to have at other banks, in the form of `own_reports`."""

    def stage() -> ir.Table:
        rows = _recent(tables, spine)
        return _by_date(rows.filter(rows.bank == "elsewhere"))

    return tables.once("balances_elsewhere", stage)


def _recent(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(tables, "balances", spine)
    return rows.filter(rows.event_day >= rows.as_of_day - YEAR - STALE_DAYS)


def _by_date(rows: ir.Table) -> ir.Table:
    # A product has one row a date; its highest balance stays 64-bit, where DuckDB makes a sum 128-bit and slow.
    each = rows.group_by(*KEYS, "event_day").aggregate(
        **{product: rows.balance.max(where=rows["product"] == product) for product in PRODUCTS},
        held=rows.count(where=rows.balance > 0),
    )
    each = each.mutate(asset=_total(each, ASSETS))
    # One sort gives all that hangs on the order of the dates; the other sums need not be carried through it.
    ordered = each.mutate(
        **_held_days(each),
        day_before=each.event_day.lag().over(group_by=KEYS, order_by="event_day"),
        asset_before=each.asset.lag().over(group_by=KEYS, order_by="event_day"),
    )
    return ordered.mutate(
        deposit=_total(ordered, DEPOSITS),
        investment=_total(ordered, INVESTMENTS),
        liability=_total(ordered, LIABILITIES),
    )


def _total(each: ir.Table, products: tuple[str, ...]) -> ir.IntegerValue:
    return sum((each[product].fill_null(0) for product in products), ibis.literal(0, "int64"))


def reports(rows: ir.Table) -> ir.Table:
    """Add up a customer's products per reporting date: a product missing on it counts as 0.

    One row per (customer_id, as_of, event_day).
    """

    def total(products: tuple[str, ...]) -> ir.IntegerScalar:
        return rows.balance.sum(where=rows["product"].isin(products)).fill_null(0).cast("int64")

    return rows.group_by(*KEYS, "event_day").aggregate(asset=total(ASSETS), loan=total(LOANS))


def segments(reported: ir.Table) -> ir.Table:
    """Add the days on which each reporting date's value holds: `start` to `end`, both included."""
    return reported.mutate(**_held_days(reported))


def _held_days(reported: ir.Table) -> dict[str, ir.IntegerValue]:
    later = reported.event_day.lead().over(group_by=KEYS, order_by="event_day")
    limit = reported.event_day + STALE_DAYS
    end = ibis.ifelse(later.isnull() | (later > limit), limit, later)
    return {"start": (reported.event_day + 1).cast("int64"), "end": end.cast("int64")}


def overlap(part: ir.Table, first: ir.IntegerValue, last: ir.IntegerValue) -> ir.IntegerValue:
    """Count the days of a segment that lie in `first` to `last`, both included."""
    begin = ibis.greatest(part.start, first.cast("int64"))
    stop = ibis.least(part.end, last.cast("int64"))
    return ibis.greatest(stop - begin + 1, ibis.literal(0, "int64"))


def on_day(reported: ir.Table, days_ago: int = 0) -> ir.Table:
    """Segments that hold on the day `days_ago` before as_of: at most one row per KEYS."""
    day = reported.as_of_day - days_ago
    return reported.filter(reported.start <= day, reported.end >= day)


def squared(value: ir.IntegerValue) -> ir.DecimalValue:
    """The square of an amount, exact however large."""
    return exact(value) * exact(value)
