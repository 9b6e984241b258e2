"""Quarantined rows leave with all they came with, are mended, handed in again, and count as if never broken."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.tables import TABLES
from pipelines.build import open_store
from pipelines.intake import IntakeReport, prepare
from pipelines.settings import Home
from tests.compute import Computed, tell
from tests.copies import differing
from tests.handover import write_bank
from tests.random_bank import random_bank
from tests.tables_in import fates, hand_in, quarantine, rows, take_in

HEAD = "transaction_id,customer_id,occurred_at,amount,kind,counterparty,recorded_at\n"
AS_OF = date(2024, 4, 1)
BROKEN_IN_TEXT = ("money", "date", "timestamp", "integer", "float", "boolean")

Line = dict[str, str]


def quarantined(report: IntakeReport, table: str) -> list[Line]:
    """Lines of the file of a table's quarantined rows."""
    with (report.quarantine_folder / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def mend(source: Path, name: str, lines: list[Line]) -> None:
    """Put mended lines beside the bank's tables."""
    place = source / "corrected"
    place.mkdir(exist_ok=True)
    with (place / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, lines[0])
        writer.writeheader()
        writer.writerows(lines)


def test_a_quarantined_row_leaves_as_it_came_with_its_place_and_rule(tmp_path: Path) -> None:
    lines = "T1,C1,2026-01-05 10:00,1.5,barter,=X1,\nT2,C9,2026-01-05,+7,cash,'A,\nT3,C1\n"
    report = take_in(tmp_path, transactions=HEAD.replace("kind", "mood,kind").replace("mood,", "", 1) + lines)
    found = quarantined(report, "transactions")
    place = {"quarantine_file": "transactions.csv", "quarantine_row": "1", "quarantine_column": "kind"}
    assert place.items() <= found[0].items()
    assert found[0]["quarantine_rule"].startswith("one of transfer, cash")
    assert found[0]["quarantine_value"] == "barter"
    assert [found[0][name] for name in HEAD.strip().split(",")] == [
        "T1", "C1", "2026-01-05 10:00", "1.5", "barter", "'=X1", "",
    ]  # fmt: skip
    assert (found[1]["amount"], found[1]["counterparty"]) == ("+7", "''A")
    assert (found[2]["quarantine_value"], found[2]["customer_id"]) == ("T3,C1", "")


def test_a_table_without_quarantined_rows_has_no_file(tmp_path: Path) -> None:
    report = take_in(tmp_path, transactions=HEAD + "T1,C1,2026-01-05,1,cash,,\n")
    assert not report.quarantine_folder.exists()
    assert quarantine(report) == []


def test_a_mended_row_counts_and_the_broken_one_stays_in_quarantine(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", customers="customer_id,kind\nC1,retail\n",
                     transactions=HEAD + "T1,C1,2026-01-05,1,barter,=X1,\nT2,C1,2026-01-05,2,cash,,\n")  # fmt: skip
    first = prepare(source, tmp_path / "out")
    line = quarantined(first, "transactions")[0]
    mend(source, "transactions-2026-11", [{**line, "kind": "cash"}])
    report = prepare(source, tmp_path / "out")
    assert report.digest != first.digest
    assert fates(report, "transactions") == (2, 0, 0, 1)
    assert report.amounts["transactions"][0].quarantined == 100
    assert [(row["transaction_id"], row["counterparty"]) for row in rows(report, "transactions")] == [
        ("T1", "=X1"), ("T2", None),
    ]  # fmt: skip
    assert not report.ignored_columns
    assert not report.ignored_files


def test_a_mended_row_that_is_still_broken_is_quarantined_under_its_own_file(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", customers="customer_id,kind\nC1,retail\n",
                     transactions=HEAD + "T1,C1,2026-01-05,1,barter,,\n")  # fmt: skip
    mend(source, "transactions", [dict(zip(HEAD.strip().split(","), ("T1", "C1", "2026-01-05", "1", "swap", "", ""),
                                           strict=True))])  # fmt: skip
    report = prepare(source, tmp_path / "out")
    assert [(line[0], line[2]) for line in quarantine(report)] == [
        ("corrected/transactions.csv", "1"), ("transactions.csv", "1"),
    ]  # fmt: skip


def test_a_mended_row_settles_a_contradiction_but_overrules_nothing_that_stood(tmp_path: Path) -> None:
    """T1 contradicts itself: the mended row says which is right. T2 does not: a mended row contradicts it."""
    lines = "T1,C1,2026-01-05,1,cash,,\nT1,C1,2026-01-05,2,cash,,\nT2,C1,2026-01-05,3,cash,,\n"
    source = hand_in(tmp_path / "in", customers="customer_id,kind\nC1,retail\n", transactions=HEAD + lines)
    found = quarantined(prepare(source, tmp_path / "out"), "transactions")
    mend(source, "transactions", [found[1], {**found[1], "transaction_id": "T2"}])
    report = prepare(source, tmp_path / "out")
    assert fates(report, "transactions") == (1, 1, 0, 3)
    assert [row["amount"] for row in rows(report, "transactions")] == [200]


def test_two_mended_rows_that_contradict_each_other_settle_nothing(tmp_path: Path) -> None:
    lines = "T1,C1,2026-01-05,1,cash,,\nT1,C1,2026-01-05,2,cash,,\n"
    source = hand_in(tmp_path / "in", customers="customer_id,kind\nC1,retail\n", transactions=HEAD + lines)
    mend(source, "transactions", quarantined(prepare(source, tmp_path / "out"), "transactions"))
    assert fates(prepare(source, tmp_path / "out"), "transactions") == (0, 2, 0, 2)


def test_mended_rows_of_no_table_are_named_and_left_alone(tmp_path: Path) -> None:
    source = hand_in(tmp_path / "in", customers="customer_id,kind\nC1,retail\n", transactions=HEAD)
    for name in ("loans", "contakts"):
        mend(source, name, [{"loan_id": "L1"}])
    report = prepare(source, tmp_path / "out")
    assert report.ignored_files == ("corrected/contakts.csv", "corrected/loans.csv")


def test_typed_values_leave_as_csv_says_them(tmp_path: Path) -> None:
    """Minor units become major units, moments keep their zone, dates written as timestamps become dates."""
    moment = datetime(2026, 1, 5, 2, 30, tzinfo=UTC)
    table = pa.table({
        "holding_id": ["H1", "H2", "H3"], "customer_id": ["C9", "C9", "C9"], "product": ["fund"] * 3,
        "opened_on": pa.array([date(2026, 1, 5)] * 3).cast(pa.timestamp("ns")),
        "amount": pa.array([-5, 123_456, None], pa.int64()),
        "sum_insured": pa.array([Decimal("12.3400"), None, Decimal("-0.5")], pa.decimal128(18, 4)),
        "recorded_at": pa.array([moment] * 3, pa.timestamp("ms", "Asia/Tokyo")),
    })  # fmt: skip
    report = take_in(tmp_path, "data_until: 2026-02-01", holdings=table)
    found = quarantined(report, "holdings")
    assert [line["amount"] for line in found] == ["-0.05", "1234.56", ""]
    assert [line["sum_insured"] for line in found] == ["12.3400", "", "-0.5000"]
    assert {(line["opened_on"], line["recorded_at"]) for line in found} == {
        ("2026-01-05", "2026-01-05 02:30:00+00")
    }


def break_rows(source: Path, table: str, draw: Random) -> dict[tuple[str, int], Line]:
    """Break a share of a CSV or Parquet table's rows, and add contradictions; return what is right, by row."""
    file = next(file for file in source.iterdir() if file.stem == table)
    frame = pq.read_table(file).to_pylist() if file.suffix == ".parquet" else None
    with file.open(encoding="utf-8", newline="") as stream:
        lines: list[dict[str, Any]] = frame if frame is not None else list(csv.DictReader(stream))
    right: dict[tuple[str, int], Line] = {}
    added = []
    times = Counter(key_of(table, line) for line in lines)
    for row, line in enumerate(lines, start=1):
        defects = defects_of(table, line, is_text=frame is None)
        if draw.random() > 0.15 or not defects:
            continue
        if table == "balances" and times[key_of(table, line)] == 1 and draw.random() < 0.3:
            right[(file.name, row)] = {}
            added.append({**line, "balance": 777 if frame is not None else "7.77"})
            continue
        name, broken = draw.choice(defects)
        right[(file.name, row)] = {name: line[name]}
        line[name] = broken
    lines += added
    if frame is not None:
        pq.write_table(pa.Table.from_pylist(lines, pq.read_schema(file)), file)
    else:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, lines[0])
            writer.writeheader()
            writer.writerows(lines)
    return right


