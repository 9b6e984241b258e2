"""The records of signals.yaml: what a signal is called, whom it is about, when it fires, what it says and advises.

Pure Python: serving reads them for its words, the engine for its conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from features.policy.tree import Place

Words = Mapping[str, str]
How = Literal["all", "any", "any_known"]

LANGUAGES = ("en", "zh")
KINDS = ("retail", "micro", "corporate", "institution")
CATEGORIES = {"E": "environment", "F": "finance", "M": "operations", "H": "hazard"}
SOURCES = {"S": "statements", "A": "accounts", "C": "contacts", "R": "recorded"}
ADVICE_KINDS = ("prevent", "diversify", "reduce", "exit", "transfer")
OPERATORS = ("<", "<=", ">", ">=")
HOWS: tuple[How, ...] = ("all", "any", "any_known")
UNITS = ("money", "share", "ratio", "days", "count", "points", "score")
FUNCTIONS = ("guarantor",)
"""Tables that are made from the signals themselves rather than from the bank's tables."""


@dataclass(frozen=True)
class Condition:
    """A measure held against a limit; unknown where the measure is."""

    measure: str
    operator: str
    limit: float


@dataclass(frozen=True)
class Combination:
    """Conditions joined by all, any or any_known; see the head of signals.yaml for what an unknown one does."""

    how: How
    parts: tuple[Condition | Combination, ...]

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition in it, in the file's order."""
        found: list[Condition] = []
        for part in self.parts:
            found += [part] if isinstance(part, Condition) else part.conditions
        return tuple(found)


@dataclass(frozen=True)
class Step:
    """A severity that replaces a lower one where its condition holds."""

    when: Condition
    severity: int


@dataclass(frozen=True)
class Rule:
    """When a signal fires: conditions on the measures of one table, and the sentence that shows its figures.

    `is_function`: the table is made by a function of the same name from the other signals.
    """

    table: str
    is_function: bool
    test: Combination
    evidence: Words


@dataclass(frozen=True)
class Advice:
    """What the bank can do: prevent, diversify, reduce, exit or transfer."""

    kind: str
    words: Words


@dataclass(frozen=True)
class Examples:
    """Measures of an evaluation on which the rule fires, and of one on which it does not."""

    fires: Mapping[str, float | None]
    silent: Mapping[str, float | None]


@dataclass(frozen=True)
class Signal:
    """One signal for some kinds of customers, in force from `start` until `until` (null: to this day).

    Without a rule, and then without examples of one, it is only ever recorded. `severity` is 1-5; `advice` names
    entries of the catalogue's.
    """

    code: str
    titles: Words
    severity: int
    steps: tuple[Step, ...]
    sources: tuple[str, ...]
    kinds: tuple[str, ...]
    start: date
    until: date | None
    rule: Rule | None
    advice: tuple[str, ...]
    examples: Examples | None
    place: Place

    def in_force(self, day: date) -> bool:
        """Say whether this version holds on a day."""
        return self.start <= day and (self.until is None or day < self.until)


@dataclass(frozen=True)
class SignalCatalogue:
    """All signals in the order of their codes, and what they share.

    `measures` maps a table to its measures and their units. A cluster holds codes that see the same fact.
    """

    signals: tuple[Signal, ...]
    measures: Mapping[str, Mapping[str, str]]
    places: Mapping[str, Place]
    clusters: tuple[tuple[str, ...], ...]
    clear_evaluations: int
    advice: Mapping[str, Advice]

    @property
    def units(self) -> Mapping[str, str]:
        """Unit of every measure."""
        return {name: unit for table in self.measures.values() for name, unit in table.items()}

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables that a rule reads, functions left out, each once."""
        named = [s.rule.table for s in self.signals if s.rule is not None and not s.rule.is_function]
        return tuple(dict.fromkeys(named))

    def reading(self, table: str) -> tuple[Signal, ...]:
        """Signals whose rule reads a table."""
        return tuple(s for s in self.signals if s.rule is not None and s.rule.table == table)

    def cluster_of(self, code: str) -> str:
        """Return the code that stands for a code's cluster in sums: its first; a code alone stands for itself."""
        return next((cluster[0] for cluster in self.clusters if code in cluster), code)

    def named(self, code: str, kind: str, day: date) -> Signal:
        """Return the record that speaks for a code on a day: in force then, and for the kind of customer, if any is.

        A signal recorded by hand may concern a customer to whom no record applies, or a day before all of them.
        """
        versions = [signal for signal in self.signals if signal.code == code]
        for of_kind in (True, False):
            for signal in versions:
                if signal.in_force(day) and (kind in signal.kinds or not of_kind):
                    return signal
        return versions[0]
