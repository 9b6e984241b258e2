"""An independent computation of status and labels, from the raw tables, in plain Python.

Labels look at what the bank knew at `data_until`, status at what was known at as_of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from tests.handover import Bank
from tests.oracle_balances import ASSETS, Stream, held
from tests.oracle_known import Known, by_customer, final_rows, known_rows, local_day, states
from tests.oracle_numbers import Value, answer

Target = Literal["churn", "growth", "loyalty"]

LISTED_HORIZONS = (90, 180)
SILENCE = 90
DORMANT_AFTER = 180
EXEMPT_ABOVE = Fraction(80, 100)
DRAINED_AT = Fraction(40, 100)


def oracle_status(bank: Bank, as_of: date, min_tenure: int = 0) -> dict[str, str]:
    """Whether each customer of the spine can be scored at as_of: ok, closed, no_history or dormant.

    Dormant: was active once, by the same measure that says whether somebody is active now.
    """
    known = {
        table: by_customer(known_rows(bank, table, as_of)) for table in bank.tables if table != "customers"
    }
    return {
        customer_id: _status(
            bank, state, {t: rows.get(customer_id, []) for t, rows in known.items()}, as_of, min_tenure
        )
        for customer_id, state in states(bank, as_of).items()
    }


def _status(bank: Bank, state: Known, own: Mapping[str, list[Known]], as_of: date, min_tenure: int) -> str:
    opened = state.get("opened_on")
    if state.get("closed_on") is not None:
        return "closed"
    if min_tenure > 0 and (opened is None or (as_of - opened).days < min_tenure):
        return "no_history"
    if "transactions" in own:
        days = [local_day(row["occurred_at"], bank.zone) for row in customer_started(own["transactions"])]
        is_active, has_history = any((as_of - day).days <= DORMANT_AFTER for day in days), bool(days)
    elif "balances" in own:
        stream = Stream(own["balances"], "own")
        is_active = (stream.amount(as_of.toordinal(), ASSETS) or 0) > 0
        has_history = any(held(report, ASSETS) > 0 for report in stream.reports.values())
    else:
        is_active = has_history = bool(own.get("snapshots"))
    if is_active:
        return "ok"
    return "dormant" if has_history else "no_history"


def customer_started(rows: Sequence[Known]) -> list[Known]:
    """Transactions that the customer began."""
    return [row for row in rows if row.get("started_by") == "customer"]


class Later:
    """What the labels of one customer look at, as ordinal days of the bank's zone."""

    def __init__(self, bank: Bank, customer_id: str, rows: Mapping[str, Mapping[str, list[Known]]]) -> None:
        def own(table: str) -> list[Known]:
            return rows.get(table, {}).get(customer_id, [])

        self.has = set(rows)
        self.turnover: dict[int, int] = defaultdict(int)
        for row in customer_started(own("transactions")):
            self.turnover[local_day(row["occurred_at"], bank.zone).toordinal()] += abs(row["amount"])
        self.stream = Stream(own("balances"), "own")
        self.holdings = own("holdings")
        self.principal = [(row["due_on"].toordinal(), row["due_principal"] or 0) for row in own("repayments")]
        closings = [row["closed_on"] for row in own("customers") if row.get("closed_on") is not None]
        self.closed = min(closings).toordinal() if closings else None

    def is_gone(self, day: int) -> bool:
        """Whether the customer's last report lies more than 45 days before the day."""
        return bool(self.stream.dates) and day - self.stream.dates[-1] > 45

    def amounts(self, start: int, end: int, products: tuple[str, ...]) -> list[tuple[int, int]]:
        """(day, amount) of the observed days of [start, end), which all are once reports have ceased: 0."""
        observed = self.stream.daily(end, end - start, products)
        return observed + [(day, 0) for day in range(start, end) if self.is_gone(day)]

    def is_active(self, start: int, end: int) -> bool:
        """Whether there is a customer-started transaction in [start, end)."""
        return any(start <= day < end for day in self.turnover)

    def families(self, day: int, *, at_midnight: bool) -> set[str]:
        """Asset products held at the midnight of a day, or in its course."""
        if "balances" in self.has:
            report = self.stream.report(day) or {}
            return {product for product in ASSETS if report.get(product, 0) > 0}
        last_opening = day - 1 if at_midnight else day
        return {
            row["product"]
            for row in self.holdings
            if row["product"] in ASSETS
            and row["opened_on"].toordinal() <= last_opening
            and (row.get("closed_on") is None or row["closed_on"].toordinal() > last_opening)
        }


