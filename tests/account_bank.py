"""The tiny bank for signals on accounts, contacts and loans, made for as_of 2024-04-01: one rule per customer.

The rules are evaluated on the firsts of October 2023 to April 2024. A customer's name says what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from tests.handover import Bank

AS_OF = date(2024, 4, 1)
DATA_FROM = date(2022, 1, 1)
BUSINESSES = (
    "lunar", "leaning", "buyer", "employer", "noted", "asker", "trader", "borrower", "stocked", "begun", "falling",
    "wobbly", "patchy", "slow", "late_news",
)  # fmt: skip
PEOPLE = (
    "saver", "newcomer", "quiet", "busy", "four_days", "penny", "paid", "paid_today", "in_part", "cents_short", "old",
    "silent", "answered", "cooled", "eight", "asked_about",
)  # fmt: skip

Record = dict[str, Any]


def on(text: str) -> date:
    """A date written month-day of 2024, or in full."""
    return date.fromisoformat(text if len(text) > 5 else f"2024-{text}")


def midnight(day: str) -> datetime:
    """The midnight, in the bank's zone, that begins a day."""
    return datetime.combine(on(day), datetime.min.time())


def account_bank() -> Bank:
    """All the customers, with whole tables from 2022 on."""
    customers = [
        {"customer_id": name, "kind": kind, "opened_on": on("2023-11-02") if name == "begun" else on("2015-05-05"),
         "credit_line": 1000 if name == "asker" else None, "closed_on": None}
        for kind, names in (("corporate", BUSINESSES), ("retail", PEOPLE)) for name in names
    ]  # fmt: skip
    tables: dict[str, list[Record]] = {
        "customers": customers,
        "transactions": [*_transactions()],
        "balances": [*_balances()],
        "contacts": [*_contacts()],
        "facts": [*_facts()],
        "needs": [*_needs()],
        "holdings": [*_holdings()],
        "loans": [*_loans()],
        "repayments": [*_repayments()],
    }
    first = {table: DATA_FROM for table in tables if table != "customers"}
    return Bank(tables, "Asia/Shanghai", first, date(2024, 5, 1), fixed_profile=("credit_line",))


def _numbered(table: str, rows: Iterator[Record]) -> Iterator[Record]:
    for number, row in enumerate(rows):
        yield {f"{table}_id": f"{number:03d}", **row}


