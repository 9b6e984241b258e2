"""Dated policy: numbers that a bank changes over time, each in force from its date until the next.

A dated number is a list of steps, oldest first, anywhere in a section of a policy file::

    rates:
      wealth:
        fee_rate:                       # its name is wealth.fee_rate
          - {from: 2020-01-01, value: 0.006, unit: share a year, source: "fee schedule 2020, item 3"}
          - {from: 2024-07-01, value: 0.005, unit: share a year, source: "fee schedule 2024, item 3"}

A step has no end of its own, so that there is no gap and no overlap to get wrong. Values are read from the file's
own characters and never pass through a float: 0.006 is 6,000 millionths. A dated list has `values: [30, 60]` in place
of `value` and is read by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Generic, TypeVar

import yaml

from features.policy.tree import Entry, Place, PolicyError, entries, place_of, tree_of

MILLION = 1_000_000
_ONE, _LIST = "value", "values"


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
class ListStep:
    """The values of a dated list, ascending, each once, in force from `start`."""

    start: date
    millionths: tuple[int, ...]
    source: str


_Step = TypeVar("_Step", Step, ListStep)


@dataclass(frozen=True)
class _Dated(Generic[_Step]):
    """What is in force by steps: oldest first, at least one."""

    name: str
    place: Place
    steps: tuple[_Step, ...]

    def on(self, day: date) -> _Step:
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


class Series(_Dated[Step]):
    """A dated number: its steps, oldest first, at least one."""


class ListSeries(_Dated[ListStep]):
    """A dated list of numbers: its steps, oldest first, at least one."""


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
    return {
        name: Series(name, one.place, tuple(Step(s.start, s.millionths[0], s.source) for s in one.steps))
        for name, one in _parsed(text, file, section, measures, _ONE).items()
    }


def parse_dated_lists(
    text: str, file: str, section: str, measures: Mapping[str, Measure]
) -> Mapping[str, ListSeries]:
    """Return the dated lists of a section by name; see `parse_dated`, with `values` in place of `value`.

    Raises
    ------
    PolicyError
        With file, line and remedy, as `parse_dated`; an empty list too.
    """
    return _parsed(text, file, section, measures, _LIST)


def _parsed(
    text: str, file: str, section: str, measures: Mapping[str, Measure], field: str
) -> Mapping[str, ListSeries]:
    found: dict[str, ListSeries] = {}
    top = Place(file, 1)
    for entry in entries(tree_of(text, file), file, "the file"):
        if entry.key != section:
            continue
        top = entry.place
        for name, node, place in _leaves(entry.value, file, ""):
            if name not in measures:
                raise place.error(_unknown(name, section, measures))
            found[name] = ListSeries(name, place, tuple(_steps(node, file, name, measures[name], field)))
    missing = [name for name in measures if name not in found]
    if missing:
        raise top.error(
            f"expected a value of {missing[0]} in {section}; there is none. "
            f"Add it as a list of steps with {_listed(field)}."
        )
    return found


def _listed(field: str) -> str:
    return f"from, {field}, unit and source"


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


def _steps(node: yaml.SequenceNode, file: str, name: str, measure: Measure, field: str) -> Iterator[ListStep]:
    if not node.value:
        raise place_of(node, file).error(f"expected at least one step of {name}; got none. Add one.")
    before: date | None = None
    for item in node.value:
        place = place_of(item, file)
        fields = _fields(item, file, name, field)
        start = _date_of(fields["from"][0], place, name)
        if before is not None and start <= before:
            fault = "is there twice" if start == before else f"stands after {before}"
            raise place.error(
                f"expected the dates of {name} in order, each once; {start} {fault}. "
                "Put the steps in order, oldest first, and keep one per date."
            )
        before = start
        (unit,) = fields["unit"]
        if unit != measure.unit:
            raise place.error(
                f"expected the unit {measure.unit!r} for {name}; got {unit!r}. Convert the value to that unit."
            )
        numbers = {_millionths_of(value, place, name, measure) for value in fields[field]}
        yield ListStep(start, tuple(sorted(numbers)), fields["source"][0])


def _fields(item: yaml.Node, file: str, name: str, field: str) -> Mapping[str, Sequence[str]]:
    """Texts of a step by field: as many as the list of `values` has, one of every other field."""
    wanted = ("from", field, "unit", "source")
    fields: dict[str, Sequence[str]] = {}
    for entry in entries(item, file, f"a step of {name}"):
        if entry.key not in wanted:
            raise entry.place.error(
                f"expected {_listed(field)} in a step of {name}; got {entry.key}. "
                "A step ends where the next begins; take other fields out."
            )
        if entry.key == _LIST:
            fields[entry.key] = _texts(entry, name)
        elif isinstance(entry.value, yaml.ScalarNode) and entry.value.value.strip():
            fields[entry.key] = (entry.value.value,)
        else:
            raise entry.place.error(f"expected one value for {entry.key} of {name}; got none. Write one.")
    absent = [one for one in wanted if one not in fields]
    if absent:
        raise place_of(item, file).error(
            f"expected {_listed(field)} in a step of {name}; {absent[0]} is missing. Add it."
        )
    return fields


def _texts(entry: Entry, name: str) -> tuple[str, ...]:
    if not isinstance(entry.value, yaml.SequenceNode) or not entry.value.value:
        raise entry.place.error(
            f"expected a list such as [30, 60] for {entry.key} of {name}; got none. Write one."
        )
    return tuple(str(each.value) for each in entry.value.value)


def _date_of(text: str, place: Place, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise place.error(
            f"expected a date such as 2024-01-31 for from of {name}; got {text!r}. Correct it."
        ) from None


def _millionths_of(text: str, place: Place, name: str, measure: Measure) -> int:
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
    "COST", "MILLION", "SHARE", "SHARE_A_YEAR", "ListSeries", "ListStep", "Measure", "PolicyError", "Series", "Span",
    "Step", "parse_dated", "parse_dated_lists", "spans",
]  # fmt: skip
