"""The oracle's statements: pairs of a year, measures of rules, habits of handing in, and the features.

Written from warning-signals.md and the definitions of measures and features: dates and fractions, one customer at
a time. What the industry does, and what is overdue beside a statement: `oracle_industry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from tests.handover import Bank
from tests.oracle_known import (
    Known,
    accepted_rows,
    by_customer,
    first_day,
    known_rows,
    local_day,
    recorded_of,
)
from tests.oracle_numbers import Exact, answer, ratio

Measures = dict[str, Any]
Evaluation = tuple[date, Measures]
Evaluations = dict[str, list[Evaluation]]
Pair = tuple[Known, Known]

DAY = timedelta(days=1)
WAITS = (("month", 1, 30), ("quarter", 3, 45), ("half_year", 6, 60), ("year", 24, 120))
BESIDE = (
    "sales",
    "receivables",
    "net_profit",
    "cash",
    "equity",
    "pre_tax_profit",
    "fixed_assets",
    "inventory",
)


def known_on(bank: Bank, row: Known) -> date:
    """First as-of date at which a statement is known: after its period, its receipt and its recording."""
    days = [row["period_end"], row.get("received_on"), row.get("recorded_at")]
    return max(local_day(day, bank.zone) for day in days if day is not None) + DAY


def plus(*values: int | None) -> int | None:
    """Sum; None if one is not known."""
    return None if None in values else sum(value for value in values if value is not None)


def over(part: Exact | None, whole: Exact | None) -> Fraction | None:
    """Part of a positive whole."""
    return ratio(part, whole) if whole is not None and whole > 0 else None


def grown(now: int | None, before: int | None) -> Fraction | None:
    """Growth over a positive base."""
    share = over(now, before)
    return None if share is None else share - 1


def minus(one: Exact | None, other: Exact | None) -> Exact | None:
    return None if one is None or other is None else one - other


def pairs_at(statements: Sequence[Known]) -> Iterable[Pair]:
    """Each statement with that of equal months whose end is nearest to a year before."""
    for row in statements:
        base = nearest(row, statements)
        if base is not None:
            yield row, base


def candidates(row: Known, statements: Sequence[Known]) -> list[Known]:
    """Statements of equal months that ended a year before, give or take a week; nearest first, then latest."""
    near = [
        other
        for other in statements
        if other["months"] == row["months"] and 358 <= (row["period_end"] - other["period_end"]).days <= 372
    ]
    return sorted(near, key=lambda other: _off(row, other))


def _off(row: Known, other: Known) -> tuple[int, int]:
    days = (row["period_end"] - other["period_end"]).days
    return abs(days - 365), days


def nearest(row: Known, statements: Sequence[Known]) -> Known | None:
    return next(iter(candidates(row, statements)), None)


def statement_measures(
    bank: Bank, statements: list[Known], beside: Mapping[tuple[date, int], list[Evaluation]]
) -> list[Evaluation]:
    """Evaluations of one customer; `beside` are those against the industry, by period."""
    rows: dict[tuple[int, date, date], Measures] = {}

    def add(row: Known, day: date, measures: Measures) -> None:
        held = rows.setdefault((row["months"], row["period_end"], day), {})
        for name, value in measures.items():
            if value is not None and (held.get(name) is None or value > held[name]):
                held[name] = value

    for row in statements:
        add(row, known_on(bank, row), alone(row))
        for day, measures in beside.get((row["period_end"], row["months"]), ()):
            add(row, day, measures)
        chains = [
            (base, earlier)
            for base in candidates(row, statements)
            for earlier in candidates(base, statements)
        ]
        if chains:
            base, earlier = chains[0]
            day = max(known_on(bank, one) for one in (row, base, earlier))
            two = {"sales_growth": grown(row.get("sales"), base.get("sales"))}
            two["sales_growth_before"] = grown(base.get("sales"), earlier.get("sales"))
            add(row, day, two)
    for row, base in pairs_at(statements):
        add(row, max(known_on(bank, row), known_on(bank, base)), compared(row, base))
    return list(without_late_history(rows))


def without_late_history(rows: Mapping[tuple[int, date, date], Measures]) -> Iterable[Evaluation]:
    """Figures known before any of a later period of equal months."""
    for (months, end, day), measures in rows.items():
        later = [other[2] for other in rows if other[0] == months and other[1] > end]
        if all(day < one for one in later):
            yield day, measures


def alone(row: Known) -> Measures:
    """What one period says by itself."""
    fair, income, expense = (
        row.get("fair_value_change"),
        row.get("non_operating_income"),
        row.get("non_operating_expense"),
    )
    working = minus(row.get("current_assets"), row.get("current_liabilities"))
    sales = row.get("sales")
    extra = None if income is None or expense is None else max(abs(income), abs(expense))
    profit = row.get("pre_tax_profit")
    operating = (
        None if profit is None or income is None or expense is None else abs(profit - income + expense)
    )
    return {
        "investment_income": row.get("investment_income"),
        "securities_loss": None if fair is None else over(max(-fair, 0), minus(row.get("securities"), fair)),
        "paid_in_capital": row.get("paid_in_capital"),
        "capital_due": row.get("capital_due"),
        "paid_in_share": over(row.get("paid_in_capital"), row.get("capital_due")),
        "working_capital": working,
        "working_capital_of_sales": over(working, sales and Fraction(sales * 12, row["months"])),
        "non_operating_of_profit": over(extra, operating),
        "non_operating_of_sales": over(extra, sales),
        "related_receivables_share": over(row.get("related_receivables"), row.get("receivables")),
        "intangibles_share": over(row.get("intangibles"), row.get("total_assets")),
        "non_core_share": over(row.get("non_core_income"), plus(sales, row.get("non_core_income"))),
        "capacity_use": row.get("capacity_use"),
    }


def days(row: Known, stock: str, flow: str) -> Fraction | None:
    """Stock over the flow of a day, the flow brought to a year of 365 days."""
    share = over(row.get(stock), row.get(flow))
    return None if share is None else share * Fraction(row["months"] * 365, 12)


def ratios(row: Known) -> Measures:
    """What a period says that is compared with the same of a year before."""
    wear = over(row.get("depreciation"), row.get("fixed_assets"))
    return {
        **{name: row.get(name) for name in BESIDE},
        "debt": plus(row.get("long_term_debt"), row.get("short_term_debt")),
        "receivable_days": days(row, "receivables", "sales"),
        "inventory_days": days(row, "inventory", "cost_of_sales"),
        "cost_ratio": over(row.get("cost_of_sales"), row.get("sales")),
        "depreciation_rate": None if wear is None else wear * Fraction(12, row["months"]),
        "capacity_use": row.get("capacity_use"),
        "operating_cash_flow": row.get("operating_cash_flow"),
        "capital_spending_of_depreciation": over(row.get("capital_spending"), row.get("depreciation")),
    }


def compared(row: Known, base: Known) -> Measures:
    """A period against that of a year before."""
    now, before = ratios(row), ratios(base)
    growth = {
        name: grown(now[name], before[name])
        for name in (*BESIDE, "debt", "receivable_days", "inventory_days", "depreciation_rate")
    }
    use, use_before = now["capacity_use"], before["capacity_use"]
    return {
        **now,
        **{f"{name}_before": value for name, value in before.items()},
        **{f"{name}_growth": value for name, value in growth.items()},
        "receivables_growth_over_sales": minus(growth["receivables"], growth["sales"]),
        "fixed_assets_growth_over_sales": minus(growth["fixed_assets"], growth["sales"]),
        "debt_rise_of_assets": (
            over(minus(now["debt"], before["debt"]), row.get("total_assets"))
            if (before["debt"] or 0) > 0
            else None
        ),
        "cost_ratio_change": minus(now["cost_ratio"], before["cost_ratio"]),
        "net_cash_flow": row.get("net_cash_flow"),
        "fixed_assets_share": over(row.get("fixed_assets"), row.get("total_assets")),
        "disposal_income": row.get("disposal_income"),
        "capacity_use_change": None if use is None or use_before is None else use - use_before,
    }


@lru_cache(maxsize=64)
def held_versions(bank: Bank) -> Mapping[str, list[tuple[date, Known]]]:
    """Per customer every version of a statement that held for at least a day, and the first such day."""
    found: dict[str, list[tuple[date, Known]]] = {}
    for customer_id, rows in by_customer(accepted_rows(bank, "statements")).items():
        for row in rows:
            after = [
                _announced_on(bank, other)
                for other in rows
                if _key(other) == _key(row)
                and recorded_of("statements", other, bank.zone) > recorded_of("statements", row, bank.zone)
            ]
            first = known_on(bank, row)
            if all(first < day for day in after):
                found.setdefault(customer_id, []).append((first, row))
    return found


def _key(row: Known) -> tuple[int, date]:
    return row["months"], row["period_end"]


def _announced_on(bank: Bank, row: Known) -> date:
    recorded = row.get("recorded_at")
    return known_on(bank, row) if recorded is None else local_day(recorded, bank.zone) + DAY


def arrivals(bank: Bank, customer_id: str, as_of: date) -> dict[int, list[tuple[date, date, date]]]:
    """By months, in order: end of a period handed in, when it was first known, and when it was received."""
    now = {_key(row): row for row in known_rows_of(bank, customer_id, as_of)}
    first: dict[tuple[int, date], date] = {}
    for day, row in held_versions(bank).get(customer_id, ()):
        if day <= as_of:
            first[_key(row)] = min(day, first.get(_key(row), day))
    found: dict[int, list[tuple[date, date, date]]] = {}
    for (months, end), day in sorted(first.items()):
        received = now[months, end].get("received_on") if (months, end) in now else None
        found.setdefault(months, []).append((end, day, received or day - DAY))
    return found


@lru_cache(maxsize=64)
def _known_by_customer(bank: Bank, as_of: date) -> Mapping[str, list[Known]]:
    return by_customer(known_rows(bank, "statements", as_of))


def known_rows_of(bank: Bank, customer_id: str, as_of: date) -> list[Known]:
    """The customer's statements as known at as_of."""
    return _known_by_customer(bank, as_of).get(customer_id, [])


