"""Rows of a random bank, table by table, for one customer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.chance import Chance, midnight_of
from tests.random_relations import profile_columns

Record = dict[str, Any]

AMOUNTS = (0, 1, 1, 100, 12_345, 12_345, 1_000_000, 99_999_999_999)
ASSETS = ("demand_deposit", "term_deposit", "wealth", "fund", "bond", "insurance")
PRODUCTS = (*ASSETS, "loan", "card_credit", "guarantee", "other")
TXN_KINDS = (
    "transfer", "salary", "salary", "fee", "penalty_interest", "other", "payment", "purchase", "cash",
    "loan_disbursement", "loan_repayment",
)  # fmt: skip


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
        "risk_preference": chance.one(None, "conservative", "balanced", "aggressive", "C1", "of old"),
        "manager_id": chance.one(None, "m1", "0007"),
        **profile_columns(chance),
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
        row = {**row, "card_level": chance.one(None, "gold", "diamond"), **profile_columns(chance),
               "manager_id": chance.one(None, "m1", "0007", "m2", "m3"),
               "kind": chance.one(row["kind"], "micro"), "credit_line": chance.one(None, 7)}  # fmt: skip
        if chance.likely(0.15):
            row["closed_on"] = day


def transactions(chance: Chance, person: str) -> Iterator[Record]:
    days = [chance.day() for _ in chance.several()]
    if chance.is_steady:
        days += chance.steady_days(chance.one(7, 15), 30, 60, 88, 89, 90, chance.one(30, 91))
    rent = rent_days(chance)
    for day in (*days, *rent):
        moment = chance.moment(day)
        row: Record = {
            "transaction_id": chance.next_id("t"),
            "customer_id": person,
            "occurred_at": moment,
            "amount": chance.one(*AMOUNTS) * chance.one(1, -1, -1),
            "kind": chance.one(*TXN_KINDS),
            "channel": chance.one(None, "branch", "branch", "online", "mobile", "atm", "pos"),
            "counterparty": chance.one(None, "p1", "p1", "p2", "p3", "p4", "p5"),
            "counterparty_kind": chance.one(
                None, None, "own_elsewhere", "supplier", "payment_institution", "nonbank_lender"
            ),
            "started_by": chance.one("customer", "customer", "customer", "bank", None),
            "recorded_at": chance.recorded(moment),
        }
        if day in rent:
            row |= {"amount": -700, "kind": "payment", "counterparty": "p9", "counterparty_kind": None,
                    "started_by": "customer"}  # fmt: skip
        yield row


def rent_days(chance: Chance) -> set[date]:
    """Days of a regular payment: about every 30 days up to some time before the as_of, or none."""
    if not chance.likely(0.4):
        return set()
    stop = chance.focus - timedelta(days=chance.one(1, 20, 45, 46, 70))
    return {stop - timedelta(days=30 * place + chance.one(0, 1, 29)) for place in range(6)}


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
