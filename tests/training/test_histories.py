"""Purchases known at an as_of, by hand: days and not rows, money of later days, nothing known later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from features.windows import customer_numbers
from pipelines.engine import Engine
from tests.bank import AS_OF, Record, at, before, tiny_bank
from tests.compute import compute
from training.histories import purchase_histories


def bought(number: int, one: str, days: int, amount: int, **more: object) -> Record:
    """A transaction that a customer started so many days before as_of."""
    row = {"transaction_id": f"t{number}", "customer_id": one, "occurred_at": at(before(days)), "amount": amount,
           "kind": "purchase", "started_by": "customer"}  # fmt: skip
    return {**row, **more}


def test_histories_count_days(tmp_path: Path) -> None:
    rows = [
        bought(1, "T", 100, -500),
        bought(2, "T", 40, -200),
        bought(3, "T", 40, 300),  # the same day: one purchase of 500 together
        bought(4, "T", 10, -100),
        bought(5, "T", 5, -100, started_by="bank"),
        bought(6, "T", 4, 0),
        bought(7, "T", 3, -900, recorded_at=at(before(0))),
        bought(8, "B", 7, -50),
        bought(9, "W", 0, -50),
    ]
    bank = tiny_bank()
    computed = compute(replace(bank, tables={**bank.tables, "transactions": rows}), tmp_path)
    with (
        Engine(computed.store.bank) as engine,
        engine.spine(engine.run_of([AS_OF]), [AS_OF]) as (tables, spine),
    ):
        found = engine.fetch(purchase_histories(tables, spine).join(customer_numbers(tables), "customer_no"))
    by_id = {
        row["customer_id"]: (row["frequency"], row["recency"], row["age"], row["later"])
        for row in found.to_pylist()
    }
    assert by_id == {"T": (2, 90, 100, 600), "B": (0, 0, 7, 0)}
