"""One table's rows, read and judged: every row of every file with its values and the first rule it breaks."""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from features.tables import TABLES, Column, Table
from pipelines.intake.columns import TableColumns, choose_columns, settle_kinds
from pipelines.intake.raw import RawFiles, close_files, open_files, refusal, require_columns
from pipelines.intake.rules import IS_UNKNOWN, KNOWN_CUSTOMERS, KnownAt, column_checks, row_checks
from pipelines.intake.source import Source, SourceTable
from pipelines.intake.types import MIDDLE, STORED, Check, Reading, as_text, read_column
from pipelines.intake.words import TableRejected
from pipelines.intake.zones import ZoneClock


@dataclass(frozen=True)
class Stage:
    """The rows of one table in the engine, judged.

    The engine's table `name` has `file_no`, `row_no`, one column v0, v1, ... per column taken (types of
    `types.STORED`), `problem` (index into `checks`, null: no rule broken), `problem_value`, as it came, and
    `unread`, a bit for each column taken whose value came and is no amount. `read` is the number of rows that
    the files have; `files` are still open.
    """

    table: Table
    name: str
    columns: TableColumns
    checks: tuple[Check, ...]
    file_names: tuple[str, ...]
    read: int
    files: tuple[RawFiles, ...]

    def at(self, column: str) -> str:
        """SQL for a column of the contract: its name in the engine's table, or NULL where no file has it."""
        return _value_name(self.table, self.columns, column)

    @property
    def corrected(self) -> tuple[int, ...]:
        """Numbers of the files with mended rows."""
        names = {name for group in self.files if group.is_corrected for name in group.file_names}
        return tuple(number for number, name in enumerate(self.file_names) if name in names)

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let the engine forget the rows and the files."""
        connection.execute(f"DROP TABLE {self.name}")
        for group in self.files:
            close_files(connection, group)


@dataclass(frozen=True)
class Judge:
    """What rows are held against: the bank's clock and currency, and the moment at which the data was known."""

    clock: ZoneClock
    decimals: int
    known_at: KnownAt | None = None


def stage_table(
    connection: duckdb.DuckDBPyConnection, source: Source, files: SourceTable, judge: Judge
) -> Stage:
    """Read one table's files into the engine and judge every row.

    Raises
    ------
    TableRejected
        If the table cannot be taken in as a whole: unreadable, columns missing or of the wrong kind.
    """
    table = TABLES[files.name]
    groups: list[RawFiles] = []
    try:
        groups = open_files(connection, source, files)
        for group in groups:
            require_columns(table, group)
        columns = choose_columns(connection, table, groups)
        groups = [settle_kinds(connection, table, group, columns.taken) for group in groups]
        names = tuple(file.name for file in files.files)
        name = f"stage_{table.name}"
        _create(connection, name, columns)
        read = sum(_count(connection, group) for group in groups)
        checks: list[Check] = []
        for group in groups:
            stage = Stage(table, name, columns, tuple(checks), names, read, tuple(groups))
            checks += _insert(connection, stage, group, judge)
    except (duckdb.Error, TableRejected) as error:
        connection.execute(f"DROP TABLE IF EXISTS stage_{table.name}")
        for group in groups:
            close_files(connection, group)
        if isinstance(error, TableRejected):
            raise
        raise refusal(source, files, error) from error
    return Stage(table, name, columns, tuple(checks), names, read, tuple(groups))


def _count(connection: duckdb.DuckDBPyConnection, files: RawFiles) -> int:
    counted = connection.execute(f"SELECT count(*) FROM {files.relation}").fetchall()
    return int(counted[0][0]) + len(files.ragged)


def _create(connection: duckdb.DuckDBPyConnection, name: str, columns: TableColumns) -> None:
    values = ", ".join(f"v{index} {STORED[column.type]}" for index, column in enumerate(columns.taken))
    connection.execute(
        f"CREATE OR REPLACE TABLE {name} (file_no INTEGER, row_no BIGINT, {values}, "
        "problem INTEGER, problem_value VARCHAR, unread BIGINT)"
    )


def _value_name(table: Table, columns: TableColumns, column: str) -> str:
    for index, taken in enumerate(columns.taken):
        if taken.name == column:
            return f"v{index}"
    return f"CAST(NULL AS {STORED[table.column(column).type]})"


