"""The five-factor value model's policy: `factors.yaml`, read, with what is in force on a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from features.policy import policy_file, policy_text, read_policy
from features.policy.dated import MILLION, SHARE, SHARE_A_YEAR, Measure, parse_dated
from features.policy.tree import Place, PolicyError

FACTORS = ("current_contribution", "future_contribution", "credit", "loyalty", "growth_potential")
"""Names of the factors, in the order of five-factor.md."""

_WEIGHTS: Mapping[str, Measure] = dict.fromkeys(FACTORS, SHARE)
_VALUE: Mapping[str, Measure] = {
    "horizon_days": Measure("days", Decimal(30), Decimal(36_500)),
    "discount_rate": SHARE_A_YEAR,
    "growth_margin": SHARE_A_YEAR,
}
_CHARACTERISTIC = {"part", "steps", "missing"}


@dataclass(frozen=True)
class Characteristic:
    """One line of the credit card: the points of a feature's value, by steps that begin at `starts`.

    `points` has one more entry than `starts`: the first is for values below all of them. `missing`: points where the
    value is not observed. `part`: what the points are added to.
    """

    feature: str
    part: str
    starts: tuple[float, ...]
    points: tuple[int, ...]
    missing: int


@dataclass(frozen=True)
class FactorPolicy:
    """What is in force on a day: weights of the composite, the value horizon, and the credit card.

    `discount_rate` and `growth_margin` are shares a year.
    """

    weights: Mapping[str, float]
    horizon_days: int
    discount_rate: float
    growth_margin: float
    card: tuple[Characteristic, ...]


def read_factors(day: date) -> FactorPolicy:
    """Return the policy of the factors on a day.

    Raises
    ------
    PolicyError
        A number is missing, unknown or not yet in force, the weights do not add up to 1, or the steps of the
        credit card do not rise.
    """
    weights = {name: step / MILLION for name, step in _on(day, "weights", _WEIGHTS)}
    if round(sum(weights.values()) * MILLION) != MILLION:
        raise _error(
            f"expected weights that add up to 1 on {day}; got {sum(weights.values()):g}. Correct them."
        )
    value = {name: step / MILLION for name, step in _on(day, "value", _VALUE)}
    return FactorPolicy(
        weights=weights,
        horizon_days=int(value["horizon_days"]),
        discount_rate=value["discount_rate"],
        growth_margin=value["growth_margin"],
        card=tuple(_card(_in_force(read_policy("factors")["credit"], day))),
    )


def _on(day: date, section: str, measures: Mapping[str, Measure]) -> Iterator[tuple[str, int]]:
    found = parse_dated(policy_text("factors"), policy_file("factors"), section, measures)
    return ((name, found[name].on(day).millionths) for name in measures)


def _in_force(cards: Sequence[Mapping[str, Any]], day: date) -> Mapping[str, Any]:
    dates = [card["from"] for card in cards]
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise _error(f"expected the cards of credit in order of their dates; got {dates}. Put them in order.")
    past = [card for card in cards if card["from"] <= day]
    if not past:
        raise _error(
            f"expected a card of credit on {day}; the first is from {dates[0]}. Add one from then on."
        )
    card: Mapping[str, Any] = past[-1]["card"]
    return card


def _card(card: Mapping[str, Any]) -> Iterator[Characteristic]:
    for feature, line in card.items():
        if set(line) != _CHARACTERISTIC:
            raise _error(
                f"credit, {feature}: expected part, steps and missing; got {sorted(line)}. Correct it."
            )
        steps = line["steps"]
        starts = tuple(float(step["below"]) for step in steps[:-1])
        if "below" in steps[-1] or any(later <= earlier for earlier, later in pairwise(starts)):
            raise _error(
                f"credit, {feature}: expected steps whose `below` rises, and a last one without it; got {steps}. "
                "Put them in order."
            )
        points = tuple(int(step["points"]) for step in steps)
        yield Characteristic(feature, line["part"], starts, points, int(line["missing"]))


def _error(text: str) -> PolicyError:
    return Place(policy_file("factors"), 1).error(text)
