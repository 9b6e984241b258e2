"""Figures of the prepared tables: what each column holds, when its rows happened, and how late they were known."""

# ruff: noqa: S608  # names of tables come from the declarations, everything else is quoted

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from features.policy import read_policy
from features.tables import TABLES, BankManifest, Column, ColumnType, Table
from pipelines.intake.raw import literal, quoted

_OWN_TYPES: Mapping[str, ColumnType] = {"number": "float", "boolean": "boolean", "text": "text"}
_NUMBERS = ("money", "integer", "float", "date", "timestamp")
_COLUMNS_AT_ONCE = 8
"""Medians hold a column's values in memory: wide tables are read some columns at a time."""
_QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
_LONG_TAILS = 5
"""The middle 98 in 100 rows span so many times what the middle half spans: amounts are told apart by size then."""
_FIRST_ROWS = 50_000
"""Rows that are looked at first: a column with too many different values there has too many in all."""


@dataclass(frozen=True)
class Histogram:
    """Rows per bar. Bar i holds the values above `upper[i - 1]` up to `upper[i]`, the last all above the one before.

    `left` and `right` are where the outer bars would begin and end if nothing lay beyond. `is_stretched`: bars grow
    wider with their distance from 0, so that small amounts can be told apart beside large ones.
    """

    upper: tuple[float, ...]
    rows: tuple[int, ...]
    left: float
    right: float
    is_stretched: bool


@dataclass(frozen=True)
class ColumnFigures:
    """What one column holds, over the rows in force.

    `distinct` is None above the limit of the page. `low`, `median` (the lower of two middle values) and `high` are
    minor units for money, days since 1970-01-01 for dates and times, numbers of characters for texts; None for
    ids, enums and truth values, and where no row has a value. `words` are the values of an enum or truth value
    with their rows, the most frequent first.
    """

    column: Column
    rows: int
    present: int
    distinct: int | None
    low: float | None = None
    median: float | None = None
    high: float | None = None
    histogram: Histogram | None = None
    words: tuple[tuple[str, int], ...] = ()

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return self.rows - self.present


@dataclass(frozen=True)
class Delay:
    """How much later than the event the bank came to know rows. Days; over `dated` rows, those with an event.

    `median` and `worst` are those of the `late` rows; 0 where there are none.
    """

    dated: int
    late: int
    median: int
    worst: int


@dataclass(frozen=True)
class TableFigures:
    """One table's rows in force: `months` maps year * 12 + month - 1 of the event to rows, in order of time."""

    name: str
    rows: int
    months: Mapping[int, int]
    delay: Delay
    columns: tuple[ColumnFigures, ...]

    @property
    def undated(self) -> int:
        """Rows without an event date."""
        return self.rows - sum(self.months.values())


def profile_tables(prepared: Path, manifest: BankManifest) -> dict[str, TableFigures]:
    """Compute the figures of every prepared table, in the contract's order, exactly and without sampling."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET preserve_insertion_order = false")
        return {
            name: _profile(connection, manifest, TABLES[name], prepared / f"{name}.parquet")
            for name in TABLES
            if name in manifest.tables
        }


def _profile(
    connection: duckdb.DuckDBPyConnection, manifest: BankManifest, table: Table, file: Path
) -> TableFigures:
    source = f"read_parquet({literal(str(file))})"
    declared = {column.name: column for column in table.columns}
    columns = [
        declared.get(name) or Column(name, _OWN_TYPES[manifest.snapshot_columns[name]], required=False)
        for name in manifest.tables[table.name]
    ]
    whole = _ask(connection, source, _whole_table(table))
    found: list[ColumnFigures] = []
    for first in range(0, len(columns), _COLUMNS_AT_ONCE):
        found += _columns(connection, source, table, columns[first : first + _COLUMNS_AT_ONCE])
    return TableFigures(
        name=table.name,
        rows=whole["rows"],
        months=dict(sorted((whole["months"] or {}).items())),
        delay=Delay(whole["dated"], whole["late"], whole["median"] or 0, whole["worst"] or 0),
        columns=tuple(found),
    )


def _whole_table(table: Table) -> dict[str, str]:
    """Figures of the table as a whole: column of the answer -> SQL."""
    happened = "(DATE '1970-01-01' + event_day)"
    on_time = 0 if table.known_on_the_day else 1
    late = f"(known_day::BIGINT - event_day - {on_time})"
    is_late = f"event_day IS NOT NULL AND {late} > 0"
    return {
        "rows": "count(*)",
        "months": f"histogram((year({happened}) * 12 + month({happened}) - 1)::BIGINT)",
        "dated": "count(event_day)",
        "late": f"count_if({is_late})",
        "median": f"quantile_disc({late}, 0.5) FILTER ({is_late})",
        "worst": f"max({late}) FILTER ({is_late})",
    }


def _ask(connection: duckdb.DuckDBPyConnection, source: str, figures: Mapping[str, str]) -> dict[str, Any]:
    """Return the named figures of a table, read once."""
    values = connection.execute(f"SELECT {', '.join(figures.values())} FROM {source}").fetchall()[0]
    return dict(zip(figures, values, strict=True))


def _columns(
    connection: duckdb.DuckDBPyConnection, source: str, table: Table, columns: Sequence[Column]
) -> Iterator[ColumnFigures]:
    limit = int(read_policy("data_page")["limits"]["distinct"])
    names = [quoted(column.name) for column in columns]
    first_rows = f"(SELECT {', '.join(names)} FROM {source} LIMIT {_FIRST_ROWS})"
    first = _ask(connection, first_rows, {name: f"count(DISTINCT {name})" for name in names})
    asked = {"rows": "count(*)"}
    for place, column in enumerate(columns):
        is_many = first[names[place]] > limit
        asked |= {f"{key} {place}": sql for key, sql in _of_column(table, column, is_many=is_many).items()}
    found = _ask(connection, source, asked)
    histograms = _histograms(connection, source, table, columns, found)
    for place, column in enumerate(columns):
        low, quantiles, high = (found.get(f"{key} {place}") for key in ("low", "quantiles", "high"))
        distinct = found.get(f"distinct {place}")
        yield ColumnFigures(
            column=column,
            rows=found["rows"],
            present=found[f"present {place}"],
            distinct=None if distinct is None or distinct > limit else distinct,
            low=low,
            median=None if quantiles is None else quantiles[2],
            high=high,
            histogram=histograms.get(place),
            words=_words(found.get(f"words {place}")),
        )


def _words(counted: Mapping[str | bool, int] | None) -> tuple[tuple[str, int], ...]:
    """Return the values of an enum or truth value with their rows, the most frequent first."""
    words = [
        (str(word) if isinstance(word, str) else str(word).lower(), n) for word, n in (counted or {}).items()
    ]
    return tuple(sorted(words, key=lambda pair: (-pair[1], pair[0])))


def _value(table: Table, column: Column) -> str:
    """SQL for what is measured of a column: its number, its day in the bank's zone, or its length."""
    if column.is_time:
        return "event_day" if column.name == table.event else quoted(column.day_name)
    return f"length({quoted(column.name)})" if column.type == "text" else quoted(column.name)


