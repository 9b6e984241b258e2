"""Rows of a random bank about how it speaks with its customers: contacts, complaints, signs of strain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.chance import Chance, midnight_of

Record = dict[str, Any]

PURPOSES = ("care", "review", "sale", "complaint", "collection_notice", "other")
OUTCOMES = ("reached", "not_reached", "not_reached", "interested", "declined", "complaint", "deal")
STRAIN_CODES = (1, 2, 2, 5, 8, 10, 11, 12)
"""A correction adds one."""


def contacts(chance: Chance, person: str) -> Iterator[Record]:
    """Contacts on any days, some customers steadily; of those with a date agreed some are followed by another."""
    days = [chance.day() for _ in chance.several()]
    if chance.is_steady and chance.likely(0.5):
        days += chance.steady_days(chance.one(5, 14), 20, 45, chance.one(90, 120))
    for day in days:
        first = contact(chance, person, day)
        yield first
        if first["next_agreed_on"] is not None and chance.likely(0.4):
            yield contact(chance, person, first["next_agreed_on"] + timedelta(days=chance.one(-1, 0, 3, 4)))


def contact(chance: Chance, person: str, day: date) -> Record:
    """One contact; its agreed date lies a few days ahead, around an edge of an as_of, or makes no sense."""
    moment = chance.moment(day)
    ahead = day + timedelta(days=chance.one(-2, 0, 1, 3, 10, 30))
    edge = chance.focus - timedelta(days=chance.one(1, 2, 3, 4, 5, 180, 181, 365))
    return {
        "contact_id": chance.next_id("c"),
        "customer_id": person,
        "manager_id": chance.one(None, "m1", "0007", "7"),
        "occurred_at": moment,
        "channel": chance.one("T", "T", "T", "M", "B", "E", "S", "L"),
        "direction": chance.one("bank", "customer", None),
        "purpose": chance.one(None, *PURPOSES),
        "with_role": chance.one(None, "decision_maker", "finance", "other"),
        "outcome": chance.one(None, *OUTCOMES),
        "warmth": chance.one(None, None, -2, -1, 0, 1, 2),
        "next_agreed_on": chance.one(None, None, ahead, ahead, edge),
        "recorded_at": chance.recorded(moment),
    }


def complaints(chance: Chance, person: str) -> Iterator[Record]:
    """Complaints answered and resolved at once, later, or not at all; some repeat the one before."""
    before: str | None = None
    for _ in range(chance.one(0, 0, 1, 2, 4)):
        moment, complaint_id = chance.moment(chance.day()), chance.next_id("k")
        answered = chance.one(None, moment + timedelta(days=chance.one(0, 1, 5)), chance.moment(chance.day()))
        resolved = chance.one(
            None, moment + timedelta(days=chance.one(0, 1, 30)), chance.moment(chance.day())
        )
        yield {
            "complaint_id": complaint_id,
            "customer_id": person,
            "received_at": moment,
            "category": chance.one("fees", "service", None),
            "about": chance.one(None, "manager", "bank"),
            "severity": chance.one(None, 1, 3, 5),
            "first_response_at": None if answered is None else max(moment, answered),
            "resolved_at": None if resolved is None else max(moment, resolved),
            "satisfied": None if resolved is None else chance.one(True, False, None),
            "repeat_of": chance.one(None, before),
            "recorded_at": chance.recorded(moment),
        }
        before = complaint_id


def strain_signs(chance: Chance, person: str) -> Iterator[Record]:
    for _ in range(chance.one(0, 0, 1, 2, 5)):
        day = chance.day()
        yield {
            "sign_id": chance.next_id("n"),
            "customer_id": person,
            "code": chance.one(*STRAIN_CODES),
            "noted_on": day,
            "recorded_at": chance.recorded(midnight_of(day)),
        }
