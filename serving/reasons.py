"""Reasons in words: what a feature says of a customer, in the reader's language and a banker's numbers.

All wording stands in `features/policy/texts.yaml`; this module chooses the sentence and writes the numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from serving.manifest import FeatureSpec
from serving.requests import LANGUAGES, RequestError

Words = Mapping[str, str]

_WINDOW = re.compile(r"_(\d+)d$")
_SLOT = re.compile(r"\{(value|usual)\}")
_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\W]+")
_DECIMALS = {"days": 1, "months": 1, "years": 0, "ratio": 2, "score": 2, "number": 2, "count": 1}
_DIRECTIONS = ("above", "below", "same")
_REMEMBERED = 1 << 16


@dataclass(frozen=True)
class BankWords:
    """What a bank's texts need: titles of its attributes per language, and its currency ("" if unknown)."""

    titles: Mapping[str, Words] = field(default_factory=dict)
    currency: str = ""
    currency_decimals: int = 2

    def to_json(self) -> str:
        """Return the text that a bundle carries as `bank.json`."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> BankWords:
        """Read back what `to_json` wrote.

        Raises
        ------
        ValueError
            It is something else.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"bank.json: expected titles, currency and currency_decimals; got {error}"
            ) from error


@dataclass(frozen=True)
class Texts:
    """The catalogue of texts: `content` is `features/policy/texts.yaml`."""

    content: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> Texts:
        """Read the YAML of texts.

        Raises
        ------
        ValueError
            A part is missing.
        """
        content = yaml.safe_load(text)
        parts = {"units", "flags", "patterns", "flag_patterns", "titles", "families", "bands", "errors"}
        missing = parts - set(content if isinstance(content, dict) else ())
        if missing:
            raise ValueError(f"texts.yaml: expected the parts {sorted(parts)}; {sorted(missing)} are missing")
        return cls(content)

    def word(self, part: str, name: str, language: str) -> str:
        """Return one fixed text, such as part "families", name "contact"."""
        return str(self.content[part][name][language])

    def error(self, error: RequestError) -> Words:
        """Return a refusal's message in both languages."""
        return {
            language: self.word("errors", error.code, language).format(
                field=error.field, value=error.value, expected=error.expected
            )
            for language in LANGUAGES
        }


class ReasonTexts:
    """Sentences for the features of one bundle at one bank, in one language."""

    def __init__(self, texts: Texts, features: Sequence[FeatureSpec], bank: BankWords, language: str) -> None:
        writer = NumberWriter(texts, bank, language)
        # Days, counts and medians repeat from customer to customer; writing numbers costs most of a text.
        self._write = lru_cache(maxsize=_REMEMBERED)(
            lambda place, value: writer.write(features[place], value)
        )
        self._sentences = tuple(_sentences(texts, feature, bank, language) for feature in features)

    def text(self, place: int, value: float, usual: float | None, *, is_own: bool) -> str:
        """Say what the feature at `place` in the bundle holds, and how it compares.

        Parameters
        ----------
        value
            NaN = not observed.
        usual
            What to compare with: the customer's own habit (`is_own`) or the reference median; None: neither.
        """
        sentences = self._sentences[place]
        if math.isnan(value):
            return sentences["missing"].fill("", "")
        written = self._write(place, value)
        if usual is None:
            return sentences["alone"].fill(written, "")
        usually = self._write(place, usual)
        direction = "same" if written == usually else "above" if value > usual else "below"
        return sentences[f"{'own' if is_own else 'typical'}_{direction}"].fill(written, usually)


