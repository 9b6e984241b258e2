"""Relations in both directions, counted by hand. As_of is 2024-04-01."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bank import AS_OF, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank

Row = dict[str, Any]
LONG_AGO = date(2018, 1, 1)


def link(customer_id: str, other_id: str, kind: str, since: date | None = LONG_AGO, **more: Any) -> Row:
    return {
        "customer_id": customer_id,
        "other_id": other_id,
        "kind": kind,
        "since": since,
        "recorded_at": None,
        **more,
    }


def customers() -> list[Row]:
    def one(customer_id: str, opened_on: date | None, closed_on: date | None = None) -> Row:
        return {"customer_id": customer_id, "kind": "micro", "opened_on": opened_on, "closed_on": closed_on}

    old = date(2017, 1, 1)
    return [
        one("A", old),
        one("B", old),
        one("C", date(2018, 1, 1)),
        one("D", date(2017, 12, 31)),
        one("gone", old, before(1)),
        one("going", old, before(0)),
        one("E", None),
        one("alone", old),
    ]


def links() -> list[Row]:
    return [
        link("A", "B", "guarantor"),
        link("A", "stranger", "guarantor"),
        link("B", "A", "shareholder"),
        link("A", "B", "affiliate"),
        link("A", "C", "parent"),
        link("A", "A", "subsidiary"),
        link("D", "A", "supplier"),
        link("A", "E", "buyer"),
        link("A", "gone", "referred"),
        link("going", "A", "referred"),
        link("E", "elsewhere", "competitor_insider"),
        link("A", "late", "buyer", before(0)),
        link("A", "unrecorded", "buyer", recorded_at=at(before(0), "00:00")),
    ]


def balances() -> list[Row]:
    def one(customer_id: str, days: int, units: int, product: str = "wealth", bank: str | None = None) -> Row:
        return {"customer_id": customer_id, "product": product, "held_on": before(days), "balance": units * 100,
                "bank": bank}  # fmt: skip

    return [
        one("A", 1, 1_000_000),
        one("B", 46, 7000),
        one("B", 45, 300),
        one("B", 45, 9, "loan"),
        one("B", 10, 50, bank="elsewhere"),
        one("C", 46, 4000),
        one("D", 1, 20),
        one("going", 1, 8000),
        one("gone", 5, 1),
        one("gone", 2, 0),
    ]


def features_of(
    rows: Sequence[Row], directory: Path, data_from: date | None = None, columns: tuple[str, ...] = ()
) -> Features:
    tables = {"customers": customers(), "relations": rows, "balances": balances()}
    dates = {} if data_from is None else {"relations": data_from}
    bank = Bank(tables, ZONE, dates, after(30), columns={"relations": columns})
    return compute(bank, directory).at([AS_OF])[AS_OF][0]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return features_of(links(), tmp_path_factory.mktemp("relations"))


def counts(features: Features, customer_id: str, *names: str) -> list[float | None]:
    return [features[customer_id][f"relation_count_{name}"] for name in names]


def test_guarantors_are_counted_for_the_guaranteed_and_guarantees_for_the_guarantor(found: Features) -> None:
    """B and the stranger guarantee for A."""
    assert counts(found, "A", "guarantor", "guarantee") == [2, 0]
    assert counts(found, "B", "guarantor", "guarantee") == [0, 1]


def test_two_ties_with_one_customer_count_once_in_whatever_direction(found: Features) -> None:
    """A and B are tied twice in a group, A and C once; A's tie to itself is none."""
    assert (counts(found, "A", "group"), counts(found, "B", "group"), counts(found, "C", "group")) == (
        [2],
        [1],
        [1],
    )


def test_buyers_and_suppliers_count_on_both_sides(found: Features) -> None:
    """D is supplied by A, E buys from A; what begins or is recorded on the as_of day is not known."""
    assert (counts(found, "A", "supply"), counts(found, "D", "supply"), counts(found, "E", "supply")) == (
        [2],
        [1],
        [1],
    )


def test_a_referral_is_counted_for_one_and_flagged_for_the_other(found: Features) -> None:
    assert (counts(found, "A", "referred"), found["A"]["is_referred"]) == ([1], 1)
    assert (counts(found, "going", "referred"), found["going"]["is_referred"]) == ([1], 0)


def test_an_insider_of_a_competitor_need_not_be_a_customer(found: Features) -> None:
    assert [found[one]["has_competitor_insider"] for one in ("E", "A")] == [1, 0]


def test_a_related_customer_has_left_from_the_day_after_closing(found: Features) -> None:
    """`gone` closed the day before as_of, `going` closes on it."""
    assert counts(found, "A", "closed") == [1]


def test_an_influenced_customer_is_new_if_opened_on_the_day_of_the_tie_or_later(found: Features) -> None:
    """Of the influenced B, C, D, E and gone only C opened on the day of the tie; D opened the day before.

    E's opening is unknown: E has no newcomer either, for A opened before the tie. The one who referred A is not
    influenced by A.
    """
    assert counts(found, "A", "new") == [1]
    assert counts(found, "E", "new") == [0]
    assert counts(found, "alone", "new") == [None]


def test_assets_of_the_influenced_are_the_last_reported_ones(found: Features) -> None:
    """B 300 (45 days old; the loan and the money elsewhere are no assets here), C too old, D 20, gone 0: 320.

    B reported twice: the last counts. `going` referred A, which is no influence of A's.
    """
    assert found["A"]["relation_asset_sum"] == 32_000
    assert found["E"]["relation_asset_sum"] == 100_000_000
    assert found["alone"]["relation_asset_sum"] is None


def test_nobody_has_relations_before_the_register_begins(tmp_path: Path) -> None:
    rows = [link("A", "B", "buyer", before(0))]
    assert counts(features_of(rows, tmp_path / "a"), "A", "supply") == [None]
    assert counts(features_of(rows, tmp_path / "b", before(1)), "A", "supply") == [0]


def test_a_relation_without_a_date_has_always_been_known(tmp_path: Path) -> None:
    found = features_of([link("A", "B", "buyer", None)], tmp_path)
    assert (counts(found, "A", "supply"), counts(found, "C", "supply")) == ([1], [0])
    assert counts(found, "A", "new") == [None]
