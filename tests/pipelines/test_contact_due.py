"""When a customer is to be contacted next: by which rule, by when, on which channel, and not before.

As_of is 2024-04-01; a contact is written as how many days before it took place.
"""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.contact_due import Entry, due_contacts
from tests.bank import AS_OF, DATA_FROM, ZONE, after, before
from tests.compute import compute
from tests.features.test_contact import Log, calls, talk
from tests.handover import Bank


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Entry]:
    log = Log()
    wish: dict[str, Any] = {"preferred_channel": "E", "preferred_hours": "morning", "marketing_opt_out": True}
    log.one("diamond", *calls(31, 5), card_level="diamond", manager_id="m1", **wish)
    log.one("in time", *calls(29, 5), card_level="diamond", manager_id="m1")
    log.one(
        "managed", talk(92, "L"), talk(5, outcome="not_reached"), manager_id="m1", preferred_channel="pigeon"
    )
    log.one("on the day", talk(91, "E"), manager_id="m1")
    log.one("nobody's", *calls(300))
    log.one("never", manager_id="m1", days=100)
    log.one("full", *calls(6, 4, 3, 1), manager_id="m1")
    log.one("free again", *calls(7, 4, 3, 1), manager_id="m1")
    log.one("called us", *calls(6, 4, 3), talk(1, direction="customer"), manager_id="m1")
    log.one("gold", *calls(8), card_level="gold")
    log.business("gold", 9, "customer")
    bank = Bank(log.tables, ZONE, dict.fromkeys(("contacts", "transactions"), DATA_FROM), after(10))
    found = compute(bank, tmp_path_factory.mktemp("due")).store.bank
    return dict(due_contacts(found, AS_OF))


def test_the_rule_that_is_due_first_is_named(due: dict[str, Entry]) -> None:
    """Diamond: two calls in 30 days, the second newest 31 days ago: due yesterday. Managed would be due in 86 days."""
    entry = due["diamond"]
    assert (entry["rule"], entry["cadence_days"], entry["days_overdue"]) == ("level", 30, 1)
    assert (entry["last_on"], entry["due_on"]) == (before(5).isoformat(), before(1).isoformat())


def test_before_it_is_due_nothing_is_overdue(due: dict[str, Entry]) -> None:
    assert (due["in time"]["due_on"], due["in time"]["days_overdue"]) == (after(1).isoformat(), 0)
    assert (due["on the day"]["due_on"], due["on the day"]["days_overdue"]) == (AS_OF.isoformat(), 0)


def test_a_try_is_no_contact(due: dict[str, Entry]) -> None:
    """Reached by letter 92 days ago; the try of day 5 reached nobody."""
    entry = due["managed"]
    assert (entry["last_on"], entry["rule"], entry["days_overdue"]) == (before(92).isoformat(), "managed", 1)


def test_who_was_never_contacted_is_due_from_the_beginning_of_the_relationship(due: dict[str, Entry]) -> None:
    """Opened 100 days ago, a quarter is 91: 9 days overdue."""
    assert (due["never"]["last_on"], due["never"]["days_overdue"]) == (None, 9)


def test_without_a_cadence_there_is_no_due_date(due: dict[str, Entry]) -> None:
    entry = due["nobody's"]
    assert (entry["rule"], entry["due_on"], entry["days_overdue"]) == (None, None, None)
    assert entry["last_on"] == before(300).isoformat()


def test_a_quiet_week_asks_for_a_call(due: dict[str, Entry]) -> None:
    """Spoken to 8 days ago, business 9 days ago; 7 are allowed."""
    assert (due["gold"]["rule"], due["gold"]["days_overdue"]) == ("quiet", 1)


def test_the_wish_of_the_customer_is_followed(due: dict[str, Entry]) -> None:
    entry = due["diamond"]
    assert (entry["channel"], entry["hours"], entry["is_opted_out"]) == ("E", "morning", True)
    assert (due["managed"]["channel"], due["in time"]["channel"]) == ("T", "T")
    assert due["in time"]["is_opted_out"] is None


def test_four_contacts_in_a_week_are_enough(due: dict[str, Entry]) -> None:
    """Begun on days 6, 4, 3 and 1: the first of them leaves the week tomorrow. Day 7 has left it; customers call."""
    assert due["full"]["not_before"] == after(1).isoformat()
    assert due["free again"]["not_before"] is None
    assert due["called us"]["not_before"] is None
