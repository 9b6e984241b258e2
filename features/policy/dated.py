"""Dated policy: numbers that a bank changes over time, each in force from its date until the next.

A dated number is a list of steps, oldest first, anywhere in a section of a policy file::

    rates:
      wealth:
        fee_rate:                       # its name is wealth.fee_rate
          - {from: 2020-01-01, value: 0.006, unit: share a year, source: "fee schedule 2020, item 3"}
          - {from: 2024-07-01, value: 0.005, unit: share a year, source: "fee schedule 2024, item 3"}

A step has no end of its own, so that there is no gap and no overlap to get wrong. Values are read from the file's
own characters and never pass through a float: 0.006 is 6,000 millionths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

import yaml

from features.policy.tree import Place, PolicyError, entries, place_of, tree_of

MILLION = 1_000_000
_FIELDS = ("from", "value", "unit", "source")


@dataclass(frozen=True)
class Measure:
    """What a dated number has to be: its unit as written in the file, and inclusive bounds."""

    unit: str
    low: Decimal
    high: Decimal


SHARE_A_YEAR = Measure("share a year", Decimal(-1), Decimal(1))
SHARE = Measure("share", Decimal(0), Decimal(1))
COST = Measure("major units", Decimal(0), Decimal(MILLION))


@dataclass(frozen=True)
class Step:
    """One value of a dated number, in force from `start`."""

    start: date
    millionths: int
    source: str


@dataclass(frozen=True)
class Series:
    """A dated number: its steps, oldest first, at least one."""

    name: str
    place: Place
    steps: tuple[Step, ...]

    def on(self, day: date) -> Step:
        """Return the step in force on a day.

        Raises
        ------
        PolicyError
            The day lies before the first step.
        """
        past = [step for step in self.steps if step.start <= day]
        if not past:
            raise self.place.error(
                f"expected a value of {self.name} on {day}; the first is from {self.steps[0].start}. "
                f"Add a step from {day} or earlier, or choose a later date."
            )
        return past[-1]


@dataclass(frozen=True)
class Span:
    """Days `[start, until)` over which some dated numbers stay as they are; `until` is null for the last."""

    start: date
    until: date | None
    millionths: tuple[int, ...]


def spans(series: Sequence[Series]) -> tuple[Span, ...]:
    """Cut time where any of some dated numbers changes, from the day on which all of them have a value.

    Examples
    --------
    >>> here = Place("rates.yaml", 1)
    >>> first = Series("a", here, (Step(date(2020, 1, 1), 5, ""), Step(date(2024, 1, 1), 6, "")))
    >>> second = Series("b", here, (Step(date(2021, 1, 1), 7, ""),))
    >>> [(str(span.start), str(span.until), span.millionths) for span in spans([first, second])]
    [('2021-01-01', '2024-01-01', (5, 7)), ('2024-01-01', 'None', (6, 7))]
    """
    begin = max(one.steps[0].start for one in series)
    starts = sorted({begin, *(step.start for one in series for step in one.steps if step.start > begin)})
    ends = [*starts[1:], None]
    return tuple(
        Span(start, until, tuple(one.on(start).millionths for one in series))
        for start, until in zip(starts, ends, strict=True)
    )


def parse_dated(text: str, file: str, section: str, measures: Mapping[str, Measure]) -> Mapping[str, Series]:
    """Return the dated numbers of a section by name.

    Parameters
    ----------
    measures
        Every name that the section has to have, and no other, with what it measures.

    Raises
    ------
    PolicyError
        With file, line and remedy: no YAML; a name that is unknown, missing or there twice; a step without one of
        from, value, unit, source; a value that is no number, finer than a millionth, out of bounds or in another
        unit; a date that does not exist, is there twice or is out of order.
    """
    found: dict[str, Series] = {}
    top = Place(file, 1)
    for entry in entries(tree_of(text, file), file, "the file"):
        if entry.key != section:
            continue
        top = entry.place
        for name, node, place in _leaves(entry.value, file, ""):
            if name not in measures:
                raise place.error(_unknown(name, section, measures))
            found[name] = Series(name, place, tuple(_steps(node, file, name, measures[name])))
    missing = [name for name in measures if name not in found]
    if missing:
        raise top.error(
            f"expected a value of {missing[0]} in {section}; there is none. "
            "Add it as a list of steps with from, value, unit and source."
        )
    return found


def _unknown(name: str, section: str, measures: Mapping[str, Measure]) -> str:
    near = get_close_matches(name, measures, n=3, cutoff=0.0)
    return (
        f"expected one of the {len(measures)} names that {section} may hold, such as {', '.join(near)}; "
        f"got {name}. Correct the name, or take it out."
    )


def _leaves(node: yaml.Node, file: str, prefix: str) -> Iterator[tuple[str, yaml.SequenceNode, Place]]:
    """Lists of steps below a mapping, each with its dotted name and the place of the name's last part."""
    for entry in entries(node, file, prefix.rstrip(".") or "the section"):
        if isinstance(entry.value, yaml.SequenceNode):
            yield f"{prefix}{entry.key}", entry.value, entry.place
        else:
            yield from _leaves(entry.value, file, f"{prefix}{entry.key}.")