def key_of(table: str, line: dict[str, Any]) -> tuple[Any, ...]:
    """The key as it is written; without bank a balance is this bank's."""
    return tuple(line.get(name) or "own" for name in TABLES[table].key)


def defects_of(table: str, line: dict[str, Any], *, is_text: bool) -> list[tuple[str, str]]:
    """What may be done to a row: a column and what stands there then."""
    declared = [column for column in TABLES[table].columns if line.get(column.name)]
    owner = TABLES[table].customer_column
    is_owned = table != "customers" and any(column.name == owner for column in declared)
    found = [("customer_id", "nobody-of-this-bank")] if is_owned else []
    found += [(column.name, "unheard_of") for column in declared if column.type == "enum"]
    if is_text:
        found += [
            (column.name, "=A1") for column in declared if column.type in ("money", "date", "timestamp")
        ]
    return found


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_broken_mended_and_handed_in_again_gives_the_features_of_a_clean_hand_over(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    is_csv = form == "csv"
    bank = replace(random_bank(5 if is_csv else 9, 24, is_csv=is_csv, is_whole=True), zone="Asia/Shanghai")
    clean = prepare(write_bank(bank, tmp_path / "clean", "csv" if is_csv else "parquet"), tmp_path / "tables")
    source = write_bank(bank, tmp_path / "broken", "csv" if is_csv else "parquet")
    draw = Random(3)
    right = {table: break_rows(source, table, draw) for table in bank.tables}
    broken = prepare(source, tmp_path / "tables")
    count = 0
    for table, mended in right.items():
        lines = []
        for line in quarantined(broken, table) if mended else []:
            at = (line["quarantine_file"], int(line["quarantine_row"]))
            if at in mended:
                lines.append({**line, **{name: text or "" for name, text in mended[at].items()}})
        count += len(lines)
        assert len(lines) == len(mended)
        if lines:
            mend(source, table, lines)
    again = prepare(source, tmp_path / "tables")
    changed = 0
    for table in bank.tables:
        left, lost, found = (
            pq.read_table(one.prepared / f"{table}.parquet") for one in (clean, broken, again)
        )
        assert found.cast(left.schema).equals(left), table
        assert again.tables[table].read == broken.tables[table].read + len(right[table])
        changed += not lost.cast(left.schema).equals(left)
    assert changed == sum(bool(mended) for mended in right.values()) > 0
    tell(capsys, f"mended, {form}: {count} rows of {len(bank.tables)} tables, prepared tables equal")
    if not is_csv:
        return
    features = [
        Computed(open_store(Home(tmp_path / report.digest), report.prepared)).at((AS_OF,))[AS_OF][0]
        for report in (clean, again)
    ]
    assert differing(*features) == []
    tell(capsys, f"mended, {form}: features of {len(features[0])} customers equal to the bit")
