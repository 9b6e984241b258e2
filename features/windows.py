"""As-of moments and windows, as Ibis expressions over prepared tables.

A prepared table speaks in days since 1970-01-01 of the bank's own zone: `event_day`, `known_day` (first as_of
day on which the row is known) and `until_day` (first as_of day on which a correction has replaced it). So
"strictly before the midnight of as_of" is `day < as_of_day`, with no zone left to get wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from features.tables import TABLES

KEYS = ("customer_no", "as_of_day")
"""What identifies a row of the spine inside the engine: whole numbers, so that joins and groups are cheap.

`customer_no` is the customer's place in the order of ids, given by intake; it means nothing outside one prepared
bank, and never leaves the engine.
"""


@dataclass(frozen=True)
class Window:
    """The days `[as_of - days, as_of)`.

    Examples
    --------
    >>> Window(90).label
    '90d'
    """

    days: int

    @property
    def label(self) -> str:
        """The window's part of a feature name."""
        return f"{self.days}d"

    def holds(self, day: ir.IntegerValue, as_of_day: ir.IntegerValue) -> ir.BooleanValue:
        """Say whether the day is inside the window."""
        return (day >= as_of_day - self.days) & (day < as_of_day)


@dataclass(frozen=True)
class Tables:
    """The prepared tables of one bank.

    `first_day` is the first day that each table can hold (the bank's `data_from`, else its first event).
    `profile_columns` are the columns of `customers` that serve past dates. `codes` maps a text column of
    `snapshots` to its code book. `keep` marks a stage worth computing once, under a name of its own: the
    engine puts it aside, elsewhere it stays an expression; the result is the same. `currency_decimals` says how many
    minor units make a major one (2: a hundred). `as_of_days` are all as_of of the run, of which a spine may hold
    some; `spine` is everyone known at them, and `only_day` its as_of where it has a single one: rows then need not be
    matched with it one by one. `once` marks a stage that several groups read, computed once for the spine, and
    `share` one that depends on the run's dates alone, computed once a run.
    """

    expressions: Mapping[str, ir.Table]
    first_day: Mapping[str, int]
    profile_columns: frozenset[str]
    snapshot_kinds: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    currency_decimals: int = 2
    as_of_days: tuple[int, ...] = ()
    spine: ir.Table | None = None
    only_day: int | None = None
    keep: Callable[[str, ir.Table], ir.Table] = lambda _, stage: stage
    once: Callable[[str, Callable[[], ir.Table]], ir.Table] = lambda _, stage: stage()
    share: Callable[[str, Callable[[], ir.Table]], ir.Table] = lambda _, stage: stage()

    def __contains__(self, name: str) -> bool:
        return name in self.expressions

    def __getitem__(self, name: str) -> ir.Table:
        if name not in self.expressions:
            raise KeyError(f"expected one of the bank's tables {sorted(self.expressions)}; got {name!r}")
        return self.expressions[name]


def known(tables: Tables, name: str, spine: ir.Table) -> ir.Table:
    """Rows of a table known at each as_of of the spine, with facts that came later set to null.

    One row per (customer_no, as_of_day) of `spine` and known row. Of the run's own spine with a single as_of, rows of
    customers who are not on it may be among them, and joining onto the spine drops those. A dated fact on or after
    as_of is null, and so are the columns that hang on it.

    Source: contract.md, Tables in.
    """
    table = tables[name]
    own = {"as_of", "as_of_day"} & set(table.columns)  # a snapshot's own date, which event_day holds as well
    table = table.drop(*own) if own else table
    if tables.only_day is not None and tables.spine is not None and spine.equals(tables.spine):
        rows = table.filter(table.known_day <= tables.only_day, table.until_day > tables.only_day)
        rows = rows.mutate(as_of_day=ibis.literal(tables.only_day, "int32"))
        return masked(rows, name, rows.as_of_day)
    rows = table.join(spine.select(*KEYS), "customer_no")
    rows = rows.filter(rows.known_day <= rows.as_of_day, rows.until_day > rows.as_of_day)
    return masked(rows, name, rows.as_of_day)


def known_of_all(tables: Tables, name: str, spine: ir.Table) -> ir.Table:
    """Rows of a table about no single customer known at each as_of of the spine, later facts set to null.

    One row per distinct as_of_day of `spine` and known row.

    Source: contract.md, Tables in.
    """
    rows = tables[name].cross_join(spine.select("as_of_day").distinct())
    rows = rows.filter(rows.known_day <= rows.as_of_day, rows.until_day > rows.as_of_day)
    return masked(rows, name, rows.as_of_day)


def masked(rows: ir.Table, name: str, as_of_day: ir.IntegerValue) -> ir.Table:
    """Set every dated fact on or after as_of to null, with the columns that hang on it."""
    changes: dict[str, ir.Value] = {}
    for dated, dependent in TABLES[name].dated.items():
        day = f"{dated.rsplit('_', 1)[0]}_day"
        if day not in rows.columns:
            continue
        is_past = rows[day] < as_of_day
        for column in {dated, day, *dependent} & set(rows.columns):
            changes[column] = ibis.ifelse(is_past, rows[column], ibis.null(rows[column].type()))
    return rows.mutate(**changes) if changes else rows


def customer_numbers(tables: Tables) -> ir.Table:
    """Each customer's id and number, one row per customer: for columns that name another customer."""
    return tables["customers"].select("customer_id", "customer_no").distinct()


def ratio(numerator: ir.NumericValue, denominator: ir.NumericValue) -> ir.FloatingValue:
    """Divide two exact numbers once, at the end; null where the denominator is 0 or null."""
    return numerator.cast("float64") / denominator.cast("float64").nullif(0.0)


def exact(value: ir.NumericValue) -> ir.DecimalValue:
    """Widen a whole number so that sums of its products stay exact on every engine."""
    return value.cast("decimal(38, 0)")


def reached(tables: Tables, name: str, as_of_day: ir.IntegerValue) -> ir.BooleanValue:
    """Say whether the table can hold a row before as_of at all; an empty one whose first day is not stated cannot."""
    if name not in tables.first_day:
        return ibis.literal(False)  # noqa: FBT003 - a literal of the expression
    return as_of_day > tables.first_day[name]


def counted(
    tables: Tables, name: str, value: ir.NumericValue, as_of_day: ir.IntegerValue
) -> ir.FloatingValue:
    """Return a count or sum as a feature: 0 where the table reaches the window and holds nothing, else null."""
    filled = value.cast("float64").fill_null(0.0)
    return ibis.ifelse(reached(tables, name, as_of_day), filled, ibis.null("float64"))


def history_days(tables: Tables, name: str, spine: ir.Table) -> ir.FloatingValue:
    """Days from the later of the table's first day and the opening of the relationship, to as_of.

    Never below 0.
    """
    if name not in tables.first_day:
        return ibis.literal(0.0)
    first = ibis.greatest(
        ibis.literal(tables.first_day[name]), spine.opened_day.fill_null(tables.first_day[name])
    )
    return ibis.greatest(spine.as_of_day - first, ibis.literal(0)).cast("float64")


def onto_spine(spine: ir.Table, part: ir.Table) -> ir.Table:
    """Left-join aggregates, one row per KEYS, onto the spine: a customer without rows keeps his row."""
    return spine.left_join(part, KEYS).drop("customer_no_right", "as_of_day_right")
