"""What a bank hands over, and how a bank writes them down: CSV or Parquet tables, and bank.yaml."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import TABLES

Row = Mapping[str, Any]
Form = Literal["csv", "parquet", "folders"]
Tables = Mapping[str, Sequence[Row]]

MONEY = frozenset(column for table in TABLES.values() for column in table.money)
WHOLE = frozenset({"warmth", "severity", "employees", "months"})
NUMBERS = frozenset(
    column.name for table in TABLES.values() for column in table.columns if column.type == "float"
)
FLAGS = frozenset({"satisfied", "marketing_opt_out", "household_consent"})
DATES = frozenset({"valid_from", "as_of", "period_end", "since", "valid_until"})


@dataclass(frozen=True, eq=False)
class Bank:
    """Raw rows per table and the settings of bank.yaml.

    Amounts are whole minor units (two decimals); `..._at` values without a zone are in the bank's zone.
    `columns` names the columns of a table that has no rows, or in which every row leaves a column out.
    """

    tables: Tables
    zone: str = "UTC"
    data_from: Mapping[str, date] = field(default_factory=dict)
    data_until: date | None = None
    fixed_profile: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def header(self, table: str) -> tuple[str, ...]:
        """Columns of a table as handed over: those declared, then those that any row has."""
        return _header(self, table)


@lru_cache(maxsize=256)
def _header(bank: Bank, table: str) -> tuple[str, ...]:
    named = dict.fromkeys(bank.columns.get(table, ()))
    for row in bank.tables[table]:
        named.update(dict.fromkeys(row))
    return tuple(named)


def write_bank(bank: Bank, directory: Path, form: Form = "parquet") -> Path:
    """Write the tables and bank.yaml into `directory` and return it; `folders` hold three files per table."""
    directory.mkdir(parents=True, exist_ok=True)
    for table in bank.tables:
        if form == "csv":
            _write_csv(bank, table, directory / f"{table}.csv")
            continue
        rows = arrow_table(bank, table)
        if form == "parquet":
            pq.write_table(rows, directory / f"{table}.parquet")
            continue
        (directory / table).mkdir()
        third = rows.num_rows // 3 + 1
        for part in range(3):
            pq.write_table(rows.slice(part * third, third), directory / table / f"part-{part}.parquet")
    (directory / "bank.yaml").write_text(bank_yaml(bank), encoding="utf-8")
    return directory


def bank_yaml(bank: Bank) -> str:
    """Settings of the bank in the form of the contract."""
    lines = [f"zone: {bank.zone}", "currency: CNY"]
    if bank.data_from:
        lines.append("data_from:")
        lines += [f"  {table}: {day.isoformat()}" for table, day in bank.data_from.items()]
    if bank.data_until:
        lines.append(f"data_until: {bank.data_until.isoformat()}")
    if bank.fixed_profile:
        lines.append(f"fixed_profile: [{', '.join(bank.fixed_profile)}]")
    return "\n".join(lines) + "\n"


def _csv_text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if column in MONEY:
        sign, whole = ("-" if value < 0 else ""), abs(value)
        return f"{sign}{whole // 100}.{whole % 100:02d}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _write_csv(bank: Bank, table: str, path: Path) -> None:
    header = bank.header(table)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in bank.tables[table]:
            writer.writerow([_csv_text(column, row.get(column)) for column in header])


def _arrow_type(table: str, column: str, values: list[Any]) -> pa.DataType:
    present = [value for value in values if value is not None]
    if column.endswith("_at"):
        has_zone = any(value.tzinfo is not None for value in present)
        return pa.timestamp("us", tz="UTC" if has_zone else None)
    if column.endswith("_on") or column in DATES:
        return pa.date32()
    if column in FLAGS:
        return pa.bool_()
    if column in MONEY or column in WHOLE or (table == "strain_signs" and column == "code"):
        return pa.int64()
    if table == "snapshots" and column != "customer_id":
        return pa.infer_type(present) if present else pa.float64()
    return pa.float64() if column in NUMBERS else pa.string()


def arrow_table(bank: Bank, table: str) -> pa.Table:
    """One table of the bank as Arrow: money and whole numbers int64, moments in microseconds.

    A column in which one moment has a zone gets one: its other moments are the bank's.
    """
    arrays = {}
    for column in bank.header(table):
        values = [row.get(column) for row in bank.tables[table]]
        kind = _arrow_type(table, column, values)
        if pa.types.is_timestamp(kind) and kind.tz:
            values = [value and with_zone(value, bank.zone).astimezone(UTC) for value in values]
        arrays[column] = pa.array(values, type=kind)
    return pa.table(arrays)


def with_zone(value: datetime, zone: str) -> datetime:
    """The moment with its zone: its own, or the bank's."""
    return value if value.tzinfo is not None else value.replace(tzinfo=ZoneInfo(zone))
