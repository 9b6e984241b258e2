"""The prepared tables on disk: what features read, with every question of zone and unit settled.

A directory of prepared tables appears whole or not at all: it is written beside its place and then renamed.
"""

# ruff: noqa: S608  # table names come from the declarations, everything else is quoted

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from features.tables import BankManifest
from pipelines.intake.account import LONGEST_VALUE, QUARANTINE
from pipelines.intake.fates import Days, JudgedTable
from pipelines.intake.raw import literal, quoted
from pipelines.intake.report import IntakeReport
from pipelines.intake.rules import CUSTOMER_NO, KNOWN_CUSTOMERS
from pipelines.intake.settings import BankSettings
from pipelines.intake.words import IntakeError, Message
from pipelines.intake.zones import ZoneClock
from pipelines.settings import is_running

MANIFEST_FILE = "manifest.json"
REPORT_FILE = "report.json"
QUARANTINE_FILE = "quarantine.csv"
_PARTIAL = ".partial-"
_EPOCH = date(1970, 1, 1)
_IN_FORCE = "fate IN ('accepted', 'correction')"
_LAST_YEAR = 9000


@dataclass(frozen=True)
class Workplace:
    """Where one run writes: the tables to be, and room for the engine's own overflow."""

    tables: Path
    spill: Path


@contextmanager
def whole_directory(target: Path) -> Iterator[Workplace]:
    """Give a place to write whose tables become `target` when the block ends, and vanish if it fails.

    Directories that a killed run left half-written are removed. If `target` has appeared meanwhile, it stays.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    partial = target.parent / f"{_PARTIAL}{os.getpid()}-{target.name[:16]}"
    place = Workplace(partial / "tables", partial / "spill")
    try:
        place.tables.mkdir(parents=True)
        yield place
        try:
            place.tables.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{_PARTIAL}*"):
        process = int(left.name.removeprefix(_PARTIAL).split("-")[0])
        if process == os.getpid() or not is_running(process):
            shutil.rmtree(left, ignore_errors=True)


def write_table(
    connection: duckdb.DuckDBPyConnection, judged: JudgedTable, clock: ZoneClock, directory: Path
) -> None:
    """Write a table's accepted rows and corrections as Parquet, in an order that does not depend on the files."""
    stage, table = judged.stage, judged.stage.table
    days = Days(stage, clock)
    columns = []
    for column in stage.columns.taken:
        at = stage.at(column.name)
        value = f"make_timestamptz({at})" if column.type == "timestamp" else at
        columns.append(f"{value} AS {quoted(column.name)}")
    columns += ["event_day", "known_day", "until_day"]
    rows = f"(SELECT * FROM {judged.name} WHERE {_IN_FORCE}) judged"
    if table.customer_column is not None:
        columns.append(CUSTOMER_NO)
        rows += f" LEFT JOIN {KNOWN_CUSTOMERS} known ON known.customer_id = {stage.at(table.customer_column)}"
    other = [column for column in table.times if column.name != table.event]
    columns += [f"{days.day_of(column.name)} AS {quoted(column.day_name)}" for column in other]
    first = [] if table.customer_column is None else [stage.at(table.customer_column)]
    keys = [stage.at(name) for name in table.key]
    order = [*first, "event_day", *keys, "known_day", days.recorded_time]
    connection.execute(
        f"COPY (SELECT {', '.join(columns)} FROM {rows} ORDER BY {', '.join(order)}) "
        f"TO {literal(str(directory / f'{table.name}.parquet'))} (FORMAT parquet, COMPRESSION zstd)"
    )


def event_span(connection: duckdb.DuckDBPyConnection, judged: JudgedTable) -> tuple[int, int] | None:
    """First day on which a row became known, and last event day; None where no row has an event.

    The first day is that of knowing, not of the event: else a row recorded late would move the table's beginning,
    and with it the past. Days since 1970-01-01.
    """
    first, last = connection.execute(
        "SELECT min(CASE WHEN event_day IS NOT NULL THEN greatest(event_day, known_day::BIGINT - 1) END), "
        f"max(event_day) FROM {judged.name} WHERE {_IN_FORCE}"
    ).fetchall()[0]
    return None if first is None else (int(first), int(last))


def build_manifest(
    digest: str,
    settings: BankSettings,
    judged: Mapping[str, JudgedTable],
    spans: Mapping[str, tuple[int, int]],
) -> BankManifest:
    """Put together what is known about the bank; what `bank.yaml` leaves open follows from the rows in force.

    `data_until` is by default the midnight after the last event; due dates, which may lie in the future, do not
    count, and what is dated before a midnight (snapshots, outcomes) ends at that midnight. Without any row in
    force nothing is known, and it is 1970-01-01.

    Raises
    ------
    IntakeError
        If there is no event, or one beyond the calendar, and `bank.yaml` gives no `data_until`.
    """
    taken = {
        name: tuple(column.name for column in table.stage.columns.taken) for name, table in judged.items()
    }
    snapshots = judged.get("snapshots")
    return BankManifest(
        digest=digest,
        zone=settings.zone,
        currency=settings.currency,
        currency_decimals=settings.currency_decimals,
        data_from={
            name: settings.data_from[name]
            if name in settings.data_from
            else _EPOCH + timedelta(spans[name][0])
            for name in judged
            if name in settings.data_from or name in spans
        },
        data_until=settings.data_until or _data_until(judged, spans),
        tables=taken,
        fixed_profile=settings.fixed_profile,
        snapshot_columns={} if snapshots is None else snapshots.stage.columns.snapshot,
        titles=settings.titles,
    )


def _data_until(judged: Mapping[str, JudgedTable], spans: Mapping[str, tuple[int, int]]) -> date:
    ends = []
    for name, (_, last) in spans.items():
        table = judged[name].stage.table
        if table.event not in table.future_ok:
            ends.append(last if table.known_on_the_day else last + 1)
    if not spans:
        return _EPOCH
    if not ends:
        raise IntakeError("no_end", reason=Message("reasons.no_events"))
    if max(ends) > (date(_LAST_YEAR, 1, 1) - _EPOCH).days:
        raise IntakeError("no_end", reason=Message("reasons.far_event", {"day": max(ends)}))
    return _EPOCH + timedelta(max(ends))


def write_rest(
    connection: duckdb.DuckDBPyConnection, directory: Path, manifest: BankManifest, report: IntakeReport
) -> None:
    """Write the quarantine, the manifest and the report beside the tables."""
    connection.execute(
        f'COPY (SELECT "file", "table", "row", "column", rule, left(value, {LONGEST_VALUE}) AS value '
        f'FROM {QUARANTINE} ORDER BY "table", "file", "row") '
        f"TO {literal(str(directory / QUARANTINE_FILE))} (FORMAT csv, HEADER)"
    )
    (directory / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
    body = json.dumps(report.to_json(), ensure_ascii=False, indent=1, sort_keys=True)
    (directory / REPORT_FILE).write_text(body + "\n", encoding="utf-8")


def read_manifest(prepared: Path) -> BankManifest:
    """Read the manifest of a directory of prepared tables."""
    return BankManifest.from_json((prepared / MANIFEST_FILE).read_text(encoding="utf-8"))


def read_report(prepared: Path) -> IntakeReport:
    """Read the report of a directory of prepared tables."""
    return IntakeReport.from_json(json.loads((prepared / REPORT_FILE).read_text(encoding="utf-8")), prepared)
