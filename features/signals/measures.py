"""What a measure table is: the figures that rules of signals read, one row per evaluation of a customer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import ibis.expr.types as ir

from features.windows import Tables

Unit = Literal["money", "share", "ratio", "days", "count", "points", "score"]
"""money: minor units; share and points: fractions (points: a difference of two shares); score: a point on a scale."""

EVALUATED = "evaluated_day"


@dataclass(frozen=True)
class Measure:
    """One figure of a measure table; `tables` are the bank's tables without which it is null in every row."""

    name: str
    unit: Unit
    tables: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class MeasureTable:
    """Measures that are evaluated together.

    `rows(tables, spine)` gives any number of rows per row of the spine, one per evaluation known at as_of: KEYS,
    `evaluated_day` (int32: the first as_of day on which its figures were known; at most as_of_day), and every
    measure as float64, null where it cannot be computed. It is asked only where the bank has the tables of at
    least one of its measures, and reads no table of a measure that the bank lacks.
    """

    rows: Callable[[Tables, ir.Table], ir.Table]
    measures: tuple[Measure, ...]

    def exists(self, tables: Tables) -> bool:
        """Say whether the bank has what at least one of the measures needs."""
        return any(all(name in tables for name in measure.tables) for measure in self.measures)
