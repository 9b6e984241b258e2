"""From what a file holds to what the contract says: SQL that converts exactly, or says which rule broke.

No value is rounded, cut or guessed. Text that comes from CSV is read strictly: no separators, no spaces.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.tables import Column, ColumnType
from pipelines.intake.raw import Kind
from pipelines.intake.zones import ZoneClock

STORED: Mapping[ColumnType, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "enum": "VARCHAR",
    "money": "BIGINT",
    "date": "DATE",
    "timestamp": "BIGINT",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
}
"""Type of each column while rows are judged; timestamps are UTC microseconds."""

_FITS: Mapping[ColumnType, tuple[Kind, ...]] = {
    "id": ("text",),
    "text": ("text", "integer", "boolean"),
    "enum": ("text",),
    "money": ("integer", "decimal", "text"),
    "date": ("date", "timestamp", "moment", "text"),
    "timestamp": ("timestamp", "moment", "date", "text"),
    "integer": ("integer", "float", "decimal", "text"),
    "float": ("float", "integer", "decimal", "boolean", "text"),
    "boolean": ("boolean", "integer", "float", "text"),
}
_DATE = r"'[0-9]{4}-[0-9]{2}-[0-9]{2}'"
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)"
_LOCAL_TIME = f"'{_TIME}?'"
_ZONED_TIME = f"'{_TIME}(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)'"
_NUMBER = r"'[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?'"
_DAYS = "BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
_MICROSECONDS = "BETWEEN -62135596800000000 AND 253402300799999999"
"""The years 1 to 9999, which every program that reads dates can hold; 9999 is often written for "never"."""
_BIGGEST_EXACT = 2**53
VALUE = "@value"
"""In a reading's checks: the name under which the caller computes the reading's `value`."""
MIDDLE = "@middle"
"""In a reading's SQL: the name under which the caller computes the reading's `middle`, once per row."""


@dataclass(frozen=True)
class Check:
    """A rule that a row can break: SQL that is true for rows that break it, and what the rule says.

    `raw` is SQL for the value as it came. `rule` is a key of the catalogue's `rules`, `values` fill its text.
    """

    column: str
    rule: str
    breaks: str
    raw: str
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """How one column is read: SQL for its `value`, null where `rule` is broken, and further checks.

    `middle` is SQL over the raw column that `value` and `further` use under the name MIDDLE; for times without
    a zone of their own it is local microseconds.
    """

    value: str
    rule: str
    values: Mapping[str, str | int] = field(default_factory=dict)
    middle: str | None = None
    further: tuple[Check, ...] = ()


def fits(column_type: ColumnType, kind: Kind) -> bool:
    """Whether a column of this kind can be read as the contract's type."""
    return kind == "null" or kind in _FITS[column_type]


def as_text(kind: Kind, raw: str) -> str:
    """SQL for a raw value as a text for people; the engine fails on moments at the ends of 64 bits, so they are named.

    Some programs write the lowest one for "no moment".
    """
    stored = {"timestamp": "TIMESTAMP", "moment": "TIMESTAMPTZ"}.get(kind)
    if stored is None:
        return f"CAST({raw} AS VARCHAR)"
    moment = f"TRY_CAST({raw} AS {stored})"
    is_far = f"coalesce(epoch_us({moment}) NOT {_MICROSECONDS}, {raw} IS NOT NULL)"
    return f"CASE WHEN {is_far} THEN 'out of range' ELSE CAST({moment} AS VARCHAR) END"


def read_column(column: Column, kind: Kind, raw: str, clock: ZoneClock, decimals: int) -> Reading:
    """Say how a column that fits is converted; `raw` names the raw column, whose empty texts are null already."""
    if kind == "null":
        return Reading(f"CAST(NULL AS {STORED[column.type]})", "required")
    match column.type:
        case "id" | "text":
            reading = _read_text(column, kind, raw)
        case "enum":
            reading = _read_enum(column, raw)
        case "money":
            reading = _read_money(column, kind, raw, decimals)
        case "date":
            reading = _read_date(kind, raw, clock)
        case "timestamp":
            reading = _read_timestamp(column, kind, raw, clock)
        case "integer":
            reading = _read_integer(kind, raw)
        case "float":
            reading = _read_float(kind, raw)
        case "boolean":
            reading = _read_boolean(kind, raw)
    return reading


def _read_text(column: Column, kind: Kind, raw: str) -> Reading:
    """Texts are compared exactly; but an id, or a text that has to be there, shows at least one character."""
    value = raw if kind == "text" else f"CAST({raw} AS VARCHAR)"
    if kind != "text" or (column.type == "text" and not column.required):
        return Reading(value, "required")
    begins_unseen = f"({raw} < '!' OR {raw} >= chr(127))"  # cheap, and false for nearly every value
    is_blank = rf"{begins_unseen} AND regexp_full_match({raw}, '[\p{{Z}}\p{{C}}]*')"
    return Reading(value, "required", further=(Check(column.name, "blank", is_blank, raw),))


def _read_enum(column: Column, raw: str) -> Reading:
    words = ", ".join(f"'{value}'" for value in column.allowed)
    allowed = column.note if len(column.allowed) > 20 else ", ".join(column.allowed)
    return Reading(f"CASE WHEN {raw} IN ({words}) THEN {raw} END", "one_of", {"allowed": allowed})


