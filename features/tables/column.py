"""What a table of the contract is made of: columns, keys, the time of the event, facts that come later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ColumnType = Literal["id", "text", "enum", "money", "date", "timestamp", "integer", "float", "boolean"]

NEVER = 2147483647
"""`until_day` of a row that no correction replaces."""

ALWAYS = -2147483648
"""`known_day` of a row without any time of its own, such as a customer whose opening date is unknown."""

DAY_COLUMNS = ("event_day", "known_day", "until_day")
"""Columns that intake adds to every prepared table: int32, days since 1970-01-01 in the bank's zone."""


@dataclass(frozen=True)
class Column:
    """One column of a table that a bank hands over.

    `required` columns have to be there and hold a value in every row. `allowed` are the values of an enum;
    `low` and `high` are inclusive bounds of a number. `default` is what a null means, where the contract
    gives a null a meaning; intake writes it out. Money is whole minor units of the bank's currency.
    """

    name: str
    type: ColumnType
    required: bool = True
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""
    note: str = ""
    default: str | None = None

    @property
    def day_name(self) -> str:
        """Name of the int32 column with this date's day in the bank's zone (dates and timestamps only).

        Examples
        --------
        >>> Column("closed_on", "date").day_name
        'closed_day'
        >>> Column("valid_until", "date").day_name
        'valid_until_day'
        """
        stem = self.name.removesuffix("_on").removesuffix("_at")
        return f"{stem}_day"

    @property
    def is_time(self) -> bool:
        """Whether the column holds a date or a timestamp."""
        return self.type in ("date", "timestamp")


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    `event` is the column of the event time; where it is null or absent, `event_fallback` stands in for it,
    and a row with neither is known always. `known_after` are dates that also have to lie before as_of. A row
    of a table that is `known_on_the_day` is known at as_of >= its event date, not only after it.
    `future_ok` dates may lie in the future. `dated` maps a date of a later fact to the columns that hang on
    it: all of them, and the date, are null at as_of while the date lies on or after as_of.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event: str
    event_fallback: str | None = None
    known_after: tuple[str, ...] = ()
    known_on_the_day: bool = False
    customer_column: str | None = "customer_id"
    future_ok: tuple[str, ...] = ()
    dated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    open_columns: bool = False

    def column(self, name: str) -> Column:
        """Return the declaration of one column.

        Raises
        ------
        KeyError
            If the contract has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}; it has {', '.join(self.names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in the contract's order, `recorded_at` last."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that have to be there."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def money(self) -> tuple[str, ...]:
        """Names of the columns that hold amounts in minor units."""
        return tuple(column.name for column in self.columns if column.type == "money")

    @property
    def times(self) -> tuple[Column, ...]:
        """The dates and timestamps."""
        return tuple(column for column in self.columns if column.is_time)

    @property
    def is_event(self) -> bool:
        """Whether the table is what a bank has to hand over besides `customers`: facts about customers."""
        return self.customer_column is not None and self.name not in ("customers", "outcomes")
