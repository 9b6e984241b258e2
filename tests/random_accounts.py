"""Rows of a random bank for signals on accounts: years of payments with counterparties, payroll, lenders, loans.

Long histories over few counterparties and amounts: ties, months without a payment, silences that end, people who
leave the payroll, instalments paid late, in part or never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from tests.chance import Chance, midnight_of
from tests.handover import Bank

Record = dict[str, Any]
Maker = Callable[[Chance, str], Iterator[Record]]

AS_OFS = (date(2024, 3, 15), date(2024, 4, 1), date(2024, 10, 28), date(2025, 2, 28), date(2025, 3, 1))
BEGIN, END = date(2022, 7, 1), date(2025, 4, 1)
AMOUNTS = (0, 1, 100, 250_000, 250_000, 300_000, 2_000_000, 30_000_000)
KINDS = ("transfer", "payment", "purchase", "cash", "fee", "tax", "loan_repayment", "interest", "other")
OUT_PARTIES = ("supplier", "supplier", "payment_institution", "authority", "person", None)
IN_PARTIES = ("buyer", "buyer", "payment_institution", "person", None)


def days(chance: Chance, mean_gap: int) -> Iterator[date]:
    """Days over all the time, about so many days apart, on firsts and lasts of months more than by chance."""
    day = BEGIN + timedelta(days=chance.draw.randint(0, mean_gap))
    while day < END:
        yield day
        if chance.likely(0.15):
            yield day.replace(day=1) + timedelta(days=chance.one(-1, 0, 0))
        day += timedelta(days=chance.draw.randint(1, 2 * mean_gap))


def person_of(chance: Chance, person: str) -> Iterator[Record]:
    """One state, or two with other kinds and lines."""
    opened = chance.one(None, date(2015, 5, 5), date(2015, 5, 5), date(2023, 2, 1), date(2023, 12, 15))
    row: Record = {
        "customer_id": person,
        "valid_from": opened or date(2015, 5, 5),
        "kind": chance.one("retail", "micro", "corporate", "institution"),
        "opened_on": opened,
        "credit_line": chance.one(None, 0, 500_000, 40_000_000),
        "closed_on": None,
        "recorded_at": None,
    }
    yield row
    if chance.likely(0.2):
        day = chance.one(date(2024, 3, 10), date(2024, 10, 1))
        yield {**row, "valid_from": day, "kind": chance.one(row["kind"], "retail", "micro"), "credit_line": 900_000,
               "recorded_at": chance.recorded(midnight_of(day))}  # fmt: skip


def payment(chance: Chance, person: str, day: date, amount: int, **more: Any) -> Record:
    """One transaction; `more` replaces what is drawn."""
    moment = chance.moment(day)
    row = {
        "transaction_id": chance.next_id("t"),
        "customer_id": person,
        "occurred_at": moment,
        "amount": amount,
        "kind": chance.one(*KINDS[:4], *KINDS),
        "counterparty": None,
        "counterparty_kind": None,
        "started_by": chance.one("customer", "customer", "bank", None),
        "recorded_at": chance.recorded(moment),
    }
    return {**row, **more}


def transactions(chance: Chance, person: str) -> Iterator[Record]:
    yield from settlement(chance, person)
    if chance.likely(0.5):
        yield from salaries(chance, person)
    for party, sign, kind in (("own_elsewhere", -1, "transfer"), ("nonbank_lender", 1, "transfer")):
        dates = {chance.day() for _ in range(chance.one(0, 0, 1, 2, 3))}
        dates |= {day - timedelta(days=chance.one(364, 365, 366, 394)) for day in dates if chance.likely(0.5)}
        dates |= set(days(chance, 45)) if chance.likely(0.15) else set()
        for day in sorted(dates):
            yield payment(
                chance, person, day, sign * chance.one(1, 50_000), kind=kind, counterparty_kind=party
            )


def settlement(chance: Chance, person: str) -> Iterator[Record]:
    """Payments with a few parties, which may stop, shrink, or begin late."""
    stops = chance.one(END, END, *(as_of - timedelta(days=chance.one(0, 31, 70)) for as_of in chance.as_ofs))
    shrinks = chance.one(END, *(as_of - timedelta(days=100) for as_of in chance.as_ofs))
    few = chance.one(1, 2, 5)
    for day in days(chance, chance.one(6, 20)):
        if day >= stops and chance.likely(0.95):
            continue
        sign = chance.one(1, 1, -1)
        party = chance.one(*(IN_PARTIES if sign > 0 else OUT_PARTIES))
        amount = chance.one(*AMOUNTS) // (8 if day >= shrinks else 1)
        who = f"{party}{chance.draw.randint(1, few)}" if party and chance.likely(0.9) else None
        yield payment(chance, person, day, sign * amount, counterparty=who, counterparty_kind=party)


def salaries(chance: Chance, person: str) -> Iterator[Record]:
    """Pay of a few people each month, now on its last day, now on the next month's first; some leave, some join."""
    staff = chance.one(1, 4, 9)
    month = date(2023, 1, 1)
    while month < END:
        late = chance.one(0, 0, 1, 5)
        following = (month + timedelta(days=32)).replace(day=1)
        for number in range(staff):
            day = following + timedelta(days=late - 1)
            yield payment(chance, person, day, chance.one(-500_000, -500_000, 0), kind="salary",
                          counterparty=chance.one(f"e{number}", f"e{number}", f"e{number}", None),
                          counterparty_kind=chance.one("employee", "employee", None), recorded_at=None)  # fmt: skip
        staff = max(0, staff + chance.one(0, 0, 0, 1, -1, -2))
        month = following


