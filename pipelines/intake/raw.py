"""Opening a table's files as they are: columns and their kinds, rows with the number they have in their file."""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.tables import Table
from pipelines.intake.csv_files import CsvRows, read_csv
from pipelines.intake.database import numbered_rows
from pipelines.intake.source import FORM_NAMES, Source, SourceFile, SourceTable, unreadable
from pipelines.intake.words import TableRejected

Kind = Literal[
    "text", "integer", "decimal", "float", "boolean", "date", "timestamp", "moment", "null", "other"
]

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_INTEGERS, "integer"),
    **dict.fromkeys((f"U{name}" for name in _INTEGERS), "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float"),
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"), "timestamp"),
    **dict.fromkeys(("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"), "moment"),
    **dict.fromkeys(("VARCHAR", "UUID"), "text"),
    "BOOLEAN": "boolean",
    "DATE": "date",
    '"NULL"': "null",
}
_ROW_NUMBER = "file_row_number"
_FILE_INDEX = "file_index"
_CSV_VIEW = "csv_"
MENDING = "quarantine_"
"""How the columns begin that a file of quarantined rows has beside the table's own; mended rows may keep them."""


@dataclass(frozen=True)
class RawColumn:
    """A column as the file has it: its name, its kind, and the type's own name for messages."""

    name: str
    kind: Kind
    type_name: str


@dataclass(frozen=True)
class RawFiles:
    """Files of one table with the same columns and types.

    `relation` is SQL to select from. It yields the columns as c0, c1, ..., `file_no` (index into the table's
    files) and `row_no` (1 is the first row after a header). `ragged` are rows of a CSV file with the wrong
    number of values: (file_no, row_no, text), not part of the relation. `opened` names what the engine holds
    of the files: a registered view, or a temporary table.
    """

    relation: str
    columns: tuple[RawColumn, ...]
    file_names: tuple[str, ...]
    ragged: tuple[tuple[int, int, str], ...] = ()
    is_corrected: bool = False
    opened: str | None = None

    def position(self, name: str) -> int | None:
        """Return the index of the column of exactly this name, if the files have one."""
        return next((index for index, column in enumerate(self.columns) if column.name == name), None)


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def open_files(connection: duckdb.DuckDBPyConnection, source: Source, table: SourceTable) -> list[RawFiles]:
    """Open a table's files, grouped by equal columns and types.

    Raises
    ------
    TableRejected
        If a file cannot be read, or has a column twice.
    """
    opened = []
    groups: dict[tuple[RawColumn, ...], list[int]] = {}
    for number, file in enumerate(table.files):
        try:
            if file.form == "csv":
                opened.append(_csv_file(connection, file, number, f"{_CSV_VIEW}{table.name}_{number}"))
            elif file.form == "database":
                opened.append(_database_table(connection, table, file))
            else:
                groups.setdefault(_parquet_columns(connection, file), []).append(number)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise refusal(source, table, error, file) from error
    return [*(_parquet_files(table, columns, numbers) for columns, numbers in groups.items()), *opened]


def close_files(connection: duckdb.DuckDBPyConnection, files: RawFiles) -> None:
    """Let the engine forget what was read of files."""
    if files.opened is None:
        return
    if files.opened.startswith(_CSV_VIEW):
        connection.unregister(files.opened)
    else:
        connection.execute(f"DROP TABLE {files.opened}")


def require_columns(table: Table, files: RawFiles) -> None:
    """Hold the columns of files against a table's declaration.

    Raises
    ------
    TableRejected
        If a required column is missing.
    """
    names = [column.name for column in files.columns]
    missing = [name for name in table.required if name not in names]
    if missing:
        got = ", ".join(names) or "no columns"
        raise TableRejected("missing_columns", file=files.file_names[0], missing=", ".join(missing), got=got)


