"""The class of a micro or small business in words: codes and figures of the facts, with the texts of classes.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.classes.reading import parse_figures
from features.classes.records import Criterion, NotChecked
from features.policy import parse_policy
from features.policy.tree import PolicyError
from serving.errors import BundleError
from serving.online import StoreAway
from serving.reasons import BankWords, NumberWriter, Texts

CLASSES_DOCUMENT = "policy/classes.yaml"
FACTS_DOCUMENT = "policy/facts.yaml"

Block = dict[str, Any]


class ClassTexts:
    """Writes the classes of one bundle's policy, in one language.

    Raises
    ------
    BundleError
        What the bundle carries of the policy of classes is damaged.
    """

    def __init__(self, documents: Mapping[str, str], texts: Texts, bank: BankWords, language: str) -> None:
        try:
            content = parse_policy(documents[CLASSES_DOCUMENT], CLASSES_DOCUMENT)
            self._figures = parse_figures(content, parse_policy(documents[FACTS_DOCUMENT], FACTS_DOCUMENT))
            words = content["words"]
            self._names = {code: str(titles[language]) for code, titles in content["names"].items()}
            self._operators = {sign: str(told[language]) for sign, told in words["operators"].items()}
            self._words = {name: str(told[language]) for name, told in words.items() if name != "operators"}
        except KeyError as error:
            raise BundleError(f"policy: expected {error}; there is none. Train the bundle again.") from error
        except PolicyError as error:
            raise BundleError(f"{error} Train the bundle again.") from error
        self._writer = NumberWriter(texts, bank, language)
        self._language = language

    def block(self, entry: Mapping[str, Any]) -> Block:
        """Write the class of one customer: its name, what decided it, and what could not be checked.

        Raises
        ------
        StoreAway
            The facts speak of a class or figure that this bundle has no words for.
        """
        try:
            return {
                "code": entry["code"],
                "name": self._names[entry["code"]],
                "criteria": [self._told(Criterion.from_json(one)) for one in entry["criteria"]],
                "not_checked": [self._missing(NotChecked.from_json(one)) for one in entry["not_checked"]],
                "is_fallback": entry["is_fallback"],
            }
        except KeyError as error:
            raise StoreAway(
                f"online store: expected classes in the words of {CLASSES_DOCUMENT}; got {error}. "
                "Train a bundle with the present policy."
            ) from error

    def _told(self, criterion: Criterion) -> str:
        figure = self._figures[criterion.figure]
        title, value = figure.titles[self._language], criterion.value
        if criterion.limit is None:
            return self._words[criterion.operator].format(title=title)
        operator = self._operators[criterion.operator]
        written, limit = (self._writer.in_unit(figure.unit, number) for number in (value, criterion.limit))
        pattern = "at_least" if criterion.is_floor else "compared"
        if written == limit and value != criterion.limit:
            pattern = "just_above" if value > criterion.limit else "just_below"
        return self._words[pattern].format(title=title, value=written, operator=operator, limit=limit)

    def _missing(self, missing: NotChecked) -> str:
        figure = self._figures[missing.figure]
        title = figure.titles[self._language]
        if missing.floor is None:
            return self._words["missing"].format(title=title)
        written = self._writer.in_unit(figure.unit, missing.floor)
        return self._words["only_at_least"].format(title=title, value=written)
