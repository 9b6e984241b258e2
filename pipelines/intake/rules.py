"""Which rules a row can break, in the order in which they are tried: a row is quarantined for the first one.

First every column by itself, in the contract's order; then what columns say together; then whether the customer
is known; then whether anything lies in the future.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from features.tables import Column, Table
from pipelines.intake.types import MIDDLE, VALUE, Check, Reading

KNOWN_CUSTOMERS = "known_customers"
"""Name of the engine's table of customers of whom a row was not quarantined: customer_id and customer_no."""

CUSTOMER_NO = "customer_no"
"""Name of the column that prepared tables have beside the customer's id."""

IS_UNKNOWN = "is_unknown"
"""Name of the truth value that is set for a row whose customer is not among them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR = 8999
"""Nothing has happened after it: a later event is no date but a sign for "never" or "unknown"."""
_LAST_MOMENT = (datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) - 1


@dataclass(frozen=True)
class KnownAt:
    """The moment at which the data was known; nothing but due dates and the like may lie later."""

    text: str
    microseconds: int
    day: str

    @classmethod
    def of(cls, moment: datetime, zone: str) -> "KnownAt":
        """Return the moment in the bank's zone; one without zone is the bank's local time.

        Examples
        --------
        >>> KnownAt.of(datetime(2026, 10, 31, 20, tzinfo=UTC), "Asia/Shanghai").day
        '2026-11-01'
        """
        bank = ZoneInfo(zone)
        local = moment.replace(tzinfo=bank) if moment.tzinfo is None else moment.astimezone(bank)
        microseconds = (local.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
        return cls(local.isoformat(), microseconds, local.date().isoformat())


def column_checks(column: Column, reading: Reading, raw: str, value: str, middle: str) -> list[Check]:
    """Return the checks of one column; `raw`, `value` and `middle` are the names of its three stages in SQL."""
    checks = []
    if column.required:
        checks.append(Check(column.name, "required", f"{raw} IS NULL", raw))
    for check in reading.further:
        breaks = check.breaks.replace(MIDDLE, middle).replace(VALUE, value)
        checks.append(replace(check, breaks=breaks))
    broken = f"{value} IS NULL AND {raw} IS NOT NULL"
    checks.append(Check(column.name, reading.rule, broken, raw, reading.values))
    if column.low is not None and column.high is not None:
        bounds: dict[str, str | int] = {"low": f"{column.low:g}", "high": f"{column.high:g}"}
        outside = f"{value} NOT BETWEEN {column.low} AND {column.high}"
        checks.append(Check(column.name, "bounds", outside, raw, bounds))
    elif column.low is not None:
        checks.append(
            Check(column.name, "at_least", f"{value} < {column.low}", raw, {"low": f"{column.low:g}"})
        )
    return checks


def row_checks(
    table: Table, raw: Callable[[str], str], value: Callable[[str], str], known_at: KnownAt | None
) -> list[Check]:
    """Return the checks that look beyond one column; `raw` and `value` give a column's names in SQL."""
    checks = []
    if table.name == "warning_signals":
        is_general = f"starts_with({value('code')}, 'E')"
        is_placed = f"({value('industry')} IS NOT NULL OR {value('region')} IS NOT NULL)"
        about_nobody = f"{value('customer_id')} IS NULL AND NOT ({is_general} AND {is_placed})"
        checks.append(Check("customer_id", "whom", about_nobody, raw("customer_id")))
    if table.name == "outcomes":
        label = value("value")
        wrong = (
            f"CASE {value('target')} WHEN 'growth' THEN {label} <> floor({label}) "
            f"WHEN 'loyalty' THEN {label} NOT BETWEEN 0 AND 1 ELSE {label} NOT IN (0, 1) END"
        )
        checks.append(Check("value", "outcome", wrong, raw("value")))
    if table.customer_column is not None and table.name != "customers":
        customer = value(table.customer_column)
        unknown = f"{customer} IS NOT NULL AND {IS_UNKNOWN}"
        checks.append(Check(table.customer_column, "unknown_customer", unknown, raw(table.customer_column)))
    if table.event not in table.future_ok:
        at, event = value(table.event), table.column(table.event)
        limit = f"DATE '{_LAST_YEAR}-12-31'" if event.type == "date" else str(_LAST_MOMENT)
        checks.append(Check(event.name, "calendar", f"{at} > {limit}", raw(event.name), {"year": _LAST_YEAR}))
    if known_at is not None:
        checks += [_not_in_future(column, raw, value, known_at) for column in _held_to_the_past(table)]
    return checks


def _held_to_the_past(table: Table) -> list[Column]:
    return [column for column in table.times if column.name not in table.future_ok]


def _not_in_future(
    column: Column, raw: Callable[[str], str], value: Callable[[str], str], known_at: KnownAt
) -> Check:
    limit = f"DATE '{known_at.day}'" if column.type == "date" else str(known_at.microseconds)
    later = f"{value(column.name)} > {limit}"
    return Check(column.name, "future", later, raw(column.name), {"known_at": known_at.text})
