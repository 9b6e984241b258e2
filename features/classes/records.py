"""What rules of classes are made of, and what they find: conditions, figures known of a customer, criteria."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

YES, NO = "yes", "no"
OPPOSITE: Mapping[str, str] = {YES: NO, NO: YES, "<": ">=", ">=": "<", "<=": ">", ">": "<="}
"""What is true where a condition with this operator is not."""


@dataclass(frozen=True)
class Known:
    """A figure known of a customer; `is_floor`: it is at least this much."""

    value: float
    is_floor: bool = False


@dataclass(frozen=True)
class Condition:
    """A figure that has to be yes (1), no (0), or on one side of a limit that the policy names."""

    figure: str
    operator: str
    limit: str | None = None


@dataclass(frozen=True)
class Combination:
    """Conditions under `all`, `any`, `any_known` or `unless`."""

    how: str
    parts: tuple[Test, ...]


@dataclass(frozen=True)
class Named:
    """A part that several rules share, by its name in the policy."""

    name: str


Test = Condition | Combination | Named


@dataclass(frozen=True)
class Figure:
    """What a condition may speak of: its unit, its words, and where it comes from.

    `feature` is the feature that holds it, null for what is worked out otherwise. `is_fact`: a code of facts.yaml;
    `is_mark`: one noted only of those whom it is true of. The figure counts only while `guard` holds.
    """

    name: str
    unit: str
    titles: Mapping[str, str]
    feature: str | None = None
    guard: Condition | None = None
    is_fact: bool = False
    is_mark: bool = False


@dataclass(frozen=True)
class Rules:
    """The policy in force on a day: rules in the order in which they are tried, limits, lists, fallback.

    `limits` are in the units of their figures, money in minor units. `industries` are `barred` and `cautious`.
    """

    tests: Mapping[str, Test]
    classes: Mapping[str, Test]
    limits: Mapping[str, float]
    guards: Mapping[str, Condition]
    industries: Mapping[str, frozenset[str]]
    fallback: str


@dataclass(frozen=True)
class Criterion:
    """A condition as it was checked on a customer: what is true of him, with the figure known and its limit."""

    figure: str
    operator: str
    value: float
    limit: float | None = None
    is_floor: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as codes and figures, without what is null."""
        told: dict[str, Any] = {"figure": self.figure, "operator": self.operator, "value": self.value}
        if self.limit is not None:
            told["limit"] = self.limit
        return told | {"is_floor": True} if self.is_floor else told

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Criterion:
        """Read back what `to_json` wrote.

        Examples
        --------
        >>> Criterion.from_json(Criterion("sales", ">", 7.0, 5.0).to_json())
        Criterion(figure='sales', operator='>', value=7.0, limit=5.0, is_floor=False)
        """
        return cls(**fields)


@dataclass(frozen=True)
class NotChecked:
    """A figure for want of which criteria could not be checked; `floor`: it is only known to be at least this much."""

    figure: str
    floor: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as codes and figures, without what is null."""
        return {"figure": self.figure} if self.floor is None else {"figure": self.figure, "floor": self.floor}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> NotChecked:
        """Read back what `to_json` wrote."""
        return cls(**fields)


@dataclass(frozen=True)
class Classified:
    """The class of a customer, the criteria that decided it, and those that could not be checked.

    `not_checked` names each figure once that was missing in the class given and in those tried before it, where it
    might have changed the result. Of a fallback, `criteria` says what speaks against the last class tried.
    """

    code: str
    criteria: tuple[Criterion, ...]
    not_checked: tuple[NotChecked, ...]
    is_fallback: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as codes and figures."""
        return {
            "code": self.code,
            "criteria": [criterion.to_json() for criterion in self.criteria],
            "not_checked": [missing.to_json() for missing in self.not_checked],
            "is_fallback": self.is_fallback,
        }
