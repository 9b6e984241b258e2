"""What makes the tables incomplete: rows recorded late, rows delivered twice."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.sources.simulated.days import Days, Flags

MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True)
class Recording:
    """When the bank came to know rows; microseconds since 1970-01-01 UTC."""

    at: Days
    is_late: Flags
    is_in_time: Flags


def recording(happened: Days, stop: int, late: tuple[float, int], rng: np.random.Generator) -> Recording:
    """Record most rows within the hour, a share late by up to some days; `is_in_time` before the data end."""
    share, most_days = late
    is_late = rng.random(len(happened)) < share
    prompt = rng.integers(1, 3_600, len(happened)) * 1_000_000
    delay = (rng.uniform(1.0, most_days, len(happened)) * MICROSECONDS_A_DAY).astype(np.int64)
    at = happened + np.where(is_late, delay, prompt)
    return Recording(at, is_late, at < stop)


def with_duplicates(table: pa.Table, share: float, rng: np.random.Generator) -> pa.Table:
    """Deliver some rows twice, identical in every column, at the end of the file."""
    again = np.flatnonzero(rng.random(table.num_rows) < share)
    return pa.concat_tables([table, table.take(pa.array(again))])


def with_corrections(
    table: pa.Table, column: str, share: float, stop: int, rng: np.random.Generator
) -> pa.Table:
    """Correct a whole-numbered column of some rows by one, in a row with the same key recorded days later."""
    values = table[column].combine_chunks()
    known = np.flatnonzero(np.asarray(values.is_valid()) & (rng.random(table.num_rows) < share))
    old = table.take(pa.array(known))
    number = np.asarray(old[column], dtype=np.int64)
    later = (
        np.asarray(old["recorded_at"].cast(pa.int64())) + rng.integers(1, 12, len(known)) * MICROSECONDS_A_DAY
    )
    in_time = np.flatnonzero(later < (stop * MICROSECONDS_A_DAY) - MICROSECONDS_A_DAY)
    new = old.set_column(
        old.column_names.index(column), column, pa.array(np.where(number > 1, number - 1, number + 1))
    )
    place = old.column_names.index("recorded_at")
    new = new.set_column(place, "recorded_at", pa.array(later).cast(table.schema.field("recorded_at").type))
    return pa.concat_tables([table, new.take(pa.array(in_time))])
