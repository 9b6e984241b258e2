"""The ledger law: every row read has one fate, the quarantine lists each row with its rule, amounts reconcile."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from features.policy import read_policy
from features.tables import TABLES
from pipelines.intake import IntakeReport
from tests.defects.good import CsvRow
from tests.tables_in import fates

FATES = ("accepted", "duplicate", "correction", "quarantined")


@dataclass(frozen=True)
class Expected:
    """What should become of one row as it stands in its file: its fate; of a quarantined one column and rule."""

    row: CsvRow
    fate: str
    column: str = ""
    rule: str = ""
    note: str = ""


def rule_pattern(rule: str) -> re.Pattern[str]:
    """The name of a rule in the quarantine, whatever its values are."""
    name = read_policy("intake")["rules"][rule]["name"]["en"]
    return re.compile(
        "".join(".*" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", name))
    )


def quarantined_rows(report: IntakeReport, table: str) -> dict[int, tuple[str, str]]:
    """Column and rule of each quarantined row of a table with one file, by row number."""
    with report.quarantine_file.open(encoding="utf-8", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["table"] == table]
    return {int(line["row"]): (line["column"], line["rule"]) for line in lines}


def differences(report: IntakeReport, table: str, rows: Sequence[Expected]) -> list[str]:
    """Where fates, quarantine or amounts are not as expected; rows in the order of the file."""
    found = quarantined_rows(report, table)
    wrong = []
    for number, row in enumerate(rows, start=1):
        column, rule = found.get(number, ("", ""))
        is_right = (
            not rule
            if row.fate != "quarantined"
            else (column == row.column and rule_pattern(row.rule).fullmatch(rule))
        )
        if not is_right:
            wrong.append(
                f"{table}, {row.note}: expected {row.fate} {row.column} {row.rule}, got {column!r} {rule!r}"
            )
    counted = Counter(row.fate for row in rows)
    expected = tuple(counted[fate] for fate in FATES)
    if fates(report, table) != expected:
        wrong.append(f"{table}: expected fates {expected}, got {fates(report, table)}")
    return wrong + _wrong_amounts(report, table, rows)


def _wrong_amounts(report: IntakeReport, table: str, rows: Sequence[Expected]) -> list[str]:
    """Sums of every money column per fate, added up here from what the file says."""
    wrong = []
    for sums in report.amounts.get(table, ()):
        expected = dict.fromkeys((*FATES, "unreadable"), 0)
        for row in rows:
            minor = minor_units(row.row.get(sums.column, ""))
            if minor is None:
                expected["unreadable"] += 1
            else:
                expected[row.fate] += minor
        got: Mapping[str, int] = {fate: getattr(sums, fate) for fate in expected}
        if got != expected or sums.read != sum(expected[fate] for fate in FATES):
            wrong.append(f"{table}.{sums.column}: expected {expected}, got {got} of {sums.read}")
    has_money = set(TABLES[table].money) & set(rows[0].row if rows else ())
    if has_money and table not in report.amounts:
        wrong.append(f"{table}: no amounts")
    return wrong


def minor_units(text: str) -> int | None:
    """An amount of the file in minor units; 0 for nothing, None for what is no amount."""
    if text == "":
        return 0
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text, re.ASCII):
        return None
    try:
        minor = Decimal(text) * 100
    except InvalidOperation:
        return None
    return int(minor) if minor == int(minor) and -(2**63) <= minor < 2**63 else None