def _read_money(column: Column, kind: Kind, raw: str, decimals: int) -> Reading:
    """Integers are minor units; decimals and text are major units, moved by the currency's decimals as text."""
    if kind == "integer":
        return Reading(f"TRY_CAST({raw} AS BIGINT)", "amount")
    part_digits = rf"[0-9]{{1,{decimals}}}0*" if decimals else "0+"
    exact = rf"regexp_full_match({MIDDLE}, '[+-]?[0-9]+(\.{part_digits})?')"
    whole = f"replace(split_part({MIDDLE}, '.', 1), '+', '')"
    part = f"rpad(left(split_part({MIDDLE}, '.', 2), {decimals}), {decimals}, '0')"
    value = f"CASE WHEN {exact} THEN TRY_CAST({whole} || {part} AS BIGINT) END"
    is_decimal = rf"regexp_full_match({MIDDLE}, '[+-]?[0-9]+\.[0-9]+')"
    is_too_fine = f"CASE WHEN {VALUE} IS NULL THEN {is_decimal} AND NOT {exact} END"
    check = Check(column.name, "decimals", is_too_fine, raw, {"decimals": decimals})
    return Reading(value, "amount", middle=f"CAST({raw} AS VARCHAR)", further=(check,))


def _read_date(kind: Kind, raw: str, clock: ZoneClock) -> Reading:
    """A timestamp is a date where it is a midnight, in the bank's zone if it has a zone of its own."""
    if kind == "date":
        return Reading(f"CASE WHEN {raw} {_DAYS} THEN {raw} END", "date")
    if kind == "text":
        date = f"CASE WHEN regexp_full_match({raw}, {_DATE}) THEN TRY_CAST({raw} AS DATE) END"
        return Reading(f"CASE WHEN {MIDDLE} {_DAYS} THEN {MIDDLE} END", "date", middle=date)
    local = f"epoch_us(TRY_CAST({raw} AS TIMESTAMP))"
    if kind == "moment":
        local = clock.to_local(f"epoch_us(TRY_CAST({raw} AS TIMESTAMPTZ))")
    is_midnight = f"{MIDDLE} {_MICROSECONDS} AND {MIDDLE} % 86400000000 = 0"
    return Reading(
        f"CASE WHEN {is_midnight} THEN CAST(make_timestamp({MIDDLE}) AS DATE) END", "date", middle=local
    )


def _read_timestamp(column: Column, kind: Kind, raw: str, clock: ZoneClock) -> Reading:
    """A time without zone is the bank's; a date alone is its midnight. Twice-occurring times: the earlier."""
    if kind == "moment":
        moment = f"epoch_us(TRY_CAST({raw} AS TIMESTAMPTZ))"
        return Reading(f"CASE WHEN {MIDDLE} {_MICROSECONDS} THEN {MIDDLE} END", "timestamp", middle=moment)
    local = f"epoch_us(TRY_CAST({raw} AS TIMESTAMP))"
    value = clock.to_utc(MIDDLE)
    if kind == "text":
        is_local = f"regexp_full_match({raw}, {_LOCAL_TIME})"
        local = f"CASE WHEN {is_local} THEN epoch_us(TRY_CAST({raw} AS TIMESTAMP)) END"
        is_zoned = f"regexp_full_match({raw}, {_ZONED_TIME})"
        zoned = f"CASE WHEN {is_zoned} THEN epoch_us(TRY_CAST({raw} AS TIMESTAMPTZ)) END"
        value = f"CASE WHEN {MIDDLE} IS NULL THEN {zoned} ELSE {value} END"
    value = f"CASE WHEN {MIDDLE} IS NULL OR {MIDDLE} {_MICROSECONDS} THEN {value} END"
    gap = Check(column.name, "gap", clock.is_gap(MIDDLE), raw, {"zone": clock.name})
    return Reading(value, "timestamp", middle=local, further=(gap,))


def _read_integer(kind: Kind, raw: str) -> Reading:
    is_whole = f"{raw} = floor({raw})"
    if kind == "integer":
        is_whole = "true"
    elif kind == "text":
        is_whole = f"regexp_full_match({raw}, '[+-]?[0-9]+')"
    elif kind == "float":
        is_whole = f"isfinite({raw}) AND abs({raw}) <= {_BIGGEST_EXACT} AND {is_whole}"
    return Reading(f"CASE WHEN {is_whole} THEN TRY_CAST({raw} AS BIGINT) END", "integer")


def _read_float(kind: Kind, raw: str) -> Reading:
    number = f"CAST({raw} AS DOUBLE)"
    if kind == "text":
        number = f"CASE WHEN regexp_full_match({raw}, {_NUMBER}) THEN TRY_CAST({raw} AS DOUBLE) END"
    value = f"CASE WHEN {MIDDLE} = 0 THEN 0.0 WHEN isfinite({MIDDLE}) THEN {MIDDLE} END"  # never -0.0
    return Reading(value, "number", middle=number)


def _read_boolean(kind: Kind, raw: str) -> Reading:
    if kind == "boolean":
        return Reading(raw, "boolean")
    if kind == "text":
        value = f"CASE lower({raw}) WHEN 'true' THEN true WHEN '1' THEN true WHEN 'false' THEN false "
        return Reading(value + "WHEN '0' THEN false END", "boolean")
    return Reading(f"CASE {raw} WHEN 1 THEN true WHEN 0 THEN false END", "boolean")
