"""The oracle's credit: instalment by instalment, loan by loan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from tests.handover import Bank
from tests.oracle_balances import LIABILITIES, Stream
from tests.oracle_known import Known, first_day, serving_profile
from tests.oracle_numbers import Exact, ratio

Found = dict[str, Exact | float | None]
Rows = Mapping[str, Mapping[str, list[Known]]]

SERIOUS = 30
HIGHEST_RATE = 10


def credit_features(bank: Bank, customers: Mapping[str, Known], rows: Rows, as_of: date) -> dict[str, Found]:
    """Every feature of the group `credit` for every customer that the bank's tables can fill."""
    found: dict[str, Found] = {one: {} for one in customers}
    given = guarantees_given(rows.get("loans", {}), as_of)
    for one, state in customers.items():

        def own(table: str, one: str = one) -> list[Known]:
            return rows[table].get(one, [])

        if "balances" in rows:
            has_line = "credit_line" in serving_profile(bank)
            found[one] |= used(own("balances"), state.get("credit_line"), as_of, has_line=has_line)
        if "loans" in rows:
            counts = {
                **loan_counts(own("loans"), as_of),
                **guarantees(one, own("loans"), given, customers, as_of),
            }
            found[one] |= {**unless_reached(bank, "loans", counts, as_of), **loan_terms(own("loans"), as_of)}
        if "repayments" in rows:
            found[one] |= paid_features(bank, own("repayments"), state, as_of)
        if "facts" in rows:
            asked = {
                row["noted_on"]
                for row in own("facts")
                if row["code"] == "bank_enquiry" and row.get("value") != 0
            }
            recent = sum((as_of - day).days <= 90 for day in asked)
            found[one] |= unless_reached(bank, "facts", {"enquiry_count_90d": recent}, as_of)
    return found


def unless_reached(bank: Bank, table: str, counts: Found, as_of: date) -> Found:
    """The counts, or null where the table begins on or after as_of."""
    first = first_day(bank, table)
    return counts if first is not None and first < as_of else dict.fromkeys(counts)


def used(rows: list[Known], line: int | None, as_of: date, *, has_line: bool) -> Found:
    """Use of the line now and before."""
    stream, day = Stream(rows, "own"), as_of.toordinal()
    now = stream.amount(day, LIABILITIES)
    found: Found = {"guarantee_balance_level": stream.amount(day, ("guarantee",))}
    if not has_line:
        return found
    found["credit_utilisation"] = ratio(now, line)
    for days in (90, 180):
        earlier = stream.amount(day - days, LIABILITIES)
        change = None if now is None or earlier is None else now - earlier
        found[f"credit_utilisation_change_{days}d"] = ratio(change, line)
    return found


def running(rows: Sequence[Known], as_of: date) -> list[Known]:
    """Loans that mature on as_of or later."""
    return [row for row in rows if row["matures_on"] >= as_of]


def loan_counts(rows: list[Known], as_of: date) -> Found:
    """Numbers and amounts of running loans."""
    current = running(rows, as_of)
    soon = [row for row in current if row["matures_on"] < as_of + timedelta(days=90)]
    return {
        "loan_running_count": len(current),
        "loan_running_amount": sum(row["amount"] for row in current),
        "loan_maturing_count_90d": len(soon),
        "loan_maturing_amount_90d": sum(row["amount"] for row in soon),
    }


def loan_terms(rows: list[Known], as_of: date) -> Found:
    """What secures running loans, and what they cost."""
    current = running(rows, as_of)
    valued = [row for row in current if (row.get("collateral_value") or 0) > 0]
    kinds = [row["collateral"] for row in current if row.get("collateral") is not None]
    rated = [row for row in current if row.get("rate") is not None and abs(row["rate"]) <= HIGHEST_RATE]
    interest = sum(
        (row["amount"] * Fraction(floor(row["rate"] * 10**8 + 0.5), 10**8) for row in rated), Fraction(0)
    )
    return {
        "loan_to_value": ratio(
            sum(row["amount"] for row in valued), sum(row["collateral_value"] for row in valued)
        ),
        "loan_inventory_share": ratio(kinds.count("inventory"), len(kinds)),
        "loan_rate_mean": ratio(interest, sum(row["amount"] for row in rated)),
        "loan_gap_days": min(((as_of - row["granted_on"]).days for row in rows), default=None),
    }


