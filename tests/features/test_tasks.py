"""Tasks and referrals, counted by hand. As_of is 2024-04-01."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank


def task(number: int, kind: str, done: int | None, outcome: str | None = None, **more: Any) -> dict[str, Any]:
    """A task set 400 days before as_of, done so many days before it."""
    row = {"task_id": f"j{number:02d}", "customer_id": "A", "kind": kind, "product": None, "created_on": before(400),
           "due_on": None, "done_on": None if done is None else before(done), "outcome": outcome,
           "referred_id": None}  # fmt: skip
    return {**row, **more}


def open_tasks() -> list[dict[str, Any]]:
    return [
        task(1, "call", None, due_on=before(1)),
        task(2, "call", None, due_on=before(0)),
        task(3, "call", None),
        task(4, "call", 0, "deal", due_on=before(30)),
        task(5, "call", 1, due_on=before(30)),
        task(6, "call", None, created_on=before(0)),
    ]


def offers() -> list[dict[str, Any]]:
    to = {"customer_id": "O"}
    return [
        task(11, "plan", 365, "Deal", **to),
        task(12, "directed", 10, "not_reached", **to),
        task(13, "plan", 9, "拒绝", product="fund", **to),
        task(14, "plan", 8, "成交", **to),
        task(15, "plan", 366, "deal", **to),
        task(16, "plan", 0, "deal", **to),
        task(17, "plan", 7, None, **to),
        task(18, "cross_sell", 6, "DECLINED", product="fund", **to),
        task(19, "cross_sell", 5, "declined", product="wealth", **to),
        task(20, "cross_sell", 4, "declined", **to),
        task(21, "cross_sell", 366, "declined", product="bond", **to),
        task(22, "cross_sell", 3, "deal", product="loan", **to),
    ]


def referrals() -> list[dict[str, Any]]:
    by = {"customer_id": "R"}
    return [
        task(31, "referral", 365, referred_id="A", **by),
        task(32, "referral", 20, referred_id="A", **by),
        task(33, "referral", 20, referred_id="stranger", **by),
        task(34, "referral", 20, referred_id="R", **by),
        task(35, "referral", 366, referred_id="O", **by),
        task(36, "referral", 0, referred_id="O", **by),
        task(37, "call", 20, referred_id="O", **by),
        task(38, "referral", None, referred_id="O", **by),
        task(39, "referral", 20, referred_id="new", **by),
        task(40, "referral", 20, referred_id="unknown", **by),
    ]


def relations() -> list[dict[str, Any]]:
    def link(other: str, days: int, kind: str = "referred", customer: str = "R") -> dict[str, Any]:
        return {"customer_id": customer, "other_id": other, "kind": kind, "since": before(days)}

    return [
        link("A", 30),
        link("L", 365),
        link("O", 366),
        link("O", 30, "buyer"),
        link("R", 30, customer="O"),
    ]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    opened = {"A": before(1), "O": date(2020, 1, 1), "R": date(2020, 1, 1), "L": date(2020, 1, 1), "Q": before(9),
              "new": before(0), "unknown": None}  # fmt: skip
    customers = [{"customer_id": one, "kind": "retail", "opened_on": day} for one, day in opened.items()]
    tables = {
        "customers": customers,
        "tasks": [*open_tasks(), *offers(), *referrals()],
        "relations": relations(),
    }
    bank = Bank(tables, ZONE, {"tasks": DATA_FROM}, after(30))
    return compute(bank, tmp_path_factory.mktemp("tasks")).at([AS_OF])[AS_OF][0]


def test_a_task_done_on_the_as_of_day_is_still_open(found: Features) -> None:
    """Open are 1 to 4; 5 was done the day before, 6 is set on the as_of day."""
    assert found["A"]["task_count_open"] == 4


def test_a_task_is_overdue_from_the_day_after_its_due_date(found: Features) -> None:
    """1 was due the day before; 2 is due on the day itself, 3 never; 4 is open and was due 30 days before."""
    assert found["A"]["task_count_overdue"] == 2


def test_the_last_task_done_before_as_of_gives_the_gap(found: Features) -> None:
    assert (found["A"]["task_gap_days"], found["Q"]["task_gap_days"]) == (1, None)


def test_response_is_what_was_taken_up_over_what_was_answered_in_a_year(found: Features) -> None:
    """Answered: 11 (Deal), 12 (not reached), 13 (declined), 14 (deal); taken up 11 and 14, in any case of letters."""
    assert found["O"]["task_response_share_365d"] == 0.5
    assert found["A"]["task_response_share_365d"] is None


def test_a_product_declined_twice_counts_once(found: Features) -> None:
    """fund by a plan and by cross-selling, and wealth; 20 names no product, 21 is too old, 22 was taken up."""
    assert found["O"]["product_declined_count_365d"] == 2


def test_each_referred_counts_once_by_task_or_relation(found: Features) -> None:
    """A twice by tasks and once by a relation, stranger, new and unknown by tasks, L by a relation: 5; not R itself.

    O was referred 366 days before, on the as_of day, by a call and in a task never done: not counted.
    """
    assert found["R"]["referral_count_365d"] == 5


def test_a_referral_is_converted_once_the_other_opened_before_as_of(found: Features) -> None:
    """A opened the day before and L long ago; new opens on the day, nobody knows when unknown did."""
    assert found["R"]["referral_count_converted_365d"] == 2


def test_the_referral_is_the_referrers_and_not_the_referreds(found: Features) -> None:
    assert (found["O"]["referral_count_365d"], found["A"]["referral_count_365d"]) == (1, 0)


def test_a_task_corrected_after_as_of_stays_as_it_was(tmp_path_factory: pytest.TempPathFactory) -> None:
    rows = [task(1, "call", None), {**task(1, "call", 5), "recorded_at": at(after(1))}]
    bank = Bank(
        {"customers": [{"customer_id": "A", "kind": "retail", "opened_on": date(2020, 1, 1)}], "tasks": rows},
        ZONE,
        {"tasks": DATA_FROM},
        after(30),
    )
    features = compute(bank, tmp_path_factory.mktemp("corrected")).at([AS_OF])[AS_OF][0]
    assert (features["A"]["task_count_open"], features["A"]["task_gap_days"]) == (1, None)
