"""Taking in a bank's tables: from what it hands over to prepared tables, with the fate of every row."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from features.tables import TABLES
from pipelines.intake.account import (
    collect_quarantined,
    count_rows,
    list_issues,
    open_quarantine,
    sum_amounts,
)
from pipelines.intake.database import attach
from pipelines.intake.fates import JudgedTable, drop_rows, judge_fates, known_customers_sql
from pipelines.intake.mending import write_quarantined_rows
from pipelines.intake.prepared import (
    Workplace,
    build_manifest,
    event_span,
    read_report,
    whole_directory,
    write_rest,
    write_table,
)
from pipelines.intake.raw import literal
from pipelines.intake.report import AmountCounts, IntakeReport, Issue, TableCounts
from pipelines.intake.rules import CUSTOMER_NO, KNOWN_CUSTOMERS, KnownAt
from pipelines.intake.source import Source, find_source
from pipelines.intake.stage import Judge, stage_table
from pipelines.intake.words import Message, TableRejected
from pipelines.intake.zones import zone_clock

Progress = Callable[[str, int, int], None]
"""Called with a table's name, the number of tables done and the number of all tables."""

PREPARED_FORMAT = 4
"""Raised when prepared tables change in shape or meaning, so that older ones are not reused."""


def prepare(
    source: Path, out_root: Path, known_at: datetime | None = None, progress: Progress | None = None
) -> IntakeReport:
    """Take in a bank's tables and write them as prepared tables to `out_root/<digest>/`.

    `source` is a directory or a DuckDB file. The digest covers the tables' files, mended rows, `bank.yaml` and
    `known_at`; what was prepared before is reused. A moment `known_at` without zone is the bank's local time. The
    directory appears whole or not at all.

    Raises
    ------
    IntakeError
        If there are no tables to take in, or `bank.yaml` cannot be read.
    """
    found = find_source(source)
    moment = None if known_at is None else KnownAt.of(known_at, found.settings.zone)
    digest = hashlib.sha256(f"{PREPARED_FORMAT} {found.digest} {moment}".encode()).hexdigest()
    target = out_root / digest
    if target.is_dir():
        return read_report(target)
    with whole_directory(target) as place, duckdb.connect() as connection:
        run = _Run(connection, found, moment, place)
        for done, name in enumerate(found.tables):
            if progress is not None:
                progress(name, done, len(found.tables))
            run.take_in(name)
        return run.finish(digest, target)


class _Run:
    """One run of intake over one source: the engine, and what has been found so far."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Source,
        known_at: KnownAt | None,
        place: Workplace,
    ) -> None:
        self._connection, self._source, self._directory = connection, source, place.tables
        self._judge = Judge(zone_clock(source.settings.zone), source.settings.currency_decimals, known_at)
        self._rejected: dict[str, Message] = dict(source.rejected)
        self._judged: dict[str, JudgedTable] = {}
        self._counts: dict[str, TableCounts] = {}
        self._amounts: dict[str, tuple[AmountCounts, ...]] = {}
        self._issues: list[Issue] = []
        self._spans: dict[str, tuple[int, int]] = {}
        connection.execute(f"SET temp_directory = {literal(str(place.spill))}")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"CREATE TABLE {KNOWN_CUSTOMERS} (customer_id VARCHAR, {CUSTOMER_NO} INTEGER)")
        open_quarantine(connection)
        if source.database is not None:
            attach(connection, source.database)

    def take_in(self, name: str) -> None:
        """Read, judge, write and account for one table; `customers` comes before all others."""
        try:
            stage = stage_table(self._connection, self._source, self._source.tables[name], self._judge)
        except TableRejected as refusal:
            self._rejected[name] = refusal.message
            return
        judged = judge_fates(self._connection, stage, self._judge.clock)
        self._judged[name] = judged
        self._counts[name] = count_rows(self._connection, judged)
        self._amounts[name] = sum_amounts(self._connection, judged)
        self._issues += list_issues(self._connection, judged)
        collect_quarantined(self._connection, judged)
        write_quarantined_rows(self._connection, judged, self._judge.decimals, self._directory)
        if name == "customers":
            self._connection.execute(f"INSERT INTO {KNOWN_CUSTOMERS} {known_customers_sql(judged)}")
        write_table(self._connection, judged, self._judge.clock, self._directory)
        span = event_span(self._connection, judged)
        if span is not None:
            self._spans[name] = span
        drop_rows(self._connection, judged)

    def finish(self, digest: str, target: Path) -> IntakeReport:
        """Write what stands beside the tables and return the report."""
        columns = {name: judged.stage.columns for name, judged in self._judged.items()}
        report = IntakeReport(
            digest=digest,
            prepared=target,
            tables=self._counts,
            amounts={name: sums for name, sums in self._amounts.items() if sums},
            rejected={name: self._rejected[name] for name in TABLES if name in self._rejected},
            issues=tuple(self._issues),
            ignored_files=self._source.ignored,
            ignored_columns={name: found.extra for name, found in columns.items() if found.extra},
            protected_columns={name: found.protected for name, found in columns.items() if found.protected},
        )
        self._source.refuse_changes()
        manifest = build_manifest(digest, self._source.settings, self._judged, self._spans)
        write_rest(self._connection, self._directory, manifest, report)
        return report
