"""What a bank could win: features it lacks and why, rows that were quarantined, columns that came empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from features.catalogue import Catalogue, Feature
from features.definitions import FEATURES, NEEDED_COLUMNS, serving_columns
from features.tables import PAST_PROFILE, TABLES, BankManifest
from pipelines.data_page.profile import TableFigures
from pipelines.intake import IntakeReport, Issue

GapKind = Literal["rejected", "table", "any", "column", "undated", "empty_table", "empty_column"]


@dataclass(frozen=True)
class Gap:
    """One thing that is lacking, and the features that it would give.

    `names` are tables, or columns as table.column. Features of the kinds `empty_table` and `empty_column` are
    built, but null for every customer.
    """

    kind: GapKind
    names: tuple[str, ...]
    features: tuple[Feature, ...]

    @property
    def is_absence(self) -> bool:
        """Whether its features are not built at all."""
        return self.kind not in ("empty_table", "empty_column")


@dataclass(frozen=True)
class Gains:
    """What there is to win: gaps by the number of features, broken rules by the number of rows, most first."""

    gaps: tuple[Gap, ...]
    issues: tuple[Issue, ...]

    @property
    def absent(self) -> tuple[Gap, ...]:
        """The gaps whose features are not built; each absent feature stands in one of them."""
        return tuple(gap for gap in self.gaps if gap.is_absence and gap.features)

    def lacking_column(self, name: str) -> tuple[Feature, ...]:
        """Features that are not built because a column (table.column) is lacking, alone or with others."""
        kinds = ("column", "undated")
        return tuple(
            feature
            for gap in self.gaps
            if gap.kind in kinds and name in gap.names
            for feature in gap.features
        )


def gains(
    report: IntakeReport,
    manifest: BankManifest,
    catalogue: Catalogue | None,
    figures: Mapping[str, TableFigures],
) -> Gains:
    """Work out what the bank could win. `catalogue` is None where there is no table `customers`."""
    gaps = [*_absences(report, manifest, catalogue)]
    if catalogue is not None:
        gaps += _silences(catalogue, figures)
    named = {name for gap in gaps if gap.kind == "rejected" for name in gap.names}
    gaps += [Gap("rejected", (name,), ()) for name in report.rejected if name not in named]
    return Gains(
        gaps=tuple(sorted(gaps, key=lambda gap: (-len(gap.features), gap.names))),
        issues=tuple(
            sorted(report.issues, key=lambda issue: (-issue.count, issue.table, issue.column, issue.rule))
        ),
    )


def _absences(report: IntakeReport, manifest: BankManifest, catalogue: Catalogue | None) -> Iterator[Gap]:
    """Yield the features that are not built, by what they lack."""
    if catalogue is None:
        yield Gap("rejected", ("customers",), FEATURES)
        return
    columns = serving_columns(manifest)
    by_lack: dict[tuple[GapKind, tuple[str, ...]], list[Feature]] = {}
    for feature in FEATURES:
        if feature.name in catalogue.absent:
            by_lack.setdefault(_lack(feature, columns, report, manifest), []).append(feature)
    for (kind, names), features in by_lack.items():
        yield Gap(kind, names, tuple(features))


def _lack(
    feature: Feature, columns: Mapping[str, frozenset[str]], report: IntakeReport, manifest: BankManifest
) -> tuple[GapKind, tuple[str, ...]]:
    """Say what an absent feature lacks, in the order in which the catalogue looks: tables, then columns."""
    tables = tuple(dict.fromkeys(table for table in feature.tables if table not in columns))
    if tables:
        return "rejected" if set(tables) <= report.rejected.keys() else "table", tables
    if feature.any_of and not columns.keys() & set(feature.any_of):
        return "any", feature.any_of
    table, *wanted = NEEDED_COLUMNS[feature.name]
    lacking = [column for column in wanted if column not in columns[table]]
    missing = [column for column in lacking if not manifest.has(table, column)]
    if not missing:
        return "undated", tuple(f"{table}.{column}" for column in lacking)
    is_dated = table != "customers" or manifest.has(table, "valid_from") or set(missing) <= set(PAST_PROFILE)
    wanted = missing if is_dated or "valid_from" in missing else [*missing, "valid_from"]
    return "column", tuple(f"{table}.{column}" for column in wanted)


def _silences(catalogue: Catalogue, figures: Mapping[str, TableFigures]) -> Iterator[Gap]:
    """Yield the features that are built, but of a table without rows or of a column without a value."""
    empty = [name for name, table in figures.items() if not table.rows]
    for name in empty:
        yield Gap("empty_table", (name,), tuple(each for each in catalogue.features if name in each.tables))
    for name, table in figures.items():
        for column in [found.column.name for found in table.columns if table.rows and not found.present]:
            features = [each for each in catalogue.features if _needs(each, name, column)]
            if features:
                yield Gap("empty_column", (f"{name}.{column}",), tuple(features))


def _needs(feature: Feature, table: str, column: str) -> bool:
    needed, *columns = NEEDED_COLUMNS.get(feature.name, ("",))
    is_own = table == "snapshots" and feature.group == "snapshots" and feature.name == column
    return is_own or (needed == table and column in columns)


def wanted_columns(table: str, features: tuple[Feature, ...]) -> tuple[str, ...]:
    """Optional columns of a table that some of the features cannot do without, in the contract's order."""
    wanted = {
        column
        for feature in features
        for needed, *columns in [NEEDED_COLUMNS.get(feature.name, ("",))]
        if needed == table
        for column in columns
    }
    return tuple(name for name in TABLES[table].names if name in wanted)


def similar(name: str, candidates: tuple[str, ...]) -> str | None:
    """Return what a bank may have handed over under another name, if anything comes near.

    Examples
    --------
    >>> similar("warmth", ("Warmth", "mood")), similar("warmth", ("mood",))
    ('Warmth', None)
    """
    lowered = {candidate.lower(): candidate for candidate in candidates}
    found = get_close_matches(name, lowered, n=1, cutoff=0.8)
    return lowered[found[0]] if found else None
