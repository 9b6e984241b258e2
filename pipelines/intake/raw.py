"""Opening a table's files as they are: columns and their kinds, rows with the number they have in their file."""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from features.tables import Table
from pipelines.intake.source import Source, SourceTable
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
    number of values: (file_no, row_no, text), not part of the relation.
    """

    relation: str
    columns: tuple[RawColumn, ...]
    file_names: tuple[str, ...]
    ragged: tuple[tuple[int, int, str], ...] = ()

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
    if table.form == "csv":
        return [_open_csv(connection, source, table)]
    groups: dict[tuple[RawColumn, ...], list[int]] = {}
    for number, file in enumerate(table.files):
        columns = _describe(connection, source, file)
        groups.setdefault(columns, []).append(number)
    return [_parquet_files(source, table, columns, numbers) for columns, numbers in groups.items()]


def close_files(connection: duckdb.DuckDBPyConnection, files: RawFiles) -> None:
    """Let the engine forget what was read of files."""
    if files.relation.startswith(_CSV_VIEW):
        connection.unregister(files.relation)


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


def _describe(connection: duckdb.DuckDBPyConnection, source: Source, file: Path) -> tuple[RawColumn, ...]:
    try:
        _refuse_twice(source.name_of(file), pq.read_schema(file).names)
        rows = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal(str(file))})").fetchall()
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise unreadable(source, file, "Parquet", error) from error
    return tuple(RawColumn(row[0], _kind(row[1]), row[1]) for row in rows)


def _kind(type_name: str) -> Kind:
    return "decimal" if type_name.startswith("DECIMAL") else _KINDS.get(type_name, "other")


def unreadable(source: Source, file: Path, form: str, error: Exception) -> TableRejected:
    """Return the refusal of a file that cannot be read, without the machine's own paths."""
    detail = " ".join(str(error).split()).replace(f"{source.root}/", "")
    return TableRejected("unreadable", file=source.name_of(file), form=form, detail=detail[:300])


def _refuse_twice(file: str, names: Sequence[str]) -> None:
    lowered = [name.lower() for name in names]
    twice = sorted({name for name in names if lowered.count(name.lower()) > 1})
    if twice:
        raise TableRejected("twice", file=file, columns=", ".join(twice))


def _parquet_files(
    source: Source, table: SourceTable, columns: tuple[RawColumn, ...], numbers: Sequence[int]
) -> RawFiles:
    for column in columns:
        if column.name.lower() in (_ROW_NUMBER, _FILE_INDEX):
            raise TableRejected("reserved", table=table.name, column=column.name)
    files = [table.files[number] for number in numbers]
    paths = ", ".join(literal(str(file)) for file in files)
    renamed = ", ".join(f"{quoted(column.name)} AS c{index}" for index, column in enumerate(columns))
    file_no = " ".join(f"WHEN {at} THEN {number}" for at, number in enumerate(numbers))
    relation = (
        f"(SELECT {renamed}, CASE {_FILE_INDEX} {file_no} END AS file_no, {_ROW_NUMBER} + 1 AS row_no "
        f"FROM read_parquet([{paths}]))"
    )
    return RawFiles(relation, columns, tuple(source.name_of(file) for file in files))


def _open_csv(connection: duckdb.DuckDBPyConnection, source: Source, table: SourceTable) -> RawFiles:
    """Read a CSV file with every value as text; an empty value is null."""
    file = table.files[0]
    ragged: list[tuple[int, int, str]] = []

    def keep(row: pacsv.InvalidRow) -> str:
        ragged.append((0, row.number - 1, row.text))
        return "skip"

    try:
        names = _csv_header(file)
        _refuse_twice(source.name_of(file), names)
        if _has_unclosed_quote(file):
            raise TableRejected("unclosed", file=source.name_of(file))
        rows = pacsv.read_csv(
            file,
            read_options=pacsv.ReadOptions(use_threads=False),
            parse_options=pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(source, file, "CSV", error) from error
    view = f"{_CSV_VIEW}{table.name}"
    connection.register(view, _numbered(rows, [row_no for _, row_no, _ in ragged]))
    columns = tuple(RawColumn(name, "text", "CSV") for name in names)
    return RawFiles(view, columns, (source.name_of(file),), tuple(ragged))


def _csv_header(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.reader(stream), [])


def _has_unclosed_quote(file: Path) -> bool:
    """Whether the file ends inside a quoted value, which would otherwise swallow every row after it."""
    with file.open("rb") as stream:
        quotes = sum(block.count(b'"') for block in iter(lambda: stream.read(1 << 22), b""))
    if quotes % 2 == 0:
        return False
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for _ in csv.reader(stream, strict=True):
                pass
    except csv.Error:
        return True
    return False


def _numbered(rows: pa.Table, skipped: Sequence[int]) -> pa.Table:
    """Name the columns c0, c1, ... and add each row's number, counting the ragged rows that are not here."""
    is_here = np.ones(rows.num_rows + len(skipped), dtype=bool)
    is_here[np.array(skipped, dtype=np.int64) - 1] = False
    present = np.flatnonzero(is_here) + 1
    columns = [*rows.columns, pa.array(np.zeros(rows.num_rows, np.int64)), pa.array(present)]
    names = [*(f"c{index}" for index in range(rows.num_columns)), "file_no", "row_no"]
    return pa.Table.from_arrays(columns, names=names)
