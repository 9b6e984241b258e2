"""Random banks of companies of few industries, so that medians have ten companies and more, here and there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from tests.chance import Chance, midnight_of
from tests.handover import Bank
from tests.random_bank import nasty, zoned
from tests.random_statements import Record, statements


def repayments(chance: Chance, person: str) -> Iterator[Record]:
    """Instalments of some customers, paid in time, late, in part or not at all."""
    for _ in range(chance.one(0, 1, 2)):
        loan_id, day = chance.next_id("l"), chance.day() - timedelta(days=chance.one(0, 100, 400))
        for place in range(chance.one(1, 6, 12)):
            due_on = day + timedelta(days=30 * place)
            paid_on = chance.one(
                None, due_on, due_on, due_on - timedelta(days=3), due_on + timedelta(days=70)
            )
            yield {
                "loan_id": loan_id,
                "customer_id": person,
                "due_on": due_on,
                "due_principal": chance.one(0, 100, 1000, 12_345),
                "due_interest": chance.one(0, 7),
                "paid_on": paid_on,
                "paid_amount": None if paid_on is None else chance.one(None, 7, 50, 12_352),
                "recorded_at": chance.one(
                    None, None, midnight_of(due_on + timedelta(days=chance.one(1, 2, 75)))
                ),
            }


def outlooks(chance: Chance) -> Iterator[Record]:
    """What the bank says of industries, at large and by region."""
    for industry in ("steel", "food", "toys"):
        for place in range(12):
            stated = date(2020, 1, 31) + timedelta(days=150 * place + chance.one(0, 1, 30))
            yield {
                "industry": industry,
                "stated_on": stated,
                "region": chance.one(None, None, "north"),
                "outlook": 0.0,
                "sales_growth": chance.one(None, -0.25, 0.0, 0.125),
                "inventory_days_growth": chance.one(None, 0.25, 0.5),
                "recorded_at": chance.recorded(midnight_of(stated)),
            }


def statement_bank(seed: int, customers: int, as_ofs: Sequence[date]) -> Bank:
    """A bank of companies of few industries, so that medians have ten companies and more, here and there."""
    chance = Chance(seed, as_ofs, is_csv=False)
    people = [f"{number:04d}" for number in range(customers)]
    rows: dict[str, list[Record]] = {"customers": [], "statements": [], "repayments": []}
    for person in people:
        chance.turn_to(person)
        rows["customers"].append(
            {
                "customer_id": person,
                "kind": chance.one("micro", "corporate"),
                "opened_on": date(2015, 5, 5),
                "industry": chance.one("steel", "steel", "steel", "steel", "steel", "food", "toys", None),
                "region": chance.one("north", "north", "north", "north", None),
                "employees": chance.one(None, 0, 7, 10, 10, 20, 30),
            }
        )
        rows["statements"] += statements(chance, person)
        rows["repayments"] += repayments(chance, person)
    tables = {"customers": rows["customers"]}
    for table in ("statements", "repayments"):
        tables[table] = zoned(chance, [*nasty(chance, table, rows[table], people)])
    if seed % 3:
        tables["industry_outlook"] = zoned(chance, [*outlooks(chance)])
    fixed = ("industry", "region", "employees")
    until = max(as_ofs) + timedelta(days=200)
    return Bank(tables, chance.zone, {}, until, fixed)
