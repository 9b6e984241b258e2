"""Measures that are evaluated on the days of events too: silences, loans, requests, warmth; and all tables together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from tests.handover import Bank
from tests.oracle_account_months import deposits, month_end, payroll, trading, withdrawals
from tests.oracle_accounts import (
    BUSINESS,
    MONTH,
    Measures,
    Person,
    Series,
    back,
    between,
    counterparties,
    evaluation_days,
    firsts,
    in_spine,
    inflow,
    line_at,
    settled,
    versions,
)
from tests.oracle_known import Known, first_day
from tests.oracle_numbers import mean, ratio


def quiet(person: Person, moment: date, party: str, sign: int) -> tuple[int | None, int | None]:
    """Sum of the last 30 days with one kind of counterparty, and days without one before the first of them."""
    rows = [
        row
        for row in person.rows("transactions", moment)
        if row["counterparty_kind"] == party and row["amount"] * sign > 0
    ]
    if not person.observed("transactions", moment - timedelta(days=365)):
        return None, None
    near = between(rows, moment - MONTH, moment)
    start = first_day(person.bank, "transactions")
    assert start is not None
    start = max(start, person.state.get("opened_on") or start)
    if not near:
        return 0, 0
    first = min(row["day"] for row in near)
    before = max((row["day"] for row in rows if row["day"] < moment - MONTH), default=start)
    return sum(abs(row["amount"]) for row in near), (first - before).days


def elsewhere(person: Person) -> Series:
    """At as_of; and, where an outflow may have ended a silence, on firsts and on the days such a one became known."""
    ends = silence_ends(person)
    first = firsts(person.as_of)[-1] - MONTH
    is_watched = any(row["day"] >= first for row in ends)
    learned = [row["from"] for row in ends]
    found: Series = []
    for day in evaluation_days(person.as_of, learned) if is_watched else (person.as_of,):
        amount, silence = quiet(person, day, "own_elsewhere", -1)
        found.append((day, {"elsewhere_outflow_30d": amount, "elsewhere_quiet_days": silence}))
    return found


def silence_ends(person: Person) -> list[Known]:
    """Outflows with none in the year before them among those known at once and never corrected."""
    outflows = [
        row
        for row in versions(person.bank, "transactions").get(person.customer_id, ())
        if row["counterparty_kind"] == "own_elsewhere" and row["amount"] < 0
    ]
    plain = {
        row["day"]
        for row in outflows
        if row["until"] == date.max and row["from"] == row["day"] + timedelta(days=1)
    }
    return [
        row for row in outflows
        if row["from"] <= person.as_of
        and not any(1 <= (row["day"] - day).days < 365 for day in plain)
    ]  # fmt: skip


def nonbank(person: Person) -> Series:
    concerned = person.learned("balances", lambda row: row["bank"] == "nonbank")
    concerned += person.learned(
        "transactions", lambda row: row["counterparty_kind"] == "nonbank_lender" and row["amount"] > 0
    )
    found: Series = []
    for first in firsts(person.as_of)[: None if concerned else 1]:
        now, before = (month_end(person, first, months, ("nonbank",), None) for months in (1, 13))
        has_growth = now is not None and before is not None and before > 0
        lent, silence = (
            quiet(person, first, "nonbank_lender", 1)
            if "transactions" in person.bank.tables
            else (None, None)
        )
        found.append((first, {
            "nonbank_debt": now, "nonbank_debt_before": before,
            "nonbank_debt_growth": ratio(now - before, before) if has_growth else None,  # type: ignore[operator]
            "nonbank_inflow_30d": lent, "nonbank_quiet_days": silence,
        }))  # fmt: skip
    return found


def funds_need(person: Person) -> Series:
    learned = person.learned("needs", lambda row: row["kind"] == "credit_request")
    found: Series = []
    for day in evaluation_days(person.as_of, learned) if learned else ():
        asked = [
            row["amount"]
            for row in person.rows("needs", day)
            if row["kind"] == "credit_request" and row["noted_on"] >= day - MONTH
        ]
        request = max((amount for amount in asked if amount is not None), default=None) if asked else 0
        first = day.replace(day=1)
        income = [
            row["amount"]
            for row in between(settled(person, first), back(first, 12), first)
            if row["amount"] > 0
        ]
        of_year = sum(income) if person.observed("transactions", back(first, 12)) else None
        of_line = line_at(person, day)
        found.append((day, {
            "credit_request": request,
            "credit_request_of_line": 0 if request == 0 else ratio(request, of_line),
            "credit_request_of_inflow": 0 if request == 0 else ratio(request, of_year),
        }))  # fmt: skip
    return found


def unpaid(row: Known) -> tuple[int, int]:
    """Principal and interest still unpaid of an instalment, interest covered first."""
    if row["paid_on"] is None:
        paid = 0
    elif row["paid_amount"] is None:
        paid = row["due_principal"] + row["due_interest"]
    else:
        paid = row["paid_amount"]
    for_interest = min(paid, row["due_interest"])
    return row["due_principal"] - min(paid - for_interest, row["due_principal"]), row[
        "due_interest"
    ] - for_interest


def overdue(person: Person) -> Series:
    learned = person.learned("repayments")
    found: Series = []
    for day in sorted({*evaluation_days(person.as_of, events(person)), *earlier(person)}) if learned else ():
        late = [row for row in person.rows("repayments", day) if sum(unpaid(row)) >= 10_000]
        oldest = min((row["due_on"] for row in late), default=None)
        notices: int | None = None
        if "contacts" in person.bank.tables:
            notices = 0 if oldest is None else len(unanswered(person, day, oldest))
        found.append((day, {
            "days_overdue": 0 if oldest is None else (day - oldest).days,
            "amount_overdue": sum(sum(unpaid(row)) for row in late),
            "notices_unanswered": notices,
        }))  # fmt: skip
    return found


def unanswered(person: Person, day: date, since: date) -> list[Known]:
    """Notices since a day, a week old, at which and after which nobody was reached."""
    rows = person.rows("contacts", day)
    reached = [
        row["occurred_at"] for row in rows
        if row["outcome"] not in (None, "not_reached") or row["direction"] == "customer"
    ]  # fmt: skip
    return [
        row for row in rows
        if row["purpose"] == "collection_notice" and since <= row["day"] <= day - timedelta(days=7)
        and not any(moment >= row["occurred_at"] for moment in reached)
    ]  # fmt: skip


def passed(person: Person) -> list[tuple[date, Known]]:
    """Days on which a version of an instalment, unpaid on them, passed a limit: 3, 30 or 60 days."""
    found = []
    for row in versions(person.bank, "repayments").get(person.customer_id, ()):
        for limit in (3, 30, 60):
            day = max(row["due_on"] + timedelta(days=limit + 1), row["from"])
            if day <= person.as_of and is_unpaid(row, day) and day < row["until"]:
                found.append((day, row))
    return found


def is_unpaid(row: Known, day: date) -> bool:
    """Whether enough of an instalment was unpaid on a day."""
    is_paid = row["paid_on"] is not None and row["paid_on"] < day
    seen = row if is_paid else {**row, "paid_on": None}
    return sum(unpaid(seen)) >= 10_000


def events(person: Person) -> list[date]:
    """Limits passed, and notices that have waited a week."""
    days = [day for day, _ in passed(person)]
    contacts = versions(person.bank, "contacts") if "contacts" in person.bank.tables else {}
    notices = [row for row in contacts.get(person.customer_id, ()) if row["purpose"] == "collection_notice"]
    return days + [max(row["day"] + timedelta(days=7), row["from"]) for row in notices]


def earlier(person: Person) -> list[date]:
    """Limits passed before the first evaluation by what was still unpaid at it."""
    start = firsts(person.as_of)[-1]
    return [
        day for day, row in passed(person) if day < start and is_unpaid(row, start) and start < row["until"]
    ]


def collateral(person: Person) -> Series:
    learned = person.learned("loans", lambda row: row["collateral"] == "inventory")
    found: Series = []
    for day in evaluation_days(person.as_of, learned) if learned else ():
        late = {row["loan_id"] for row in person.rows("repayments", day) if sum(unpaid(row)) > 0}
        running = [
            row["amount"] for row in person.rows("loans", day)
            if row["collateral"] == "inventory" and (row["matures_on"] >= day or row["loan_id"] in late)
        ]  # fmt: skip
        found.append((day, {"inventory_loans": len(running), "inventory_loan_amount": sum(running)}))
    return found


def warmth(person: Person) -> Series:
    """Every evaluation of somebody with nine noted contacts at one of them; the others have none."""

    def is_new(row: Known) -> bool:
        return row["warmth"] is not None and (row["from"] - row["day"]).days <= 365

    found: Series = []
    for day in evaluation_days(person.as_of, person.learned("contacts", is_new)):
        rows = [
            row
            for row in person.rows("contacts", day)
            if row["warmth"] is not None and (day - row["day"]).days <= 365
        ]
        rows.sort(key=lambda row: (row["occurred_at"], row["contact_id"]))
        last = [row["warmth"] for row in rows[-9:]]
        now, before = (mean(last[6:]), mean(last[:6])) if len(last) == 9 else (None, None)
        change = None if now is None or before is None else now - before
        found.append((day, {"warmth_now": now, "warmth_before": before, "warmth_change": change}))
    return found


def enquiries(person: Person) -> Series:
    learned = person.learned("facts", lambda row: row["code"] == "bank_enquiry" and row["value"] != 0)
    found: Series = []
    for day in evaluation_days(person.as_of, learned) if learned else ():
        asked = [
            row for row in person.rows("facts", day) if row["code"] == "bank_enquiry" and row["value"] != 0
        ]
        found.append((day, {"enquiries_30d": sum(row["noted_on"] >= day - MONTH for row in asked)}))
    return found


TABLES: dict[str, tuple[Callable[[Person], Series], tuple[str, ...], tuple[str, ...]]] = {
    "inflow": (inflow, BUSINESS, ("transactions",)),
    "counterparties": (counterparties, BUSINESS, ("transactions",)),
    "deposits": (deposits, ("retail", *BUSINESS), ()),
    "withdrawals": (withdrawals, ("retail",), ("transactions",)),
    "payroll": (payroll, BUSINESS, ()),
    "trading": (trading, BUSINESS, ("holdings",)),
    "elsewhere": (elsewhere, ("retail", *BUSINESS), ("transactions",)),
    "nonbank": (nonbank, ("retail", *BUSINESS), ()),
    "funds_need": (funds_need, BUSINESS, ("needs",)),
    "overdue": (overdue, ("retail", *BUSINESS), ("repayments",)),
    "collateral": (collateral, BUSINESS, ("loans",)),
    "warmth": (warmth, ("retail", *BUSINESS), ("contacts",)),
    "enquiries": (enquiries, ("retail", *BUSINESS), ("facts",)),
}


def measures(bank: Bank, as_of: date) -> dict[str, dict[str, list[tuple[date, Measures]]]]:
    """Every evaluation of every measure table at as_of: table -> customer -> (evaluated on, measures)."""
    people = in_spine(bank, as_of)
    found: dict[str, dict[str, list[tuple[date, Measures]]]] = {}
    for table, (evaluate, kinds, needed) in TABLES.items():
        if not set(needed) <= set(bank.tables):
            continue
        found[table] = {
            person.customer_id: evaluate(person) for person in people if person.state["kind"] in kinds
        }
    return found
