"""One table's rows, read and judged: every row of every file with its values and the first rule it breaks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb

from features.tables import PROTECTED_COLUMNS, TABLES, Column, ColumnType, SnapshotType, Table
from pipelines.intake import raw as files_of
from pipelines.intake.raw import RawFiles, literal
from pipelines.intake.source import Source
from pipelines.intake.types import MIDDLE, STORED, Check, Reading, fits, read_column
from pipelines.intake.words import Message, TableRejected
from pipelines.intake.zones import ZoneClock

KNOWN_CUSTOMERS = "known_customers"
"""Name of the engine's table with the ids of customers of which a row was not quarantined."""


@dataclass(frozen=True)
class Stage:
    """The rows of one table in the engine, judged.

    The engine's table `name` has `file_no`, `row_no`, one column v0, v1, ... per entry of `columns` (types of
    `types.STORED`), `problem` (index into `checks`, null: no rule broken) and `problem_value`.
    """

    table: Table
    name: str
    columns: tuple[Column, ...]
    checks: tuple[Check, ...]
    file_names: tuple[str, ...]
    extra_columns: tuple[str, ...] = ()
    protected_columns: tuple[str, ...] = ()
    snapshot_columns: dict[str, SnapshotType] = field(default_factory=dict)

    def at(self, column: str) -> str:
        """SQL for a column of the contract: its name in the engine's table, or NULL where no file has it."""
        for index, present in enumerate(self.columns):
            if present.name == column:
                return f"v{index}"
        return f"CAST(NULL AS {STORED[self.table.column(column).type]})"
