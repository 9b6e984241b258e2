"""The measures of signals on accounts, contacts and loans, in plain Python, written from their definitions.

Every evaluation is computed anew from the rows known at it: slow on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any

from features.tables import TABLES
from tests.handover import Bank
from tests.oracle_known import (
    EVENT,
    KEY,
    LATER_FACTS,
    Known,
    accepted_rows,
    first_day,
    is_announced,
    is_known,
    local_day,
    newest_versions,
    recorded_of,
    serving_profile,
    states,
    without_later_facts,
)
from tests.oracle_numbers import Exact, mean, ratio

Measures = dict[str, Exact | float | None]
Series = list[tuple[date, Measures]]

LOOKED_BACK = 7
MONTH = timedelta(days=30)
BUSINESS = ("micro", "corporate", "institution")
FESTIVALS = {
    2022: date(2022, 2, 1), 2023: date(2023, 1, 22), 2024: date(2024, 2, 10), 2025: date(2025, 1, 29),
}  # fmt: skip
BANKS_OWN = ("fee", "interest", "penalty_interest", "loan_disbursement", "loan_repayment")


class Person:
    """What the bank knew of one customer at any midnight."""

    def __init__(self, bank: Bank, state: Known, as_of: date) -> None:
        self.bank, self.state, self.as_of = bank, state, as_of
        self.customer_id: str = state["customer_id"]
        self.seen: dict[tuple[str, date], list[Known]] = {}

    def rows(self, table: str, moment: date) -> list[Known]:
        """The customer's rows of a table as they stood at a midnight, each with the `day` of its event."""
        if table not in self.bank.tables:
            return []
        if (table, moment) not in self.seen:
            rows = [
                row
                for row in versions(self.bank, table).get(self.customer_id, ())
                if row["from"] <= moment < row["until"]
            ]
            if table in LATER_FACTS:
                rows = [without_later_facts(self.bank, table, row, moment) for row in rows]
            self.seen[table, moment] = rows
        return self.seen[table, moment]

    def learned(self, table: str, wanted: Callable[[Known], bool] = lambda _: True) -> list[date]:
        """First midnights, up to as_of, at which some version of a row was known."""
        if table not in self.bank.tables:
            return []
        rows = [row for row in versions(self.bank, table).get(self.customer_id, ()) if wanted(row)]
        return [row["from"] for row in rows if row["from"] <= self.as_of]

    def observed(self, table: str, since: date) -> bool:
        """Whether the table can say something of the customer on every day from then on."""
        first = first_day(self.bank, table) if table in self.bank.tables else None
        return first is not None and max(first, self.state.get("opened_on") or first) <= since


@lru_cache(maxsize=64)
def versions(bank: Bank, table: str) -> Mapping[str, list[Known]]:
    """Accepted rows by customer, with the `day` of the event and the midnights `from` and `until` which each is known.

    A version gives way at the first midnight after a later one was recorded, whenever that one's event is.
    """
    of_key: dict[Any, list[Known]] = {}
    for row in accepted_rows(bank, table):
        of_key.setdefault(tuple(row.get(column) for column in KEY[table]), []).append(row)
    found: dict[str, list[Known]] = {}
    empty: Known = dict.fromkeys(column.name for column in TABLES[table].columns)
    for rows in of_key.values():
        until = date.max
        for row in sorted(rows, key=lambda row: recorded_of(table, row, bank.zone), reverse=True):
            since = known_from(bank, table, row)
            day = local_day(row[EVENT[table]], bank.zone)
            found.setdefault(row["customer_id"], []).append(
                {**empty, **row, "day": day, "from": since, "until": until}
            )
            recorded = row.get("recorded_at")
            until = min(until, local_day(recorded, bank.zone) + timedelta(days=1) if recorded else since)
    return found


def known_from(bank: Bank, table: str, row: Known) -> date:
    """The first midnight at which a version is known."""
    days = [local_day(row[EVENT[table]], bank.zone)]
    if row.get("recorded_at"):
        days.append(local_day(row["recorded_at"], bank.zone))
    return max(days) + timedelta(days=1)