def _transactions() -> Iterator[Record]:
    def one(customer_id: str, day: str, amount: int, party: str | None = None, name: str | None = None,
            kind: str = "transfer", **more: Any) -> Record:  # fmt: skip
        row = {"customer_id": customer_id, "occurred_at": midnight(day),
               "amount": amount, "kind": kind, "counterparty": name, "counterparty_kind": party,
               "started_by": "customer", "recorded_at": None}  # fmt: skip
        return {**row, **more}

    yield from _numbered("transaction", iter([
        one("lunar", "03-02", 300), one("lunar", "03-01", 7), one("lunar", "03-20", 999, kind="loan_disbursement"),
        one("lunar", "2023-02-11", 5000), one("lunar", "2023-02-12", 600), one("lunar", "2023-03-13", 400),
        one("lunar", "2023-03-14", 9000),
        *(one("slow", f"{month}-15", amount) for month, amount in
          (("2023-10", 700), ("2023-11", 600), ("2023-12", 500), ("2024-01", 400), ("2024-02", 300), ("2024-03", 500))),
        one("begun", "03-20", 50),
        *(one("leaning", "03-10", amount, "buyer", f"b{amount}") for amount in (500, 200, 101, 99)),
        one("leaning", "2023-04-01", 100, "buyer"), one("leaning", "2023-03-31", 5000, "buyer", "b500"),
        one("leaning", "03-10", 1000, "payment_institution", "pay"),
        one("leaning", "03-10", 900, "own_elsewhere", "me"),
        one("leaning", "03-10", -300, "supplier", "s1"), one("leaning", "03-10", -100, "person", "p1"),
        one("leaning", "03-10", -1000, "authority", "x", "tax"), one("leaning", "03-10", -1000, None, "e1", "salary"),
        one("leaning", "03-10", -900, "employee", "e1"),
        *(one("buyer", f"2023-{month}-10", -100, "supplier", "often") for month in ("01", "04", "05", "06")),
        *(one("buyer", f"{month}-10", -70, "supplier", "thrice") for month in ("2023-02", "2023-04", "2023-05")),
        one("buyer", "03-10", -65, "supplier", "often"), one("buyer", "03-10", -500, "supplier", "thrice"),
        *(one("employer", "2023-09-30", -10, "employee", f"e{number}", "salary") for number in range(1, 6)),
        *(one("employer", "03-31", -10, "employee", f"e{number}", "salary") for number in range(1, 4)),
        one("employer", "02-01", -10, None, "e4", "salary"), one("employer", "01-31", -10, None, "e5", "salary"),
        one("saver", "03-02", -501, kind="cash"), one("saver", "03-01", -900, kind="cash"),
        one("saver", "03-10", -950, kind="cash", started_by="bank"), one("saver", "03-10", -950, kind="payment"),
        one("newcomer", "03-10", -400, kind="cash"),
        one("quiet", "2023-03-17", -5, "own_elsewhere"), one("quiet", "03-16", -40, "own_elsewhere"),
        one("quiet", "03-20", -2, "own_elsewhere"),
        one("busy", "2023-03-18", -5, "own_elsewhere"), one("busy", "03-16", -40, "own_elsewhere"),
        one("borrower", "03-02", 800, "nonbank_lender"), one("borrower", "03-01", 1, "buyer"),
        one("asker", "2023-03-01", 2000, "buyer"), one("asker", "03-20", 5000, "buyer"),
        one("late_news", "02-10", 100, recorded_at=midnight("03-05")), one("late_news", "02-11", -50),
    ]))  # fmt: skip


def _balances() -> Iterator[Record]:
    def one(
        customer_id: str, day: str, balance: int, product: str = "demand_deposit", bank: str = "own"
    ) -> Record:
        return {
            "customer_id": customer_id,
            "product": product,
            "held_on": on(day),
            "balance": balance,
            "bank": bank,
        }

    months = ("2023-12-31", "01-31", "02-29", "03-31")
    for name, levels in (("falling", (1000, 900, 800, 600)), ("wobbly", (1000, 700, 750, 600))):
        yield from (one(name, day, level) for day, level in zip(months, levels, strict=True))
    yield one("falling", "03-31", 5000, "wealth")
    yield one("falling", "03-30", 9999, "term_deposit")
    yield from (
        one("patchy", day, level) for day, level in (("2023-12-31", 1000), ("01-31", 900), ("03-31", 600))
    )
    for month in range(4, 16):
        yield one("saver", f"{2023 + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}-28", 1000)
        if month >= 11:
            yield one("newcomer", f"{2023 + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}-28", 1000)
    yield one("borrower", "2023-03-31", 1000, "loan", "nonbank")
    yield one("borrower", "03-31", 1500, "loan", "nonbank")


def _contacts() -> Iterator[Record]:
    def one(customer_id: str, day: str, **more: Any) -> Record:
        row = {"customer_id": customer_id, "occurred_at": midnight(day), "channel": "T",
               "direction": "bank", "purpose": "care", "outcome": "not_reached", "warmth": None}  # fmt: skip
        return {**row, **more}

    cool = [("2023-05-10", 2), *((f"2023-{month:02d}-10", 2) for month in range(6, 10)), ("2023-10-10", -1),
            ("02-10", 0), ("02-20", -1), ("03-10", 0)]  # fmt: skip
    yield from _numbered("contact", iter([
        one("silent", "03-25", purpose="collection_notice"), one("silent", "03-26", purpose="collection_notice"),
        one("silent", "02-15", purpose="collection_notice"),
        one("answered", "03-10", purpose="collection_notice"), one("answered", "03-12", outcome="reached"),
        *(one("cooled", day, warmth=warmth) for day, warmth in cool),
        *(one("eight", day, warmth=warmth) for day, warmth in [("2023-03-10", 2), *cool[1:]]),
    ]))  # fmt: skip


