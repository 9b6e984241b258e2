"""Knowledge time, for every table: later facts are hidden until they happen, and are filled in by corrections."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from features.tables import NEVER, TABLES
from features.windows import KEYS, known, masked
from pipelines.engine import Engine, open_bank
from pipelines.intake import IntakeReport, prepare
from tests.defects.good import FIRST_DAY, SETTINGS, CsvRow, csv_text, good_row
from tests.tables_in import EPOCH, fates, hand_in, rows

DATED = [(name, fact, hanging) for name, table in TABLES.items() for fact, hanging in table.dated.items()]
HAPPENS = FIRST_DAY + timedelta(days=10)
FILLED = FIRST_DAY + timedelta(days=20)


def day(value: date) -> int:
    return (value - EPOCH).days


def with_fact(table: str, fact: str, row: CsvRow) -> CsvRow:
    """The row with a fact that happens ten days after its event; other later facts have not happened."""
    others = [name for one, hanging in TABLES[table].dated.items() if one != fact for name in (one, *hanging)]
    written = f"{HAPPENS} 00:00:00" if TABLES[table].column(fact).type == "timestamp" else HAPPENS.isoformat()
    kept = set(TABLES[table].dated[fact])
    return {**row, **dict.fromkeys((name for name in others if name not in kept), ""), fact: written}


def handed(place: Path, table: str, *lines: CsvRow) -> IntakeReport:
    """The rows of one table, and of customers and one more table what a hand-over needs."""
    tables = {"customers": csv_text([good_row("customers", number) for number in (0, 1)]),
              "facts": csv_text([good_row("facts", 0)]), table: csv_text(lines)}  # fmt: skip
    return prepare(hand_in(place / "in", SETTINGS, **tables), place / "out")


def seen(report: IntakeReport, table: str, as_of: date) -> list[dict[str, Any]]:
    """Rows of a table as features see them at one as_of."""
    with Engine(open_bank(report.prepared, {})) as engine:
        if TABLES[table].customer_column is None:
            found = engine.tables[table]
            found = found.filter(found.known_day <= day(as_of), found.until_day > day(as_of))
            return engine.fetch(masked(found, table, ibis.literal(day(as_of)))).to_pylist()
        moments = pa.table({"customer_no": pa.array([0, 1], pa.int32()),
                            "as_of_day": pa.array([day(as_of)] * 2, pa.int32())})  # fmt: skip
        return engine.fetch(known(engine.tables, table, ibis.memtable(moments).select(*KEYS))).to_pylist()


@pytest.mark.parametrize(
    ("table", "fact", "hanging"), DATED, ids=[f"{name}.{fact}" for name, fact, _ in DATED]
)
def test_a_fact_on_or_after_as_of_is_null_with_what_hangs_on_it(
    table: str, fact: str, hanging: tuple[str, ...], tmp_path: Path
) -> None:
    """It happens on the 11th, at midnight: hidden at as_of the 10th and the 11th, seen at the 12th."""
    row = with_fact(table, fact, good_row(table, 0))
    report = handed(tmp_path, table, row, *([good_row("customers", 1)] if table == "customers" else []))
    own = report.tables[table].accepted == (2 if table == "customers" else 1)
    assert own, report.to_dict()["issues"]
    for back, is_seen in ((-1, False), (0, False), (1, True)):
        found = min(seen(report, table, HAPPENS + timedelta(days=back)), key=lambda one: one["event_day"])
        for column in (fact, TABLES[table].column(fact).day_name, *hanging):
            assert (found[column] is not None) == is_seen, (column, back)
        hidden = {
            fact,
            *hanging,
            *(name for one in TABLES[table].dated for name in (one, *TABLES[table].dated[one])),
        }
        for column in set(row) - hidden:
            assert (found[column] is None) == (row[column] == ""), (column, back)


@pytest.mark.parametrize(
    ("table", "fact", "hanging"), DATED, ids=[f"{name}.{fact}" for name, fact, _ in DATED]
)
def test_a_row_recorded_later_that_only_fills_a_fact_in_is_a_correction_from_then_on(
    table: str, fact: str, hanging: tuple[str, ...], tmp_path: Path
) -> None:
    """It happened on the 11th, and the bank recorded it on the 21st: unknown up to as_of the 21st, seen at the 22nd."""
    full = {**with_fact(table, fact, good_row(table, 0)), "recorded_at": f"{FILLED} 09:00:00"}
    first = {**full, **dict.fromkeys((fact, *hanging), ""), "recorded_at": ""}
    others = [good_row("customers", 1)] if table == "customers" else []
    report = handed(tmp_path, table, full, first, *others)
    assert fates(report, table) == (1 + len(others), 0, 1, 0)
    spans = {(row["known_day"], row["until_day"]) for row in rows(report, table)}
    replaced = day(FILLED) + 1
    assert {(day(FIRST_DAY) + 1, replaced), (replaced, NEVER)} <= spans
    for back, is_seen in ((0, False), (1, True)):
        at_once = [one for one in seen(report, table, FILLED + timedelta(days=back))
                   if one["event_day"] == day(FIRST_DAY)]  # fmt: skip
        assert [one[fact] is not None for one in at_once] == [is_seen]
