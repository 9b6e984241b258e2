"""Defects of one value: what stands in the cell, and what becomes of the row, column by column.

`{good}` in a text is the cell's good value, `{day}` the day of the row's event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from features.tables import Column, Table

Fate = Callable[[Table, Column], str | None]
"""The rule that a column's cell breaks; "" where the row is accepted, None where the defect does not fit."""


@dataclass(frozen=True)
class Cell:
    """One kind of defect of a cell. `stored`: what an accepted value becomes, by type (else the text as it is)."""

    name: str
    text: str
    fate: Fate
    stored: Mapping[str, Any] = field(default_factory=dict)


NUMBERS = {"money": "amount", "integer": "integer", "float": "number"}
TIMES = {"date": "date", "timestamp": "timestamp"}
READ = {**NUMBERS, **TIMES, "enum": "one_of", "boolean": "boolean"}
"""The rule of every type that is read from a text."""


def by_type(**rules: str) -> Fate:
    """A fate that depends on the column's type alone."""
    return lambda _, column: rules.get(column.type)


def another_id(table: Table, column: Column) -> str | None:
    """Ids are compared exactly: nobody has this one; where it names no customer it is an id like any other."""
    if column.type != "id":
        return None
    return "unknown_customer" if column.name == table.customer_column and table.name != "customers" else ""


def is_event(table: Table, column: Column) -> bool:
    return column.name == table.event


def nothing(table: Table, column: Column) -> str | None:
    """An empty cell: a value is required, or null; a signal has to be about somebody."""
    if (table.name, column.name) == ("warning_signals", "customer_id"):
        return "whom"
    return "required" if column.required else ""


def blanks(table: Table, column: Column) -> str | None:
    """Only an optional free text may be made of what nobody sees."""
    if column.type == "text":
        return "blank" if column.required else ""
    return {**READ, "id": "blank"}[column.type]


def year_9999(table: Table, column: Column) -> str | None:
    """The usual sign for "never": good for what may lie ahead or be recorded late, not for what happened."""
    if column.type not in TIMES:
        return None
    return "calendar" if is_event(table, column) and column.name not in table.future_ok else ""


def below_zero(table: Table, column: Column) -> str | None:
    if column.low != 0:
        return None
    return "bounds" if column.high is not None else "at_least"


def above_all(table: Table, column: Column) -> str | None:
    return None if column.high is None else "bounds"


def minus_zero(table: Table, column: Column) -> str | None:
    """Zero is zero, whatever its sign; where zero is out of bounds it is that."""
    if column.type not in NUMBERS:
        return None
    return "bounds" if column.low is not None and column.low > 0 else ""


def parent(table: Table, column: Column) -> str | None:
    """An id of another table's row or of a person: nobody asks whether it is there."""
    is_own = column.name == table.customer_column or (column.name,) == table.key or table.name == "managers"
    return "" if column.type == "id" and not is_own else None


