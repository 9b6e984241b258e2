"""How declarations of tables are spelled: one short word per type of column.

A name that ends in `?` may be null or absent, as in the contract's own table.
"""

from dataclasses import replace

from features.tables.column import Column, ColumnType


def _column(name: str, column_type: ColumnType, unit: str = "") -> Column:
    return Column(name.removesuffix("?"), column_type, required=not name.endswith("?"), unit=unit)


def ids(*names: str) -> tuple[Column, ...]:
    """Identifiers: text, compared exactly."""
    return tuple(_column(name, "id") for name in names)


def texts(*names: str) -> tuple[Column, ...]:
    """Free texts and codes that the contract does not list."""
    return tuple(_column(name, "text") for name in names)


def dates(*names: str) -> tuple[Column, ...]:
    """Dates."""
    return tuple(_column(name, "date") for name in names)


def moments(*names: str) -> tuple[Column, ...]:
    """Timestamps."""
    return tuple(_column(name, "timestamp") for name in names)


def money(*names: str) -> tuple[Column, ...]:
    """Amounts in minor units."""
    return tuple(_column(name, "money", unit="minor units") for name in names)


def unsigned_money(*names: str, note: str) -> tuple[Column, ...]:
    """Amounts in minor units, none below 0."""
    return tuple(replace(column, low=0, note=note) for column in money(*names))


def flags(*names: str) -> tuple[Column, ...]:
    """True or false."""
    return tuple(_column(name, "boolean") for name in names)


def one_of(name: str, *allowed: str, note: str = "", default: str | None = None) -> tuple[Column, ...]:
    """One text column out of the values that the contract lists."""
    required = not name.endswith("?")
    return (Column(name.removesuffix("?"), "enum", required, allowed, note=note, default=default),)


def whole(
    name: str, low: float | None = None, high: float | None = None, note: str = ""
) -> tuple[Column, ...]:
    """One column of whole numbers, with inclusive bounds."""
    required = not name.endswith("?")
    return (Column(name.removesuffix("?"), "integer", required, low=low, high=high, note=note),)


def number(
    name: str, low: float | None = None, high: float | None = None, unit: str = "", note: str = ""
) -> tuple[Column, ...]:
    """One column of numbers, with inclusive bounds."""
    required = not name.endswith("?")
    return (Column(name.removesuffix("?"), "float", required, low=low, high=high, unit=unit, note=note),)
