"""Which columns a table has: those of the contract that some file holds, and in `snapshots` the bank's own."""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import duckdb

from features.definitions import FEATURES
from features.tables import DAY_COLUMNS, PROTECTED_COLUMNS, Column, ColumnType, SnapshotType, Table
from pipelines.intake.raw import RawColumn, RawFiles
from pipelines.intake.rules import CUSTOMER_NO
from pipelines.intake.types import fits
from pipelines.intake.words import Message, TableRejected

_FEATURES = frozenset(feature.name for feature in FEATURES)
_TAKEN = (CUSTOMER_NO, f"{CUSTOMER_NO}_right", "as_of_day_right", "event_timestamp")
"""Names that the engine's joins and the feature store have for columns of their own."""
_STORED_AS: dict[SnapshotType, ColumnType] = {"number": "float", "boolean": "boolean", "text": "text"}
_SNAPSHOT_KINDS: dict[str, SnapshotType] = {
    "integer": "number", "decimal": "number", "float": "number", "boolean": "boolean", "text": "text",
}  # fmt: skip
_PLAIN_NUMBER = r"'[+-]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?'"
_NO_NUMBER = r"'[+-]?(nan|inf|infinity)|[=#].*'"
"""What stands for a number that is none: it does not make a column text, so that its row is quarantined."""


@dataclass(frozen=True)
class TableColumns:
    """The columns of one table: those that are taken in, and the names of those that are kept out."""

    taken: tuple[Column, ...]
    extra: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    snapshot: dict[str, SnapshotType] = field(default_factory=dict)


def choose_columns(
    connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[RawFiles]
) -> TableColumns:
    """Choose what is taken in of a table's columns.

    A column of the contract is taken where any file holds it. Of the others, `snapshots` takes numbers, truth
    values and texts that have a name, except protected ones; everything else is kept out.

    Raises
    ------
    TableRejected
        If an own column has different types in different files, or a name that has another meaning.
    """
    names = {column.name for group in files for column in group.columns}
    lowered = Counter(name.lower() for name in names)
    if twice := sorted(name for name in names if lowered[name.lower()] > 1):
        raise TableRejected("twice", file=table.name, columns=", ".join(twice))
    declared = tuple(column for column in table.columns if column.name in names or column.default is not None)
    further = sorted(names - set(table.names))
    if not table.open_columns:
        return TableColumns(declared, tuple(further))
    protected = tuple(name for name in further if name.lower() in PROTECTED_COLUMNS)
    snapshot: dict[str, SnapshotType] = {}
    for name in further:
        if (
            name.strip()
            and name not in protected
            and (found := _snapshot_type(connection, table, files, name)) is not None
        ):
            snapshot[name] = found
    own = tuple(Column(name, _STORED_AS[found], required=False) for name, found in snapshot.items())
    extra = tuple(name for name in further if name not in snapshot and name not in protected)
    return TableColumns((*declared, *own), extra, protected, snapshot)


def settle_kinds(
    connection: duckdb.DuckDBPyConnection, table: Table, files: RawFiles, taken: Sequence[Column]
) -> RawFiles:
    """Hold the kinds of the files' columns against the contract's types; a column without a value fits any.

    Raises
    ------
    TableRejected
        If a column holds values of a kind that cannot be read as its type: ids as numbers, money as floats.
    """
    columns = list(files.columns)
    for column in taken:
        position = files.position(column.name)
        if position is None or fits(column.type, columns[position].kind):
            continue
        if _has_values(connection, files, position):
            raise _wrong_kind(table, column, files, columns[position])
        columns[position] = replace(columns[position], kind="null")
    return replace(files, columns=tuple(columns))


def _snapshot_type(
    connection: duckdb.DuckDBPyConnection, table: Table, files: Sequence[RawFiles], name: str
) -> SnapshotType | None:
    """Type of one of the bank's own columns over all files; None: of a type that is no feature, or empty."""
    _refuse_name(table, name)
    kinds: set[SnapshotType] = set()
    for group in sorted(files, key=lambda group: group.is_corrected):
        position = group.position(name)
        if position is None or group.columns[position].kind == "null" or (group.is_corrected and kinds):
            continue  # mended rows are read as what the column is
        raw = group.columns[position]
        if raw.kind not in _SNAPSHOT_KINDS:
            return None
        found = (
            _SNAPSHOT_KINDS[raw.kind] if raw.type_name != "CSV" else _csv_type(connection, group, position)
        )
        kinds.add(found)
    if len(kinds) > 1:
        raise TableRejected("mixed", table=table.name, column=name, kinds=", ".join(sorted(kinds)))
    return next(iter(kinds), None)


def _refuse_name(table: Table, name: str) -> None:
    """Refuse a name that an attribute cannot bear as a feature: one taken already, or one that the store splits."""
    days = tuple(column.day_name for column in table.times)
    if name.lower() in (*DAY_COLUMNS, *days, *_TAKEN):
        raise TableRejected("reserved", table=table.name, column=name)
    if "__" in name or ":" in name:
        raise TableRejected("split_name", table=table.name, column=name)
    if name in _FEATURES:
        raise TableRejected("feature_name", table=table.name, column=name)


def _csv_type(connection: duckdb.DuckDBPyConnection, files: RawFiles, position: int) -> SnapshotType:
    """Number where every value is written as one, true/false likewise, otherwise text.

    A leading zero makes text ("0012" is a code); words such as NaN do not, so that they can be quarantined.
    """
    value = f"c{position}"
    numbers, no_numbers, truths, values = connection.execute(
        f"SELECT count_if(regexp_full_match({value}, {_PLAIN_NUMBER})), "
        f"count_if(regexp_full_match(lower({value}), {_NO_NUMBER})), "
        f"count_if(lower({value}) IN ('true', 'false')), count({value}) FROM {files.relation}"
    ).fetchall()[0]
    if numbers and numbers + no_numbers == values:
        return "number"
    return "boolean" if values and truths == values else "text"


def _has_values(connection: duckdb.DuckDBPyConnection, files: RawFiles, position: int) -> bool:
    counted = connection.execute(f"SELECT count(c{position}) FROM {files.relation}").fetchall()
    return int(counted[0][0]) > 0


def _wrong_kind(table: Table, column: Column, files: RawFiles, raw: RawColumn) -> TableRejected:
    file = files.file_names[0]
    if column.type == "id" and raw.kind in ("integer", "decimal", "float"):
        return TableRejected(
            "numeric_id", table=table.name, column=column.name, kind=raw.type_name, file=file
        )
    if column.type == "money" and raw.kind == "float":
        return TableRejected(
            "float_money", table=table.name, column=column.name, kind=raw.type_name, file=file
        )
    expected = Message(f"types.{column.type}")
    return TableRejected(
        "wrong_kind", table=table.name, column=column.name, expected=expected, kind=raw.type_name, file=file
    )
