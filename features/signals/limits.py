"""Limits of the rules, where a measure has to know them: to be evaluated on the very day on which one is passed."""

from __future__ import annotations

from collections.abc import Iterator

from features.signals.reading import read_signals
from features.signals.records import Condition


def limits_of(measure: str) -> tuple[float, ...]:
    """Return every limit that a rule, or a step of its severity, holds a measure against, in rising order.

    Examples
    --------
    >>> all(limit > 0 for limit in limits_of("days_overdue"))
    True
    """
    return tuple(sorted({condition.limit for condition in _conditions() if condition.measure == measure}))


def _conditions() -> Iterator[Condition]:
    for signal in read_signals().signals:
        if signal.rule is not None:
            yield from signal.rule.test.conditions
        yield from (step.when for step in signal.steps)
