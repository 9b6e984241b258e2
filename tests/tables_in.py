"""Handing tables in as a bank would, raw, and reading back what intake made of them."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.intake import IntakeReport, prepare

EPOCH = date(1970, 1, 1)
CUSTOMERS = "customer_id,kind\nC1,retail\nC2,micro\n"
Handed = str | bytes | pa.Table | Sequence[pa.Table]


def hand_in(directory: Path, settings: str = "", **tables: Handed) -> Path:
    """Write tables: text is a CSV file, an Arrow table a Parquet file, several a folder of Parquet files."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        if isinstance(table, str | bytes):
            content = table.encode() if isinstance(table, str) else table
            (directory / f"{name}.csv").write_bytes(content)
        elif isinstance(table, pa.Table):
            pq.write_table(table, directory / f"{name}.parquet")
        else:
            (directory / name).mkdir()
            for number, part in enumerate(table):
                pq.write_table(part, directory / name / f"part-{number}.parquet")
    if settings:
        (directory / "bank.yaml").write_text(settings, encoding="utf-8")
    return directory


def take_in(
    place: Path, settings: str = "", known_at: datetime | None = None, **tables: Handed
) -> IntakeReport:
    """Hand tables in (with two customers, C1 and C2, unless `customers` are given) and take them in."""
    source = hand_in(place / "in", settings, **{"customers": CUSTOMERS, **tables})
    return prepare(source, place / "out", known_at)


def rows(report: IntakeReport, table: str) -> list[dict[str, Any]]:
    """Prepared rows in the order of their file."""
    return pq.read_table(report.prepared / f"{table}.parquet").to_pylist()


def fates(report: IntakeReport, table: str) -> tuple[int, int, int, int]:
    """(accepted, duplicate, correction, quarantined) of one table, after holding their sum against read."""
    counts = report.tables[table]
    found = (counts.accepted, counts.duplicate, counts.correction, counts.quarantined)
    assert sum(found) == counts.read
    return found


def quarantine(report: IntakeReport) -> list[tuple[str, ...]]:
    """Lines of quarantine.csv: file, table, row, column, rule, value."""
    import csv

    with report.quarantine_file.open(encoding="utf-8", newline="") as stream:
        return [tuple(line) for line in csv.reader(stream)][1:]


def faults(report: IntakeReport) -> list[str]:
    """The first fault of each kind, in words."""
    return [issue.text("en") for issue in report.issues]


def day(text: str) -> int:
    """Days from 1970-01-01 to a date."""
    return (date.fromisoformat(text) - EPOCH).days
