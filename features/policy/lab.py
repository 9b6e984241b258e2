"""Policy of the definition lab: the thresholds it tries, how it measures, what it asks of a definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import yaml

from features.policy import policy_file, policy_text
from features.policy.dated import MILLION, SHARE, Measure, date_of, millionths_of, parse_dated
from features.policy.tree import Place, entries, place_of, tree_of

_DAYS = Measure("days", Decimal(1), Decimal(3650))
_AMOUNT = Measure("major units", Decimal(0), Decimal(MILLION) * MILLION)
_BLOCKS = Measure("blocks", Decimal(1), Decimal(36))
GRID: Mapping[str, Measure] = {
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
_FIELDS = ("from", "values", "unit", "source")


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
    measures = _numbers(text, file, "measures", _MEASURES, day)
    limits = _numbers(text, file, "limits", _LIMITS, day)
    return LabPolicy(
        _grid(text, file, day),
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


def _grid(text: str, file: str, day: date) -> Mapping[str, tuple[float, ...]]:
    found: dict[str, tuple[float, ...]] = {}
    top = Place(file, 1)
    for section in entries(tree_of(text, file), file, "the file"):
        if section.key != "grid":
            continue
        top = section.place
        for target in entries(section.value, file, "grid"):
            for entry in entries(target.value, file, f"grid.{target.key}"):
                name = f"{target.key}.{entry.key}"
                if name not in GRID:
                    raise entry.place.error(
                        f"expected one of {', '.join(GRID)}; got {name}. Correct the name, or take it out."
                    )
                found[name] = _in_force(entry.value, entry.place, name, day)
    for name in GRID:
        if name not in found:
            raise top.error(
                f"expected values of {name} in grid; there are none. Add a step with from, values, unit and source."
            )
    return found


def _in_force(node: yaml.Node, place: Place, name: str, day: date) -> tuple[float, ...]:
    steps = list(_steps(node, place, name))
    for (before, _), (after, _) in pairwise(steps):
        if after <= before:
            raise place.error(
                f"expected the dates of {name} in order, each once; {after} stands after {before}. Put them in order."
            )
    past = [values for start, values in steps if start <= day]
    if not past:
        raise place.error(
            f"expected values of {name} on {day}; the first are from {steps[0][0]}. Add a step from {day} or earlier."
        )
    return past[-1]


def _steps(node: yaml.Node, place: Place, name: str) -> Iterator[tuple[date, tuple[float, ...]]]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise place.error(
            f"expected a list of steps of {name}; got none. Add one with from, values, unit, source."
        )
    for item in node.value:
        here = place_of(item, place.file)
        step = {entry.key: entry.value for entry in entries(item, place.file, f"a step of {name}")}
        if set(step) != set(_FIELDS):
            wrong = sorted(set(step) ^ set(_FIELDS))[0]
            raise here.error(
                f"expected {', '.join(_FIELDS)} in a step of {name}; {wrong} is missing or not one of them. Correct it."
            )
        unit = GRID[name].unit
        if step["unit"].value != unit:
            raise here.error(
                f"expected the unit {unit!r} for {name}; got {step['unit'].value!r}. Convert the values to that unit."
            )
        values = step["values"]
        if not isinstance(values, yaml.SequenceNode) or not values.value:
            raise here.error(f"expected a list such as [30, 60] for values of {name}; got none. Write one.")
        numbers = {millionths_of(str(each.value), here, name, GRID[name]) / MILLION for each in values.value}
        yield date_of(str(step["from"].value), here, name), tuple(sorted(numbers))
