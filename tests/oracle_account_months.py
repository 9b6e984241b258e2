"""Month-end balances, withdrawals, payroll and trading in plain Python: the other measures of signals by month."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from tests.oracle_accounts import MONTH, Measures, Person, Series, back, between, firsts, settled, versions
from tests.oracle_known import Known
from tests.oracle_numbers import Exact, ratio

DEPOSITS = ("demand_deposit", "term_deposit")
ASSETS = (*DEPOSITS, "wealth", "fund", "bond", "insurance")


def deposits(person: Person) -> Series:
    found = []
    for first in firsts(person.as_of):
        held = [month_end(person, first, n, ("own",), DEPOSITS) for n in range(1, 5)]
        paid = settled(person, first)
        turnover: list[int | None] = [
            sum(abs(row["amount"]) for row in between(paid, back(first, n), back(first, n - 1)))
            for n in range(1, 5)
        ]
        if not any(turnover) and all(amount is None for amount in held):
            continue
        if not person.observed("transactions", back(first, 4)):
            turnover = [None] * 4
        found.append((first, {**falling("deposits", held), **falling("settlement", turnover)}))
    return found


def falling(name: str, newest_first: list[int | None]) -> Measures:
    """Level, level three months before, months in a row below the one before, change."""
    now, before = newest_first[0], newest_first[3]
    count: int | None = 0
    if None in newest_first:
        count = None
    else:
        amounts = [amount for amount in newest_first if amount is not None]
        while count is not None and count < 3 and amounts[count] < amounts[count + 1]:
            count += 1
    has_change = now is not None and before is not None and before > 0
    return {
        f"{name}_now": now,
        f"{name}_3m_before": before,
        f"{name}_falling_months": count,
        f"{name}_change_3m": Fraction(now - before, before) if has_change else None,  # type: ignore[operator]
    }


def month_end(
    person: Person, first: date, months: int, places: tuple[str, ...], products: tuple[str, ...] | None
) -> int | None:
    """Balances on the newest reporting date of a month; None without one."""
    start, end = back(first, months), back(first, months - 1)
    rows = [
        row
        for row in person.rows("balances", first)
        if row["bank"] in places and start <= row["held_on"] < end
    ]
    last = max((row["held_on"] for row in rows), default=None)
    if last is None:
        return None
    total: int = sum(
        row["balance"]
        for row in rows
        if row["held_on"] == last and (products is None or row["product"] in products)
    )
    return total


def withdrawals(person: Person) -> Series:
    found = []
    for first in firsts(person.as_of):
        rows = between(person.rows("transactions", first), first - MONTH, first)
        taken = max((-row["amount"] for row in rows if row["amount"] < 0 and row["kind"] in ("cash", "transfer")
                     and row["started_by"] == "customer"), default=0)  # fmt: skip
        ends = [month_end(person, first, n, ("own",), ASSETS) for n in range(1, 13)]
        known = [amount for amount in ends if amount is not None]
        share = ratio(taken * len(known), sum(known)) if len(known) >= 6 and sum(known) > 0 else None
        is_whole = person.observed("transactions", first - MONTH)
        found.append((first, {
            "withdrawal_30d": taken if is_whole else None,
            "withdrawal_of_assets": None if not is_whole else 0 if taken == 0 else share,
        }))  # fmt: skip
    return found


def payroll(person: Person) -> Series:
    found = []
    for first in firsts(person.as_of):
        rows = [
            row
            for row in settled(person, first)
            if row["kind"] == "salary" and row["amount"] < 0 and row["counterparty"]
        ]
        paid = {row["counterparty"] for row in between(rows, back(first, 2), first)}
        paid_before = {row["counterparty"] for row in between(rows, back(first, 8), back(first, 6))}
        notes = [row for row in person.rows("facts", first) if row["code"] == "headcount_on_payroll"]
        if not between(rows, back(first, 8), first) and not notes:
            continue
        now: Exact | float | None = in_force(notes, first)
        before: Exact | float | None = in_force(notes, back(first, 6))
        if paid_before and person.observed("transactions", back(first, 8)):
            now, before = len(paid), len(paid_before)
        growth = (
            None
            if now is None or before is None or before <= 0
            else (float(now) - float(before)) / float(before)
        )
        found.append(
            (first, {"headcount": now, "headcount_6m_before": before, "headcount_growth_6m": growth})
        )
    return found


def in_force(notes: list[Known], day: date) -> float | None:
    """The newest note before a day, if its validity has not passed by then."""
    newest = max(
        (row for row in notes if row["noted_on"] < day), key=lambda row: row["noted_on"], default=None
    )
    if newest is None or (newest["valid_until"] is not None and newest["valid_until"] < day):
        return None
    value: float | None = newest["value"]
    return value


def trading(person: Person) -> Series:
    def trades(moment: date) -> list[date]:
        return [
            row["closed_on"]
            for row in person.rows("holdings", moment)
            if row["product"] in ("wealth", "fund", "bond") and row["closed_on"] is not None
            and (row["closed_on"] - row["opened_on"]).days <= 90
        ]  # fmt: skip

    ever = [
        row
        for row in versions(person.bank, "holdings").get(person.customer_id, ())
        if row["product"] in ("wealth", "fund", "bond") and row["closed_on"] is not None
        and (row["closed_on"] - row["opened_on"]).days <= 90 and row["closed_on"] < person.as_of
        and row["from"] <= person.as_of
    ]  # fmt: skip
    found: Series = []
    for first in firsts(person.as_of) if ever else ():
        ages = [(first - closed).days for closed in trades(first)]
        new, habit = sum(age <= 90 for age in ages), sum(90 < age <= 450 for age in ages)
        is_whole = person.observed("holdings", first - timedelta(days=450))
        usual = max(Fraction(habit, 4), Fraction(1))
        found.append(
            (
                first,
                {
                    "trades_90d": new if is_whole else None,
                    "trades_of_habit": new / usual if is_whole else None,
                },
            )
        )
    return found
