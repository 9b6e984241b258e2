"""Needs: windows, kinds and amounts, counted by hand. As_of is 2024-04-01."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank


def need(number: int, days: int, kind: str, units: int | None = None, **more: Any) -> dict[str, Any]:
    row = {"need_id": f"n{number}", "customer_id": "A", "noted_on": before(days), "kind": kind,
           "amount": None if units is None else units * 100, "product": None, "recorded_at": None}  # fmt: skip
    return {**row, **more}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    rows = [
        need(1, 90, "expansion", 700),
        need(2, 91, "new_project", 30),
        need(3, 365, "new_project", None),
        need(4, 366, "expansion", 999),
        need(5, 0, "expansion", 888),
        need(6, 1, "product", 5, product="fund"),
        need(7, 200, "credit_request", 60, product="loan"),
        need(8, 300, "product", None, product="fund"),
        need(9, 366, "product", None, product="wealth"),
        need(10, 2, "product", 10_000, product="bond", recorded_at=at(before(0), "00:00")),
        need(11, 5, "product", 1, customer_id="B"),
        need(11, 5, "product", 4, customer_id="B", recorded_at=at(before(3))),
        need(11, 5, "product", 9, customer_id="B", recorded_at=at(after(3))),
    ]
    customers = [
        {"customer_id": one, "kind": "micro", "opened_on": date(2020, 1, 1)} for one in ("A", "B", "C")
    ]
    bank = Bank({"customers": customers, "needs": rows}, ZONE, {"needs": DATA_FROM}, after(30))
    return compute(bank, tmp_path_factory.mktemp("needs")).at([AS_OF])[AS_OF][0]


def test_development_plans_are_expansions_and_new_projects_of_the_window(found: Features) -> None:
    """90 days back is inside 90, 91 not; 365 is inside 365, 366 not; day 0 is not known."""
    assert [found["A"][f"need_count_plan_{days}d"] for days in (90, 365)] == [1, 3]


def test_amounts_add_up_and_a_need_without_one_adds_nothing(found: Features) -> None:
    """Within 90 days 700; within 365 days 700 + 30 + nothing, in hundredths."""
    assert [found["A"][f"need_amount_plan_{days}d"] for days in (90, 365)] == [70_000, 73_000]


def test_products_and_credit_are_counted_apart(found: Features) -> None:
    """`n10` was recorded at the midnight of as_of: not known."""
    assert [found["A"][f"need_count_product_{days}d"] for days in (90, 365)] == [1, 2]
    assert [found["A"][f"need_count_credit_request_{days}d"] for days in (90, 365)] == [0, 1]
    assert found["A"]["need_amount_credit_request_365d"] == 6_000


def test_a_product_asked_for_twice_counts_once_whatever_the_kind(found: Features) -> None:
    """fund twice and loan; wealth lies outside the window, bond is not known."""
    assert found["A"]["product_asked_count_365d"] == 2


def test_the_last_need_of_any_kind_gives_the_gap(found: Features) -> None:
    assert (found["A"]["need_gap_days"], found["C"]["need_gap_days"]) == (1, None)


def test_a_correction_known_at_as_of_counts_and_a_later_one_does_not(found: Features) -> None:
    assert (found["B"]["need_count_product_90d"], found["B"]["need_amount_product_90d"]) == (1, 400)


def test_a_customer_without_needs_has_none(found: Features) -> None:
    assert (found["C"]["need_count_plan_365d"], found["C"]["need_amount_plan_90d"]) == (0, 0)