def months_later(end: date, months: int) -> date:
    """End of the period that ends so many months later: the day after it moves, at most to the 28th."""
    after = end + DAY
    place = after.year * 12 + after.month - 1 + months
    return date(place // 12, place % 12 + 1, min(after.day, 28)) - DAY


def limit_of(months: int) -> tuple[str, int]:
    return next((name, days) for name, longest, days in WAITS if months <= longest)


def expectations(bank: Bank, customer_id: str, as_of: date) -> Iterable[tuple[int, int, date | None, date]]:
    """Expected statements: months, days waited, when it or a later one became known, first day it could be late."""
    for months, came in arrivals(bank, customer_id, as_of).items():
        for place in range(1, len(came)):
            steps = [
                (2 * (later - earlier).days * 48 + 1461) // 2922
                for (earlier, *_), (later, *_) in pairwise(came[: place + 1])
            ]
            habit = min((step for step in steps if step > 0), default=0)
            if not 1 <= habit <= 12:
                continue
            habit_known = max(day for _, day, _ in came[: place + 1])
            end = months_later(came[place][0], habit)
            then = came[place + 1] if place + 1 < len(came) else None
            if then is not None and then[1] <= habit_known:
                continue
            if then is not None and then[0] <= end + 7 * DAY:
                end = then[0]
            waited = ((as_of if then is None else then[2]) - end).days
            late_on = max(end + (limit_of(months)[1] + 1) * DAY, habit_known)
            yield months, waited, None if then is None else then[1], late_on


def lateness(bank: Bank, customer_id: str, as_of: date) -> list[Evaluation]:
    """Evaluations of waiting: on the day after the limit, and on the day on which something came."""
    found: dict[date, Measures] = {}

    def add(day: date, months: int, waited: int) -> None:
        held = found.setdefault(day, {f"{name}_statement_wait": None for name, *_ in WAITS})
        name = f"{limit_of(months)[0]}_statement_wait"
        held[name] = waited if held[name] is None else max(waited, held[name])

    for months, waited, came, late_on in expectations(bank, customer_id, as_of):
        is_late = waited > limit_of(months)[1]
        if is_late and (came is None or late_on < came):
            add(late_on, months, waited)
        if came is not None:
            add(came, months, 0 if is_late else waited)
    return list(found.items())


def statement_features(bank: Bank, state: Known, rows: list[Known], as_of: date) -> dict[str, Any]:
    """Every feature of the group `statements` for one customer; `rows` are his statements known at as_of."""
    newest = max(rows, key=lambda row: (row["period_end"], row["months"]), default=None)
    row: Known = newest or {"months": 12}
    base = None if newest is None else nearest(newest, rows)
    change = compared(row, base) if base is not None else {}
    months = row["months"]
    start = first_day(bank, "statements")
    waits = list(expectations(bank, state["customer_id"], as_of))
    late = [max(waited - limit_of(m)[1], 0) if came is None else 0 for m, waited, came, _ in waits]
    sales, cost = row.get("sales"), row.get("cost_of_sales")
    profit, assets = row.get("net_profit"), row.get("total_assets")
    interest = row.get("interest_expense")
    found: dict[str, Exact | None] = {
        "statement_sales_level": None if sales is None else Fraction(sales * 12, months),
        "statement_assets_level": assets,
        "statement_gross_margin": over(minus(sales, cost), sales),
        "statement_net_margin": over(profit, sales),
        "statement_cost_ratio": over(plus(cost, row.get("operating_expenses")), sales),
        "statement_return_on_assets": None if profit is None else over(Fraction(profit * 12, months), assets),
        "statement_operating_cash_share": over(row.get("operating_cash_flow"), sales),
        "statement_debt_ratio": over(row.get("total_liabilities"), assets),
        "statement_current_ratio": over(row.get("current_assets"), row.get("current_liabilities")),
        "statement_interest_cover": over(plus(row.get("pre_tax_profit"), interest), interest),
        "statement_cash_share": over(row.get("cash"), assets),
        "statement_fixed_asset_share": over(row.get("fixed_assets"), assets),
        "statement_receivable_days": days(row, "receivables", "sales"),
        "statement_inventory_days": days(row, "inventory", "cost_of_sales"),
        "statement_late_days": max(late, default=None),
        "statement_gap_days": None if newest is None else (as_of - newest["period_end"]).days,
        "statement_history_days": (
            0 if start is None else max(0, (as_of - max(start, state.get("opened_on") or start)).days)
        ),
        "statement_cost_ratio_change": change.get("cost_ratio_change"),
    }
    for name, figure in (("sales", "sales"), ("profit", "net_profit"), ("equity", "equity"), ("debt", "debt"),
                         ("receivable", "receivables"), ("inventory", "inventory"),
                         ("fixed_asset", "fixed_assets")):  # fmt: skip
        found[f"statement_{name}_growth"] = change.get(f"{figure}_growth")
    return {name: answer(value) for name, value in found.items()}
