"""Every defect of a cell, in every column of every table that it fits, in CSV and in Parquet columns of text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.tables import TABLES
from pipelines.intake import IntakeReport, prepare
from tests.compute import tell
from tests.defects.cells import CELLS, Cell, cell_text
from tests.defects.good import CUSTOMERS, FIRST_DAY, SETTINGS, csv_text, good_row, text_table, typed
from tests.defects.ledger import Expected, differences
from tests.tables_in import EPOCH, Handed, hand_in, rows

Stored = dict[int, tuple[str, Any]]
"""Of accepted rows with a defect, by the day of their event: the column, and the value it should have."""


def defective(table: str) -> tuple[list[Expected], Stored, set[str]]:
    """Good rows first, then a row per column and defect that fits it; names of the kinds that were tried."""
    found = [Expected(good_row(table, place), "accepted") for place in range(len(CUSTOMERS))]
    stored: Stored = {}
    tried = set()
    for column in TABLES[table].columns:
        for cell in CELLS:
            rule = cell.fate(TABLES[table], column)
            row = good_row(table, len(found))
            day = FIRST_DAY + timedelta(days=len(found))
            text = cell_text(cell, row[column.name], day.isoformat())
            if rule is None or text == row[column.name]:
                continue
            row[column.name] = text
            tried.add(cell.name)
            if rule:
                found.append(Expected(row, "quarantined", column.name, rule, cell.name))
                continue
            found.append(Expected(row, "accepted", note=f"{cell.name} in {column.name}"))
            is_dateless = column.name in (TABLES[table].event, "valid_from") and not text.startswith(str(day))
            if not is_dateless and column.default is None:
                stored[(day - EPOCH).days] = (column.name, stored_value(cell, column.type, text))
    return found, stored, tried


def stored_value(cell: Cell, kind: str, text: str) -> Any:
    return cell.stored[kind] if kind in cell.stored else typed(kind, text)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_defect_of_a_cell_has_the_fate_of_the_contract(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {table: defective(table) for table in TABLES}
    tables: dict[str, Handed] = {}
    for table, (found, _, _) in cases.items():
        lines = [row.row for row in found]
        tables[table] = csv_text(lines) if form == "csv" else text_table(lines)
    report = prepare(hand_in(tmp_path / "in", SETTINGS, **tables), tmp_path / "out")
    assert not report.rejected, report.to_dict()["rejected"]
    wrong = []
    for table, (found, stored, _) in cases.items():
        wrong += differences(report, table, found)
        wrong += wrongly_stored(report, table, stored)
    assert not wrong, "\n".join(wrong[:30])
    kinds = set().union(*(tried for _, _, tried in cases.values()))
    assert kinds == {cell.name for cell in CELLS}
    assert len(kinds) == len(CELLS)
    count = sum(len(found) - len(CUSTOMERS) for found, _, _ in cases.values())
    tell(capsys, f"defects of cells, {form}: {len(kinds)} kinds, {count} rows of {len(cases)} tables")


def wrongly_stored(report: IntakeReport, table: str, stored: Stored) -> list[str]:
    by_day = {row["event_day"]: row for row in rows(report, table)}
    return [
        f"{table}.{column}, {EPOCH + timedelta(days=day)}: expected {value!r}, got {by_day[day][column]!r}"
        for day, (column, value) in stored.items()
        if shown(by_day[day][column]) != shown(value)
    ]


def shown(value: Any) -> str:
    """A value so that equal means equal: 0.0 is not -0.0, 1 is not 1.0, and moments are in UTC."""
    return repr(value.astimezone(UTC) if isinstance(value, datetime) else value)


def test_a_day_stands_for_every_row() -> None:
    """The rows of a table are told apart by the day of their event."""
    assert good_row("contacts", 31)["occurred_at"].startswith(str(date(2020, 2, 1)))