def balances(chance: Chance, person: str) -> Iterator[Record]:
    for place in ("own", "nonbank", "elsewhere"):
        if not chance.likely(0.8 if place == "own" else 0.35):
            continue
        products = chance.draw.sample(
            ["demand_deposit", "term_deposit", "wealth", "fund", "loan"], chance.one(1, 2)
        )
        level, day = chance.one(1_000_000, 8_000_000), BEGIN + timedelta(days=chance.draw.randint(0, 40))
        while day < END:
            level = max(0, level * chance.one(60, 85, 100, 100, 110, 170) // 100)
            for product in products:
                if chance.likely(0.85):
                    yield {"customer_id": person, "product": product, "held_on": day,
                           "balance": chance.one(level, level, level // 3, -100), "bank": chance.one(place, place),
                           "recorded_at": chance.recorded(midnight_of(day))}  # fmt: skip
            day += timedelta(days=chance.one(10, 28, 30, 31, 31, 45))


def contacts(chance: Chance, person: str) -> Iterator[Record]:
    for day in days(chance, chance.one(12, 25, 90)):
        moment = chance.moment(day)
        recent = day > date(2024, 9, 1)
        yield {
            "contact_id": chance.next_id("c"),
            "customer_id": person,
            "occurred_at": moment,
            "channel": chance.one("T", "M", "L"),
            "direction": chance.one("bank", "bank", "bank", "customer", None),
            "purpose": chance.one("care", "collection_notice", "collection_notice", None),
            "outcome": chance.one(None, "not_reached", "not_reached", "reached", "declined"),
            "warmth": chance.one(None, -2, -1, 0) if recent else chance.one(None, 0, 1, 2, 2),
            "recorded_at": chance.recorded(moment),
        }


def needs(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1, 2, 4)):
        day = chance.day()
        yield {"need_id": chance.next_id("n"), "customer_id": person, "noted_on": day,
               "kind": chance.one("credit_request", "credit_request", "product"),
               "amount": chance.one(None, 0, 240_000, 250_000, 9_000_000),
               "recorded_at": chance.recorded(midnight_of(day))}  # fmt: skip


def facts(chance: Chance, person: str) -> Iterator[Record]:
    for code in ("bank_enquiry", "bank_enquiry", "headcount_on_payroll", "anniversary"):
        for day in sorted(
            {chance.day() - timedelta(days=chance.one(0, 0, 3, 100)) for _ in chance.several()}
        ):
            yield {"customer_id": person, "code": code, "noted_on": day,
                   "value": chance.one(None, 0, 1) if code == "bank_enquiry" else chance.one(None, 0, 3, 12, 40),
                   "valid_until": chance.one(None, None, day + timedelta(days=chance.one(0, 90, 400))),
                   "recorded_at": chance.recorded(midnight_of(day))}  # fmt: skip


def holdings(chance: Chance, person: str) -> Iterator[Record]:
    bursts = [chance.one(*chance.as_ofs) for _ in range(chance.one(0, 1, 2))]
    closes = [chance.day() for _ in chance.several()]
    closes += [as_of - timedelta(days=chance.draw.randint(0, 89)) for as_of in bursts for _ in range(12)]
    for closed in closes:
        opened = closed - timedelta(days=chance.one(0, 5, 30, 89, 90, 91, 400))
        yield {"holding_id": chance.next_id("h"), "customer_id": person,
               "product": chance.one("wealth", "fund", "bond", "term_deposit"), "opened_on": opened,
               "closed_on": chance.one(closed, closed, closed, None), "amount": 1,
               "recorded_at": chance.recorded(midnight_of(opened))}  # fmt: skip


def loans_and_repayments(chance: Chance, person: str) -> tuple[list[Record], list[Record]]:
    """Loans, some secured by stock, with monthly instalments that are paid, late, in part or never."""
    loans, repayments = [], []
    for _ in range(chance.one(0, 1, 2)):
        loan_id, granted = chance.next_id("l"), chance.day() - timedelta(days=chance.one(0, 90, 400))
        terms = chance.one(1, 3, 12)
        last = granted + timedelta(days=30 * terms)
        loans.append({"loan_id": loan_id, "customer_id": person, "granted_on": granted,
                      "amount": chance.one(1_000_000, 5_000_000),
                      "matures_on": last + timedelta(days=chance.one(0, 30)),
                      "collateral": chance.one("inventory", "inventory", "none", None),
                      "recorded_at": chance.recorded(midnight_of(granted))})  # fmt: skip
        for place in range(1, terms + 1):
            due = granted + timedelta(days=30 * place)
            principal, interest = chance.one(0, 9_999, 10_000, 80_000), chance.one(0, 1, 5_000)
            paid = chance.one(
                None,
                due,
                due + timedelta(days=chance.one(1, 3, 4, 5, 30, 31, 61, 200)),
                due - timedelta(days=2),
            )
            whole = principal + interest
            repayments.append({"loan_id": loan_id, "customer_id": person, "due_on": due, "due_principal": principal,
                               "due_interest": interest, "paid_on": paid,
                               "paid_amount": chance.one(None, whole, whole - 1, whole // 2, interest, 1),
                               "recorded_at": chance.recorded(midnight_of(due))})  # fmt: skip
    return loans, repayments


def several_versions(chance: Chance, rows: list[Record], column: str, event: str) -> list[Record]:
    """The rows, some of them corrected later, now and then more than once."""
    found = []
    for original in rows:
        row = original
        found.append(row)
        recorded = row.get("recorded_at") or midnight_of(row[event])
        while chance.likely(0.06):
            recorded = recorded + chance.one(timedelta(seconds=1), timedelta(days=1), timedelta(days=35))
            row = {**row, column: chance.one(0, 7, 123_456) if row[column] is None else row[column] + 1,
                   "recorded_at": recorded}  # fmt: skip
            found.append(row)
    return found


SIMPLE: dict[str, tuple[Maker, str, str]] = {
    "transactions": (transactions, "amount", "occurred_at"),
    "balances": (balances, "balance", "held_on"),
    "contacts": (contacts, "warmth", "occurred_at"),
    "needs": (needs, "amount", "noted_on"),
    "facts": (facts, "value", "noted_on"),
    "holdings": (holdings, "amount", "opened_on"),
}


def accounts_bank(
    seed: int, customers: int, as_ofs: Sequence[date] = AS_OFS, *, without: Sequence[str] = ()
) -> Bank:
    """A bank for the measures on accounts, contacts and loans; `without` some of its tables."""
    chance = Chance(seed, as_ofs, is_csv=False)
    people = [f"{number:04d}" for number in range(customers)]
    tables: dict[str, list[Record]] = {"customers": [], "loans": [], "repayments": []}
    for person in people:
        chance.turn_to(person)
        tables["customers"] += person_of(chance, person)
        for table, (maker, _, _) in SIMPLE.items():
            tables.setdefault(table, []).extend(maker(chance, person))
        loans, repayments = loans_and_repayments(chance, person)
        tables["loans"] += loans
        tables["repayments"] += repayments
    seen = set()
    unique = []
    for row in tables["facts"]:
        key = (row["customer_id"], row["code"], row["noted_on"])
        unique += [] if key in seen else [row]
        seen.add(key)
    tables["facts"] = unique
    for table, (_, column, event) in SIMPLE.items():
        tables[table] = within(several_versions(chance, tables[table], column, event), column, table)
    tables["repayments"] = several_versions(chance, tables["repayments"], "due_principal", "due_on")
    for rows in tables.values():
        chance.draw.shuffle(rows)
    kept = {table: rows for table, rows in tables.items() if table not in without}
    first = {
        table: chance.one(date(2022, 1, 1), date(2022, 1, 1), date(2023, 6, 1))
        for table in kept
        if table != "customers"
    }
    return Bank(kept, chance.zone, first, max(as_ofs) + timedelta(days=40))


def within(rows: list[Record], column: str, table: str) -> list[Record]:
    """Rows whose corrected values are still allowed: warmth ends at 2."""
    if table != "contacts":
        return rows
    return [{**row, column: None if row[column] is None else min(2, row[column])} for row in rows]
