"""The book: scores, group and tier of everyone at an as_of, as `score` left them: what its pictures are made of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.policy.factors import FACTORS
from pipelines.errors import PipelineError
from pipelines.settings import Home

_COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    ("customer_id", pa.string()),
    ("status", pa.string()),
    ("bundle_version", pa.string()),
    *((f"{name}_score", pa.float64()) for name in FACTORS),
    *((f"{name}_value", pa.float64()) for name in FACTORS),
    ("composite_score", pa.float64()),
    ("group_number", pa.int32()),
    ("tier_code", pa.string()),
    ("churn_probability", pa.float64()),
    ("churn_by_horizon_180", pa.float64()),
    ("growth_expected_change", pa.float64()),
)
SCHEMA = pa.schema(list(_COLUMNS))
"""One row per customer known at the as_of; null where a bundle has no such figure, or the customer cannot be scored."""


def book_file(home: Home, as_of: date) -> Path:
    """Return the file of one as_of."""
    return home.book / "scores" / f"as_of={as_of.isoformat()}.parquet"


def booked_dates(home: Home) -> list[date]:
    """Return the dates that were scored, oldest first."""
    folder = home.book / "scores"
    found = folder.glob("as_of=*.parquet") if folder.is_dir() else ()
    return sorted(date.fromisoformat(path.stem.removeprefix("as_of=")) for path in found)


def read_book(home: Home, as_of: date | None = None) -> tuple[date, pa.Table]:
    """Read the book of an as_of, the newest by default.

    Raises
    ------
    PipelineError
        The as_of was not scored, or nothing was.
    """
    dates = booked_dates(home)
    day = as_of or (dates[-1] if dates else None)
    if day is None or day not in dates:
        there = f"{dates[0]} to {dates[-1]} ({len(dates)})" if dates else "none"
        raise PipelineError(
            f"book: expected a scored as_of; got {day or 'none'}, there are: {there}. "
            "Run `bellwether score --data DIR --as-of D --out FILE` first."
        )
    return day, pq.read_table(book_file(home, day), partitioning=None)


def write_book(home: Home, as_of: date, answers: Sequence[pa.Table]) -> None:
    """Write the book of an as_of of its `picked` parts; the newest scoring of a date stands."""
    whole = pa.concat_tables(list(answers))
    path = book_file(home, as_of)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}.{path.name}.draft")
    try:
        pq.write_table(whole, draft, compression="zstd")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def picked(table: pa.Table) -> pa.Table:
    """Return the book's columns of some answers (columns named by path)."""
    columns = {}
    for name, kind in _COLUMNS:
        factor = name.rpartition("_")[0]
        path = f"factors_{name}" if factor in FACTORS else name
        has = path in table.column_names
        columns[name] = pc.cast(table[path], kind) if has else pa.nulls(table.num_rows, kind)
    return pa.table(columns, schema=SCHEMA)
