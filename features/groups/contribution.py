"""Current contribution as features: the total, its families, what it costs, and which way it goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.groups.product_earnings import QUARTER, YEAR, product_earnings
from features.groups.service_costs import FEES, KINDS, event_sums
from features.policy.rates import FAMILIES, Product, Rates, read_rates
from features.windows import KEYS, Tables, counted, history_days, onto_spine, ratio, reached


def contribution(tables: Tables, spine: ir.Table) -> ir.Table:
    """What the products in use earned the bank in the last 365 days, less what they cost and may lose.

    One row per (customer_id, as_of) of `spine`. Whole minor units: sums of the rounded parts of
    `features.contribution.statement`. 0 where the bank's tables reach the window and hold nothing of the customer.

    Raises
    ------
    PolicyError
        A rate has no value on a day of a window of the run.

    Source: five-factor.md, "current contribution".
    """
    return contribution_at(tables, spine, read_rates())


def contribution_at(tables: Tables, spine: ir.Table, rates: Rates) -> ir.Table:
    """Return the same features under given rates."""
    check_rates(tables, rates)
    joined = spine
    for part in _sums(tables, spine, rates):
        joined = onto_spine(joined, part)
    return _features(tables, joined)


def check_rates(tables: Tables, rates: Rates) -> None:
    """Refuse a run with a day on which a rate has no value; see `Rates.check`."""
    for day in tables.as_of_days:
        rates.check(date(1970, 1, 1) + timedelta(days=day), YEAR)


def _sums(tables: Tables, spine: ir.Table, rates: Rates) -> list[ir.Table]:
    """Sums of rounded parts, one table per table of the bank, one row per KEYS in each."""
    found = []
    if "balances" in tables:
        found.append(_of_products(product_earnings(tables, spine, rates), rates))
    for table, kind in KINDS.items():
        if table in tables:
            sums = event_sums(tables, spine, rates, table)
            names = {f"{kind}_cost_{days}": f"cost_{days}" for days in (YEAR, QUARTER)}
            found.append(sums.rename(names))
    return found


def _of_products(earned: ir.Table, rates: Rates) -> ir.Table:
    """Add up a customer's products: margins by family, account costs, losses."""

    def total(part: str, days: int, products: list[Product]) -> ir.IntegerValue:
        values = (earned[f"{product.name}_{part}_{days}"] for product in products)
        return sum((value.cast("int64").fill_null(0) for value in values), start=ibis.literal(0, "int64"))

    everything = list(rates.products)
    at_risk = [product for product in everything if product.at_risk]
    parts: dict[str, ir.Value] = {}
    for days in (YEAR, QUARTER):
        for family in FAMILIES:
            members = [product for product in everything if product.family == family]
            parts[f"{family}_{days}"] = total("margin", days, members)
        parts[f"account_cost_{days}"] = total("account", days, everything)
        parts[f"loss_{days}"] = total("loss", days, at_risk)
    return earned.select(*KEYS, **parts)


def _features(tables: Tables, joined: ir.Table) -> ir.Table:
    def filled(name: str) -> ir.IntegerValue:
        value = joined[name] if name in joined.columns else ibis.literal(0, "int64")
        return value.cast("int64").fill_null(0)

    def of_window(days: int) -> Mapping[str, ir.IntegerValue]:
        income = {family: filled(f"{family}_{days}") for family in FAMILIES}
        income["payments"] = sum((filled(f"{fee}_{days}") for fee in FEES), start=ibis.literal(0, "int64"))
        costs = ("account_cost", *(f"{kind}_cost" for kind in KINDS.values()))
        cost = sum((filled(f"{name}_{days}") for name in costs), start=ibis.literal(0, "int64"))
        loss = filled(f"loss_{days}")
        gross = sum(income.values(), start=ibis.literal(0, "int64"))
        return {**income, "cost": cost, "expected_loss": loss, "gross": gross, "total": gross - cost - loss}

    year, quarter = of_window(YEAR), of_window(QUARTER)
    day, nothing = joined.as_of_day, ibis.null("float64")
    earned = [ibis.greatest(year[name], ibis.literal(0, "int64")) for name in (*FAMILIES, "payments")]
    share = ratio(ibis.greatest(*earned), sum(earned, start=ibis.literal(0, "int64")))
    history = history_days(tables, "balances", joined)
    observed = {days: ibis.least(history, ibis.literal(float(days))) for days in (YEAR, QUARTER)}
    trend = ratio(quarter["total"] * observed[YEAR], year["total"] * observed[QUARTER])
    is_reached = reached(tables, "balances", day)
    has_income = is_reached & (year["gross"] > 0)
    names = ("total", *FAMILIES, "cost", "expected_loss")
    return joined.select(
        *KEYS,
        **{f"contribution_{name}_365d": counted(tables, "balances", year[name], day) for name in names},
        contribution_payments_365d=counted(tables, "transactions", year["payments"], day),
        contribution_trend_90d_365d=ibis.ifelse(is_reached & (year["total"] > 0), trend, nothing),
        contribution_largest_share_365d=ibis.ifelse(is_reached, share, nothing),
        contribution_cost_over_income_365d=ibis.ifelse(
            has_income, ratio(year["cost"], year["gross"]), nothing
        ),
        contribution_observed_days_365d=observed[YEAR],
    )
