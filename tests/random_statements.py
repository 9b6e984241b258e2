"""Random statements: companies with habits of handing in, late receipts, weeks that shift, bases of zero and below."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from features.tables.business import STATEMENT_AMOUNTS
from tests.chance import Chance, midnight_of

Record = dict[str, Any]

AMOUNTS = (0, 1, 100, 100, 120, 125, 150, 12_345, 1_000_000, 99_999_999_999)
SIGNED = ("pre_tax_profit", "net_profit", "operating_cash_flow", "net_cash_flow", "investment_income",
          "fair_value_change", "equity")  # fmt: skip
LAGS = (None, None, 10, 30, 31, 45, 46, 60, 61, 100, 119, 120, 121, 122, 200, 400)
SHIFTS = (-14, -8, -7, -6, -1, 1, 6, 7, 8, 14)
MONTHS_OF_STEPS = (
    (12, 12),
    (12, 12),
    (12, 12),
    (12, 12),
    (12, 12),
    (6, 6),
    (6, 12),
    (3, 3),
    (3, 12),
    (1, 1),
    (9, 12),
    (12, 3),
)
FIRST_MONTH = 2020 * 12


def statements(chance: Chance, person: str) -> Iterator[Record]:
    """Statements of one customer: none, or one or two series, each with its step between period ends."""
    for months, step in {chance.one(*MONTHS_OF_STEPS) for _ in range(chance.one(0, 1, 1, 2))}:
        place = FIRST_MONTH + chance.one(0, 0, 0, 0, 0, 2, 5)
        level = {name: chance.one(*AMOUNTS) for name in STATEMENT_AMOUNTS}
        last = FIRST_MONTH + chance.one(40, 60, 61)
        ends = set()
        while place < last:
            place += step
            if months == 1 and last - place > 16:
                continue
            end = date(place // 12, place % 12 + 1, 1) - timedelta(days=1)
            if chance.likely(0.1):
                end += timedelta(days=chance.one(*SHIFTS))
            if chance.likely(0.88) and end not in ends:
                ends.add(end)
                yield statement(chance, person, months, end, level)


def statement(chance: Chance, person: str, months: int, end: date, level: Record) -> Record:
    """One statement: figures near the company's level, some left out, zero or of the wrong sign."""
    lag = chance.one(*LAGS)
    row: Record = {
        "customer_id": person,
        "period_end": end,
        "months": months,
        "received_on": None if lag is None else end + timedelta(days=lag),
        "capacity_use": chance.one(None, 0.5, 0.6, 0.75, 0.9, 1.0),
        "recorded_at": chance.recorded(midnight_of(end)),
    }
    for name in STATEMENT_AMOUNTS:
        value = chance.one(level[name], level[name], level[name] * 6 // 5, level[name] * 2 // 3, *AMOUNTS)
        if name in SIGNED and chance.likely(0.25):
            value = -value
        row[name] = None if chance.likely(0.08) else value
    return row
