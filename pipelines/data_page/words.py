"""The data page's texts, numbers and dates in one language, as a bank's data owner reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.catalogue import Feature
from features.policy import read_policy
from features.tables import BankManifest, Column
from pipelines.intake import Language, Message
from serving.reasons import BankWords, NumberWriter, Texts, feature_title, plain_number

_SMALLEST, _LARGEST = 1e-3, 1e15
"""Numbers outside are written with a power of ten."""
_WITHHELD = ("detail", "got")
"""Parts of a refusal that may quote a file's content, such as the first row of a file without a header."""


class Words:
    """The texts of one bank's page in one language. Nothing it returns is escaped."""

    def __init__(self, manifest: BankManifest, language: Language) -> None:
        self.language: Language = language
        self._texts = Texts(read_policy("texts"))
        self._bank = BankWords(manifest.titles, manifest.currency, manifest.currency_decimals)
        # Amounts stand under their unit: the writer leaves the currency out.
        self._writer = NumberWriter(
            self._texts, BankWords(currency_decimals=manifest.currency_decimals), language
        )

    def __call__(self, path: str, **values: object) -> str:
        """Return the text at a dotted path of features/policy/data_page.yaml, with its values in place."""
        return str(_node(path)[self.language]).format(**values)

    def unit(self, column: Column) -> str:
        """Return what a column's figures are in."""
        match column.type:
            case "money":
                return self._bank.currency or self("units.major")
            case "date" | "timestamp":
                return self("units.day")
            case "text":
                return self("units.characters")
        return self(f"units.{column.unit or 'none'}")

    def value(self, column: Column, value: float) -> str:
        """Write a figure of a column: an amount in major units, a day as its date, a number as it is."""
        if column.is_time:
            return day_text(int(value))
        if column.type == "money":
            return self._writer.in_unit("money", value)
        is_usual = value == 0 or _SMALLEST <= abs(value) < _LARGEST
        return plain_number(value, 4) if is_usual else f"{value:.3g}"

    def days(self, count: int) -> str:
        """Write a number of days."""
        return self._writer.in_unit("days", count)

    def feature(self, feature: Feature) -> str:
        """Return what a feature is called."""
        return feature_title(self._texts, feature.name, self._bank, self.language)

    def family(self, name: str) -> str:
        """Return what a family of features is called."""
        return self._texts.word("families", name, self.language)

    def table(self, name: str) -> str:
        """Return what a table holds."""
        return self(f"table_titles.{name}")

    def listed(self, names: Sequence[str]) -> str:
        """Join names."""
        return (", " if self.language == "en" else "、").join(names)

    def refusal(self, message: Message) -> str:
        """Say why a table was rejected, without what may quote the file's content."""
        withheld = {name: self("actions.withheld") for name in _WITHHELD if name in message.values}
        return Message(message.key, {**message.values, **withheld}).text(self.language)


def number(count: int) -> str:
    """Write a whole number with thousands."""
    return f"{count:,}"


def percent(part: int, whole: int) -> str:
    """Write a share in percent; what is neither none nor all never reads as 0% or 100%.

    Examples
    --------
    >>> percent(0, 5), percent(1, 3), percent(1, 100_000), percent(99_999, 100_000), percent(5, 5)
    ('0%', '33.3%', '<0.1%', '>99.9%', '100%')
    """
    if part in (0, whole):
        return "100%" if part else "0%"
    share = 100 * part / whole
    if share < 0.1:
        return "<0.1%"
    return ">99.9%" if share > 99.9 else f"{share:.1f}%"


def day_text(day: int) -> str:
    """Write a day number (days since 1970-01-01) as a date, of whatever year.

    Examples
    --------
    >>> day_text(0), day_text(3_000_000)
    ('1970-01-01', '10183-09-21')
    """
    return str(np.datetime64(day, "D"))


def month_text(month: int) -> str:
    """Write a month number (year * 12 + month - 1).

    Examples
    --------
    >>> month_text(2026 * 12 + 9)
    '2026-10'
    """
    return f"{month // 12:04}-{month % 12 + 1:02}"


def _node(path: str) -> Any:
    node: Any = read_policy("data_page")
    for part in path.split("."):
        node = node[int(part) if part.isdigit() else part]
    return node