def back(first: date, months: int) -> date:
    """The first of the month so many months earlier."""
    place = first.year * 12 + first.month - 1 - months
    return date(place // 12, place % 12 + 1, 1)


def firsts(as_of: date) -> list[date]:
    """Firsts of a month on which something is evaluated, newest first."""
    return [back(as_of.replace(day=1), months) for months in range(LOOKED_BACK)]


def evaluation_days(as_of: date, events: Iterable[date]) -> list[date]:
    """Firsts of months, as_of, and events between."""
    earliest = firsts(as_of)[-1]
    return sorted({as_of, *firsts(as_of), *(day for day in events if earliest < day < as_of)})


def between(rows: Iterable[Known], start: date, end: date) -> list[Known]:
    """Rows of the days from `start` until before `end`."""
    return [row for row in rows if start <= row["day"] < end]


def settled(person: Person, moment: date) -> list[Known]:
    """Payments between the customer and others."""
    return [
        row
        for row in person.rows("transactions", moment)
        if row["kind"] not in BANKS_OWN and row["counterparty_kind"] not in ("own_elsewhere", "nonbank_lender")
        and row["amount"] != 0
    ]  # fmt: skip


def inflow(person: Person) -> Series:
    found: Series = []
    for first in firsts(person.as_of):
        rows = settled(person, first)
        if not between(rows, back(first, 12), first):
            continue
        into = [row for row in rows if row["amount"] > 0]

        def total(start: date, end: date, into: list[Known] = into) -> int:
            return sum(row["amount"] for row in between(into, start, end))

        month = [total(back(first, n), back(first, n - 1)) for n in range(6, 0, -1)]
        year, last = total(back(first, 12), first), total(first - MONTH, first)
        usual = Fraction(year * 30, (first - back(first, 12)).days)
        shift = timedelta(days=lunar_days(first))
        before = total(first - MONTH - shift, first - shift)
        level = mean(month) or 0
        slope = Fraction(sum((2 * t - 5) * v for t, v in enumerate(month)), 35)
        figures: dict[str, tuple[date, Exact | float | None]] = {
            "inflow_30d": (first - MONTH, last),
            "inflow_month_mean_12m": (back(first, 12), usual),
            "inflow_30d_of_mean": (back(first, 12), ratio(last, usual)),
            "inflow_30d_of_lunar_year": (first - MONTH - shift, ratio(last, before)),
            "inflow_slope_6m": (back(first, 6), ratio(slope, level)),
        }
        whole = {name for name, (since, _) in figures.items() if person.observed("transactions", since)}
        found.append((first, {name: figures[name][1] if name in whole else None for name in figures}))
    return found


@lru_cache(maxsize=64)
def lunar_days(first: date) -> int:
    """Days to the same lunar period a year before the 30 days that end on the eve of `first`."""
    reach = MONTH
    now = {first - timedelta(days=n) for n in range(1, 31)}
    near_now = {FESTIVALS[first.year] + timedelta(days=n) for n in range(-30, 31)}
    before = {day - timedelta(days=365) for day in now}
    near_before = {
        FESTIVALS[first.year - 1] + n * timedelta(days=1) for n in range(-reach.days, reach.days + 1)
    }
    if now & near_now or before & near_before:
        return (FESTIVALS[first.year] - FESTIVALS[first.year - 1]).days
    return 365


def counterparties(person: Person) -> Series:
    found = []
    for first in firsts(person.as_of):
        rows = [row for row in settled(person, first) if row["counterparty_kind"] != "payment_institution"]
        year = between(rows, back(first, 12), first)
        payers = [row for row in year if row["amount"] > 0]
        payees = [row for row in year if is_payee(row)]
        suppliers = [
            row
            for row in rows
            if is_payee(row) and row["counterparty_kind"] == "supplier" and row["counterparty"]
        ]
        seen = between(suppliers, back(first, 15), first)
        habitual = {
            name
            for name in {row["counterparty"] for row in seen}
            if len(
                {
                    row["day"].replace(day=1)
                    for row in between(seen, back(first, 15), back(first, 3))
                    if row["counterparty"] == name
                }
            )
            >= 4
        }
        bought = [row for row in seen if row["counterparty"] in habitual]
        now = -sum(row["amount"] for row in between(bought, back(first, 3), first))
        before = -sum(row["amount"] for row in between(bought, back(first, 15), back(first, 12)))
        if not (payers or payees or habitual):
            continue
        figures: Measures = {"top_payer_share_12m": top(payers, 1), "top_payers_share_12m": top(payers, 3),
                             "top_payee_share_12m": top(payees, 1)}  # fmt: skip
        if not person.observed("transactions", back(first, 12)):
            figures = dict.fromkeys(figures)
        bills: Measures = {"supplier_payments_90d": now, "supplier_payments_90d_before": before,
                           "supplier_payments_growth": ratio(now - before, before)}  # fmt: skip
        is_whole = bool(habitual) and person.observed("transactions", back(first, 15))
        found.append((first, {**figures, **(bills if is_whole else dict.fromkeys(bills))}))
    return found


def is_payee(row: Known) -> bool:
    """Whether an outflow goes to somebody a business may depend on."""
    return (
        row["amount"] < 0
        and row["kind"] not in ("tax", "salary")
        and row["counterparty_kind"] not in ("authority", "employee")
    )


def top(rows: list[Known], places: int) -> Fraction | None:
    """The part of the largest counterparties; None where none is known."""
    sizes: dict[str, int] = {}
    for row in rows:
        if row["counterparty"] is not None:
            sizes[row["counterparty"]] = sizes.get(row["counterparty"], 0) + abs(row["amount"])
    largest = sorted(sizes.values())[-places:]
    return ratio(sum(largest), sum(abs(row["amount"]) for row in rows)) if largest else None


def in_spine(bank: Bank, as_of: date) -> list[Person]:
    """Everybody known at as_of."""
    return [Person(bank, state, as_of) for state in states(bank, as_of).values()]


def line_at(person: Person, moment: date) -> int | None:
    """The line of credit in the newest state known at a midnight."""
    if "credit_line" not in serving_profile(person.bank):
        return None
    rows = [
        row
        for row in of_customer(person.bank).get(person.customer_id, ())
        if is_announced(person.bank, "customers", row, moment)
    ]
    known = [
        row
        for row in newest_versions(person.bank, "customers", rows)
        if is_known(person.bank, "customers", row, moment)
    ]
    newest = max(known, key=lambda row: row.get("valid_from") or date.min, default={})
    line: int | None = newest.get("credit_line")
    return line


@lru_cache(maxsize=8)
def of_customer(bank: Bank) -> Mapping[str, list[Known]]:
    """Accepted states of every customer."""
    found: dict[str, list[Known]] = {}
    for row in accepted_rows(bank, "customers"):
        found.setdefault(row["customer_id"], []).append(row)
    return found
