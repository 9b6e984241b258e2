"""DuckDB under Ibis: the only place that connects, and that turns prepared tables into expressions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from features.catalogue import Catalogue
from features.definitions import bank_catalogue, serving_columns
from features.groups.profile import spine_of
from features.store import day_number
from features.tables import TABLES, BankManifest, ColumnType
from features.windows import Tables, customer_numbers

_IBIS_TYPES: Mapping[ColumnType, str] = {
    "id": "string",
    "text": "string",
    "enum": "string",
    "money": "int64",
    "date": "date",
    "timestamp": "timestamp('UTC')",
    "integer": "int64",
    "float": "float64",
    "boolean": "boolean",
}


MEMORY = "4GiB"
"""What DuckDB may hold at once; what does not fit goes to a temporary folder until it is needed again."""


@dataclass(frozen=True)
class Bank:
    """One bank's prepared tables, ready to compute on.

    `directory` is the prepared folder, `manifest` what intake wrote of it, `catalogue` the features it gets.
    """

    directory: Path
    manifest: BankManifest
    catalogue: Catalogue
    codes: Mapping[str, Mapping[str, int]]

    @property
    def until_day(self) -> int:
        """The day number of `data_until`: nothing on or after it is known."""
        return day_number(self.manifest.data_until)


def open_bank(directory: Path, codes: Mapping[str, Mapping[str, int]]) -> Bank:
    """Read a prepared folder's manifest and assemble the bank's catalogue."""
    manifest = BankManifest.from_json((directory / "manifest.json").read_text(encoding="utf-8"))
    return Bank(directory=directory, manifest=manifest, catalogue=bank_catalogue(manifest), codes=codes)


class Engine:
    """A DuckDB connection with one bank's tables in it.

    Use as a context manager: leaving it closes the connection.
    """

    def __init__(self, bank: Bank, threads: int = 2) -> None:
        self.bank = bank
        self._kept: set[str] = set()
        self._shared: dict[str, ir.Table] = {}
        self._spilled = TemporaryDirectory(prefix="bellwether-")
        # Nothing depends on the order of rows: sums are exact, and whoever needs an order asks for it.
        self._connection: Backend = ibis.duckdb.connect(
            threads=threads,
            preserve_insertion_order=False,
            memory_limit=MEMORY,
            temp_directory=self._spilled.name,
        )
        self._connection.raw_sql("SET enable_progress_bar = false")
        with _quiet():
            self.tables = self._tables()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.disconnect()
        self._spilled.cleanup()

    def _tables(self) -> Tables:
        manifest = self.bank.manifest
        expressions = {
            name: self._declared(
                self._connection.read_parquet(self.bank.directory / f"{name}.parquet", table_name=name), name
            )
            for name in manifest.tables
        }
        return Tables(
            expressions=expressions,
            first_day={name: day_number(day) for name, day in manifest.data_from.items()},
            profile_columns=serving_columns(manifest)["customers"],
            snapshot_kinds=manifest.snapshot_columns,
            codes=self.bank.codes,
            currency_decimals=manifest.currency_decimals,
            keep=self.keep,
        )

    @staticmethod
    def _declared(table: ir.Table, name: str) -> ir.Table:
        """Give the table every column of its declaration: one that the bank lacks is null in every row."""
        declared = TABLES[name]
        missing: dict[str, ir.Value] = {}
        for column in declared.columns:
            if column.name not in table.columns:
                missing[column.name] = ibis.null(_IBIS_TYPES[column.type])
            if column.is_time and column.day_name not in table.columns:
                is_event = column.name == declared.event and column.name in table.columns
                missing[column.day_name] = table.event_day if is_event else ibis.null("int32")
        return table.mutate(**missing) if missing else table

    def moments(self, as_of_dates: list[date]) -> ir.Table:
        """Return the as_of dates as a table: as_of and as_of_day."""
        days = pa.table(
            {
                "as_of": pa.array(as_of_dates, pa.date32()),
                "as_of_day": pa.array([day_number(day) for day in as_of_dates], pa.int32()),
            }
        )
        return ibis.memtable(days)

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """Compute an expression once and return it as a table of the connection."""
        self._kept.add(name)
        return self._kept_as(name, expression)

    def _kept_as(self, name: str, expression: ir.Table) -> ir.Table:
        with _quiet():
            return self._connection.create_table(name, expression, overwrite=True)

    def run_of(self, as_of_dates: Iterable[date]) -> Tables:
        """Return the tables for a run over some as_of dates; stages shared within an earlier run are forgotten."""
        for name in sorted(self._shared):
            self._connection.drop_table(name)
        self._shared.clear()
        days = tuple(sorted({day_number(as_of) for as_of in as_of_dates}))
        return replace(self.tables, as_of_days=days, share=self._share)

    @contextmanager
    def spine(self, run: Tables, dates: Sequence[date]) -> Iterator[tuple[Tables, ir.Table]]:
        """Give the spine of some as_of of a run, with the tables for it; what was kept for it goes at the end."""
        once: dict[str, ir.Table] = {}

        def compute_once(name: str, stage: Callable[[], ir.Table]) -> ir.Table:
            if name not in once:
                once[name] = self._kept_as(name, stage())
            return once[name]

        only = day_number(dates[0]) if len(dates) == 1 else None
        tables = replace(run, only_day=only, once=compute_once)
        spine = self._kept_as("spine", spine_of(tables, self.moments(list(dates))))
        try:
            yield replace(tables, spine=spine), spine
        finally:
            for name in once:
                self._connection.drop_table(name)

    def customers(self) -> int:
        """How many customers the bank ever had."""
        return self.count(customer_numbers(self.tables))

    def _share(self, name: str, stage: Callable[[], ir.Table]) -> ir.Table:
        if name not in self._shared:
            self._shared[name] = self._kept_as(name, stage())
        return self._shared[name]

    @contextmanager
    def scratch(self) -> Iterator[None]:
        """Forget, at the end of the block, what was kept in it."""
        before = frozenset(self._kept)
        yield
        for name in sorted(self._kept - before):
            self._connection.drop_table(name)
            self._kept.discard(name)

    def load(self, name: str, rows: pa.Table) -> ir.Table:
        """Return rows made elsewhere as a table of the connection."""
        with _quiet():
            return self._connection.create_table(name, rows, overwrite=True)

    def count(self, rows: ir.Table) -> int:
        """Count the rows of an expression."""
        return int(self.fetch(rows.count().as_table()).column(0)[0].as_py())

    def fetch(self, expression: ir.Table) -> pa.Table:
        """Compute an expression."""
        with _quiet():
            return expression.to_pyarrow()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep deprecations between ibis and DuckDB from the terminal; until ibis asks for to_arrow_table()."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
