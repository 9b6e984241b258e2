"""What intake found: the fate of every row, what was rejected or left alone, and where the rest lies."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipelines.intake.words import Language, Message


@dataclass(frozen=True)
class TableCounts:
    """Rows of one table by fate; read = accepted + duplicate + correction + quarantined, always."""

    read: int
    accepted: int
    duplicate: int
    correction: int
    quarantined: int


@dataclass(frozen=True)
class AmountCounts:
    """Sum of one money column by fate, in minor units; read is the sum of the others.

    `unreadable` counts rows whose value is no amount; they are quarantined and add nothing. So do the values of
    rows with the wrong number of values, which count as unreadable in every column.
    """

    column: str
    read: int
    accepted: int
    duplicate: int
    correction: int
    quarantined: int
    unreadable: int


@dataclass(frozen=True)
class Issue:
    """One rule broken in one column of one table: how often, and the first row that broke it.

    `row` counts from 1, without a header. `value` is what came, None for nothing. `in_folder` says that the table
    has several files.
    """

    table: str
    column: str
    rule: str
    values: Mapping[str, str | int]
    count: int
    file: str
    row: int
    value: str | None
    in_folder: bool = False

    def text(self, language: Language = "en") -> str:
        """Return the first row's fault in words: what was expected, what came, where, and what to do."""
        got = Message("frame.nothing").text(language) if self.value is None else f"'{self.value}'"
        frame = "row_in_file" if self.in_folder else "row"
        values: dict[str, str | int | Message] = {
            "table": self.table,
            "column": self.column,
            "row": self.row,
            "file": self.file,
            "got": got,
            "expected": Message(f"rules.{self.rule}.expected", self.values),
            "advice": Message(f"rules.{self.rule}.advice", self.values),
        }
        return Message(f"frame.{frame}", values).text(language)


@dataclass(frozen=True)
class IntakeReport:
    """The outcome of taking in a bank's tables.

    `prepared` is the directory with the prepared tables, `manifest.json` and `quarantine.csv`. `rejected` gives
    the reason for each table that could not be taken in as a whole. `ignored_columns` were kept out by name,
    `protected_columns` because they are never inputs. `reused`: the same data had been prepared before.
    """

    digest: str
    prepared: Path
    tables: Mapping[str, TableCounts]
    amounts: Mapping[str, tuple[AmountCounts, ...]]
    rejected: Mapping[str, Message]
    issues: tuple[Issue, ...]
    ignored_files: tuple[str, ...]
    ignored_columns: Mapping[str, tuple[str, ...]]
    protected_columns: Mapping[str, tuple[str, ...]]
    reused: bool = field(default=False, compare=False)

    @property
    def quarantine_file(self) -> Path:
        """The CSV file that lists every quarantined row."""
        return self.prepared / "quarantine.csv"

    @property
    def quarantine_folder(self) -> Path:
        """The folder with the quarantined rows themselves, one CSV file per table that has any."""
        return self.prepared / "quarantine"

    def to_dict(self, language: Language = "en") -> dict[str, Any]:
        """Return the shape of `check --json`, without its part on features, and where the results lie."""
        return {
            "tables": {name: asdict(counts) for name, counts in self.tables.items()},
            "rejected": {name: reason.text(language) for name, reason in self.rejected.items()},
            "amounts": {name: [asdict(sums) for sums in columns] for name, columns in self.amounts.items()},
            "issues": [{"count": issue.count, "first": issue.text(language)} for issue in self.issues],
            "ignored_files": list(self.ignored_files),
            "ignored_columns": {name: list(columns) for name, columns in self.ignored_columns.items()},
            "protected_columns": {name: list(columns) for name, columns in self.protected_columns.items()},
            "digest": self.digest,
            "prepared": str(self.prepared),
            "quarantine_file": str(self.quarantine_file),
            "quarantine_folder": str(self.quarantine_folder),
        }

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values that `from_json` reads back; without the place where it lies."""
        return {
            "digest": self.digest,
            "tables": {name: asdict(counts) for name, counts in self.tables.items()},
            "amounts": {name: [asdict(sums) for sums in columns] for name, columns in self.amounts.items()},
            "rejected": {name: reason.to_json() for name, reason in self.rejected.items()},
            "issues": [asdict(issue) for issue in self.issues],
            "ignored_files": list(self.ignored_files),
            "ignored_columns": {name: list(columns) for name, columns in self.ignored_columns.items()},
            "protected_columns": {name: list(columns) for name, columns in self.protected_columns.items()},
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any], prepared: Path) -> "IntakeReport":
        """Read back the report of tables that were prepared before."""
        return cls(
            digest=body["digest"],
            prepared=prepared,
            tables={name: TableCounts(**counts) for name, counts in body["tables"].items()},
            amounts={
                name: tuple(AmountCounts(**sums) for sums in kept) for name, kept in body["amounts"].items()
            },
            rejected={name: Message.from_json(reason) for name, reason in body["rejected"].items()},
            issues=tuple(Issue(**issue) for issue in body["issues"]),
            ignored_files=tuple(body["ignored_files"]),
            ignored_columns={name: tuple(columns) for name, columns in body["ignored_columns"].items()},
            protected_columns={name: tuple(columns) for name, columns in body["protected_columns"].items()},
            reused=True,
        )
