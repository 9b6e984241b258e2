"""The policy of tiers: `tiers.yaml`, read, with the rules in force on a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from features.policy import policy_file, policy_text, read_policy
from features.policy.dated import MILLION, Measure, parse_dated
from features.policy.tree import Place, PolicyError

TIERS = ("exit", "maintain", "general", "key")
"""Tiers, the lowest first: a tier's place is its rank."""

_POINTS = Measure("points", Decimal(0), Decimal(1000))
_MEASURES: Mapping[str, Measure] = {
    "months": Measure("months", Decimal(1), Decimal(24)),
    **{f"{tier}_{edge}": _POINTS for tier in TIERS[1:] for edge in ("enter", "leave")},
}
_HARD = {"code", "feature", "at_least", "at_most", "from", "source", "title"}


@dataclass(frozen=True)
class HardRule:
    """Whoever has at least so much of a feature is in no tier above `at_most` (its rank)."""

    code: str
    feature: str
    at_least: float
    at_most: int


@dataclass(frozen=True)
class TierPolicy:
    """The rules in force on a day.

    `enter` and `leave` are composite scores by rank: a tier is entered from below at `enter`, and left downwards under
    `leave`; those of the lowest tier are 0. `months`: so many consecutive monthly dates a rule has to hold.
    """

    months: int
    enter: tuple[float, ...]
    leave: tuple[float, ...]
    hard: tuple[HardRule, ...]


def read_tiers(day: date) -> TierPolicy:
    """Return the policy of tiers on a day.

    Raises
    ------
    PolicyError
        A number is missing, unknown or not yet in force, the scores do not rise from tier to tier, or a hard rule
        names no tier.
    """
    found = parse_dated(policy_text("tiers"), policy_file("tiers"), "rules", _MEASURES)
    value = {name: series.on(day).millionths / MILLION for name, series in found.items()}
    enter = (0.0, *(value[f"{tier}_enter"] for tier in TIERS[1:]))
    leave = (0.0, *(value[f"{tier}_leave"] for tier in TIERS[1:]))
    edges = [edge for pair in zip(leave, enter, strict=True) for edge in pair]
    if edges != sorted(edges) or any(
        low == high for low, high in zip(leave[1:], enter[:-1], strict=True) if high
    ):
        raise _error(
            f"expected leave and enter of {', '.join(TIERS)} to rise in that order on {day}; got {edges}. Correct them."
        )
    return TierPolicy(int(value["months"]), enter, leave, tuple(_hard(read_policy("tiers")["hard"], day)))


def _hard(rules: Sequence[Mapping[str, Any]], day: date) -> Iterator[HardRule]:
    for rule in rules:
        if set(rule) - {"until"} != _HARD or rule["at_most"] not in TIERS:
            raise _error(
                f"hard rule {rule.get('code')}: expected {', '.join(sorted(_HARD))} (and until), with at_most one of "
                f"{', '.join(TIERS)}; got {dict(rule)}. Correct it."
            )
        if rule["from"] <= day and (rule.get("until") is None or day < rule["until"]):
            yield HardRule(
                rule["code"], rule["feature"], float(rule["at_least"]), TIERS.index(rule["at_most"])
            )


def _error(text: str) -> PolicyError:
    return Place(policy_file("tiers"), 1).error(text)
