"""Defects that only typed columns can hold: beyond the type's range, between its values, at a change of the clocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from features.tables import TABLES, Column
from pipelines.intake import prepare
from tests.compute import tell
from tests.defects.good import ARROW, CUSTOMERS, SETTINGS, good_row, typed
from tests.defects.ledger import quarantined_rows, rule_pattern
from tests.tables_in import Handed, hand_in, rows


@dataclass(frozen=True)
class Native:
    """One kind of defect of typed values, in columns stored as `stored`; rule "" : accepted as `becomes`."""

    name: str
    value: Any
    rule: str
    becomes: Any = None


@dataclass(frozen=True)
class Storage:
    """How all columns of one of the contract's types are stored, how a good value looks then, and the defects."""

    arrow: pa.DataType
    good: Any
    defects: tuple[Native, ...]


def days(count: int) -> Any:
    return np.int32(count)


WIDE: Mapping[str, Storage] = {
    "float": Storage(pa.float64(), 0.5, (
        Native("NaN in a column of floats", float("nan"), "number"),
        Native("infinity in a column of floats", float("-inf"), "number"),
        Native("minus zero in a column of floats", -0.0, "", 0.0),
    )),
    "money": Storage(pa.uint64(), 1250, (Native("amount beyond 64 bits", 2**63, "amount"),)),
    "integer": Storage(pa.float64(), 2.0, (
        Native("fraction in a float column of whole numbers", 2.5, "integer"),
        Native("NaN in a float column of whole numbers", float("nan"), "integer"),
        Native("float too large to be exact", 2.0**60, "integer"),
    )),
    "boolean": Storage(pa.int8(), 1, (Native("2 in a number column of truth values", 2, "boolean"),)),
    "date": Storage(pa.timestamp("us"), 0, (
        Native("time of day in a column of dates", 3_600_000_000, "date"),
        Native("last moment of 64 bits in a column of dates", 2**63 - 1, "date"),
    )),
    "timestamp": Storage(pa.timestamp("us", "UTC"), 0, (
        Native("last moment of 64 bits", 2**63 - 1, "timestamp"),
        Native("first moment of 64 bits, as some write what is none", -(2**63), "timestamp"),
        Native("moment after the year 9999", 253_402_300_800_000_000, "timestamp"),
    )),
}  # fmt: skip
NARROW: Mapping[str, Storage] = {
    "float": Storage(pa.decimal128(18, 4), Decimal("0.5"), (
        Native("number in a column of decimals", Decimal("0.25"), "", 0.25),)),
    "money": Storage(pa.decimal128(38, 4), Decimal("12.50"), (
        Native("decimal with too many decimals", Decimal("12.3456"), "decimals"),
        Native("decimal beyond 64 bits", Decimal(10) ** 30, "amount"),
        Native("decimal with zeros at the end", Decimal("12.3400"), "", 1234),
    )),
    "integer": Storage(pa.uint64(), 2, (Native("whole number beyond 64 bits, unsigned", 2**63, "integer"),)),
    "boolean": Storage(pa.float64(), 1.0, (Native("half a truth", 0.5, "boolean"),)),
    "date": Storage(pa.date32(), 0, (
        Native("last day of 32 bits", days(2**31 - 1), "date"),
        Native("day before the year 1", days(-800_000), "date"),
    )),
    "timestamp": Storage(pa.timestamp("us"), 0, (
        Native("moment that the clocks skip", datetime.fromisoformat("2026-03-29 01:30"), "gap"),
        Native("moment that occurs twice", datetime.fromisoformat("2026-10-25 01:30"), "", "2026-10-25 00:30:00+00:00"),
    )),
}  # fmt: skip


def column_of(storage: Storage, column: Column, good: list[Any], bad: Mapping[int, Native]) -> pa.Array:
    """A column as it is stored: the good values, and the defects in their rows."""
    if pa.types.is_temporal(storage.arrow):
        unit = np.int32 if pa.types.is_date(storage.arrow) else np.int64
        numbers = [place_in_time(storage.arrow, value) for value in good]
        for row, defect in bad.items():
            is_written = isinstance(defect.value, datetime)
            numbers[row] = place_in_time(storage.arrow, defect.value) if is_written else int(defect.value)
        return pa.array(np.array(numbers, dtype=unit)).view(storage.arrow)
    values = [storage.good] * len(good)
    for row, defect in bad.items():
        values[row] = defect.value
    return pa.array(values, storage.arrow)


