"""Which class a customer is in: rules tried in order, on three-valued criteria.

A criterion that cannot be checked never counts as held. Pure Python: equal inputs give equal answers.

Source: customers.md, "Classes of existing micro and small business customers".
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from features.classes.records import (
    OPPOSITE,
    YES,
    Classified,
    Condition,
    Criterion,
    Known,
    Named,
    NotChecked,
    Rules,
    Test,
)

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_Criteria = tuple[Criterion, ...]
_Open = tuple[NotChecked, ...]
_Told = TypeVar("_Told", Criterion, NotChecked)


@dataclass(frozen=True)
class _Verdict:
    """Whether a test holds (null: open), the criteria that made it so, and what is missing."""

    holds: bool | None
    shown: _Criteria = ()
    open: _Open = ()


def classify(rules: Rules, known: Mapping[str, Known]) -> Classified:
    """Return the first class whose rule holds for what is known of a customer, else the fallback.

    Examples
    --------
    >>> large = Condition("line", ">=", "large")
    >>> rules = Rules({}, {"a": large}, {"large": 800.0}, {}, {}, "d")
    >>> classify(rules, {"line": Known(800.0)}).code
    'a'
    >>> missed = classify(rules, {})
    >>> missed.code, missed.is_fallback, [one.figure for one in missed.not_checked]
    ('d', True, ['line'])
    """
    checker = _Checker(rules, known)
    left_open: list[NotChecked] = []
    against: _Criteria = ()
    for code, test in rules.classes.items():
        verdict = checker.check(test)
        left_open += verdict.open
        if verdict.holds:
            return Classified(code, _once(verdict.shown), _once(left_open), is_fallback=False)
        against = verdict.shown if verdict.holds is False else ()
    return Classified(rules.fallback, _once(against), _once(left_open), is_fallback=True)


class _Checker:
    """Checks tests on one customer."""

    def __init__(self, rules: Rules, known: Mapping[str, Known]) -> None:
        self._rules = rules
        self._known = known
        self._done: dict[str, _Verdict] = {}

    def check(self, test: Test) -> _Verdict:
        if isinstance(test, Condition):
            return self._condition(test)
        if isinstance(test, Named):
            if test.name not in self._done:
                self._done[test.name] = self.check(self._rules.tests[test.name])
            return self._done[test.name]
        return _combined(test.how, [self.check(part) for part in test.parts])

    def _condition(self, test: Condition) -> _Verdict:
        limit = None if test.limit is None else self._rules.limits[test.limit]
        known = self._known.get(test.figure)
        guard = self._rules.guards.get(test.figure)
        if known is not None and guard is not None and not self._condition(guard).holds:
            known = None
        holds = None if known is None else _holds(test.operator, known, limit)
        if known is None or holds is None:
            return _Verdict(None, open=(NotChecked(test.figure, None if known is None else known.value),))
        told = test.operator if holds else OPPOSITE[test.operator]
        return _Verdict(holds, (Criterion(test.figure, told, known.value, limit, known.is_floor),))


def _holds(told: str, known: Known, limit: float | None) -> bool | None:
    """Say whether a condition holds; null where "at least so much" leaves it open."""
    if limit is None:
        return (known.value != 0.0) == (told == YES)
    holds = bool(_COMPARE[told](known.value, limit))
    if known.is_floor and holds != (told in (">", ">=")):
        return None
    return holds


def _combined(how: str, parts: Sequence[_Verdict]) -> _Verdict:
    """Combine verdicts; see classes.yaml for what each way means."""
    if how == "all":
        return _all(parts)
    found = _any(parts)
    if how == "unless":
        return _Verdict(not found.holds, found.shown if found.holds else (), found.open)
    refuted = [part for part in parts if part.holds is False]
    if how == "any_known" and found.holds is None and refuted:
        return _Verdict(holds=False, shown=_shown(refuted))
    return found


def _all(parts: Sequence[_Verdict]) -> _Verdict:
    refuted = [part for part in parts if part.holds is False]
    if refuted:
        return _Verdict(holds=False, shown=_shown(refuted))
    left = [part for part in parts if part.holds is None]
    return (
        _Verdict(None, open=_open(left))
        if left
        else _Verdict(holds=True, shown=_shown(parts), open=_open(parts))
    )


def _any(parts: Sequence[_Verdict]) -> _Verdict:
    held = [part for part in parts if part.holds]
    if held:
        is_settled = any(not part.open for part in held)
        return _Verdict(holds=True, shown=_shown(held), open=() if is_settled else _open(held))
    left = [part for part in parts if part.holds is None]
    return _Verdict(None, open=_open(left)) if left else _Verdict(holds=False, shown=_shown(parts))


def _shown(parts: Iterable[_Verdict]) -> _Criteria:
    return tuple(criterion for part in parts for criterion in part.shown)


def _open(parts: Iterable[_Verdict]) -> _Open:
    return tuple(missing for part in parts for missing in part.open)


def _once(told: Iterable[_Told]) -> tuple[_Told, ...]:
    return tuple(dict.fromkeys(told))
