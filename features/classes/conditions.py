"""Conditions as people write them in classes.yaml: `taxpayer`, `no property_deed`, `credit_line >= line.small`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import yaml

from features.classes.records import NO, YES, Combination, Condition, Named, Test
from features.policy.tree import Place, entries, place_of

_HOW = ("all", "any", "any_known", "unless")
_OPERATORS = ("<", "<=", ">", ">=")
_LIMIT_UNITS: Mapping[str, str] = {"money": "major units"}
"""Unit of a figure -> unit of its limits, where they differ."""

Vocabulary = tuple[Mapping[str, str], Mapping[str, str], frozenset[str]]
"""Units of the figures by name, units of the limits by name, and the names of shared parts."""


def read_condition(text: str) -> Condition:
    """Read one condition.

    Raises
    ------
    ValueError
        It is none.

    Examples
    --------
    >>> read_condition("credit_line >= line.small")
    Condition(figure='credit_line', operator='>=', limit='line.small')
    >>> read_condition("taxpayer"), read_condition("no property_deed").operator
    (Condition(figure='taxpayer', operator='yes', limit=None), 'no')
    """
    words = text.split()
    if len(words) == 1:
        return Condition(words[0], YES)
    if len(words) == 2 and words[0] == NO:
        return Condition(words[1], NO)
    if len(words) == 3 and words[1] in _OPERATORS:
        return Condition(words[0], words[1], words[2])
    raise ValueError(
        f"expected a fact, `no` and a fact, or a figure, one of {_OPERATORS} and a limit; got {text!r}"
    )


def read_test(node: yaml.Node | Mapping[str, yaml.Node], file: str, words: Vocabulary) -> Test:
    """Read a condition, the name of a shared part, or a combination of them.

    Raises
    ------
    PolicyError
        With file, line and remedy.
    """
    if isinstance(node, yaml.ScalarNode):
        return _single(str(node.value), place_of(node, file), words)
    if isinstance(node, Mapping):
        ((how, parts),) = node.items()
    else:
        found = [(entry.key, entry.value) for entry in entries(node, file, "a condition")]
        if len(found) != 1:
            raise place_of(node, file).error(f"expected one of {', '.join(_HOW)}; got {len(found)} names.")
        how, parts = found[0]
    place = place_of(parts, file)
    if how not in _HOW:
        raise place.error(f"expected one of {', '.join(_HOW)}; got {how}. Correct it.")
    if not isinstance(parts, yaml.SequenceNode) or not parts.value:
        raise place.error(f"expected a list of conditions under {how}; got none. Write one.")
    return Combination(how, tuple(read_test(part, file, words) for part in parts.value))


def _single(text: str, place: Place, words: Vocabulary) -> Test:
    figures, limits, shared = words
    if text in shared:
        return Named(text)
    try:
        condition = read_condition(text)
    except ValueError as error:
        raise place.error(f"{error}. Correct it.") from None
    unit = figures.get(condition.figure)
    if unit is None:
        near = get_close_matches(condition.figure, [*figures, *shared], n=3, cutoff=0.0)
        raise place.error(
            f"expected a fact of facts.yaml, a figure of classes.yaml or a part above, such as {', '.join(near)}; "
            f"got {condition.figure}. Correct the name, or add it."
        )
    if condition.limit is None:
        if unit != "flag":
            raise place.error(
                f"expected a limit for {condition.figure} ({unit}), such as `{condition.figure} >= ...`; got none."
            )
        return condition
    _check_limit(condition, unit, limits, place)
    return condition


def _check_limit(condition: Condition, unit: str, limits: Mapping[str, str], place: Place) -> None:
    limit = str(condition.limit)
    if limit not in limits:
        near = get_close_matches(limit, limits, n=3, cutoff=0.0)
        raise place.error(f"expected a limit such as {', '.join(near)}; got {limit}. Correct the name.")
    wanted = _LIMIT_UNITS.get(unit, unit)
    if limits[limit] != wanted:
        raise place.error(
            f"expected a limit in {wanted} for {condition.figure}; {limit} is in {limits[limit]}. Choose another."
        )
