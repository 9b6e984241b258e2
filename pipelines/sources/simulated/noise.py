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