def _steps(node: yaml.SequenceNode, file: str, name: str, measure: Measure) -> Iterator[Step]:
    if not node.value:
        raise place_of(node, file).error(f"expected at least one step of {name}; got none. Add one.")
    before: date | None = None
    for item in node.value:
        place = place_of(item, file)
        fields = _fields(item, file, name)
        start = date_of(fields["from"], place, name)
        if before is not None and start <= before:
            fault = "is there twice" if start == before else f"stands after {before}"
            raise place.error(
                f"expected the dates of {name} in order, each once; {start} {fault}. "
                "Put the steps in order, oldest first, and keep one per date."
            )
        before = start
        if fields["unit"] != measure.unit:
            raise place.error(
                f"expected the unit {measure.unit!r} for {name}; got {fields['unit']!r}. "
                "Convert the value to that unit."
            )
        yield Step(start, millionths_of(fields["value"], place, name, measure), fields["source"])


def _fields(item: yaml.Node, file: str, name: str) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for entry in entries(item, file, f"a step of {name}"):
        if entry.key not in _FIELDS:
            raise entry.place.error(
                f"expected from, value, unit and source in a step of {name}; got {entry.key}. "
                "A step ends where the next begins; take other fields out."
            )
        if not isinstance(entry.value, yaml.ScalarNode) or not entry.value.value.strip():
            raise entry.place.error(f"expected one value for {entry.key} of {name}; got none. Write one.")
        fields[entry.key] = entry.value.value
    absent = [field for field in _FIELDS if field not in fields]
    if absent:
        raise place_of(item, file).error(
            f"expected from, value, unit and source in a step of {name}; {absent[0]} is missing. Add it."
        )
    return fields


def date_of(text: str, place: Place, name: str) -> date:
    """Read a date from a step of `name`.

    Raises
    ------
    PolicyError
        There is no such date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise place.error(
            f"expected a date such as 2024-01-31 for from of {name}; got {text!r}. Correct it."
        ) from None


def millionths_of(text: str, place: Place, name: str, measure: Measure) -> int:
    """Read a number from a step of `name`, in millionths of its unit.

    Raises
    ------
    PolicyError
        It is no number, out of bounds, or finer than a millionth.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise place.error(
            f"expected a number such as 0.0125 for {name}; got {text!r}. Write digits and a point."
        )
    if not measure.low <= value <= measure.high:
        raise place.error(
            f"expected {measure.low} to {measure.high} ({measure.unit}) for {name}; got {text}. "
            "Correct it; a percentage is written as a share (1.5% is 0.015)."
        )
    scaled = value * MILLION
    if scaled != scaled.to_integral_value():
        raise place.error(f"expected at most six decimals for {name}; got {text}. Round it.")
    return int(scaled)


__all__ = [
    "COST", "MILLION", "SHARE", "SHARE_A_YEAR", "Measure", "PolicyError", "Series", "Span", "Step",
    "date_of", "millionths_of", "parse_dated", "spans",
]  # fmt: skip
