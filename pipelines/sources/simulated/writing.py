"""Columns and files: plain Parquet, the same bytes for the same rows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.sources.simulated.days import NEVER, Days, Flags, Numbers

MOMENT = pa.timestamp("us", tz="UTC")


def numbered(prefix: str, numbers: Days, width: int = 6, known: Flags | None = None) -> pa.Array:
    """Identifiers: a letter and a number, counted from 1; null where not `known`.

    Examples
    --------
    >>> numbered("C", np.array([0, 41])).to_pylist()
    ['C000001', 'C000042']
    """
    if not len(numbers):
        return pa.array([], pa.string())
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers + 1), pa.string()), width, "0")
    named = pc.binary_join_element_wise(prefix, digits, "")
    return named if known is None else pc.if_else(pa.array(known), named, pa.scalar(None, pa.string()))


def chosen(words: Sequence[str | None], codes: Days) -> pa.Array:
    """Words by code; null for -1."""
    table = pa.array([*words, None], pa.string())
    return table.take(pa.array(np.where(codes < 0, len(words), codes)))


def dates(days: Days, known: Flags | None = None) -> pa.Array:
    """Dates of days since 1970-01-01; null where NEVER or not `known`."""
    missing = days >= NEVER if known is None else (days >= NEVER) | ~known
    return pa.array(np.where(missing, 0, days).astype(np.int32), mask=missing).cast(pa.date32())


def stamps(microseconds: Days, known: Flags | None = None) -> pa.Array:
    """Timestamps in UTC; null where not `known`."""
    mask = None if known is None else ~known
    return pa.array(microseconds, mask=mask).cast(MOMENT)


def money(yuan: Numbers, known: Flags | None = None) -> pa.Array:
    """Amounts in fen, whole and 64 bits wide; null where not `known`."""
    mask = None if known is None else ~known
    return pa.array(np.rint(yuan * 100.0).astype(np.int64), mask=mask)


def numbers(values: Numbers | Days | Flags, known: Flags | None = None) -> pa.Array:
    """Numbers as they are; null where not `known`."""
    return pa.array(values, mask=None if known is None else ~known)


def table_of(columns: Mapping[str, pa.Array]) -> pa.Table:
    """Return a table of columns of one length."""
    return pa.table(dict(columns))


def write(table: pa.Table, directory: Path, name: str) -> None:
    """Write one table as `name`.parquet."""
    directory.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table.combine_chunks(), directory / f"{name}.parquet", compression="zstd", row_group_size=1 << 20
    )