def oracle_labels(
    bank: Bank, as_of: date, target: Target, horizon: int, minimum_fall: int = 0
) -> dict[str, Value]:
    """The label of every eligible customer; None where the horizon is unripe or nothing was observed.

    Parameters
    ----------
    minimum_fall
        Least fall of assets, in minor units, that counts as a drain.
    """
    rows = {table: by_customer(label_rows(bank, table)) for table in bank.tables}
    eligible = [customer_id for customer_id, status in oracle_status(bank, as_of).items() if status == "ok"]
    if as_of + timedelta(days=horizon) > data_until(bank):
        return dict.fromkeys(eligible)
    start = as_of.toordinal()
    found: dict[str, Value] = {}
    for customer_id in eligible:
        later = Later(bank, customer_id, rows)
        if target == "churn":
            found[customer_id] = int(has_churned(later, start, horizon, minimum_fall))
        elif target == "growth":
            found[customer_id] = answer(growth(later, start, horizon))
        else:
            found[customer_id] = answer(loyalty(later, start, horizon))
    return found


def data_until(bank: Bank) -> date:
    """The midnight up to which everything is known: stated, otherwise after the last event."""
    if bank.data_until is not None:
        return bank.data_until
    events = {"contacts": "occurred_at", "transactions": "occurred_at", "balances": "held_on",
              "complaints": "received_at", "warning_signals": "raised_on", "snapshots": "as_of"}  # fmt: skip
    days = [
        local_day(row[column], bank.zone)
        for table, column in events.items()
        if table in bank.tables
        for row in final_rows(bank, table)
    ]
    return max(days) + timedelta(days=1)


def label_rows(bank: Bank, table: str) -> list[Known]:
    """Rows as known at data_until; of repayments the whole schedule, which lies in the future."""
    return final_rows(bank, table) if table == "repayments" else known_rows(bank, table, data_until(bank))


def has_churned(later: Later, start: int, horizon: int, minimum_fall: int) -> bool:
    """Closed, silent for 90 days or drained, within the horizon."""
    end = start + horizon
    if later.closed is not None and start <= later.closed < end:
        return True
    if "transactions" in later.has and falls_silent(later, start, end):
        return True
    listed = [days for days in LISTED_HORIZONS if days <= horizon]
    return "balances" in later.has and any(is_drained(later, start, days, minimum_fall) for days in listed)


def falls_silent(later: Later, start: int, end: int) -> bool:
    """Whether a run of 90 or more days without the customer's transactions lies inside [start, end)."""
    active = sorted(day for day in later.turnover if start <= day < end)
    edges = [start - 1, *active, end]
    for before, after in pairwise(edges):
        first_silent, length = before + 1, after - before - 1
        if length >= SILENCE and not is_exempt(later, start, first_silent + SILENCE - 1):
            return True
    return False


def is_exempt(later: Later, start: int, day: int) -> bool:
    """Whether on a day an unmatured product is held and assets exceed 80% of their earlier mean."""
    if not {"holdings", "balances"} <= later.has:
        return False
    unmatured = [
        row
        for row in later.holdings
        if row["opened_on"].toordinal() <= day
        and (row.get("closed_on") is None or row["closed_on"].toordinal() > day)
        and row.get("matures_on") is not None
        and row["matures_on"].toordinal() > day
    ]
    before = later.amounts(start - 90, start, ASSETS)
    assets = later.stream.amount(day, ASSETS)
    if not unmatured or not before or assets is None:
        return False
    return assets * len(before) > EXEMPT_ABOVE * sum(amount for _, amount in before)


def is_drained(later: Later, start: int, days: int, minimum_fall: int) -> bool:
    """Whether assets at the end of a horizon are at most 40% of what they were before as_of."""
    before = [amount for _, amount in later.amounts(start - 90, start, ASSETS)]
    after = [amount for _, amount in later.amounts(start + days - 30, start + days, ASSETS)]
    if not before or not after:
        return False
    was, is_now = Fraction(sum(before), len(before)), Fraction(sum(after), len(after))
    return was > 0 and is_now <= DRAINED_AT * was and was - is_now >= minimum_fall


def growth(later: Later, start: int, horizon: int) -> Fraction | int | None:
    """Change of own-bank assets plus loans, amortisation added back; without balances of turnover."""
    if "balances" not in later.has:
        after = sum(amount for day, amount in later.turnover.items() if start <= day < start + horizon)
        return after - sum(amount for day, amount in later.turnover.items() if start - horizon <= day < start)
    products = (*ASSETS, "loan")

    def repaid(day: int) -> int:
        return sum(principal for due, principal in later.principal if start - 90 <= due < day)

    before = [amount + repaid(day) for day, amount in later.amounts(start - 90, start, products)]
    end = start + horizon
    after_levels = [amount + repaid(day) for day, amount in later.amounts(end - 30, end, products)]
    if not before or not after_levels:
        return None
    return Fraction(sum(after_levels), len(after_levels)) - Fraction(sum(before), len(before))


def loyalty(later: Later, start: int, horizon: int) -> Fraction:
    """Share of 30-day blocks in which the customer is active and on whose last day all is still held."""
    families = later.families(start, at_midnight=True)
    kept = [
        (later.is_active(block, block + 30) or "transactions" not in later.has)
        and families <= later.families(block + 29, at_midnight=False)
        for block in range(start, start + horizon, 30)
    ]
    return Fraction(sum(kept), len(kept))
