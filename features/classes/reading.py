"""classes.yaml as rules: read, held against the facts and limits that exist, and what is in force on a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar

import yaml

from features.classes.conditions import read_condition, read_test
from features.classes.known import WORKED_OUT
from features.classes.records import Figure, Rules, Test
from features.policy import parse_policy, policy_file, policy_text, read_policy
from features.policy.dated import MILLION, SHARE, Measure, Series, parse_dated
from features.policy.tree import Entry, Place, PolicyError, entries, place_of, tree_of

_MONEY = Measure("major units", Decimal(0), Decimal(MILLION * MILLION))
_MONTHS = Measure("months", Decimal(0), Decimal(1200))
_GROWTH = Measure("share", Decimal(-1), Decimal(1))
LIMITS: Mapping[str, Measure] = {
    "months.key": _MONTHS,
    "months.usual": _MONTHS,
    "months.pledged": _MONTHS,
    "net_assets.key": _MONEY,
    "sales.key": _MONEY,
    "invoiced.key": _MONEY,
    "debt_ratio.key": SHARE,
    "line.small": _MONEY,
    "line.large": _MONEY,
    "utilisation.half": SHARE,
    "property.worth": _MONEY,
    "property.without_deed": _MONEY,
    "property.payments": _MONTHS,
    "property.loan_to_value": SHARE,
    "car.worth": _MONEY,
    "fall.sales": _GROWTH,
    "fall.equity": _GROWTH,
    "statement.age": Measure("days", Decimal(0), Decimal(36_500)),
}
"""Every limit that the policy has to have, and what it measures."""

CODES = ("a", "b", "c", "d", "e", "f")
_INDUSTRIES = ("barred", "cautious")
_HOW = ("all", "any", "any_known", "unless")
_Held = TypeVar("_Held")


@dataclass(frozen=True)
class Dated(Generic[_Held]):
    """What is in force by dates, oldest first, at least one."""

    name: str
    place: Place
    steps: tuple[tuple[date, _Held], ...]

    def on(self, day: date) -> _Held:
        """Return what is in force on a day.

        Raises
        ------
        PolicyError
            The day lies before the first step.
        """
        past = [held for start, held in self.steps if start <= day]
        if not past:
            raise self.place.error(
                f"expected {self.name} on {day}; the first is from {self.steps[0][0]}. "
                f"Add a step from {day} or earlier, or choose a later date."
            )
        return past[-1]


@dataclass(frozen=True)
class ClassPolicy:
    """The whole of classes.yaml: dated rules, limits, lists of industries and fallback; figures by name."""

    figures: Mapping[str, Figure]
    limits: Mapping[str, Series]
    tests: Mapping[str, Dated[Test]]
    classes: Mapping[str, Dated[Test]]
    industries: Mapping[str, Dated[frozenset[str]]]
    fallback: Dated[str]

    @property
    def features(self) -> tuple[str, ...]:
        """Features that figures are read from."""
        return tuple(one.feature for one in self.figures.values() if one.feature is not None)

    def on(self, day: date, minor: int) -> Rules:
        """Return the rules in force on a day; `minor` is how many minor units make a major one.

        Raises
        ------
        PolicyError
            Something is not yet in force.
        """
        limits = {}
        for name, series in self.limits.items():
            scale = minor if LIMITS[name] == _MONEY else 1
            limits[name] = series.on(day).millionths * scale / MILLION
        return Rules(
            tests={name: dated.on(day) for name, dated in self.tests.items()},
            classes={code: dated.on(day) for code, dated in self.classes.items()},
            limits=limits,
            guards={one.name: one.guard for one in self.figures.values() if one.guard is not None},
            industries={kind: dated.on(day) for kind, dated in self.industries.items()},
            fallback=self.fallback.on(day),
        )


@cache
def read_classes() -> ClassPolicy:
    """Read `classes.yaml`; see `parse_classes`."""
    return parse_classes(policy_text("classes"), policy_file("classes"), read_policy("facts"))


def parse_classes(text: str, file: str, facts: Mapping[str, Any]) -> ClassPolicy:
    """Return the policy of a text; `facts` is the content of facts.yaml.

    Raises
    ------
    PolicyError
        With file, line and remedy: a limit is missing, unknown or wrong; a condition speaks of a figure, fact, limit
        or part that is not there, or holds a figure against a limit of another unit; dates are out of order; a class
        lacks a rule or a name.
    """
    top = {entry.key: entry for entry in entries(tree_of(text, file), file, "the file")}
    figures = parse_figures(parse_policy(text, file), facts)
    units = {name: figure.unit for name, figure in figures.items()}
    limits = {name: measure.unit for name, measure in LIMITS.items()}
    _check_figures(top, file, figures, facts)
    tests: dict[str, Dated[Test]] = {}

    def rule_of(step: Mapping[str, yaml.Node], place: Place) -> Test:
        how = next((one for one in _HOW if one in step), None)
        if how is None or set(step) != {"from", "source", how}:
            raise place.error(
                f"expected from, source and one of {', '.join(_HOW)}; got {', '.join(step)}. Correct it."
            )
        return read_test({how: step[how]}, file, (units, limits, frozenset(tests)))

    for entry in _section(top, file, "tests"):
        tests[entry.key] = _dated(entry, file, rule_of)
    classes = {entry.key: _dated(entry, file, rule_of) for entry in _section(top, file, "rules")}
    _check_codes(top, file, classes)
    return ClassPolicy(
        figures=figures,
        limits=parse_dated(text, file, "limits", LIMITS),
        tests=tests,
        classes=classes,
        industries=_industries(top, file),
        fallback=_dated(_needed(top, file, "fallback"), file, _code),
    )


def parse_figures(content: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Figure]:
    """Return the figures that conditions may speak of, by name: the facts, and those of classes.yaml."""
    found = {
        code: Figure(code, str(about["unit"]), about["title"], is_fact=True, is_mark=about["counts_as"] == "negative")
        for code, about in facts["codes"].items()
    }  # fmt: skip
    for name, about in content["figures"].items():
        guard = read_condition(about["while"]) if "while" in about else None
        found[name] = Figure(name, str(about["unit"]), about["title"], about.get("feature"), guard)
    return found


def _check_figures(
    top: Mapping[str, Entry], file: str, figures: Mapping[str, Figure], facts: Mapping[str, Any]
) -> None:
    for entry in _section(top, file, "figures"):
        figure = figures[entry.key]
        if entry.key in facts["codes"]:
            raise entry.place.error(
                f"expected the name of no fact; {entry.key} is one in facts.yaml. Rename the figure."
            )
        if figure.feature is None and entry.key not in WORKED_OUT:
            raise entry.place.error(
                f"expected a feature for {entry.key}, for only {', '.join(WORKED_OUT)} are worked out. Name one."
            )
        guard = figure.guard
        if guard is not None and (guard.figure not in figures or guard.limit not in LIMITS):
            raise entry.place.error(
                f"expected a figure and a limit that exist in while of {entry.key}; got {guard.figure} and "
                f"{guard.limit}. Correct the names."
            )


def _needed(top: Mapping[str, Entry], file: str, name: str) -> Entry:
    if name not in top:
        raise Place(file, 1).error(f"expected a section {name}; there is none. Add it.")
    return top[name]


def _section(top: Mapping[str, Entry], file: str, name: str) -> Iterator[Entry]:
    return entries(_needed(top, file, name).value, file, name)


def _keys(top: Mapping[str, Entry], file: str, name: str) -> tuple[str, ...]:
    return tuple(entry.key for entry in _section(top, file, name))


def _dated(entry: Entry, file: str, read: Callable[[Mapping[str, yaml.Node], Place], _Held]) -> Dated[_Held]:
    """Read steps with `from`, in order, each once."""
    if not isinstance(entry.value, yaml.SequenceNode) or not entry.value.value:
        raise entry.place.error(f"expected a list of steps for {entry.key}; got none. Write one with from.")
    steps: list[tuple[date, _Held]] = []
    for item in entry.value.value:
        place = place_of(item, file)
        fields = {field.key: field.value for field in entries(item, file, f"a step of {entry.key}")}
        start = _start(fields, place, entry.key)
        if steps and start <= steps[-1][0]:
            raise place.error(
                f"expected the dates of {entry.key} in order, each once; got {start} after {steps[-1][0]}. "
                "Put the steps in order, oldest first."
            )
        steps.append((start, read(fields, place)))
    return Dated(entry.key, entry.place, tuple(steps))


def _start(fields: Mapping[str, yaml.Node], place: Place, name: str) -> date:
    for wanted in ("from", "source"):
        if not isinstance(fields.get(wanted), yaml.ScalarNode) or not str(fields[wanted].value).strip():
            raise place.error(f"expected {wanted} in a step of {name}; it is missing. Add it.")
    text = str(fields["from"].value)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise place.error(f"expected a date such as 2024-01-31 for from of {name}; got {text!r}.") from None


def _industries(top: Mapping[str, Entry], file: str) -> Mapping[str, Dated[frozenset[str]]]:
    found = {entry.key: _dated(entry, file, _names) for entry in _section(top, file, "industries")}
    if set(found) != set(_INDUSTRIES):
        raise top["industries"].place.error(
            f"expected the lists {', '.join(_INDUSTRIES)}; got {', '.join(found)}. Keep both, and no other."
        )
    return found


def _names(step: Mapping[str, yaml.Node], place: Place) -> frozenset[str]:
    names = step.get("names")
    if not isinstance(names, yaml.SequenceNode):
        raise place.error("expected names as a list, [] for none; it is missing. Add it.")
    return frozenset(str(one.value) for one in names.value)


def _code(step: Mapping[str, yaml.Node], place: Place) -> str:
    code = str(step["class"].value) if "class" in step else ""
    if code not in CODES:
        raise place.error(f"expected class as one of {', '.join(CODES)}; got {code!r}. Correct it.")
    return code


def _check_codes(top: Mapping[str, Entry], file: str, classes: Sequence[str] | Mapping[str, Any]) -> None:
    for section, codes in (("rules", classes), ("names", _keys(top, file, "names"))):
        if sorted(codes) != sorted(CODES):
            raise _needed(top, file, section).place.error(
                f"expected each of {', '.join(CODES)} once in {section}; got {', '.join(codes)}. Correct it."
            )


__all__ = ["CODES", "LIMITS", "ClassPolicy", "PolicyError", "parse_classes", "parse_figures", "read_classes"]
