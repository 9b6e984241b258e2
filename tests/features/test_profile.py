"""What the newest state says of household, size, orientation and months in business. As_of is 2024-04-01."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bank import AS_OF, ZONE, after, before
from tests.compute import Features, compute
from tests.handover import Bank

NAMES = ("has_household", "employee_count", "is_relationship_oriented", "is_value_oriented", "is_service_oriented",
         "is_opted_out")  # fmt: skip


def state(customer_id: str, days: int, **more: Any) -> dict[str, Any]:
    row = {"customer_id": customer_id, "valid_from": before(days), "kind": "micro", "sex": "f", "born_on": None,
           "household_id": None, "employees": None, "orientation": None, "marketing_opt_out": None}  # fmt: skip
    return {**row, **more}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    told = {"household_id": "h1", "employees": 0, "orientation": "value", "marketing_opt_out": False}
    customers = [
        state("full", 900, orientation="service"),
        state("full", 1, **told),
        state("full", 0, employees=9, orientation="relationship", marketing_opt_out=True),
        state("empty", 900, **told),
        state("empty", 1),
        state("shop", 900, born_on=date(2022, 4, 1), marketing_opt_out=True),
        state("person", 900, born_on=date(1990, 4, 1), kind="retail"),
    ]
    bank = Bank({"customers": customers, "needs": []}, ZONE, {"needs": before(9)}, after(30),
                columns={"needs": ("need_id", "customer_id", "noted_on", "kind")})  # fmt: skip
    computed = compute(bank, tmp_path_factory.mktemp("profile"))
    assert not {name for name in computed.names if "sex" in name or "gender" in name}
    return computed.at([AS_OF])[AS_OF][0]


def test_the_newest_state_before_as_of_counts(found: Features) -> None:
    """Nobody employed is 0; one orientation is 1 and the others 0; the state of the as_of day is not known."""
    assert [found["full"][name] for name in NAMES] == [1, 0, 0, 1, 0, 0]


def test_what_the_newest_state_leaves_open_is_not_known(found: Features) -> None:
    assert [found["empty"][name] for name in NAMES] == [0, None, None, None, None, None]


def test_whoever_wants_no_marketing_is_marked(found: Features) -> None:
    assert found["shop"]["is_opted_out"] == 1


def test_months_in_business_are_those_of_businesses(found: Features) -> None:
    """2022-04-01 to 2024-04-01 are 731 days: 731 / 30.4375 = 24.016..; people are in no business."""
    assert found["shop"]["business_age_months"] == pytest.approx(731 / 30.4375, rel=1e-12)
    assert (found["person"]["business_age_months"], found["empty"]["business_age_months"]) == (None, None)


def test_columns_without_history_are_left_out(tmp_path: Path) -> None:
    customers = [
        {"customer_id": "A", "kind": "micro", "opened_on": before(9), "employees": 3, "household_id": "h"}
    ]
    tables = {"customers": customers, "needs": [{"need_id": "n", "customer_id": "A", "noted_on": before(3),
                                                 "kind": "product"}]}  # fmt: skip
    computed = compute(Bank(tables, ZONE, {}, after(30), fixed_profile=("employees",)), tmp_path)
    assert "employee_count" in computed.names
    assert computed.absent["has_household"] == "no column customers.household_id that serves past dates"
    assert computed.absent["is_opted_out"] == "no column customers.marketing_opt_out that serves past dates"
