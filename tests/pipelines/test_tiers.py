"""The state of tiers in the book: decided once a month, read ever after, never rewritten and never invented."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from pipelines.build import Store, build
from pipelines.settings import Home
from pipelines.tiers import Entry, TierBook, decided_dates, read_tier_entries, state_file
from tests.bank import after, at, before
from tests.compute import compute
from tests.handover import Bank

IDS = ("a", "b", "late")
MARCH, APRIL, MAY, JULY = (date(2024, month, 1) for month in (3, 4, 5, 7))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three customers; one of them 100 days late with an instalment on 2024-04-01."""
    people = [{"customer_id": name, "opened_on": before(800), "kind": "retail"} for name in IDS]
    dues = {"due_principal": 1000, "due_interest": 10, "paid_on": None, "paid_amount": None}
    tables = {
        "customers": people,
        "loans": [{"loan_id": "l", "customer_id": "late", "granted_on": before(400), "amount": 9000,
                   "matures_on": after(400)}],
        "repayments": [{"loan_id": "l", "customer_id": "late", "due_on": before(100), **dues}],
        "transactions": [{"transaction_id": f"t{name}", "customer_id": name, "occurred_at": at(before(10)),
                          "amount": 100, "kind": "payment", "started_by": "customer"} for name in IDS],
    }  # fmt: skip
    store = compute(Bank(tables, data_until=after(100)), tmp_path_factory.mktemp("tiers")).store
    build(store, [MARCH, APRIL, MAY, JULY])
    return store


def decided(home: Home, store: Store, as_of: date, *composite: float) -> dict[str, Entry | None]:
    """Tiers of the three customers at a date, as `score` decides them."""
    book = TierBook(home, store, as_of)
    found = dict(zip(IDS, book.of(IDS, np.array(composite)), strict=True))
    book.close()
    return found


def codes(entries: dict[str, Entry | None]) -> list[str | None]:
    return [None if entry is None else entry["code"] for entry in entries.values()]


def test_a_state_goes_on_from_month_to_month(store: Store, tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert codes(decided(home, store, MARCH, 800, 500, np.nan)) == ["key", "general", None]
    assert codes(decided(home, store, APRIL, 600, 800, 300)) == ["key", "general", "exit"]
    moved = decided(home, store, MAY, 600, 800, 300)
    assert codes(moved) == ["general", "key", "exit"]
    first = moved["a"]
    assert first is not None
    assert (first["since"], first["next_review"]) == ("2024-05-01", "2024-06-01")


def test_a_hard_rule_is_read_from_the_features(store: Store, tmp_path: Path) -> None:
    """100 days in arrears at the first of April, and a score of 900: exit, and the rule is named."""
    found = decided(Home(tmp_path), store, APRIL, 900, 900, 900)
    assert codes(found) == ["key", "key", "exit"]
    assert [entry["rules"] for entry in found.values() if entry] == [[], [], ["long_arrears"]]


def test_a_decided_month_is_never_rewritten(store: Store, tmp_path: Path) -> None:
    home = Home(tmp_path)
    decided(home, store, MARCH, 800, 500, 200)
    kept = state_file(home, MARCH).read_bytes()
    assert codes(decided(home, store, MARCH, 10, 10, 10)) == ["key", "general", "maintain"]
    assert state_file(home, MARCH).read_bytes() == kept


def test_a_month_before_the_newest_is_not_invented(store: Store, tmp_path: Path) -> None:
    home = Home(tmp_path)
    decided(home, store, APRIL, 800, 500, 200)
    assert codes(decided(home, store, MARCH, 800, 500, 200)) == [None, None, None]
    assert decided_dates(home) == [APRIL]


def test_a_date_within_a_month_has_the_state_of_its_first(store: Store, tmp_path: Path) -> None:
    home = Home(tmp_path)
    decided(home, store, APRIL, 800, 500, 200)
    assert codes(decided(home, store, date(2024, 4, 20), 10, 10, 10)) == ["key", "general", "exit"]
    assert decided_dates(home) == [APRIL]


def test_after_a_month_without_a_decision_the_count_begins_anew(store: Store, tmp_path: Path) -> None:
    """Called for in April and, May and June missing, in July: one month each, so nobody moves."""
    home = Home(tmp_path)
    decided(home, store, MARCH, 500, 500, 200)
    decided(home, store, APRIL, 800, 500, 200)
    assert codes(decided(home, store, JULY, 800, 500, 200))[0] == "general"


def test_what_is_published_is_what_was_decided(store: Store, tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = decided(home, store, APRIL, 800, 500, np.nan)
    assert read_tier_entries(home, date(2024, 4, 30)) == {
        name: entry for name, entry in found.items() if entry
    }
    assert read_tier_entries(home, MARCH) == {}


def test_a_run_that_is_stopped_leaves_no_state(store: Store, tmp_path: Path) -> None:
    home = Home(tmp_path)
    TierBook(home, store, APRIL).of(IDS, np.array([800.0, 500.0, 200.0]))
    assert decided_dates(home) == []
