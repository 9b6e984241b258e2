"""Reads signals.yaml into records, and refuses what cannot be read, with file, line and remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import yaml

from features.policy import policy_file, policy_text
from features.policy.tree import Entry, Place, entries, place_of, tree_of
from features.signals.evidence import check_slots
from features.signals.examples import read_examples
from features.signals.records import (
    ADVICE_KINDS,
    FUNCTIONS,
    HOWS,
    KINDS,
    OPERATORS,
    SOURCES,
    UNITS,
    Advice,
    Combination,
    Condition,
    How,
    Rule,
    Signal,
    SignalCatalogue,
    Step,
)
from features.signals.scalars import date_of, number_of, one_of, some_of, text_of, whole_of, words_of
from features.signals.whole import check_whole, with_ends
from features.tables import SIGNAL_CODES

NAME = "signals"
PARTS = ("measures", "clear_evaluations", "clusters", "advice", "signals")
FIELDS = ("code", "title", "severity", "severity_steps", "sources", "applies_to", "from", "rule", "evidence",
          "advice", "examples", "reason")  # fmt: skip
NEEDED = ("code", "title", "severity", "sources", "applies_to", "from", "advice", "examples")

Measures = Mapping[str, Mapping[str, str]]


@cache
def read_signals() -> SignalCatalogue:
    """Read the catalogue of signals; see `parse_signals`."""
    return parse_signals(policy_text(NAME), policy_file(NAME))


def parse_signals(text: str, file: str) -> SignalCatalogue:
    """Read the text of signals.yaml.

    Raises
    ------
    PolicyError
        With file, line and remedy: no YAML; a field, measure, operator, table, function, advice or code that is
        unknown or missing; a text missing in a language; a severity outside 1-5; a record without both examples, or
        with one that does not do what it says; dates of one code out of order or twice.
    """
    tree = tree_of(text, file)
    parts = {entry.key: entry for entry in _fields(tree, file, "signals.yaml", PARTS, PARTS)}
    units, places = _measures(parts["measures"].value, file)
    advice = dict(_advice(parts["advice"].value, file))
    reader = _Reader(file, units, advice)
    catalogue = SignalCatalogue(
        signals=tuple(with_ends([reader.signal(node) for node in _items(parts["signals"])])),
        measures=units,
        places=places,
        clusters=tuple(
            some_of(node, file, "codes of a cluster", SIGNAL_CODES) for node in _items(parts["clusters"])
        ),
        clear_evaluations=whole_of(parts["clear_evaluations"].value, file, "clear_evaluations", 1, 12),
        advice=advice,
    )
    check_whole(catalogue, parts["clusters"].place, parts["signals"].place)
    return catalogue


def _fields(
    node: yaml.Node, file: str, what: str, allowed: tuple[str, ...], needed: tuple[str, ...]
) -> Iterator[Entry]:
    """Entries of a mapping after holding their names against those allowed and needed."""
    found = list(entries(node, file, what))
    for entry in found:
        if entry.key not in allowed:
            raise entry.place.error(
                f"expected one of {', '.join(allowed)} in {what}; got {entry.key}. Correct the name, or take it out."
            )
    absent = [name for name in needed if name not in {entry.key for entry in found}]
    if absent:
        raise place_of(node, file).error(
            f"expected {', '.join(needed)} in {what}; {absent[0]} is missing. Add it."
        )
    yield from found


def _items(entry: Entry) -> list[yaml.Node]:
    if not isinstance(entry.value, yaml.SequenceNode):
        raise entry.place.error(
            f"expected a list in {entry.key}; got something else. Begin each item with '-'."
        )
    return list(entry.value.value)


def _measures(node: yaml.Node, file: str) -> tuple[dict[str, dict[str, str]], dict[str, Place]]:
    """Units by table and measure, and where each measure stands."""
    units: dict[str, dict[str, str]] = {}
    places: dict[str, Place] = {}
    for table in entries(node, file, "measures"):
        units[table.key] = {}
        for measure in entries(table.value, file, f"measures of {table.key}"):
            if measure.key in places:
                raise measure.place.error(
                    f"expected every measure in one table; got {measure.key} again, first on line "
                    f"{places[measure.key].line}. Give it a name of its own."
                )
            units[table.key][measure.key] = one_of(measure.value, file, f"the unit of {measure.key}", UNITS)
            places[measure.key] = measure.place
    return units, places


def _advice(node: yaml.Node, file: str) -> Iterator[tuple[str, Advice]]:
    for entry in entries(node, file, "advice"):
        what = f"the advice {entry.key}"
        names = ("kind", "en", "zh")
        parts = {part.key: part.value for part in _fields(entry.value, file, what, names, names)}
        kind = one_of(parts["kind"], file, f"the kind of {entry.key}", ADVICE_KINDS)
        yield (
            entry.key,
            Advice(kind, {language: text_of(parts[language], file, what) for language in names[1:]}),
        )


class _Reader:
    """Reads records one by one against the measures and the advice of the file."""

    def __init__(self, file: str, measures: Measures, advice: Mapping[str, Advice]) -> None:
        self._file = file
        self._measures = measures
        self._advice = advice

    def signal(self, node: yaml.Node) -> Signal:
        """Read one record and hold its examples against its rule."""
        file = self._file
        found = {entry.key: entry.value for entry in _fields(node, file, "a signal", FIELDS, NEEDED)}
        code = one_of(found["code"], file, "the code of a signal", SIGNAL_CODES)
        rule = self._rule(code, found, place_of(node, file))
        measures = () if rule is None else tuple(self._measures[rule.table])
        steps = found.get("severity_steps")
        return Signal(
            code=code,
            titles=words_of(found["title"], file, f"the title of {code}"),
            severity=whole_of(found["severity"], file, f"the severity of {code}", 1, 5),
            steps=() if steps is None else self._steps(code, steps, rule),
            sources=some_of(found["sources"], file, f"the sources of {code}", tuple(SOURCES)),
            kinds=some_of(found["applies_to"], file, f"applies_to of {code}", KINDS),
            start=date_of(found["from"], file, f"from of {code}"),
            until=None,
            rule=rule,
            advice=some_of(found["advice"], file, f"the advice of {code}", tuple(self._advice)),
            examples=read_examples(found["examples"], file, code, rule, measures),
            place=place_of(node, file),
        )

    def _rule(self, code: str, found: Mapping[str, yaml.Node], place: Place) -> Rule | None:
        if ("rule" in found) != ("evidence" in found):
            raise place.error(
                f"expected rule and evidence together in {code}; one is missing. "
                "Add it: a computed signal shows the figures that tripped it."
            )
        if "rule" not in found:
            return None
        parts = {
            entry.key: entry
            for entry in _fields(
                found["rule"], self._file, f"the rule of {code}", ("table", "function", *HOWS), ()
            )
        }
        if len(parts) != 2 or len(parts.keys() & {"table", "function"}) != 1:
            raise place_of(found["rule"], self._file).error(
                f"expected table or function, and one of {', '.join(HOWS)}, in the rule of {code}; "
                f"got {', '.join(parts) or 'nothing'}. Write one of each."
            )
        is_function = "function" in parts
        source = parts["function" if is_function else "table"]
        allowed = (
            FUNCTIONS if is_function else tuple(name for name in self._measures if name not in FUNCTIONS)
        )
        table = one_of(source.value, self._file, f"the {source.key} of {code}", allowed)
        (how,) = [part for part in parts.values() if part.key in HOWS]
        evidence = words_of(found["evidence"], self._file, f"the evidence of {code}")
        rule = Rule(table, is_function, self._combination(code, how, table), evidence)
        check_slots(code, rule, tuple(self._measures[table]), place_of(found["evidence"], self._file))
        return rule

    def _combination(self, code: str, entry: Entry, table: str) -> Combination:
        how: How = next(how for how in HOWS if how == entry.key)
        parts = [self._part(code, node, table) for node in _items(entry)]
        if not parts:
            raise entry.place.error(f"expected a condition in {entry.key} of {code}; got none. Add one.")
        return Combination(how, tuple(parts))

    def _part(self, code: str, node: yaml.Node, table: str) -> Condition | Combination:
        if isinstance(node, yaml.MappingNode):
            inner = list(_fields(node, self._file, f"a condition of {code}", HOWS, ()))
            if len(inner) != 1:
                raise place_of(node, self._file).error(
                    f"expected one of {', '.join(HOWS)} in a condition of {code}; got {len(inner)}. Keep one."
                )
            return self._combination(code, inner[0], table)
        return self._condition(code, node, table)

    def _condition(self, code: str, node: yaml.Node, table: str) -> Condition:
        if not isinstance(node, yaml.SequenceNode) or len(node.value) != 3:
            raise place_of(node, self._file).error(
                f"expected [measure, operator, limit] in {code}; got something else. Write three parts."
            )
        measure, operator, limit = node.value
        return Condition(
            measure=one_of(measure, self._file, f"a measure of {code}", tuple(self._measures[table])),
            operator=one_of(operator, self._file, f"the operator of {code}", OPERATORS),
            limit=number_of(limit, self._file, f"the limit of {code}"),
        )

    def _steps(self, code: str, node: yaml.Node, rule: Rule | None) -> tuple[Step, ...]:
        place = place_of(node, self._file)
        if rule is None:
            raise place.error(
                f"expected a rule beside the severity_steps of {code}; got none. Take the steps out."
            )
        steps = []
        for item in _items(Entry("severity_steps", node, place)):
            names = ("when", "severity")
            what = f"a severity step of {code}"
            parts = {part.key: part.value for part in _fields(item, self._file, what, names, names)}
            severity = whole_of(parts["severity"], self._file, f"the severity of {code}", 1, 5)
            steps.append(Step(self._condition(code, parts["when"], rule.table), severity))
        return tuple(steps)
