"""Every defect of rows in every table that it fits, in CSV and in typed Parquet; and what lies in the future."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from features.tables import TABLES
from pipelines.intake import prepare
from tests.compute import tell
from tests.defects.good import CUSTOMERS, SETTINGS, csv_text, good_row, typed_table
from tests.defects.ledger import Expected, differences
from tests.defects.rows import ROWS, RowDefect, future_rows, rows_of
from tests.tables_in import Handed, hand_in

UNREADABLE = ("every cell broken", "correction that breaks a rule")
"""Defects that a typed column cannot hold."""


def first_rows(table: str) -> list[Expected]:
    """The customers that other tables speak of; of others, nothing."""
    return [
        Expected(good_row(table, place), "accepted")
        for place in range(len(CUSTOMERS))
        if table == "customers"
    ]


def written(form: str, table: str, found: list[Expected]) -> Handed:
    lines = [row.row for row in found]
    return csv_text(lines) if form == "csv" else typed_table(table, lines)


def defects(form: str) -> list[RowDefect]:
    return [defect for defect in ROWS if form == "csv" or defect.name not in UNREADABLE]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_defect_of_rows_has_the_fate_of_the_contract(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = {table: rows_of(table, defects(form), len(CUSTOMERS)) for table in TABLES}
    expected = {table: [*first_rows(table), *found] for table, (found, _) in cases.items()}
    tables = {table: written(form, table, found) for table, found in expected.items()}
    report = prepare(hand_in(tmp_path / "in", SETTINGS, **tables), tmp_path / "out")
    assert not report.rejected, report.to_dict()["rejected"]
    wrong = [text for table, found in expected.items() for text in differences(report, table, found)]
    assert not wrong, "\n".join(wrong[:30])
    assert set().union(*(names for _, names in cases.values())) == {defect.name for defect in defects(form)}
    tried = sum(len(names) for _, names in cases.values())
    count = sum(len(found) for found in expected.values())
    tell(capsys, f"defects of rows, {form}: {len(defects(form))} kinds, {tried} cases, {count} rows")


def test_what_lies_after_the_moment_at_which_the_data_was_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Due dates, maturities and appointments may lie ahead; nothing else may, in no column of times."""
    known_at = date(2022, 1, 1)
    expected = {table: future_rows(table, known_at) for table in TABLES}
    tables = {table: csv_text([row.row for row in found]) for table, found in expected.items()}
    source = hand_in(tmp_path / "in", SETTINGS, **tables)
    report = prepare(source, tmp_path / "out", datetime(2022, 1, 1, tzinfo=UTC))
    wrong = [text for table, found in expected.items() for text in differences(report, table, found)]
    assert not wrong, "\n".join(wrong[:30])
    count = sum(len(found) for found in expected.values())
    tell(capsys, f"defect of rows, in the future: {count} rows, one per time of every table")
