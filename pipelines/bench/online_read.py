"""One customer's whole online row, read through Feast, beside a bare SQLite select by key."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pipelines.publish import Publication, publish_online
from serving.online import OnlineStore

CUSTOMERS = 20_000
FEATURES = 200
READS = 2_000
AS_OF = date(2026, 10, 31)


@dataclass(frozen=True)
class OnlineRead:
    """Medians in milliseconds of one customer's row of `features` numbers."""

    features: int
    feast_ms: float
    select_ms: float


def online_read(customers: int = CUSTOMERS, reads: int = READS) -> OnlineRead:
    """Publish drawn rows, and read single customers by turns through Feast and by a select of the same size.

    The select finds a row of the same bytes by its key in a table of its own: what SQLite alone costs.
    """
    draw = np.random.default_rng(1)
    ids = tuple(f"C{number:06d}" for number in range(customers))
    values = draw.normal(size=(customers, FEATURES))
    facts = json.dumps({"as_of": AS_OF.isoformat(), "catalogue": "c" * 64, "status": "ok", "reason": None})
    with TemporaryDirectory() as directory:
        online, plain = Path(directory, "online"), Path(directory, "plain.db")
        names = tuple(f"feature_{number}" for number in range(FEATURES))
        publish_online(
            online,
            Publication(AS_OF, "UTC", names, "c" * 64, "d" * 64, ids, values, (facts,) * customers),
        )
        with contextlib.closing(sqlite3.connect(plain)) as connection:
            connection.execute("CREATE TABLE rows (customer_id TEXT PRIMARY KEY, vector BLOB, facts TEXT)")
            rows = ((key, row.tobytes(), facts) for key, row in zip(ids, values, strict=True))
            connection.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
            connection.commit()
            store = OnlineStore.open(online)
            query = "SELECT vector, facts FROM rows WHERE customer_id = ?"
            asked = [ids[place] for place in draw.integers(0, customers, reads)]
            feast, select = _by_turns(
                asked,
                lambda key: store.read((key,)),
                lambda key: connection.execute(query, (key,)).fetchone(),
            )
    return OnlineRead(FEATURES, feast, select)


def _by_turns(
    keys: list[str], first: Callable[[str], object], second: Callable[[str], object]
) -> tuple[float, float]:
    """Median milliseconds of two readers of the same keys, called by turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for key in keys:
        for found, read in zip(times, (first, second), strict=True):
            began = time.perf_counter()
            read(key)
            found.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[0]), statistics.median(times[1])
