"""What features cost at size: all of them at one as_of, and at twelve, against one query written by hand."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipelines.bench.alone import alone, peak_mib
from pipelines.bench.big_bank import AS_OF, TWELVE, Size, write_big_bank
from pipelines.bench.online_read import OnlineRead, online_read
from pipelines.build import Store, build
from pipelines.engine import open_bank

THREADS = 2
ROUNDS = 3
SMALLER = 10
LIBRARIES = ("duckdb", "ibis-framework", "feast", "pyarrow")
_KINDS = ("payment", "purchase", "transfer", "cash", "salary", "fee", "interest", "other")
_WINDOWS = (30, 90, 180, 365)


@dataclass(frozen=True)
class Measured:
    """One piece of work in a process of its own: seconds, and the most memory it held in MiB."""

    seconds: float
    peak_mib: float
    features: int = 0


def bench_features(
    size: Size | None = None, rounds: int = ROUNDS, progress: Callable[[str], None] | None = None
) -> dict[str, object]:
    """Build every feature of a drawn bank, and time a query of 32 conditional sums beside it.

    The floor reads the same Parquet file as a bank hands it over (text ids, timestamps): sums of eight kinds of
    transaction over four windows, per customer, of the last 365 days. Floor and features alternate, each in a process
    of its own, with two threads; medians count. Twelve monthly dates are built once, in one run.

    Returns
    -------
    The shape of contract.md, "The command line", `bench`: seconds and MiB in `figures` and `floor`.
    """
    say, size = progress or (lambda _: None), size or Size()
    with TemporaryDirectory() as directory:
        root = Path(directory)
        say("drawing the bank")
        rows = alone(write_big_bank, root / "bank", size)
        floors, ones = [], []
        for number in range(rounds):
            say(f"one query by hand, round {number + 1} of {rounds}")
            floors.append(alone(run_floor, root / "bank"))
            say(f"every feature at one as_of, round {number + 1} of {rounds}")
            ones.append(alone(run_build, root / "bank", root / "store", [AS_OF]))
        say("every feature at twelve as_of dates")
        twelve = alone(run_build, root / "bank", root / "store", list(TWELVE))
        say("a tenth of the bank")
        part = Size(*(count // SMALLER for count in vars(size).values()))
        smaller = alone(write_big_bank, root / "smaller", part)
        tenth = alone(run_build, root / "smaller", root / "store", [AS_OF])
    say("reading one customer's online row")
    return _report(_Run(rows, smaller, floors, ones, twelve, tenth, online_read()))


@dataclass(frozen=True)
class _Run:
    """Everything that was measured: rows of the bank and of its tenth, and the work on them."""

    rows: dict[str, int]
    smaller: dict[str, int]
    floors: Sequence[Measured]
    ones: Sequence[Measured]
    twelve: Measured
    tenth: Measured
    read: OnlineRead


def _report(run: _Run) -> dict[str, object]:
    floor = statistics.median(found.seconds for found in run.floors)
    one = statistics.median(found.seconds for found in run.ones)
    events = sum(run.rows.values()) - run.rows["customers"]
    return {
        "name": "features",
        "figures": {
            **{f"features.rows_{table}": count for table, count in run.rows.items()},
            "features.count": run.ones[0].features,
            "features.one_as_of_seconds": one,
            "features.one_as_of_peak_mib": max(found.peak_mib for found in run.ones),
            "features.twelve_as_of_seconds": run.twelve.seconds,
            "features.twelve_as_of_peak_mib": run.twelve.peak_mib,
            "features.events_per_second": events / one,
            "features.tenth_seconds": run.tenth.seconds,
            "features.tenth_rows_transactions": run.smaller["transactions"],
            "features.seconds_times_at_ten_times_the_rows": one / run.tenth.seconds,
            "features.online_row_ms": run.read.feast_ms,
            "features.online_row_features": run.read.features,
        },
        "floor": {
            "features.query_seconds": floor,
            "features.query_peak_mib": max(found.peak_mib for found in run.floors),
            "features.sqlite_select_ms": run.read.select_ms,
        },
        "ratios": {
            "features.one_as_of": one / floor,
            "features.twelve_as_of": run.twelve.seconds / one,
            "features.online_row": run.read.feast_ms / run.read.select_ms,
        },
        "machine": {
            "cores": os.cpu_count(),
            "threads": THREADS,
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    }


def run_floor(bank: Path) -> Measured:
    """Run the query by hand."""
    began = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"CREATE TABLE sums AS {floor_query(bank / 'transactions.parquet', AS_OF)}")
    return Measured(time.perf_counter() - began, peak_mib())


def floor_query(transactions: Path, as_of: date) -> str:
    """Write the query: 32 conditional sums over the transactions of the last 365 days, per customer."""

    def midnight(days: int) -> str:
        return f"TIMESTAMPTZ '{as_of - timedelta(days=days)} 00:00:00+00'"

    sums = ", ".join(
        f"sum(CASE WHEN kind = '{kind}' AND occurred_at >= {midnight(days)} THEN abs(amount) END) AS {kind}_{days}"
        for kind in _KINDS
        for days in _WINDOWS
    )
    return (
        f"SELECT customer_id, {sums} FROM read_parquet('{transactions}') "  # noqa: S608 - names of this module
        f"WHERE occurred_at >= {midnight(365)} AND occurred_at < {midnight(0)} GROUP BY customer_id"
    )


def run_build(bank: Path, store: Path, dates: list[date]) -> Measured:
    """Build every feature at some dates, written as the offline store keeps them; libraries are loaded before."""
    import feast  # noqa: F401

    opened = open_bank(bank, {})
    shutil.rmtree(store, ignore_errors=True)
    began = time.perf_counter()
    build(Store(store, opened), dates)
    return Measured(time.perf_counter() - began, peak_mib(), len(opened.catalogue.features))