def _insert(
    connection: duckdb.DuckDBPyConnection, stage: Stage, files: RawFiles, judge: Judge
) -> list[Check]:
    """Insert the rows of files of one shape; return the checks they were held against."""
    taken = stage.columns.taken
    readings = [_reading(column, files, judge) for column in taken]
    checks = [
        check
        for index, (column, reading) in enumerate(zip(taken, readings, strict=True))
        for check in column_checks(column, reading, _raw_name(files, column.name), f"v{index}", f"m{index}")
    ]
    checks += row_checks(stage.table, lambda name: _raw_name(files, name), stage.at, judge.known_at)
    offset = len(stage.checks)
    connection.execute(_insert_sql(stage, files, readings, checks, offset))
    if files.ragged:
        checks.append(Check("*", "ragged", "false", "NULL", {"columns": len(files.columns)}))
        _insert_ragged(connection, stage.name, files, offset + len(checks) - 1)
    return checks


def _raw_name(files: RawFiles, column: str) -> str:
    position = files.position(column)
    return "CAST(NULL AS VARCHAR)" if position is None else f"c{position}"


def _reading(column: Column, files: RawFiles, judge: Judge) -> Reading:
    position = files.position(column.name)
    if position is None:
        return read_column(column, "null", "NULL", judge.clock, judge.decimals)
    return read_column(column, files.columns[position].kind, f"c{position}", judge.clock, judge.decimals)


def _insert_sql(
    stage: Stage, files: RawFiles, readings: list[Reading], checks: list[Check], offset: int
) -> str:
    """SQL in layers, so that each value is computed once: raw, middle, value, first rule broken."""
    taken = stage.columns.taken
    used = [files.position(column.name) for column in taken]
    raw = [
        f"nullif(CAST(c{at} AS VARCHAR), '') AS c{at}" if files.columns[at].kind == "text" else f"c{at}"
        for at in used
        if at is not None
    ]
    middles = [
        f"{reading.middle} AS m{i}" for i, reading in enumerate(readings) if reading.middle is not None
    ]
    values = []
    for index, (column, reading) in enumerate(zip(taken, readings, strict=True)):
        value = reading.value.replace(MIDDLE, f"m{index}")
        if column.default is not None:
            is_absent = f"{_raw_name(files, column.name)} IS NULL"
            value = f"CASE WHEN {is_absent} THEN '{column.default}' ELSE {value} END"
        values.append(f"{value} AS v{index}")
    problem = " ".join(f"WHEN {check.breaks} THEN {offset + at}" for at, check in enumerate(checks))
    kinds = {f"c{at}": column.kind for at, column in enumerate(files.columns)}
    shown = " ".join(
        f"WHEN {offset + at} THEN {as_text(kinds.get(check.raw, 'text'), check.raw)}"
        for at, check in enumerate(checks)
    )
    kept = ", ".join(f"v{index}" for index in range(len(taken)))
    rows = f"SELECT {', '.join(raw)}, file_no, row_no FROM {files.relation}"
    rows = f"SELECT {', '.join(['*', *middles])} FROM ({rows})"
    rows = f"SELECT *, {', '.join(values)} FROM ({rows})"
    customer = stage.table.customer_column
    if customer is not None and stage.table.name != "customers":
        on = f"{KNOWN_CUSTOMERS}.customer_id = {stage.at(customer)}"
        is_unknown = f"{KNOWN_CUSTOMERS}.customer_id IS NULL AS {IS_UNKNOWN}"
        rows = f"SELECT read_rows.*, {is_unknown} FROM ({rows}) read_rows LEFT JOIN {KNOWN_CUSTOMERS} ON {on}"
    rows = f"SELECT *, CASE {problem} END AS problem FROM ({rows})"
    unread = " + ".join(["0", *_unread_bits(stage, files)])
    rows = f"SELECT file_no, row_no, {kept}, problem, CASE problem {shown} END, {unread} FROM ({rows})"
    return f"INSERT INTO {stage.name} {rows}"


def _unread_bits(stage: Stage, files: RawFiles) -> list[str]:
    """SQL for the bit of each money column, set where something came that is no amount."""
    return [
        f"CASE WHEN {_raw_name(files, column.name)} IS NOT NULL AND v{index} IS NULL THEN {1 << index} ELSE 0 END"
        for index, column in enumerate(stage.columns.taken)
        if column.type == "money"
    ]


def _insert_ragged(connection: duckdb.DuckDBPyConnection, name: str, files: RawFiles, problem: int) -> None:
    rows: dict[str, Any] = {
        "file_no": [file_no for file_no, _, _ in files.ragged],
        "row_no": [row_no for _, row_no, _ in files.ragged],
        "problem_value": [text for _, _, text in files.ragged],
        "unread": [-1] * len(files.ragged),
    }
    connection.register("ragged_rows", pa.table(rows))
    connection.execute(f"INSERT INTO {name} BY NAME SELECT *, {problem} AS problem FROM ragged_rows")
    connection.unregister("ragged_rows")
