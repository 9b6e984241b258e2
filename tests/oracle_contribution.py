"""The oracle's contribution: day by day and event by event, from raw rows and the text of the rates."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any

import yaml

from features.policy import policy_text
from tests.handover import Bank
from tests.oracle_balances import Stream
from tests.oracle_known import Known, first_day, local_day
from tests.oracle_numbers import Exact, ratio

Found = dict[str, Exact | float | None]
Lines = dict[tuple[str, str], int]
"""Amount by (product, part), in minor units."""

MILLION = 10**6
FAMILIES = ("deposits", "loans", "investments", "insurance", "payments")


@cache
def delivered() -> Mapping[str, Any]:
    """The rates as delivered, every value as text."""
    content: Mapping[str, Any] = yaml.load(policy_text("rates"), Loader=yaml.BaseLoader)
    return content


@cache
def rate(owner: str, name: str, day: int) -> int:
    """A rate in force on a day, in millionths."""
    steps = delivered()["rates"][owner][name]
    starts = [date.fromisoformat(step["from"]).toordinal() for step in steps]
    value = Fraction(steps[bisect_right(starts, day) - 1]["value"]) * MILLION
    assert value.denominator == 1
    return int(value)


def margin(product: str, day: int) -> int:
    """What a product earns a year on a day, in millionths of its balance."""
    earns = delivered()["products"][product]["earns"]
    if earns == "fee":
        return rate(product, "fee_rate", day)
    transfer = rate(product, "transfer_price", day)
    if earns == "funding":
        return transfer - rate(product, "rate_paid", day)
    return rate(product, "rate_charged", day) - transfer


def half_away(value: Fraction) -> int:
    """The nearest whole number; of two equally near, the one farther from zero."""
    size = (abs(value) + Fraction(1, 2)).__floor__()
    return size if value >= 0 else -size


def contribution_features(bank: Bank, state: Known, own: Mapping[str, list[Known]], as_of: date) -> Found:
    """Every feature of the group `contribution` for one customer that the bank's tables can fill."""
    year = lines_of(bank, own, as_of, 365)
    found: Found = {}
    family = families(year)
    if "transactions" in own:
        found["contribution_payments_365d"] = (
            family["payments"] if is_reached(bank, "transactions", as_of) else None
        )
    if "balances" not in own:
        return found
    total, quarter = sum(year.values()), sum(lines_of(bank, own, as_of, 90).values())
    costs = -sum(amount for (_, part), amount in year.items() if is_cost(part))
    income, earned = sum(family.values()), [max(0, amount) for amount in family.values()]
    reached = is_reached(bank, "balances", as_of)
    history = 0 if not reached else days_known(bank, state, as_of)
    seen = {days: min(days, history) for days in (90, 365)}
    values: Found = {
        "total": total,
        **{name: family[name] for name in FAMILIES[:-1]},
        "cost": costs,
        "expected_loss": -sum(amount for (_, part), amount in year.items() if part == "expected_loss"),
        "largest_share": ratio(max(earned), sum(earned)),
        "cost_over_income": ratio(costs, income) if income > 0 else None,
        "trend_90d": ratio(quarter * seen[365], total * seen[90]) if total > 0 else None,
    }
    found |= {f"contribution_{name}_365d": value if reached else None for name, value in values.items()}
    return found | {"contribution_observed_days_365d": seen[365]}


def is_reached(bank: Bank, table: str, as_of: date) -> bool:
    """Whether the table begins before as_of."""
    first = first_day(bank, table)
    return first is not None and first < as_of


def days_known(bank: Bank, state: Known, as_of: date) -> int:
    """Days from the later of the first day of balances and the opening of the relationship."""
    first = first_day(bank, "balances")
    assert first is not None
    return max(0, (as_of - max(first, state.get("opened_on") or first)).days)


