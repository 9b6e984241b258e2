"""Whether a rule holds for the measures of one evaluation: true, false, or unknown (None), which is not "no".

Pure Python, for the examples of signals.yaml and for whoever wants to ask "what if"; `evaluation` says the same in
Ibis for all customers at once.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping

from features.signals.records import Combination, Condition, Signal

Values = Mapping[str, float | None]

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def holds(test: Condition | Combination, values: Values) -> bool | None:
    """Say whether a condition, or a combination of them, holds; None where that cannot be known.

    Examples
    --------
    >>> up, down = Condition("growth", ">", 0.3), Condition("growth", "<", -0.3)
    >>> holds(up, {"growth": 0.3}), holds(Combination("any", (up, down)), {"growth": -0.4})
    (False, True)
    >>> cash = Condition("cash", "<", 0.0)
    >>> [holds(Combination(how, (up, cash)), {"growth": 0.1}) for how in ("all", "any", "any_known")]
    [False, None, False]
    """
    if isinstance(test, Condition):
        value = values.get(test.measure)
        return None if value is None else bool(_COMPARE[test.operator](value, test.limit))
    answers = [holds(part, values) for part in test.parts]
    if test.how == "all":
        return False if False in answers else None if None in answers else True
    if True in answers:
        return True
    if test.how == "any_known":
        return False if False in answers else None
    return None if None in answers else False


def severity(signal: Signal, values: Values) -> int:
    """Return how severe a signal is that fires on these measures: the highest of its own and the steps that hold."""
    reached = [step.severity for step in signal.steps if holds(step.when, values)]
    return max([signal.severity, *reached])
