"""What a challenger is held to before it may serve: `gate.yaml`, read, with the bounds in force on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from features.policy import policy_file, policy_text, read_policy
from features.policy.dated import MILLION, SHARE, Measure, Series, parse_dated
from features.policy.tree import Place, PolicyError

_RATIO = Measure("ratio", Decimal(0), Decimal(100))
_MEASURES: Mapping[str, Measure] = {
    "calibration.probability_error": SHARE,
    "calibration.share_error": SHARE,
    "calibration.rate_low": _RATIO,
    "calibration.rate_high": _RATIO,
    "calibration.total_low": _RATIO,
    "calibration.total_high": _RATIO,
    "calibration.coverage_low": SHARE,
    "calibration.coverage_high": SHARE,
    "stability.score_shift": Measure("psi", Decimal(0), Decimal(100)),
    "stability.reason_agreement": SHARE,
    "fairness.gap": Measure("share of the rate", Decimal(0), Decimal(100)),
}
_LANGUAGES = {"en", "zh"}


@dataclass(frozen=True)
class GatePolicy:
    """The bounds in force on a day, who is compared, and the codes that an override may give.

    `age_bands` are the ages, in years, at which a band begins; below the first is a band too.
    """

    bounds: Mapping[str, float]
    minimum_rows: int
    minimum_events: int
    age_bands: tuple[int, ...]
    reasons: Mapping[str, Mapping[str, str]]


def read_gate(day: date) -> GatePolicy:
    """Return the policy of the gate on a day.

    Raises
    ------
    PolicyError
        A bound is missing, unknown or not yet in force, the age bands do not rise, or a reason lacks a language.
    """
    bounds = {name: series.on(day).millionths / MILLION for name, series in _series().items()}
    content = read_policy("gate")
    groups, reasons = content["groups"], content["reasons"]
    bands: Sequence[int] = groups["age_bands"]
    if list(bands) != sorted(set(bands)):
        raise Place(policy_file("gate"), 1).error(
            f"expected age_bands that rise; got {bands}. Put them in order."
        )
    for code, words in reasons.items():
        if set(words) != _LANGUAGES:
            raise Place(policy_file("gate"), 1).error(
                f"expected the reason {code} in en and zh; got {sorted(words)}. Write both."
            )
    return GatePolicy(bounds, groups["minimum_rows"], groups["minimum_events"], tuple(bands), reasons)


def _series() -> Mapping[str, Series]:
    return parse_dated(policy_text("gate"), policy_file("gate"), "bounds", _MEASURES)


__all__ = ["GatePolicy", "PolicyError", "read_gate"]
