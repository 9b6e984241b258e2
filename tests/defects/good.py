"""Good tables of every kind, made from their declarations: what a defect is put into.

A row is what a CSV file says, column by column. Every column of the contract is there and filled.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from features.tables import TABLES, Column, Table

CUSTOMERS = ("C1", "C2")
FIRST_DAY = date(2020, 1, 1)
MONEY = "12.50"
SETTINGS = "zone: UTC\ncurrency: CNY\ndata_until: 2035-01-01\n"

CsvRow = dict[str, str]

_FIXED = {
    ("customers", "customer_id"): "{customer}",
    ("statements", "months"): "12",
    ("warning_signals", "code"): "M42",
    ("outcomes", "target"): "churn",
    ("outcomes", "value"): "1",
}
_BY_TYPE = {"text": "text", "money": MONEY, "integer": "2", "float": "0.5", "boolean": "true"}


def good_row(table: str, place: int) -> CsvRow:
    """A good row with a key of its own, its event on a day of its own; nothing in it lies before the event."""
    found = {column.name: _good_value(TABLES[table], column, place) for column in TABLES[table].columns}
    if table == "snapshots":
        found |= {"score": "0.5", "is_vip": "true", "segment": "text"}
    return found


def good_rows(table: str, count: int) -> list[CsvRow]:
    """Good rows; of `customers` those that all other tables speak of."""
    return [good_row(table, place) for place in range(len(CUSTOMERS) if table == "customers" else count)]


def lean_rows(table: str, count: int) -> list[CsvRow]:
    """Good rows with the columns that have to be there, a signal's customer, and one amount where there is any."""
    declared = TABLES[table]
    kept = {*declared.required, *declared.money[:1], *(["customer_id"] if table == "warning_signals" else [])}
    return [{name: row[name] for name in row if name in kept} for row in good_rows(table, count)]


def _good_value(table: Table, column: Column, place: int) -> str:
    day = FIRST_DAY + timedelta(days=place)
    fixed = _FIXED.get((table.name, column.name))
    if fixed is not None:
        return fixed.format(customer=CUSTOMERS[place] if place < len(CUSTOMERS) else f"C{place + 1}")
    if column.name == "customer_id":
        return CUSTOMERS[place % len(CUSTOMERS)]
    if column.type == "id":
        return f"{table.name}-{place}"
    if column.type == "enum":
        return column.allowed[0]
    if column.type == "timestamp":
        return f"{day} 10:00:00"
    return day.isoformat() if column.type == "date" else _BY_TYPE[column.type]


def csv_text(rows: Sequence[CsvRow], header: Sequence[str] | None = None) -> str:
    """The rows as a CSV file."""
    names = list(header if header is not None else rows[0])
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def text_table(rows: Sequence[CsvRow]) -> pa.Table:
    """The rows as a Parquet table in which every column is text."""
    return pa.table({name: pa.array([row[name] or None for row in rows], pa.string()) for name in rows[0]})


def typed_table(table: str, rows: Sequence[CsvRow]) -> pa.Table:
    """The rows as a Parquet table with the types that a database would give them; amounts in minor units."""
    types = {column.name: column.type for column in TABLES[table].columns}
    own = {"score": "float", "is_vip": "boolean"}
    arrays = {}
    for name in rows[0]:
        kind = types.get(name, own.get(name, "text"))
        arrays[name] = pa.array([typed(kind, row[name]) for row in rows], ARROW[kind])
    return pa.table(arrays)


ARROW = {
    "id": pa.string(), "text": pa.string(), "enum": pa.string(), "money": pa.int64(), "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"), "integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_(),
}  # fmt: skip


def typed(kind: str, text: str) -> Any:
    """What a value of a good table is as an object; null for nothing."""
    if text == "":
        return None
    if kind == "money":
        return int(Decimal(text) * 100)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "timestamp":
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    if kind == "boolean":
        return text == "true"
    return {"integer": int, "float": float}.get(kind, str)(text)
