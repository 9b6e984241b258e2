"""Policy of the definition lab: the thresholds it tries, how it measures, what it asks of a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from features.policy import policy_file, policy_text
from features.policy.dated import MILLION, SHARE, Measure, parse_dated, parse_dated_lists

_DAYS = Measure("days", Decimal(1), Decimal(3650))
_AMOUNT = Measure("major units", Decimal(0), Decimal(MILLION) * MILLION)
_BLOCKS = Measure("blocks", Decimal(1), Decimal(36))
_GRID: Mapping[str, Measure] = {
    "churn.inactive_run_days": _DAYS,
    "churn.drained_share": SHARE,
    "churn.drained_minimum_fall": _AMOUNT,
    "growth.shrunk_share": SHARE,
    "loyalty.low_share": SHARE,
    "default.late_days": _DAYS,
}
_MEASURES: Mapping[str, Measure] = {
    "as_of_dates": Measure("dates", Decimal(1), Decimal(120)),
    "follow_up_days": _DAYS,
    "back_share": SHARE,
    "block_days": _DAYS,
    "lead_blocks": _BLOCKS,
    "reference_blocks": _BLOCKS,
    "fall_share_balances": SHARE,
    "fall_share_turnover": SHARE,
}
_LIMITS: Mapping[str, Measure] = {
    "least_events": Measure("customers", Decimal(1), Decimal(MILLION)),
    "base_rate_low": SHARE,
    "base_rate_high": SHARE,
    "spread": Measure("times", Decimal(1), Decimal(1000)),
    "false_alarms": SHARE,
}


@dataclass(frozen=True)
class LabMeasures:
    """How the lab measures; see features/policy/lab.yaml. Days, whole blocks, shares."""

    as_of_dates: int
    follow_up_days: int
    back_share: float
    block_days: int
    lead_blocks: int
    reference_blocks: int
    fall_share_balances: float
    fall_share_turnover: float


@dataclass(frozen=True)
class LabLimits:
    """What a definition has to keep to be recommended; see features/policy/lab.yaml."""

    least_events: int
    base_rate_low: float
    base_rate_high: float
    spread: float
    false_alarms: float


@dataclass(frozen=True)
class LabPolicy:
    """The lab's policy in force on one day. `grid`: thresholds by name, ascending, each once."""

    grid: Mapping[str, tuple[float, ...]]
    measures: LabMeasures
    limits: LabLimits


def read_lab(day: date) -> LabPolicy:
    """Return the lab's policy in force on a day; see `parse_lab`."""
    return parse_lab(policy_text("lab"), policy_file("lab"), day)


def parse_lab(text: str, file: str, day: date) -> LabPolicy:
    """Return a policy text as it is in force on a day.

    Raises
    ------
    PolicyError
        With file, line and remedy.
    """
    grid = parse_dated_lists(text, file, "grid", _GRID)
    measures = _numbers(text, file, "measures", _MEASURES, day)
    limits = _numbers(text, file, "limits", _LIMITS, day)
    return LabPolicy(
        {name: tuple(one / MILLION for one in series.on(day).millionths) for name, series in grid.items()},
        LabMeasures(**{name: _typed(LabMeasures, name, value) for name, value in measures.items()}),
        LabLimits(**{name: _typed(LabLimits, name, value) for name, value in limits.items()}),
    )


def _numbers(
    text: str, file: str, section: str, measures: Mapping[str, Measure], day: date
) -> Mapping[str, float]:
    dated = parse_dated(text, file, section, measures)
    return {name: series.on(day).millionths / MILLION for name, series in dated.items()}


def _typed(record: type, name: str, value: float) -> Any:
    """Return a whole number where the record has one."""
    kind = next(field.type for field in fields(record) if field.name == name)
    return int(value) if kind == "int" else value
