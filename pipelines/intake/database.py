"""A DuckDB file as a source: opened for reading only, its tables and views read under the contract's names."""

# ruff: noqa: S608  # names are quoted

from pathlib import Path

import duckdb

from pipelines.intake.words import IntakeError

_MAGIC = b"DUCK"
_MAGIC_AT = 8
_ATTACHED = "bank_file"
_VIEW_COPY = "view_"


def is_database(file: Path) -> bool:
    """Say whether a file is a DuckDB database."""
    with file.open("rb") as stream:
        return stream.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC


def write_ahead_log(file: Path) -> list[Path]:
    """Return the file in which DuckDB keeps what it has not yet moved into the database, if there is one."""
    log = file.with_name(f"{file.name}.wal")
    return [log] if log.is_file() else []


def list_tables(file: Path) -> tuple[str, ...]:
    """Return the names of the tables and views of the schema main, sorted.

    Raises
    ------
    IntakeError
        If the file cannot be opened.
    """
    with duckdb.connect() as connection:
        attach(connection, file)
        rows = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_catalog = ? AND table_schema = 'main' "
            "ORDER BY table_name",
            [_ATTACHED],
        ).fetchall()
    return tuple(str(name) for (name,) in rows)


def attach(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Open a DuckDB file for reading only.

    Raises
    ------
    IntakeError
        If it is damaged, or another program has it open for writing.
    """
    connection.execute(
        "SET autoinstall_known_extensions = false"
    )  # a view must not fetch code from elsewhere
    try:
        connection.execute(f"ATTACH {_literal(str(file))} AS {_ATTACHED} (READ_ONLY)")
    except duckdb.Error as error:
        detail = " ".join(str(error).split()).replace(f"{file.parent}/", "")
        raise IntakeError("database", file=file.name, detail=detail[:300]) from error


def numbered_rows(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str, str | None]:
    """Return SQL for an attached table's rows with `rowid`, and the name of the copy to drop afterwards, if any.

    A view has no row numbers of its own, and might give its rows in another order next time: it is copied.
    """
    name = f'{_ATTACHED}.main."{table}"'
    kind = connection.execute(
        "SELECT table_type FROM information_schema.tables WHERE table_catalog = ? AND table_name = ?",
        [_ATTACHED, table],
    ).fetchall()[0][0]
    if kind != "VIEW":
        return name, None
    copy = f"{_VIEW_COPY}{table}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {copy} AS SELECT * FROM {name}")
    return copy, copy


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
