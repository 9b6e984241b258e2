"""Managers: changes, time with the present one, load and leaving, by hand. As_of is 2024-04-01."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, ZONE, after, at, before
from tests.compute import Computed, Features, compute
from tests.handover import Bank

Row = dict[str, Any]


def state(customer_id: str, days: int, manager_id: str | None, **more: Any) -> Row:
    row = {"customer_id": customer_id, "valid_from": before(days), "kind": "retail", "opened_on": before(900),
           "manager_id": manager_id, "closed_on": None, "recorded_at": None}  # fmt: skip
    return {**row, **more}


def customers() -> list[Row]:
    return [
        state("twice", 900, "m1"),
        state("twice", 366, "m2"),
        state("twice", 365, "m1"),
        state("twice", 100, "m1"),
        state("twice", 1, "m3"),
        state("twice", 0, "m1"),
        state("back", 900, "m1"),
        state("back", 50, None),
        state("back", 40, "m1"),
        state("none", 900, "m2"),
        state("none", 9, None),
        state("never", 900, None),
        state("first", 900, None),
        state("first", 20, "m1"),
        state("late", 900, "m3"),
        state("late", 30, "m1", recorded_at=at(before(0), "00:00")),
        state("closed", 900, "m1", closed_on=before(1)),
    ]


def managers() -> list[Row]:
    def one(manager_id: str, days: int, left_on: date | None = None) -> Row:
        return {"manager_id": manager_id, "valid_from": before(days), "left_on": left_on}

    return [one("m1", 800, before(500)), one("m1", 400, before(0)), one("m3", 800), one("m3", 400, before(1))]


def facts() -> list[Row]:
    def one(days: int, value: float | None, code: str = "manager_change_asked") -> Row:
        return {"customer_id": "back", "code": code, "noted_on": before(days), "value": value}

    return [one(0, 1.0), one(1, None), one(2, 0.0), one(365, 1.0), one(366, 1.0), one(5, 1.0, "taxpayer")]


def bank_of(rows: list[Row], **more: Any) -> Bank:
    tables = {"customers": rows, "managers": managers(), "facts": facts()}
    return Bank(tables, ZONE, {"facts": DATA_FROM}, after(30), **more)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return compute(bank_of(customers()), tmp_path_factory.mktemp("managers")).at([AS_OF])[AS_OF][0]


def shown(features: Features, customer_id: str) -> Mapping[str, float | None]:
    """Changes of a year, days since the last one, days with the present manager."""
    row = features[customer_id]
    return {
        "changes": row["manager_change_count_365d"],
        "since": row["manager_change_gap_days"],
        "with": row["manager_tenure_days"],
    }


def test_a_change_is_another_manager_than_the_one_named_before(found: Features) -> None:
    """m1, m2 366 days before, m1 365 before, the same again, m3 the day before: two changes within 365 days."""
    assert shown(found, "twice") == {"changes": 2, "since": 1, "with": 1}


def test_a_time_without_a_manager_is_passed_over(found: Features) -> None:
    assert shown(found, "back") == {"changes": 0, "since": None, "with": 900}


def test_whoever_has_no_manager_now_spends_no_time_with_one(found: Features) -> None:
    assert shown(found, "none") == {"changes": 0, "since": None, "with": None}
    assert shown(found, "never") == {"changes": None, "since": None, "with": None}


def test_the_first_manager_is_no_change(found: Features) -> None:
    assert shown(found, "first") == {"changes": 0, "since": None, "with": 20}


def test_a_change_recorded_at_the_as_of_midnight_is_not_known(found: Features) -> None:
    assert shown(found, "late") == {"changes": 0, "since": None, "with": 900}


def test_load_counts_those_who_have_not_left(found: Features) -> None:
    """m1 has back and first, but not closed; m3 has twice and late."""
    loads = {one: found[one]["manager_load_count"] for one in ("back", "twice", "closed", "none")}
    assert loads == {"back": 2, "twice": 2, "closed": 2, "none": None}


def test_a_manager_has_left_from_the_day_after(found: Features) -> None:
    """m1 leaves on the as_of day, by the newest row; m3 left the day before."""
    left = {one: found[one]["manager_has_left"] for one in ("back", "twice", "none")}
    assert left == {"back": 0, "twice": 1, "none": None}


def test_days_on_which_another_manager_was_asked_for(found: Features) -> None:
    """The day before (no value means yes) and 365 days before; a 0 says no."""
    assert found["back"]["manager_change_asked_count_365d"] == 2
    assert found["late"]["manager_change_asked_count_365d"] == 0


def without_states(rows: list[Row]) -> list[Row]:
    """One row per customer, as a bank without a history hands it over."""
    newest = {
        row["customer_id"]: row for row in rows if row["valid_from"] < AS_OF and row["recorded_at"] is None
    }
    return [{name: value for name, value in row.items() if name != "valid_from"} for row in newest.values()]


def test_without_states_nothing_is_known_of_managers(tmp_path: Path) -> None:
    computed: Computed = compute(bank_of(without_states(customers())), tmp_path)
    mine = {name for name in computed.names if name.startswith("manager")}
    assert mine == {"manager_change_asked_count_365d"}
    assert computed.absent["manager_load_count"] == "no column customers.manager_id that serves past dates"


def test_a_manager_who_never_changes_is_the_customers_from_the_opening_on(tmp_path: Path) -> None:
    computed = compute(bank_of(without_states(customers()), fixed_profile=("manager_id",)), tmp_path)
    row = computed.at([AS_OF])[AS_OF][0]["first"]
    assert (row["manager_tenure_days"], row["manager_load_count"]) == (900, 2)
    assert "manager_change_count_365d" in computed.absent