CELLS: tuple[Cell, ...] = (
    Cell("text in a number", "abc", by_type(**NUMBERS)),
    Cell("thousands separator", "1,234", by_type(**NUMBERS)),
    Cell("thousands separated by a space", "1 234", by_type(**NUMBERS)),
    Cell("thousands separated by a non-breaking space", "1\u00a0234", by_type(**NUMBERS)),
    Cell("thousands separated by an underscore", "1_234", by_type(**NUMBERS)),
    Cell("decimal comma", "0,5", by_type(**NUMBERS)),
    Cell("currency sign", "¥12", by_type(**NUMBERS)),
    Cell("currency code", "12 CNY", by_type(**NUMBERS)),
    Cell("negative in parentheses", "(12)", by_type(**NUMBERS)),
    Cell("minus sign at the end", "12-", by_type(**NUMBERS)),
    Cell("typographic minus", "\u22121", by_type(**NUMBERS)),
    Cell("percent sign", "12%", by_type(**NUMBERS)),
    Cell("hexadecimal", "0x10", by_type(**NUMBERS)),
    Cell("scientific notation", "5e-1", by_type(money="amount", integer="integer")),
    Cell("scientific notation of a plain number", "10E-1", by_type(float=""), {"float": 1.0}),
    Cell("NaN", "NaN", by_type(**NUMBERS)),
    Cell("infinity", "-inf", by_type(**NUMBERS)),
    Cell("spreadsheet error", "#DIV/0!", by_type(**READ)),
    Cell("formula", "=SUM(A1:A2)", by_type(**READ)),
    Cell("space before a value", " {good}", by_type(**READ)),
    Cell("space after a value", "{good} ", by_type(**READ)),
    Cell("full-width digits", "\uff11\uff12", by_type(**NUMBERS, **TIMES)),
    Cell("zero-width character in a value", "{good}\u200b", by_type(**READ)),
    Cell("the word NULL", "NULL", by_type(**READ)),
    Cell("a dash for nothing", "-", by_type(**READ)),
    Cell("NUL byte in a value", "{good}\x00", by_type(**READ)),
    Cell("more digits than 64 bits hold", "92233720368547758.08", by_type(money="amount")),
    Cell("whole number beyond 64 bits", "9223372036854775808", by_type(integer="integer")),
    Cell("number beyond a float", "1e400", by_type(float="number")),
    Cell("too many decimals", "12.345", by_type(money="decimals")),
    Cell("fraction where whole numbers stand", "2.5", by_type(integer="integer")),
    Cell("minus zero", "-0", minus_zero, {"money": 0, "integer": 0, "float": 0.0}),
    Cell("negative where nothing is below zero", "-1", below_zero),
    Cell("above the highest value", "99", above_all),
    Cell("31 February", "2020-02-31", by_type(**TIMES)),
    Cell("day first", "05/01/2020", by_type(**TIMES)),
    Cell("two-digit year", "20-01-05", by_type(**TIMES)),
    Cell("date of zeros", "0000-00-00", by_type(**TIMES)),
    Cell("year zero", "0000-01-01", by_type(**TIMES)),
    Cell("date in digits only", "20200105", by_type(**TIMES)),
    Cell("date without leading zeros", "2020-1-5", by_type(**TIMES)),
    Cell("day number of a spreadsheet", "43835", by_type(**TIMES)),
    Cell("a word for a date", "yesterday", by_type(**TIMES)),
    Cell("date written as a timestamp", "{day} 00:00:00", by_type(date="date")),
    Cell("year 9999", "9999-12-31", year_9999, {
        "date": date(9999, 12, 31), "timestamp": datetime(9999, 12, 31, tzinfo=UTC)}),
    Cell("hour 24", "{day} 24:00:00", by_type(timestamp="timestamp")),
    Cell("leap second", "2016-12-31 23:59:60", by_type(timestamp="timestamp")),
    Cell("twelve-hour clock", "{day} 10:00 PM", by_type(timestamp="timestamp")),
    Cell("zone by name", "{day} 10:00:00 Asia/Shanghai", by_type(timestamp="timestamp")),
    Cell("offset that no zone has", "{day} 10:00:00+99:00", by_type(timestamp="timestamp")),
    Cell("nanoseconds in a text", "{day} 10:00:00.123456789", by_type(timestamp="timestamp")),
    Cell("seconds since 1970", "1578218400", by_type(timestamp="timestamp")),
    Cell("value that the contract does not list", "unheard_of", by_type(enum="one_of")),
    Cell("value in another case", "{swapped}", by_type(enum="one_of")),
    Cell("yes for true", "yes", by_type(boolean="boolean")),
    Cell("Y for true", "Y", by_type(boolean="boolean")),
    Cell("1 for true", "1", by_type(boolean=""), {"boolean": True}),
    Cell("true in capitals", "TRUE", by_type(boolean=""), {"boolean": True}),
    Cell("2 for true", "2", by_type(boolean="boolean")),
    Cell("orphan customer", "C9{good}", another_id),
    Cell("space before an id", " {good}", another_id),
    Cell("space after an id", "{good} ", another_id),
    Cell("non-breaking space after an id", "{good}\u00a0", another_id),
    Cell("full-width letter in an id", "\uff23{good}", another_id),
    Cell("zero-width character in an id", "{good}\u200b", another_id),
    Cell("NUL byte in an id", "{good}\x00", another_id),
    Cell("id in another case", "{swapped}", another_id),
    Cell("leading zero added to an id", "0{good}", another_id),
    Cell("orphan parent", "nowhere", parent),
    Cell("empty cell", "", nothing),
    Cell("nothing but spaces", "   ", blanks),
    Cell("nothing that can be seen", "\u00a0\u200b", blanks),
    Cell("line break inside a value", "one\ntwo", by_type(text="")),
    Cell("quote inside a value", 'one "two" three', by_type(text="")),
    Cell("comma inside a value", "one, two", by_type(text="")),
    Cell("formula as a text", "=1+1", by_type(text="")),
    Cell("characters of every alphabet", "重要客户 \U0001f600 é", by_type(text="")),
)  # fmt: skip


def cell_text(cell: Cell, good: str, day: str) -> str:
    """What stands in the cell in place of a good value."""
    return cell.text.replace("{good}", good).replace("{day}", day).replace("{swapped}", good.swapcase())