def _of_column(table: Table, column: Column, *, is_many: bool) -> dict[str, str]:
    """Figures of one column: key -> SQL. `is_many`: it is known to have too many different values to be counted."""
    name, value = quoted(column.name), _value(table, column)
    asked = {"present": f"count({name})"}
    if not is_many:
        asked["distinct"] = f"count(DISTINCT {name})"
    if column.type in ("enum", "boolean"):
        asked["words"] = f"histogram({name})"
    elif column.type != "id":
        shown = f"FILTER ({name} IS NOT NULL)"  # the event's day may stand in for a date that is missing
        asked |= {
            "low": f"min({value}) {shown}",
            "quantiles": f"quantile_disc({value}, {list(_QUANTILES)}) {shown}",
            "high": f"max({value}) {shown}",
        }
    return asked


def _histograms(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    table: Table,
    columns: Sequence[Column],
    found: Mapping[str, Any],
) -> dict[int, Histogram]:
    """Return the distribution of each column of numbers or dates with more than one value, by place."""
    edges = {}
    for place, column in enumerate(columns):
        if column.type in _NUMBERS and found[f"present {place}"]:
            low, quantiles, high = (found[f"{key} {place}"] for key in ("low", "quantiles", "high"))
            if low < high:
                edges[place] = _edges((low, *quantiles, high), column.type)
    if not edges:
        return {}
    asked = {}
    for place, (upper, _) in edges.items():
        name, value = quoted(columns[place].name), _value(table, columns[place])
        bins = ", ".join(f"'{edge!r}'::{'DOUBLE' if isinstance(edge, float) else 'BIGINT'}" for edge in upper)
        asked[str(place)] = f"histogram({value}, [{bins}]) FILTER ({name} IS NOT NULL)"
    counted = _ask(connection, source, asked)
    return {
        place: Histogram(upper, tuple(counted[str(place)][edge] for edge in upper), *ends)
        for place, (upper, ends) in edges.items()
    }


def _edges(
    spread: tuple[float, ...], kind: ColumnType
) -> tuple[tuple[float, ...], tuple[float, float, bool]]:
    """Choose the bars of a histogram: upper edges; left and right end of the picture, whether bars are stretched.

    `spread` is least, quantiles, most. Whole numbers with few values get a bar each. Others get bars of equal width
    over the middle 98 in 100 rows, or ones that grow from 0 outwards where most rows lie close together, so that a
    few large amounts do not press all others into one bar; the outer bars hold what lies beyond.

    Examples
    --------
    >>> _edges((1, 1, 1, 2, 3, 3, 3), "integer")
    ((1, 2, 3), (1, 3, False))
    >>> _edges((0.0, 0.0, 5.0, 10.0, 15.0, 20.0, 40.0), "float")[0][:2]
    (1.0, 2.0)
    """
    low, first, lower, _, upper, last, high = spread
    bars = int(read_policy("data_page")["limits"]["bars"])
    if kind != "float" and high - low < bars:
        return tuple(range(int(low), int(high) + 1)), (low, high, False)
    left, right = (first, last) if first < last else (low, high)
    middle = upper - lower
    is_stretched = kind in ("money", "float", "integer") and right - left > _LONG_TAILS * middle
    unit = (middle or (right - left) / 1000) / 2 if is_stretched else 1.0
    begin, end = (math.asinh(left / unit), math.asinh(right / unit)) if is_stretched else (left, right)
    inner = [begin + (end - begin) * bar / bars for bar in range(1, bars)]
    if is_stretched:
        inner = [unit * math.sinh(edge) for edge in inner]
    if kind != "float":
        inner = [math.floor(edge) for edge in inner if math.isfinite(edge)]
    edges = tuple(dict.fromkeys(edge for edge in inner if math.isfinite(edge) and low <= edge < high))
    return (*edges, high), (left, right, is_stretched)