def guarantees_given(loans: Mapping[str, list[Known]], as_of: date) -> dict[str, list[int]]:
    """Amounts of running loans of others, per guarantor."""
    found: dict[str, list[int]] = defaultdict(list)
    for borrower, rows in loans.items():
        for row in running(rows, as_of):
            guarantor = row.get("guarantor_id")
            if guarantor is not None and guarantor != borrower:
                found[guarantor].append(row["amount"])
    return found


def guarantees(
    one: str, loans: list[Known], given: Mapping[str, list[int]], customers: Mapping[str, Known], as_of: date
) -> Found:
    """Guarantees for others, and by other customers for this one."""
    guarantors = {row.get("guarantor_id") for row in running(loans, as_of)}
    return {
        "guarantee_given_count": len(given.get(one, [])),
        "guarantee_given_amount": sum(given.get(one, [])),
        "guarantor_count": len((guarantors & set(customers)) - {one}),
    }


@dataclass(frozen=True)
class Instalment:
    """One instalment that fell due before as_of."""

    row: Known
    as_of: date

    @property
    def owed(self) -> int:
        total: int = self.row["due_principal"] + self.row["due_interest"]
        return total

    @property
    def paid(self) -> int:
        """What is known to be paid of it."""
        if self.row.get("paid_on") is None:
            return 0
        amount: int | None = self.row.get("paid_amount")
        return self.owed if amount is None else max(0, amount)

    @property
    def is_open(self) -> bool:
        return self.paid < self.owed

    @property
    def due_ago(self) -> int:
        due_on: date = self.row["due_on"]
        return (self.as_of - due_on).days

    @property
    def paid_ago(self) -> int:
        """Days from the payment to as_of; of one not paid none at all, a negative number."""
        paid_on = self.row.get("paid_on")
        return -1 if paid_on is None else (self.as_of - paid_on).days

    @property
    def days_late(self) -> int:
        """Days past due, up to the payment or as_of; a negative number where it was paid early."""
        return self.due_ago if self.is_open else self.due_ago - self.paid_ago

    @property
    def left(self) -> tuple[int, int]:
        """Principal and interest still to pay: interest is settled first."""
        interest = max(0, self.row["due_interest"] - self.paid)
        return self.owed - self.paid - interest, interest


def paid_features(bank: Bank, rows: list[Known], state: Known, as_of: date) -> Found:
    """How one customer's instalments were paid."""
    due = [one for one in (Instalment(row, as_of) for row in rows) if one.owed > 0]
    open_ones = [one for one in due if one.is_open]
    seen = [*open_ones, *(one for one in due if not one.is_open and one.paid_ago <= 365)]
    counts: Found = {
        "repayment_early_count_365d": sum(
            one.due_ago <= 365 and not one.is_open and one.days_late < 0 for one in due
        ),
        "repayment_part_count_365d": sum(one.paid > 0 and 1 <= one.paid_ago <= 365 for one in open_ones),
        "arrears_now_days": max((one.due_ago for one in open_ones), default=0),
        "arrears_worst_days_365d": max((max(0, one.days_late) for one in seen), default=0),
        "arrears_principal_sum": sum(one.left[0] for one in open_ones),
        "arrears_interest_sum": sum(one.left[1] for one in open_ones),
    }
    shares: Found = {}
    for days in (180, 365):
        inside = [one for one in due if one.due_ago <= days]
        on_time = sum(not one.is_open and one.days_late <= 0 for one in inside)
        counts |= {f"repayment_due_count_{days}d": len(inside), f"repayment_on_time_count_{days}d": on_time}
        shares[f"repayment_on_time_share_{days}d"] = ratio(on_time, len(inside))
    serious = [
        one.due_ago - SERIOUS for one in due if one.days_late >= SERIOUS and one.due_ago - SERIOUS >= 1
    ]
    first = first_day(bank, "repayments")
    return {
        **unless_reached(bank, "repayments", counts, as_of),
        **shares,
        "arrears_first_age_days": max(serious, default=None),
        "repayment_history_days": 0
        if first is None
        else max(0, (as_of - max(first, state.get("opened_on") or first)).days),
    }
