"""Accounting for every row: counts and amounts by fate, the rules that were broken, the quarantine."""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from pipelines.intake.fates import FATES, JudgedTable
from pipelines.intake.report import AmountCounts, Issue, TableCounts
from pipelines.intake.types import Check
from pipelines.intake.words import IntakeError, Message

QUARANTINE = "quarantine"
_LONGEST_VALUE = 500


def open_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the engine's table that collects the quarantined rows of all tables."""
    connection.execute(
        f'CREATE TABLE {QUARANTINE} ("file" VARCHAR, "table" VARCHAR, "row" BIGINT, "column" VARCHAR, '
        "rule VARCHAR, value VARCHAR)"
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
        parts = [by_fate[fate][index] if fate in by_fate else 0 for fate in FATES]
        if sum(parts) != read:
            raise IntakeError("counts", table=f"{stage.table.name}.{column}", read=read, sum=sum(parts))
        answer.append(
            AmountCounts(column, read, *parts, _count_unreadable(connection, judged, column))
        )
    return tuple(answer)


def list_issues(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> tuple[Issue, ...]:
    """List the rules that rows broke, each with its count and the first row that broke it."""
    stage = judged.stage
    rows = connection.execute(
        "SELECT problem, count(*), first(file_no ORDER BY file_no, row_no), min_by(row_no, (file_no, row_no)), "
        f"first(problem_value ORDER BY file_no, row_no) FROM {judged.name} "
        "WHERE problem IS NOT NULL GROUP BY problem"
    ).fetchall()
    conflict = connection.execute(
        f"SELECT count(*), first(file_no ORDER BY file_no, row_no), min_by(row_no, (file_no, row_no)), "
        f"first({_key_value(judged)} ORDER BY file_no, row_no) FROM {judged.name} WHERE is_conflict"
    ).fetchall()[0]
    found: dict[tuple[str, str, str], tuple[int, int, int, str | None, Check]] = {}
    for problem, count, file_no, row_no, value in rows:
        check = stage.checks[problem]
        at = (check.column, check.rule, repr(check.values))
        earlier = found.get(at)
        first = (file_no, row_no, value)
        if earlier is not None:
            count += earlier[0]
            first = min(first, earlier[1:4], key=lambda place: (place[0], place[1]))
        found[at] = (count, *first, check)
    if conflict[0]:
        check = _conflict_check(judged)
        found[(check.column, check.rule, "")] = (*conflict, check)
    return tuple(
        Issue(
            table=stage.table.name,
            column=check.column,
            rule=check.rule,
            values=dict(check.values),
            count=count,
            file=stage.file_names[file_no],
            row=row_no,
            value=None if value is None else value[:_LONGEST_VALUE],
            in_folder=len(stage.file_names) > 1,
        )
        for _, (count, file_no, row_no, value, check) in sorted(found.items())
    )


def collect_quarantined(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> None:
    """Add a table's quarantined rows to the quarantine: one line per row, with the first rule it breaks.

    A value that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    stage = judged.stage
    conflict = _conflict_check(judged)
    checks = [*stage.checks, conflict]
    rules = pa.table(
        {
            "problem": pa.array(range(len(checks)), pa.int32()),
            "column_name": [check.column for check in checks],
            "rule": [Message(f"rules.{check.rule}.name", check.values).text() for check in checks],
        }
    )
    files = pa.table(
        {"file_no": pa.array(range(len(stage.file_names)), pa.int32()), "file": stage.file_names}
    )
    connection.register("rules", rules)
    connection.register("files", files)
    value = f"CASE WHEN is_conflict THEN {_key_value(judged)} ELSE problem_value END"
    number = r"'[+-]?[0-9.,]+'"
    is_formula = rf"regexp_matches(value, '^[=+@\t\r-]') AND NOT regexp_full_match(value, {number})"
    connection.execute(
        f"INSERT INTO {QUARANTINE} SELECT \"file\", '{stage.table.name}', row_no, column_name, rule, "
        f"left(CASE WHEN {is_formula} THEN '''' || value ELSE value END, {_LONGEST_VALUE}) FROM ("
        f"SELECT file_no, row_no, coalesce(problem, {len(stage.checks)}) AS problem, {value} AS value "
        f"FROM {judged.name} WHERE fate = 'quarantined') JOIN rules USING (problem) JOIN files USING (file_no)"
    )
    connection.unregister("rules")
    connection.unregister("files")


def _key_value(judged: JudgedTable) -> str:
    stage = judged.stage
    parts = ", ".join(f"CAST({stage.at(column)} AS VARCHAR)" for column in stage.table.key)
    return f"concat_ws(' + ', {parts})"


def _conflict_check(judged: JudgedTable) -> Check:
    key = " + ".join(judged.stage.table.key)
    values: Mapping[str, str | int] = {"key": key}
    return Check(key, "conflict", "false", "NULL", values)


def _count_unreadable(connection: duckdb.DuckDBPyConnection, judged: JudgedTable, column: str) -> int:
    """Rows that were quarantined because this amount could not be read."""
    checks = [
        str(index)
        for index, check in enumerate(judged.stage.checks)
        if check.column == column and check.rule in ("amount", "decimals")
    ]
    counted = connection.execute(
        f"SELECT count(*) FROM {judged.stage.name} WHERE problem IN ({', '.join(checks)})"
    ).fetchall()
    return int(counted[0][0])