@dataclass(frozen=True)
class _Sentence:
    """A sentence with its title in place: texts and, at odd positions, the names of slots."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, template: str, title: str) -> _Sentence:
        pieces = _SLOT.split(template)
        return cls(tuple(p if i % 2 else p.replace("{title}", title) for i, p in enumerate(pieces)))

    def fill(self, value: str, usual: str) -> str:
        slots = {"value": value, "usual": usual}
        return "".join(slots[part] if place % 2 else part for place, part in enumerate(self.parts))


def _sentences(texts: Texts, feature: FeatureSpec, bank: BankWords, language: str) -> Mapping[str, _Sentence]:
    """Return one sentence per situation: missing, alone, own_above ... typical_same."""
    content = texts.content
    title = feature_title(texts, feature.name, bank, language)
    templates: dict[str, str] = {}
    patterns = content["flag_patterns"] if feature.unit == "flag" else content["patterns"]
    own_words = content["sentences"].get(feature.name, {})
    for situation in ("missing", "alone"):
        templates[situation] = own_words.get(situation, patterns[situation])[language]
    for kind in ("own", "typical"):
        for direction in _DIRECTIONS:
            general = patterns[direction] if feature.unit == "flag" else patterns[f"{kind}_{direction}"]
            templates[f"{kind}_{direction}"] = own_words.get(kind, general)[language]
    return {situation: _Sentence.of(template, title) for situation, template in templates.items()}


def feature_title(texts: Texts, name: str, bank: BankWords, language: str) -> str:
    """Return what a feature is called: by texts.yaml, else by the bank, else its name in plain words.

    Examples
    --------
    >>> texts = Texts({"titles": {"txn_count_*d": {"en": "Transactions over {window} days"}}})
    >>> feature_title(texts, "txn_count_90d", BankWords(), "en")
    'Transactions over 90 days'
    """
    titles = texts.content["titles"]
    window = _WINDOW.search(name)
    if name in titles:
        return str(titles[name][language])
    if window and f"{name[: window.start()]}_*d" in titles:
        title = titles[f"{name[: window.start()]}_*d"][language]
        return str(title).replace("{window}", window.group(1))
    if words := bank.titles.get(name):
        return words.get(language) or next(iter(words.values()))
    return str(texts.content["own_attribute"][language]).replace("{title}", plain_name(name))


def plain_name(name: str) -> str:
    """Return a column's name as words, never as the raw name.

    Examples
    --------
    >>> plain_name("EstimatedSalary"), plain_name("nr_employed"), plain_name("Balance"), plain_name("PAY_0")
    ('Estimated salary', 'Nr employed', 'balance', 'Pay 0')
    """
    words = " ".join(word for word in _WORD_BREAK.split(name) if word).lower()
    text = words[:1].upper() + words[1:]
    if text == name:
        text = words
    return text if name not in text else " ".join(text)


class NumberWriter:
    """Writes a feature's value as a banker in one language reads it."""

    def __init__(self, texts: Texts, bank: BankWords, language: str) -> None:
        self._texts = texts
        self._bank = bank
        self._language = language
        currencies = texts.content.get("currencies", {})
        self._currency = currencies.get(bank.currency, {}).get(language, bank.currency)

    def write(self, feature: FeatureSpec, value: float) -> str:
        """Write one observed value in the feature's unit."""
        if feature.unit == "code":
            return self._code(feature, value)
        return self.in_unit(feature.unit, value)

    def in_unit(self, unit: str, value: float) -> str:
        """Write a value in a unit; one that has no words of its own is written as a number."""
        match unit:
            case "flag" if value in {0.0, 1.0}:
                return self._texts.word("flags", str(int(value)), self._language)
            case "money":
                return self._money(value / 10**self._bank.currency_decimals)
            case "share" | "points":
                percent = value * 100.0
                digits = plain_number(percent, 1 if abs(percent) >= 1.0 else 2)
            case _:
                digits = plain_number(value, _DECIMALS.get(unit, 2))
        known = unit if unit in self._texts.content["units"] else "number"
        forms = self._texts.content["units"][known][self._language]
        pattern = forms.get("one", forms["other"]) if digits == "1" else forms["other"]
        return str(pattern).replace("{n}", digits)

    def _code(self, feature: FeatureSpec, value: float) -> str:
        place = int(value)
        if feature.categories is not None and 0 <= place < len(feature.categories):
            return feature.categories[place]
        known = self._texts.content["codes"].get(feature.name, {})
        return str(known.get(place, self._texts.content["codes"]["unknown"])[self._language])

    def _money(self, amount: float) -> str:
        size = abs(amount)
        if self._language == "zh":
            for unit, word in ((1e8, "亿"), (1e4, "万")):
                if size >= unit:
                    return f"{plain_number(amount / unit, 2)} {word}{self._after(word)}"
            return f"{_amount(amount, self._bank.currency_decimals)}{self._after('')}"
        digits = _amount(amount, self._bank.currency_decimals)
        return f"{self._currency} {digits}" if self._currency else digits

    def _after(self, word: str) -> str:
        """Return the currency as it follows a Chinese amount: 万元, but 万 EUR."""
        if not self._currency:
            return ""
        return self._currency if word and not self._currency.isascii() else f" {self._currency}"


def _amount(amount: float, decimals: int) -> str:
    is_round = abs(amount) >= 1000.0 or amount == round(amount)
    return f"{amount + 0.0:,.{0 if is_round else decimals}f}"


def plain_number(value: float, decimals: int) -> str:
    """Write a number with thousands, at most `decimals` decimals, and no zeros behind.

    Examples
    --------
    >>> plain_number(1234.5, 2), plain_number(24.04, 1), plain_number(-0.001, 2)
    ('1,234.5', '24', '0')
    """
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
