"""Sentences with the figures that tripped a signal: slots such as {sales_growth} and {sales_growth.limit}."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from features.policy.tree import Place
from features.signals.records import Rule, Signal

_SLOT = re.compile(r"\{([^{}]*)\}")
_LIMIT = ".limit"


def slots(template: str) -> tuple[str, ...]:
    """Return what stands in braces, in order.

    Examples
    --------
    >>> slots("sales {sales_before} -> {sales}, limit {sales_growth.limit}")
    ('sales_before', 'sales', 'sales_growth.limit')
    """
    return tuple(_SLOT.findall(template))


def measures_said(signals: Iterable[Signal]) -> tuple[str, ...]:
    """Measures that the sentences of some signals show, in any language, each once."""
    found = [
        slot.removesuffix(_LIMIT)
        for signal in signals
        if signal.rule is not None
        for template in signal.rule.evidence.values()
        for slot in slots(template)
    ]
    return tuple(dict.fromkeys(found))


def limits(rule: Rule) -> Mapping[str, float]:
    """Return the limit of each measure that the rule tests; of several the first in the file's order."""
    found: dict[str, float] = {}
    for condition in rule.test.conditions:
        found.setdefault(condition.measure, condition.limit)
    return found


def check_slots(code: str, rule: Rule, measures: tuple[str, ...], place: Place) -> None:
    """Refuse a sentence with a slot that nothing fills, or without one of the measures that the rule tests."""
    tested = limits(rule)
    allowed = {*measures, *(f"{measure}{_LIMIT}" for measure in tested)}
    for language, template in rule.evidence.items():
        named = slots(template)
        for slot in named:
            if slot not in allowed:
                raise place.error(
                    f"expected measures of {rule.table}, or a tested one with {_LIMIT}, in the evidence of {code} "
                    f"({language}); got {{{slot}}}. Correct the slot."
                )
        if set("{}") & set(_SLOT.sub("", template)):
            raise place.error(
                f"expected braces in pairs in the evidence of {code} ({language}). Close each one."
            )
        unsaid = [measure for measure in tested if measure not in named]
        if unsaid:
            raise place.error(
                f"expected every measure of the rule in the evidence of {code} ({language}); "
                f"{{{unsaid[0]}}} is missing. Add it: the evidence shows what tripped the signal."
            )


def written(
    rule: Rule, language: str, values: Mapping[str, float | None], write: Callable[[str, float | None], str]
) -> str:
    """Fill the sentence's slots.

    Parameters
    ----------
    write
        Writes a value of a measure in the measure's unit; null is a figure that was not known.
    """
    known = limits(rule)

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        measure = name.removesuffix(_LIMIT)
        return write(measure, known[measure] if name.endswith(_LIMIT) else values.get(measure))

    return _SLOT.sub(fill, rule.evidence[language])
