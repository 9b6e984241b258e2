"""What the rules say of every evaluation, as Ibis expressions: how severe a signal is, clear, or not evaluated.

The same conditions as `conditions` has in plain Python. A *level* is 1-5 where the rule fires, 0 where it is clear,
null where it cannot be evaluated, or does not apply to the customer or on that day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from features.signals.measures import EVALUATED, MeasureTable
from features.signals.records import Combination, Condition, Signal, SignalCatalogue
from features.store import day_number
from features.tables import SIGNAL_CODES
from features.windows import KEYS, Tables

PLACES = {code: place for place, code in enumerate(SIGNAL_CODES)}
"""A code's place in the order of codes: signals are numbers inside the engine, as customers are."""


def holds(test: Condition | Combination, rows: ir.Table) -> ir.BooleanValue:
    """Say whether a condition, or a combination of them, holds in a row; null where that cannot be known."""
    if isinstance(test, Condition):
        value, limit = rows[test.measure], float(test.limit)
        compared = {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}
        return compared[test.operator]
    parts = [holds(part, rows) for part in test.parts]
    if test.how == "all":
        return reduce(lambda one, other: one & other, parts)
    if test.how == "any":
        return reduce(lambda one, other: one | other, parts)
    is_true = reduce(lambda one, other: one | other, [part.fill_null(False) for part in parts])  # noqa: FBT003
    is_known = reduce(lambda one, other: one | other, [part.notnull() for part in parts])
    return ibis.ifelse(is_known, is_true, ibis.null("boolean"))


def level(signals: Sequence[Signal], rows: ir.Table) -> ir.IntegerValue:
    """Return the level of one code, of which `signals` are the versions for all kinds of customers and days."""
    branches: list[tuple[ir.BooleanValue, ir.IntegerValue]] = []
    for signal in signals:
        if signal.rule is None:
            continue
        applies = rows.kind.isin(signal.kinds) & (rows[EVALUATED] >= day_number(signal.start))
        if signal.until is not None:
            applies &= rows[EVALUATED] < day_number(signal.until)
        fires = holds(signal.rule.test, rows)
        branches += [(applies & fires, _severity(signal, rows)), (applies & ~fires, ibis.literal(0, "int8"))]
    return ibis.cases(*branches, else_=ibis.null("int8")).cast("int8")


def _severity(signal: Signal, rows: ir.Table) -> ir.IntegerValue:
    own = ibis.literal(signal.severity, "int8")
    if not signal.steps:
        return own
    none = ibis.literal(0, "int8")
    reached = [
        ibis.ifelse(holds(step.when, rows).fill_null(False), ibis.literal(step.severity, "int8"), none)  # noqa: FBT003
        for step in signal.steps
    ]
    return ibis.greatest(own, *reached)


@dataclass(frozen=True)
class SignalRules:
    """The records of signals, and the measure tables that their rules read."""

    catalogue: SignalCatalogue
    registry: Mapping[str, MeasureTable]

    def evaluated(self, tables: Tables) -> tuple[str, ...]:
        """Names of the measure tables that the bank has what it takes for."""
        return tuple(
            name
            for name in self.catalogue.tables
            if name in self.registry and self.registry[name].exists(tables)
        )

    def codes(self, table: str) -> tuple[str, ...]:
        """Codes whose rules read a measure table, in order, each once."""
        return tuple(dict.fromkeys(signal.code for signal in self.catalogue.reading(table)))

    def measured(self, tables: Tables, spine: ir.Table, table: str, people: ir.Table) -> ir.Table:
        """Rows of a measure table with the `kind` that the customer is of at as_of, which `people` says."""
        rows = self.registry[table].rows(tables, spine)
        return rows.join(people.select(*KEYS, "kind"), KEYS)

    def levels(self, table: str, rows: ir.Table) -> dict[str, ir.IntegerValue]:
        """Level of each code that reads a measure table, in each of its rows."""
        reading = self.catalogue.reading(table)
        return {
            code: level([signal for signal in reading if signal.code == code], rows)
            for code in self.codes(table)
        }
