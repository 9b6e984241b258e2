"""The examples that every record carries, one that fires and one that is silent, held against its rule at load."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from features.policy.tree import entries, place_of
from features.signals.conditions import holds
from features.signals.records import Examples, Rule
from features.signals.scalars import date_of, number_of

_NULL = "tag:yaml.org,2002:null"
_SIDES = ("fires", "silent")
_DATES = ("raised_on", "closed_on")


def read_examples(
    node: yaml.Node, file: str, code: str, rule: Rule | None, measures: tuple[str, ...]
) -> Examples | None:
    """Read both examples of a record and hold them against its rule.

    Of a computed signal they are measures of one evaluation: with the one the rule holds, with the other it
    does not. Of one that is only recorded they are rows: one open, one closed; there is nothing to keep of them.

    Parameters
    ----------
    measures
        Measures of the rule's table; one that an example leaves out is unknown.
    """
    sides = {entry.key: entry for entry in entries(node, file, f"the examples of {code}")}
    if set(sides) != set(_SIDES):
        raise place_of(node, file).error(
            f"expected two examples, fires and silent, in {code}; got {', '.join(sides) or 'none'}. Write both."
        )
    if rule is None:
        for side in _SIDES:
            _check_row(sides[side].value, file, code, is_open=side == "fires")
        return None
    values = {side: _values(sides[side].value, file, code, measures) for side in _SIDES}
    for side, expected in zip(_SIDES, (True, False), strict=True):
        answer = holds(rule.test, values[side])
        if answer is not expected:
            said = {True: "fires", False: "is silent", None: "cannot be evaluated"}[answer]
            wanted = "fire" if expected else "be silent"
            raise sides[side].place.error(
                f"expected the example '{side}' of {code} to {wanted}; it {said}. Correct its figures or the rule."
            )
    return Examples(values["fires"], values["silent"])


def _values(node: yaml.Node, file: str, code: str, measures: tuple[str, ...]) -> Mapping[str, float | None]:
    found: dict[str, float | None] = {}
    for entry in entries(node, file, f"an example of {code}"):
        if entry.key not in measures:
            raise entry.place.error(
                f"expected measures of the rule's table in an example of {code}; got {entry.key}. "
                "Correct the name, or take it out."
            )
        is_null = entry.value.tag == _NULL
        found[entry.key] = None if is_null else number_of(entry.value, file, f"{entry.key} in {code}")
    return found


def _check_row(node: yaml.Node, file: str, code: str, *, is_open: bool) -> None:
    found = {}
    for entry in entries(node, file, f"an example of {code}"):
        if entry.key not in _DATES:
            raise entry.place.error(
                f"expected raised_on and closed_on in an example of {code}, which is only recorded; got {entry.key}. "
                "Take it out, or give the signal a rule."
            )
        found[entry.key] = date_of(entry.value, file, f"{entry.key} in {code}")
    wanted = _DATES[:1] if is_open else _DATES
    if tuple(found) != wanted or (not is_open and found["closed_on"] < found["raised_on"]):
        shape = (
            "raised_on alone, for an open row"
            if is_open
            else "raised_on and a later closed_on, for a closed row"
        )
        raise place_of(node, file).error(
            f"expected {shape}, in the example of {code}; got {', '.join(found) or 'nothing'}. Correct it."
        )