def _facts() -> Iterator[Record]:
    for day in ("03-01", "03-02", "03-10", "03-20"):
        yield {"customer_id": "asked_about", "code": "bank_enquiry", "noted_on": on(day), "value": None}
    yield {"customer_id": "asked_about", "code": "bank_enquiry", "noted_on": on("03-21"), "value": 0.0}
    for day, value in (("2023-09-30", 40.0), ("2023-10-01", 100.0), ("03-31", 30.0)):
        yield {"customer_id": "noted", "code": "headcount_on_payroll", "noted_on": on(day), "value": value}


def _needs() -> Iterator[Record]:
    for day, kind, amount in (
        ("03-01", "credit_request", 900),
        ("03-02", "credit_request", 501),
        ("03-05", "product", 5000),
    ):
        yield {
            "need_id": f"n{day}",
            "customer_id": "asker",
            "noted_on": on(day),
            "kind": kind,
            "amount": amount,
        }


def _holdings() -> Iterator[Record]:
    closings = [*((f"03-{day:02d}", "2023-12-15") for day in range(1, 10)), ("01-02", "2023-10-04"),
                ("01-01", "2023-12-01"), ("03-01", "2023-12-01"), ("03-31", "2023-01-01")]  # fmt: skip
    for number, (closed, opened) in enumerate(closings):
        yield {"holding_id": f"h{number}", "customer_id": "trader", "product": "fund", "opened_on": on(opened),
               "closed_on": on(closed)}  # fmt: skip
    yield {"holding_id": "h99", "customer_id": "trader", "product": "term_deposit", "opened_on": on("03-01"),
           "closed_on": on("03-02")}  # fmt: skip


def _loans() -> Iterator[Record]:
    for loan_id, matures, collateral in (("runs", "04-01", "inventory"), ("ended", "03-31", "inventory"),
                                         ("unpaid", "03-01", "inventory"), ("house", "04-01", "property")):  # fmt: skip
        yield {"loan_id": loan_id, "customer_id": "stocked", "granted_on": on("2023-12-15"),
               "amount": {"runs": 100, "ended": 20, "unpaid": 3, "house": 4000}[loan_id], "matures_on": on(matures),
               "collateral": collateral}  # fmt: skip


def _repayments() -> Iterator[Record]:
    def one(customer_id: str, due: str, principal: int, interest: int = 0, **more: Any) -> Record:
        row = {"loan_id": f"of {customer_id}", "customer_id": customer_id, "due_on": on(due),
               "due_principal": principal, "due_interest": interest, "paid_on": None, "paid_amount": None}  # fmt: skip
        return {**row, **more}

    yield one("four_days", "03-28", 10_000)
    yield one("four_days", "03-31", 90_000)
    yield one("four_days", "04-01", 70_000)
    yield one("penny", "03-01", 9_999)
    yield one("paid", "03-20", 10_000, paid_on=on("03-31"))
    yield one("paid_today", "03-20", 10_000, paid_on=on("04-01"), paid_amount=10_000)
    yield one("in_part", "03-20", 20_000, 5_000, paid_on=on("03-20"), paid_amount=15_000)
    yield one("cents_short", "03-20", 20_000, 5_000, paid_on=on("03-20"), paid_amount=15_001)
    yield one("old", "2022-06-01", 50_000, 600)
    yield one("silent", "02-20", 80_000)
    yield one("answered", "02-20", 80_000)
    yield {**one("stocked", "03-01", 1), "loan_id": "unpaid"}
