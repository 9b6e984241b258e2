"""Quarantined rows as they came, one CSV file per table: to be mended, and handed in again in `corrected/`.

Such a file has the table's own columns and, before them, where the row stood and which rule it broke. It says
the same when it is read as CSV as the row said in its own file: amounts in major units, moments with their zone.
"""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

from pathlib import Path

import duckdb

from features.tables import Column
from pipelines.intake.account import QUARANTINE, disarmed
from pipelines.intake.fates import JudgedTable
from pipelines.intake.raw import MENDING, RawColumn, RawFiles, literal, quoted
from pipelines.intake.types import as_text

FOLDER = "quarantine"
_REASONS = ("file", "row", "column", "rule", "value")


def write_quarantined_rows(
    connection: duckdb.DuckDBPyConnection, judged: JudgedTable, decimals: int, directory: Path
) -> None:
    """Write a table's quarantined rows to `quarantine/<table>.csv`, if it has any."""
    name = judged.stage.table.name
    reasons = ", ".join(f'"{reason}" AS {MENDING}{reason}' for reason in _REASONS)
    chosen = f'SELECT file_no, "row" AS row_no, {reasons} FROM {QUARANTINE} WHERE "table" = {literal(name)}'
    if not connection.execute(f"SELECT count(*) FROM ({chosen})").fetchall()[0][0]:
        return
    selects = [_rows_sql(judged, group, decimals, chosen) for group in judged.stage.files]
    selects += [_ragged_sql(group, chosen) for group in judged.stage.files if group.ragged]
    (directory / FOLDER).mkdir(exist_ok=True)
    connection.execute(
        f"COPY (SELECT * FROM ({' UNION ALL BY NAME '.join(selects)}) ORDER BY {MENDING}file, {MENDING}row) "
        f"TO {literal(str(directory / FOLDER / f'{name}.csv'))} (FORMAT csv, HEADER)"
    )


def _reason_names() -> str:
    return ", ".join(f"{MENDING}{reason}" for reason in _REASONS)


def _ragged_sql(files: RawFiles, chosen: str) -> str:
    """SQL for rows with the wrong number of values: the whole row is the value that is shown."""
    rows = ", ".join(str((file_no, row_no)) for file_no, row_no, _ in files.ragged)
    return (
        f"SELECT {_reason_names()} FROM ({chosen}) reasons "
        f"JOIN (VALUES {rows}) AS ragged(file_no, row_no) USING (file_no, row_no)"
    )


def _rows_sql(judged: JudgedTable, files: RawFiles, decimals: int, chosen: str) -> str:
    """SQL for the quarantined rows of files of one shape, with every column as text."""
    stage = judged.stage
    taken = {column.name: (column, f"v{index}") for index, column in enumerate(stage.columns.taken)}
    columns = []
    for index, raw in enumerate(files.columns):
        if not raw.name or raw.name.lower().startswith(MENDING):
            continue
        declared = taken.get(raw.name)
        text = _as_csv(raw, f"c{index}", declared, decimals)
        columns.append(f"{disarmed(text)} AS {quoted(raw.name)}")
    return (
        f"SELECT {_reason_names()}, {', '.join(columns)} FROM {files.relation} came "
        f"JOIN ({chosen}) reasons USING (file_no, row_no) JOIN {stage.name} stage USING (file_no, row_no)"
    )


def _as_csv(raw: RawColumn, came: str, declared: tuple[Column, str] | None, decimals: int) -> str:
    """SQL for a value as CSV writes it; what could not be read is left as it came."""
    text = as_text(raw.kind, came)
    if declared is None or raw.kind in ("text", "null", "other"):
        return text
    column, value = declared
    if column.type == "money" and raw.kind == "integer":
        return f"coalesce({_major_units(value, decimals)}, {text})"
    if column.type in ("timestamp", "money"):
        return text
    return f"coalesce(CAST({value} AS VARCHAR), {text})"


def _major_units(minor: str, decimals: int) -> str:
    """SQL for an amount in major units with all its decimals, exactly."""
    whole = f"CAST(abs(CAST({minor} AS HUGEINT)) AS VARCHAR)"
    digits = f"lpad({whole}, CAST(greatest(length({whole}), {decimals + 1}) AS INTEGER), '0')"
    sign = f"CASE WHEN {minor} < 0 THEN '-' ELSE '' END"
    if decimals == 0:
        return f"{sign} || {digits}"
    return f"{sign} || left({digits}, -{decimals}) || '.' || right({digits}, {decimals})"