def refusal(
    source: Source, table: SourceTable, error: Exception, file: SourceFile | None = None
) -> TableRejected:
    """Return the refusal of a table with a file that cannot be read: the one given, or the one the error names."""
    if file is None:
        file = next((file for file in table.files if str(file.path) in str(error)), table.files[0])
    message = unreadable(file.name, FORM_NAMES[file.form], error, source.root)
    return TableRejected.because(message)


def _kind(type_name: str) -> Kind:
    if type_name.startswith("DECIMAL"):
        return "decimal"
    return "text" if type_name.startswith("ENUM(") else _KINDS.get(type_name, "other")


def _refuse_twice(file: str, names: Sequence[str]) -> None:
    lowered = [name.lower() for name in names]
    twice = sorted({name for name in names if lowered.count(name.lower()) > 1})
    if twice:
        raise TableRejected("twice", file=file, columns=", ".join(twice))


def _described(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[RawColumn, ...]:
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return tuple(RawColumn(row[0], _kind(row[1]), row[1]) for row in rows)


def _parquet_columns(connection: duckdb.DuckDBPyConnection, file: SourceFile) -> tuple[RawColumn, ...]:
    _refuse_twice(file.name, pq.read_schema(file.path).names)
    return _described(connection, f"read_parquet({literal(str(file.path))})")


def _parquet_files(table: SourceTable, columns: tuple[RawColumn, ...], numbers: Sequence[int]) -> RawFiles:
    for column in columns:
        if column.name.lower() in (_ROW_NUMBER, _FILE_INDEX):
            raise TableRejected("reserved", table=table.name, column=column.name)
    files = [table.files[number] for number in numbers]
    paths = ", ".join(literal(str(file.path)) for file in files)
    renamed = ", ".join(f"{quoted(column.name)} AS c{index}" for index, column in enumerate(columns))
    file_no = " ".join(f"WHEN {at} THEN {number}" for at, number in enumerate(numbers))
    relation = (
        f"(SELECT {renamed}, CASE {_FILE_INDEX} {file_no} END AS file_no, {_ROW_NUMBER} + 1 AS row_no "
        f"FROM read_parquet([{paths}]))"
    )
    return RawFiles(relation, columns, tuple(file.name for file in files))


def _database_table(connection: duckdb.DuckDBPyConnection, table: SourceTable, file: SourceFile) -> RawFiles:
    rows, copy = numbered_rows(connection, table.name)
    columns = _described(connection, rows)
    if any(column.name.lower() == "rowid" for column in columns):
        raise TableRejected("reserved", table=table.name, column="rowid")
    renamed = ", ".join(f"{quoted(column.name)} AS c{index}" for index, column in enumerate(columns))
    relation = f"(SELECT {renamed}, 0 AS file_no, rowid + 1 AS row_no FROM {rows})"
    return RawFiles(relation, columns, (file.name,), opened=copy)


def _csv_file(connection: duckdb.DuckDBPyConnection, file: SourceFile, number: int, view: str) -> RawFiles:
    """Open a CSV file. Mended rows lose the columns on why they were quarantined, and the mark before a formula."""
    read: CsvRows = read_csv(file.path, file.name)
    _refuse_twice(file.name, read.names)
    connection.register(view, read.rows)
    ragged = tuple((number, row_no, text) for row_no, text in read.ragged)
    kept = [
        (at, name)
        for at, name in enumerate(read.names)
        if not (file.is_corrected and name.startswith(MENDING))
    ]
    values = [
        f"CASE WHEN starts_with(c{at}, '''') THEN substr(c{at}, 2) ELSE c{at} END"
        if file.is_corrected
        else f"c{at}"
        for at, _ in kept
    ]
    renamed = ", ".join(f"{value} AS c{index}" for index, value in enumerate(values))
    relation = f"(SELECT {renamed}, {number} AS file_no, row_no FROM {view})"
    columns = tuple(RawColumn(name, "text", "CSV") for _, name in kept)
    return RawFiles(relation, columns, (file.name,), ragged, file.is_corrected, view)