def place_in_time(arrow: pa.DataType, value: date | datetime) -> int:
    """Days or microseconds since 1970 of a value without a zone."""
    day = value.date() if isinstance(value, datetime) else value
    if pa.types.is_date(arrow):
        return (day - date(1970, 1, 1)).days
    moment = (
        value.replace(tzinfo=None)
        if isinstance(value, datetime)
        else datetime.combine(value, datetime.min.time())
    )
    return int((moment - datetime.fromisoformat("1970-01-01")).total_seconds()) * 1_000_000


def stored_as(
    table: str, storages: Mapping[str, Storage]
) -> tuple[pa.Table, dict[int, tuple[Column, Native]]]:
    """Good rows and a row per column and defect; of which rows have a defect, by number."""
    cases = [(column, defect) for column in TABLES[table].columns if column.type in storages
             for defect in storages[column.type].defects if fits(column, defect)]  # fmt: skip
    good = [good_row(table, place) for place in range(len(CUSTOMERS) + len(cases))]
    numbered = dict(enumerate(cases, start=len(CUSTOMERS)))
    arrays = {}
    for column in TABLES[table].columns:
        values = [typed(column.type, row[column.name]) for row in good]
        if column.type not in storages or (table, column.name) == ("outcomes", "value"):
            arrays[column.name] = pa.array(values, ARROW[column.type])
            continue
        bad = {row: defect for row, (at, defect) in numbered.items() if at is column}
        arrays[column.name] = column_of(storages[column.type], column, values, bad)
    return pa.table(arrays), {row + 1: case for row, case in numbered.items()}


def fits(column: Column, defect: Native) -> bool:
    """A label is 0 or 1, and bounds come second: they are the subject of other cases."""
    return column.name != "value" and not (defect.rule == "" and column.low is not None and column.low > 0)


@pytest.mark.parametrize(("name", "storages"), [("wide", WIDE), ("narrow", NARROW)])
def test_every_defect_of_a_typed_value_has_the_fate_of_the_contract(
    name: str, storages: Mapping[str, Storage], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The narrow ones in London: its clocks go forward at 01:00 on 2026-03-29, and back at 02:00 on 2026-10-25."""
    handed = {table: stored_as(table, storages) for table in TABLES}
    tables: dict[str, Handed] = {table: made for table, (made, _) in handed.items()}
    settings = SETTINGS.replace("UTC", "UTC" if name == "wide" else "Europe/London")
    report = prepare(hand_in(tmp_path / "in", settings, **tables), tmp_path / "out")
    assert not report.rejected, report.to_dict()["rejected"]
    wrong = []
    for table, (made, cases) in handed.items():
        found = quarantined_rows(report, table)
        expected = {row: (column.name, defect) for row, (column, defect) in cases.items() if defect.rule}
        for row in found.keys() | expected.keys():
            column, defect = expected.get(row, ("", Native("good row", None, "")))
            got = found.get(row, ("", ""))
            if got[0] != column or not defect.rule or not rule_pattern(defect.rule).fullmatch(got[1]):
                wrong.append(f"{table}, {defect.name}: expected {column} {defect.rule!r}, got {got}")
        counts = report.tables[table]
        assert (counts.read, counts.quarantined) == (made.num_rows, len(found))
        prepared = rows(report, table)
        for column_at, defect in cases.values():
            values = {str(row[column_at.name]) for row in prepared}
            if not defect.rule and str(defect.becomes) not in values:
                wrong.append(
                    f"{table}.{column_at.name}, {defect.name}: {defect.becomes} is not among the values"
                )
    assert not wrong, "\n".join(wrong[:30])
    kinds = {defect.name for _, cases in handed.values() for _, defect in cases.values()}
    count = sum(len(cases) for _, cases in handed.values())
    tell(capsys, f"defects of typed values, {name}: {len(kinds)} kinds, {count} rows of {len(handed)} tables")
