"""What is known of one business at an as_of, as the figures that rules of classes speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from features.classes.records import Figure, Known

WORKED_OUT = (
    "months_in_business",
    "barred_industry",
    "cautious_industry",
    "net_assets",
    "collateral_ltv",
    "combined_value",
)
"""Figures that are neither recorded facts nor features."""


@dataclass(frozen=True)
class Business:
    """What the tables say of one micro customer at an as_of; null is not known.

    `facts` are those in force by code, in the unit of the code (money in major units, a yes is 1). `features` are
    features by name, money in minor units. `collateral_ltv` is a share, `net_assets` in minor units.
    """

    as_of: date
    born_on: date | None = None
    opened_on: date | None = None
    industry: str | None = None
    net_assets: float | None = None
    collateral_ltv: float | None = None
    facts: Mapping[str, float] = field(default_factory=dict)
    features: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Ground:
    """What holds for every customer of the bank: the figures of the policy, lists, and which marks the bank keeps.

    A mark is kept if it is known to have been noted of anybody by as_of: of those without it, it is then not true.
    `minor` is how many minor units make a major one.
    """

    figures: Mapping[str, Figure]
    industries: Mapping[str, frozenset[str]]
    kept_marks: frozenset[str]
    minor: int = 100


def known_of(ground: Ground, business: Business) -> Mapping[str, Known]:
    """Return the figures known of a business, by name; what is not known is not there.

    Money in minor units. Where no instalment is overdue there are no malicious arrears either.

    Source: customers.md, "Classes of existing micro and small business customers"; facts.yaml.
    """
    facts = _facts(ground, business)
    found = {name: Known(value) for name, value in facts.items()}
    for name, figure in ground.figures.items():
        value = None if figure.feature is None else business.features.get(figure.feature)
        if value is not None:
            found[name] = Known(value)
    if "malicious_arrears" not in found and found.get("arrears_days") == Known(0.0):
        found["malicious_arrears"] = Known(0.0)
    if business.industry is not None:
        for kind, names in ground.industries.items():
            found[f"{kind}_industry"] = Known(float(business.industry in names))
    worked_out = {
        "net_assets": business.net_assets,
        "collateral_ltv": business.collateral_ltv,
        "combined_value": _sum(facts.get("property_value"), facts.get("savings_value")),
    }
    found |= {name: Known(value) for name, value in worked_out.items() if value is not None}
    months = months_in_business(business)
    return found if months is None else {**found, "months_in_business": months}


def _facts(ground: Ground, business: Business) -> dict[str, float]:
    """Facts in the units of the rules; a mark that the bank keeps and that was not noted is 0."""
    found = {}
    for code, figure in ground.figures.items():
        if not figure.is_fact:
            continue
        value = business.facts.get(code)
        if value is None:
            if figure.is_mark and code in ground.kept_marks:
                found[code] = 0.0
        else:
            found[code] = float(round(value * ground.minor)) if figure.unit == "money" else value
    return found


def months_in_business(business: Business) -> Known | None:
    """Return whole months since the founding; where that is not known, those as a customer, at least.

    Examples
    --------
    >>> months_in_business(Business(date(2024, 4, 1), born_on=date(2023, 4, 2), opened_on=date(2020, 1, 1)))
    Known(value=11.0, is_floor=False)
    >>> months_in_business(Business(date(2024, 4, 1), opened_on=date(2023, 4, 1)))
    Known(value=12.0, is_floor=True)
    """
    if business.born_on is not None:
        return Known(_whole_months(business.born_on, business.as_of))
    if business.opened_on is not None:
        return Known(_whole_months(business.opened_on, business.as_of), is_floor=True)
    return None


def _whole_months(start: date, day: date) -> float:
    months = (day.year - start.year) * 12 + day.month - start.month - (day.day < start.day)
    return float(max(months, 0))


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
