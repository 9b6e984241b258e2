"""Rows of a random bank about contracts: holdings that renew one another, loans with guarantors, instalments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.chance import WINDOWS, Chance, midnight_of

Record = dict[str, Any]

AMOUNTS = (0, 1, 100, 12_345, 12_345, 1_000_000, 99_999_999_999)
PRODUCTS = (
    "wealth",
    "wealth",
    "wealth",
    "wealth",
    "term_deposit",
    "fund",
    "insurance",
    "insurance",
    "loan",
    "other",
)
TERMS = (1, 29, 30, 31, 89, 90, 91, 180, 364, 365, 366, 400)


def holdings(chance: Chance, person: str) -> Iterator[Record]:
    """A few contracts, some of which renew the one before; of insurances with and without a kind."""
    before: str | None = None
    for _ in range(chance.one(0, 1, 2, 4, 7)):
        opened, holding_id = chance.day() - timedelta(days=chance.one(0, 0, 30, 365)), chance.next_id("h")
        matures = chance.one(
            None, None, opened + timedelta(days=chance.one(*TERMS)), chance.day(), soon(chance), soon(chance)
        )
        yield {
            "holding_id": holding_id,
            "customer_id": person,
            "product": chance.one(*PRODUCTS),
            "opened_on": opened,
            "matures_on": None if matures is None else max(opened, matures),
            "closed_on": closing(chance, opened, matures),
            "amount": chance.one(None, *AMOUNTS),
            "renewed_from": chance.one(None, before, before, holding_id),
            "risk_grade": chance.one(None, "R1", "r1", "R3", "R5", "高风险", "of old"),
            "insurance_kind": chance.one(None, "life", "critical_illness", "Critical_Illness", "重疾"),
            "sum_insured": chance.one(None, *AMOUNTS),
            "recorded_at": chance.recorded(midnight_of(opened)),
        }
        before = holding_id


def closing(chance: Chance, opened: date, matures: date | None) -> date | None:
    """Never, on any day, or on the day of maturity or next to it."""
    if not chance.likely(0.4):
        return None
    near = chance.day() if matures is None else matures + timedelta(days=chance.one(-1, 0, 1))
    closed: date = chance.one(near, chance.day())
    return max(opened, closed)


def soon(chance: Chance) -> date:
    """A day at an edge of the windows that look ahead."""
    as_of: date = chance.one(chance.focus, *chance.as_ofs)
    return as_of + timedelta(days=chance.one(0, 1, 29, 30, 31, 89, 90, 91))


def loans(chance: Chance, person: str) -> Iterator[Record]:
    """Loans with every kind of collateral; guarantors are customers, strangers or the borrower."""
    for _ in range(chance.one(0, 1, 1, 2, 3)):
        granted = chance.day() - timedelta(days=chance.one(0, 0, 30, 365))
        yield {
            "loan_id": chance.next_id("l"),
            "customer_id": person,
            "granted_on": granted,
            "amount": chance.one(*AMOUNTS),
            "matures_on": max(granted, chance.one(chance.day(), soon(chance), soon(chance))),
            "rate": chance.one(None, 0.0, 0.035, 0.0435, 0.12345678912, -0.001, 4.35, 1e300),
            "collateral": chance.one(None, "property", "inventory", "inventory", "guarantee", "none"),
            "collateral_value": chance.one(None, 0, 1, 2_000_000, 99_999_999_999),
            "guarantor_id": chance.one(
                None, "0001", "2", "0003", "0003", "4", "0005", "6", "stranger", person
            ),
            "recorded_at": chance.recorded(midnight_of(granted)),
        }


def repayments(chance: Chance, person: str) -> Iterator[Record]:
    """Instalments of a few loans: paid on the day, around it, in part, much later or not at all."""
    for _ in range(chance.one(0, 0, 1, 1, 2)):
        loan_id, day = chance.next_id("r"), chance.day() - timedelta(days=chance.one(0, 100, 365))
        habit = chance.one(0.0, 0.3, 0.9)
        for place in range(chance.one(1, 6, 12)):
            due_on = day + timedelta(days=30 * place)
            owed = chance.one(*AMOUNTS), chance.one(0, 0, 7, 500)
            paid_on, paid_amount = payment(chance, due_on, sum(owed), habit)
            yield {
                "loan_id": loan_id,
                "customer_id": person,
                "due_on": due_on,
                "due_principal": owed[0],
                "due_interest": owed[1],
                "paid_on": paid_on,
                "paid_amount": paid_amount,
                "recorded_at": chance.recorded(midnight_of(due_on)),
            }


def payment(chance: Chance, due_on: date, owed: int, late_share: float) -> tuple[date | None, int | None]:
    """When an instalment is paid, and how much of it; a payment of an amount that nobody noted is one in full."""
    if not chance.likely(late_share):
        days = chance.one(0, 0, -1, -10)
    else:
        days = chance.one(None, None, 1, 29, 30, 31, 70, *WINDOWS)
    if days is None:
        return None, None
    amount = owed if chance.likely(0.7) else chance.one(None, 0, -5, 1, 3, 7, owed - 1, owed // 2, owed + 5)
    return due_on + timedelta(days=days), amount
