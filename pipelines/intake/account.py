"""Accounting for every row: counts and amounts by fate, the rules that were broken, the quarantine."""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

from dataclasses import dataclass, replace

import duckdb

from pipelines.intake.fates import FATES, JudgedTable
from pipelines.intake.raw import literal
from pipelines.intake.report import AmountCounts, Issue, TableCounts
from pipelines.intake.types import Check
from pipelines.intake.words import IntakeError, Message

QUARANTINE = "quarantine"
LONGEST_VALUE = 500
"""How much of a value is shown in the report and in the list of quarantined rows."""


def open_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the engine's table that collects the quarantined rows of all tables."""
    connection.execute(
        f'CREATE TABLE {QUARANTINE} ("file" VARCHAR, "table" VARCHAR, "row" BIGINT, "column" VARCHAR, '
        "rule VARCHAR, value VARCHAR, file_no INTEGER)"
    )


def count_rows(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> TableCounts:
    """Count a table's rows by fate.

    Raises
    ------
    IntakeError
        If the fates do not add up to the rows that the files have.
    """
    counted = connection.execute(f"SELECT fate, count(*) FROM {judged.name} GROUP BY fate").fetchall()
    by_fate = {str(fate): int(rows) for fate, rows in counted}
    read = judged.stage.read
    if sum(by_fate.values()) != read:
        raise IntakeError("counts", table=judged.stage.table.name, read=read, sum=sum(by_fate.values()))
    return TableCounts(read, *(by_fate.get(fate, 0) for fate in FATES))


def sum_amounts(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> tuple[AmountCounts, ...]:
    """Sum each money column by fate, exactly.

    Raises
    ------
    IntakeError
        If the sums by fate do not add up to the sum of all rows read.
    """
    stage = judged.stage
    columns = [column.name for column in stage.columns.taken if column.type == "money"]
    if not columns:
        return ()
    sums = ", ".join(f"sum({stage.at(column)})" for column in columns)
    totals = connection.execute(f"SELECT {sums} FROM {stage.name}").fetchall()[0]
    rows = connection.execute(f"SELECT fate, {sums} FROM {judged.name} GROUP BY fate").fetchall()
    by_fate: dict[str, list[int]] = {str(row[0]): [int(value or 0) for value in row[1:]] for row in rows}
    answer = []
    for index, column in enumerate(columns):
        read = int(totals[index] or 0)
        parts = {fate: by_fate[fate][index] if fate in by_fate else 0 for fate in FATES}
        total = sum(parts.values())
        if total != read:
            raise IntakeError("counts", table=f"{stage.table.name}.{column}", read=read, sum=total)
        unreadable = _count_unreadable(connection, judged, column)
        answer.append(AmountCounts(column=column, read=read, unreadable=unreadable, **parts))
    return tuple(answer)


def list_issues(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> tuple[Issue, ...]:
    """List the rules that rows broke, each with its count and the first row that broke it."""
    first = "first(file_no ORDER BY file_no, row_no), first(row_no ORDER BY file_no, row_no)"
    rows = connection.execute(
        f"SELECT problem, count(*), {first}, first(problem_value ORDER BY file_no, row_no) "
        f"FROM {judged.name} WHERE problem IS NOT NULL GROUP BY problem ORDER BY problem"
    ).fetchall()
    conflict = connection.execute(
        f"SELECT count(*), {first}, first({_key_value(judged)} ORDER BY file_no, row_no) "
        f"FROM {judged.name} WHERE is_conflict"
    ).fetchall()[0]
    found: dict[tuple[str, str, str], _Broken] = {}
    for problem, *broken in rows:
        check = judged.stage.checks[problem]
        at = (check.column, check.rule, repr(check.values))
        found[at] = _Broken(check, *broken).joined_with(found.get(at))
    if conflict[0]:
        check = _conflict_check(judged)
        found[(check.column, check.rule, "")] = _Broken(check, *conflict)
    return tuple(_issue(judged, found[at]) for at in sorted(found))


@dataclass(frozen=True)
class _Broken:
    """A rule that was broken: how often, and where first."""

    check: Check
    count: int
    file_no: int
    row_no: int
    value: str | None

    def joined_with(self, other: "_Broken | None") -> "_Broken":
        if other is None:
            return self
        first = min(self, other, key=lambda broken: (broken.file_no, broken.row_no))
        return replace(first, count=self.count + other.count)


def _issue(judged: JudgedTable, broken: _Broken) -> Issue:
    files = judged.stage.file_names
    return Issue(
        table=judged.stage.table.name,
        column=broken.check.column,
        rule=broken.check.rule,
        values=dict(broken.check.values),
        count=broken.count,
        file=files[broken.file_no],
        row=broken.row_no,
        value=None if broken.value is None else broken.value[:LONGEST_VALUE],
        in_folder=len(files) > 1,
    )


def collect_quarantined(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> None:
    """Add a table's quarantined rows to the quarantine: one line per row, with the first rule it breaks."""
    stage = judged.stage
    checks = [*stage.checks, _conflict_check(judged)]
    rules = ", ".join(
        f"({at}, {literal(check.column)}, {literal(Message(f'rules.{check.rule}.name', check.values).text())})"
        for at, check in enumerate(checks)
    )
    files = ", ".join(f"({at}, {literal(name)})" for at, name in enumerate(stage.file_names))
    connection.execute(f"""
        INSERT INTO {QUARANTINE}
        SELECT "file", {literal(stage.table.name)}, row_no, "column", rule, {disarmed("value")}, file_no
        FROM (
            SELECT file_no, row_no, coalesce(problem, {len(stage.checks)}) AS problem,
                CASE WHEN is_conflict THEN {_key_value(judged)} ELSE problem_value END AS value
            FROM {judged.name} WHERE fate = 'quarantined'
        )
        JOIN (VALUES {rules}) AS rules(problem, "column", rule) USING (problem)
        JOIN (VALUES {files}) AS files(file_no, "file") USING (file_no)
    """)


def disarmed(value: str) -> str:
    """SQL for a text with an apostrophe before what a spreadsheet would take for a formula, or for that mark."""
    is_formula = rf"regexp_matches({value}, '^[=+@\t\r''-]')"
    is_number = rf"regexp_full_match({value}, '[+-]?[0-9.,]+')"
    return f"CASE WHEN {is_formula} AND NOT {is_number} THEN '''' || {value} ELSE {value} END"


def _key_value(judged: JudgedTable) -> str:
    stage = judged.stage
    parts = ", ".join(f"CAST({stage.at(column)} AS VARCHAR)" for column in stage.table.key)
    return f"concat_ws(' + ', {parts})"


def _conflict_check(judged: JudgedTable) -> Check:
    key = " + ".join(judged.stage.table.key)
    return Check(key, "conflict", "false", "NULL", {"key": key})


def _count_unreadable(connection: duckdb.DuckDBPyConnection, judged: JudgedTable, column: str) -> int:
    """Rows in which something came that is no amount, whatever rule they are quarantined for."""
    taken = [found.name for found in judged.stage.columns.taken]
    bit = 1 << taken.index(column)
    counted = connection.execute(
        f"SELECT count(*) FROM {judged.stage.name} WHERE unread & {bit} <> 0"
    ).fetchall()
    return int(counted[0][0])
