"""Rows of a random bank, table by table, for one customer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.chance import Chance, midnight_of

Record = dict[str, Any]

AMOUNTS = (0, 1, 1, 100, 12_345, 12_345, 1_000_000, 99_999_999_999)
ASSETS = ("demand_deposit", "term_deposit", "wealth", "insurance")
PRODUCTS = (*ASSETS, "loan", "card_credit", "guarantee", "other")
CODES = ("E01", "F07", "F30", "M42", "M42", "H05")


def states(chance: Chance, person: str, *, has_states: bool) -> Iterator[Record]:
    """One row per customer, or one per state where the bank keeps history."""
    opened = chance.one(date(2015, 5, 5), date(2015, 5, 5), None, chance.day())
    row: Record = {
        "customer_id": person,
        "kind": chance.one("retail", "micro", "corporate", "institution"),
        "opened_on": opened,
        "born_on": chance.one(None, date(1960, 2, 29), date(1999, 12, 31)),
        "sex": chance.one("f", "m", None),
        "card_level": chance.one(None, "gold", "platinum", "diamond"),
        "credit_line": chance.one(None, 0, 50_000_000),
        "manager_id": chance.one(None, "m1", "0007"),
        "closed_on": None,
    }
    if not has_states:
        closed = chance.day()
        if chance.likely(0.2) and (opened is None or closed > opened):
            row["closed_on"] = closed
        yield row
        return
    day = opened or date(2016, 1, 1)
    for _ in range(chance.one(1, 1, 2, 3)):
        yield {**row, "valid_from": day, "recorded_at": chance.recorded(midnight_of(day))}
        day = max(day + timedelta(days=1), chance.day())
        row = {**row, "card_level": chance.one(None, "gold", "diamond"), "manager_id": chance.one(None, "m1"),
               "kind": chance.one(row["kind"], "micro"), "credit_line": chance.one(None, 7)}  # fmt: skip
        if chance.likely(0.15):
            row["closed_on"] = day


def contacts(chance: Chance, person: str) -> Iterator[Record]:
    for _ in chance.several():
        moment = chance.moment(chance.day())
        yield {
            "contact_id": chance.next_id("c"),
            "customer_id": person,
            "occurred_at": moment,
            "channel": chance.one("T", "T", "M", "B", "E", "S", "L"),
            "direction": chance.one("bank", "customer", None),
            "outcome": chance.one(None, "reached", "not_reached", "not_reached", "interested"),
            "warmth": chance.one(None, None, -2, -1, 0, 1, 2),
            "recorded_at": chance.recorded(moment),
        }


def transactions(chance: Chance, person: str) -> Iterator[Record]:
    days = [chance.day() for _ in chance.several()]
    if chance.is_steady:
        days += chance.steady_days(chance.one(7, 15), 30, 60, 88, 89, 90, chance.one(30, 91))
    for moment in map(chance.moment, days):
        yield {
            "transaction_id": chance.next_id("t"),
            "customer_id": person,
            "occurred_at": moment,
            "amount": chance.one(*AMOUNTS) * chance.one(1, -1, -1),
            "kind": chance.one("transfer", "salary", "salary", "fee", "penalty_interest", "other", "payment"),
            "channel": chance.one(None, "branch", "branch", "online", "mobile"),
            "counterparty_kind": chance.one(None, None, "own_elsewhere", "supplier"),
            "started_by": chance.one("customer", "customer", "customer", "bank", None),
            "recorded_at": chance.recorded(moment),
        }


def balances(chance: Chance, person: str) -> Iterator[Record]:
    places = {"own": chance.one(None, "own"), "elsewhere": "elsewhere", "nonbank": "nonbank"}
    for place, share in (("own", 0.9), ("elsewhere", 0.6), ("nonbank", 0.1)):
        if not chance.likely(share):
            continue
        products = chance.draw.sample(PRODUCTS, chance.one(1, 2, 4))
        for day in sorted(reporting_dates(chance)):
            for product in products:
                if chance.likely(0.8):
                    yield {
                        "customer_id": person,
                        "product": product,
                        "held_on": day,
                        "balance": chance.one(*AMOUNTS) * (1 if chance.likely(0.97) else -1),
                        "bank": places[place],
                        "recorded_at": chance.recorded(midnight_of(day)),
                    }


def reporting_dates(chance: Chance) -> set[date]:
    """Days in steps of 1, 30 or around 45, or at the edges of windows."""
    if chance.likely(0.3):
        return {chance.day() for _ in chance.several()}
    if chance.is_steady:
        return set(chance.steady_days(28, 30, 31, 44, chance.one(45, 46)))
    day = chance.day() - timedelta(days=chance.one(0, 100, 400))
    found = set()
    for _ in range(chance.one(3, 8, 16)):
        day += timedelta(days=chance.one(1, 28, 30, 31, 44, 45, 46, 47))
        found.add(day)
    return found


def complaints(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1, 2, 4)):
        moment = chance.moment(chance.day())
        resolved = chance.one(
            None, moment + timedelta(days=chance.one(0, 1, 30)), chance.moment(chance.day())
        )
        yield {
            "complaint_id": chance.next_id("k"),
            "customer_id": person,
            "received_at": moment,
            "category": chance.one("fees", "service", None),
            "resolved_at": None if resolved is None else max(moment, resolved),
            "satisfied": None if resolved is None else chance.one(True, False, None),
            "recorded_at": chance.recorded(moment),
        }


def signals(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1, 2, 5)):
        day = chance.day()
        yield {
            "signal_id": chance.next_id("s"),
            "code": chance.one(*CODES),
            "raised_on": day,
            "customer_id": person,
            "severity": chance.one(None, 1, 3, 5),
            "evidence": chance.one(None, "seen"),
            "closed_on": max(day, chance.day()) if chance.likely(0.5) else None,
            "recorded_at": chance.recorded(midnight_of(day)),
        }


def snapshots(chance: Chance, person: str) -> Iterator[Record]:
    for day in sorted({chance.day() for _ in range(chance.one(0, 1, 2, 3))}):
        yield {
            "customer_id": person,
            "as_of": day,
            "score": chance.one(None, 0.5, -3.0, 1e9),
            "is_vip": chance.one(True, False, None),
            "segment": chance.one(None, "a", "b", "ü"),
            "sex": chance.one("f", "m"),
            "recorded_at": chance.recorded(midnight_of(day)),
        }


def repayments(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1)):
        loan_id, day = chance.next_id("l"), chance.day() - timedelta(days=chance.one(0, 100))
        for place in range(chance.one(1, 6, 12)):
            due_on = day + timedelta(days=30 * place)
            yield {
                "loan_id": loan_id,
                "customer_id": person,
                "due_on": due_on,
                "due_principal": chance.one(*AMOUNTS),
                "due_interest": chance.one(0, 7),
                "paid_on": chance.one(None, due_on, due_on + timedelta(days=70)),
                "paid_amount": None,
            }


def holdings(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1, 2)):
        day = chance.day()
        yield {
            "holding_id": chance.next_id("h"),
            "customer_id": person,
            "product": chance.one("wealth", "fund", "term_deposit"),
            "opened_on": day,
            "matures_on": chance.one(None, day + timedelta(days=chance.one(30, 90, 400))),
            "closed_on": max(day, chance.day()) if chance.likely(0.4) else None,
            "risk_grade": chance.one(None, "r1"),
            "recorded_at": chance.recorded(midnight_of(day)),
        }