def families(lines: Lines) -> dict[str, int]:
    """Margins by family, and payments: fees and penalty interest."""
    found = dict.fromkeys(FAMILIES, 0)
    for (product, part), amount in lines.items():
        if part == "margin":
            found[delivered()["products"][product]["family"]] += amount
        elif product == "payments":
            found["payments"] += amount
    return found


def is_cost(part: str) -> bool:
    return part == "account_cost" or part.startswith(("contact_", "transaction_"))


def lines_of(bank: Bank, own: Mapping[str, list[Known]], as_of: date, days: int) -> Lines:
    """The statement of one customer over the last days before as_of."""
    found: Lines = {}
    if "balances" in own:
        found |= product_lines(own["balances"], arrears_class(bank, own, as_of), as_of, days)
    if "contacts" in own:
        found |= event_lines(bank, "contact", own["contacts"], as_of, days)
    if "transactions" in own:
        rows = inside(own["transactions"], bank, as_of, days)
        found |= event_lines(bank, "transaction", own["transactions"], as_of, days)
        for fee in ("fee", "penalty_interest"):
            paid = [-row["amount"] for _, row in rows if row["kind"] == fee]
            found |= {("payments", fee): sum(paid)} if paid else {}
    return found


def product_lines(rows: list[Known], arrears: str, as_of: date, days: int) -> Lines:
    """Margin, account cost and expected loss of every priced product, day by day."""
    stream, end = Stream(rows, "own"), as_of.toordinal()
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for day in range(end - days, end):
        reported = stream.date_before(day)
        if reported is None:
            continue
        for product, balance in stream.reports[reported].items():
            if product not in delivered()["products"]:
                continue
            sums[product, "margin"] += balance * margin(product, day)
            if balance != 0:
                sums[product, "account_cost"] -= minor(rate(product, "account_cost", day))
            if delivered()["products"][product]["at_risk"] == "true":
                share = rate(product, "loss_given_default", day)
                chance = rate("default_probability", arrears, day)
                sums[product, "expected_loss"] -= max(0, balance) * share * chance
    unit = {"margin": MILLION, "account_cost": 1, "expected_loss": MILLION**2}
    year = int(delivered()["days_in_year"])
    return {key: half_away(Fraction(value, year * unit[key[1]])) for key, value in sums.items()}


def minor(millionths: int) -> int:
    """A cost in fen."""
    return half_away(Fraction(millionths * 100, MILLION))


def arrears_class(bank: Bank, own: Mapping[str, list[Known]], as_of: date) -> str:
    """How late the oldest instalment is of which something is still to be paid."""
    if "repayments" not in own or not is_reached(bank, "repayments", as_of):
        return "not_known"
    days = 0
    for row in own["repayments"]:
        owed = row["due_principal"] + row["due_interest"]
        stated = row.get("paid_amount")
        paid = 0 if row.get("paid_on") is None else owed if stated is None else stated
        if owed > 0 and paid < owed:
            days = max(days, (as_of - row["due_on"]).days)
    classes: Mapping[str, str] = delivered()["arrears"]
    return max((int(start), code) for code, start in classes.items() if int(start) <= days)[1]


def inside(rows: Iterable[Known], bank: Bank, as_of: date, days: int) -> list[tuple[int, Known]]:
    """Events of the last days before as_of, each with its day in the bank's zone."""
    dated = [(local_day(row["occurred_at"], bank.zone).toordinal(), row) for row in rows]
    return [(day, row) for day, row in dated if as_of.toordinal() - days <= day < as_of.toordinal()]


def event_lines(bank: Bank, kind: str, rows: list[Known], as_of: date, days: int) -> Lines:
    """The cost of events by channel, as amounts below zero."""
    cost: Counter[tuple[str, str]] = Counter()
    for day, row in inside(rows, bank, as_of, days):
        channel = row.get("channel") or "unstated"
        cost["service", f"{kind}_{channel}"] -= minor(rate(kind, channel, day))
    return dict(cost)
