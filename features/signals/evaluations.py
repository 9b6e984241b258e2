"""When rules are evaluated: the firsts of months, as_of itself, and days on which something became known.

Months are whole numbers, year * 12 + month - 1, reckoned from day numbers with whole numbers alone: no engine's
calendar, zone or type of date is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from features.policy import read_policy
from features.signals.measures import EVALUATED
from features.windows import KEYS, Tables

_CALENDAR = read_policy("calendar")
LOOKED_BACK: int = int(read_policy("accounts")["evaluations_looked_back"])
YEAR_DAYS: int = int(_CALENDAR["year_days"])
_REACH: int = int(_CALENDAR["festival_reach_days"])
_FESTIVALS: Mapping[int, date] = {day.year: day for day in _CALENDAR["spring_festivals"]}
_EPOCH = date(1970, 1, 1)
_ERA, _TO_MARCH = 146_097, 719_468
"""Days of 400 years; days from the 1st of March of year 0 to 1970-01-01."""


def month_of(day: ir.IntegerValue) -> ir.IntegerValue:
    """Month that a day number lies in.

    Source: the inverse of days_from_civil, H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": the year
    begins in March, so that the leap day is its last.
    """
    shifted = day.cast("int64") + _TO_MARCH
    era = shifted // _ERA
    of_era = shifted - era * _ERA
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return ((era * 400 + year) * 12 + (5 * of_year + 2) // 153 + 2).cast("int32")


def month_start(month: int) -> date:
    """First day of a month.

    Examples
    --------
    >>> month_start(2024 * 12 + 1)
    datetime.date(2024, 2, 1)
    """
    return date(month // 12, month % 12 + 1, 1)


def day_number(day: date) -> int:
    """Return the days from 1970-01-01 to a date."""
    return (day - _EPOCH).days


def months_before(as_of_day: int) -> list[int]:
    """Months on whose first day a row of the spine is evaluated: that of as_of and those before it, newest first.

    Examples
    --------
    >>> [str(month_start(month)) for month in months_before(day_number(date(2024, 3, 31)))][:2]
    ['2024-03-01', '2024-02-01']
    """
    as_of = _EPOCH + timedelta(days=as_of_day)
    newest = as_of.year * 12 + as_of.month - 1
    return [newest - back for back in range(LOOKED_BACK)]


def run_months(tables: Tables) -> list[int]:
    """Months on whose first day some row of the run is evaluated, oldest first."""
    return sorted({month for day in tables.as_of_days for month in months_before(day)})


def calendar(columns: Mapping[str, list[int]]) -> ir.Table:
    """A small table of whole numbers (int32)."""
    return ibis.memtable(columns, schema=dict.fromkeys(columns, "int32"))


def months_of(tables: Tables, spine: ir.Table, *, newest: bool = False) -> ir.Table:
    """Rows of the spine, each with the last firsts of a month up to as_of, or the newest: `month`, `evaluated_day`.

    A run of firings that began before the earliest of them is seen from it on.
    """
    length = 1 if newest else LOOKED_BACK
    pairs = [(day, month) for day in tables.as_of_days for month in months_before(day)[:length]]
    days = calendar(
        {
            "as_of_day": [day for day, _ in pairs],
            "month": [month for _, month in pairs],
            EVALUATED: [day_number(month_start(month)) for _, month in pairs],
        }
    )
    return spine.join(days, "as_of_day")


def on_months(tables: Tables, spine: ir.Table, evaluated: ir.Table) -> ir.Table:
    """Give each row of the spine those of its months that `evaluated` has, one row per customer_no and `month`."""
    return months_of(tables, spine).join(evaluated, ["customer_no", "month"])


def evaluation_days(tables: Tables, spine: ir.Table, events: ir.Table) -> ir.Table:
    """Firsts of months, as_of, and the days of events between the earliest of them and as_of.

    One row per row of `spine` and such day: KEYS, `evaluated_day`.

    Parameters
    ----------
    events
        customer_no and `day`: first day on which something became known, or old enough to pass a limit.
    """
    wanted = {
        (day, number)
        for day in tables.as_of_days
        for number in (day, *(day_number(month_start(month)) for month in months_before(day)))
    }
    fixed = calendar({"as_of_day": [day for day, _ in wanted], EVALUATED: [number for _, number in wanted]})
    keys = spine.select(*KEYS)
    on_fixed = keys.join(fixed, "as_of_day").select(*KEYS, EVALUATED)
    happened = keys.join(earliest(tables), "as_of_day").join(
        events.select("customer_no", "day"), "customer_no"
    )
    happened = happened.filter(happened.day > happened.earliest, happened.day < happened.as_of_day)
    between = happened.select(*KEYS, **{EVALUATED: happened.day.cast("int32")})
    return ibis.union(on_fixed, between, distinct=True)


def earliest(tables: Tables) -> ir.Table:
    """The first day on which each as_of of the run is evaluated: as_of_day, `earliest`."""
    days = tables.as_of_days
    firsts = [day_number(month_start(months_before(day)[-1])) for day in days]
    return calendar({"as_of_day": list(days), "earliest": firsts})


def with_other(left: ir.Table, right: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """Left-join on some keys, which stay single columns."""
    return left.left_join(right, keys).drop(*(f"{key}_right" for key in keys))


def moments(days: ir.Table) -> ir.Table:
    """The evaluations of every customer as a spine of their own: customer_no and as_of_day, each once."""
    return days.select("customer_no", as_of_day=days[EVALUATED]).distinct()


def on_days(days: ir.Table, found: ir.Table) -> ir.Table:
    """Give each evaluation what was found at its moment; null where nothing was."""
    of_day = found.rename({EVALUATED: "as_of_day"})
    return with_other(days, of_day, ("customer_no", EVALUATED))


def lunar_year(month: int) -> int:
    """Days between the 30 days before a month's first and the same lunar period a year before.

    As many as between the two Spring Festivals where either period comes near the festival of its year; else 365.

    Source: warning-signals.md, M01; the dates and what counts as near: calendar.yaml.

    Examples
    --------
    The festival of 2024 was on 10 February, that of 2023 on 22 January: 384 days apart.

    >>> lunar_year(2024 * 12 + 2), lunar_year(2024 * 12 + 6)
    (384, 365)
    """
    first = month_start(month)
    now, before = _FESTIVALS.get(first.year), _FESTIVALS.get(first.year - 1)
    if now is None or before is None:
        return YEAR_DAYS
    is_near = _is_near(first, now) or _is_near(first - timedelta(days=YEAR_DAYS), before)
    return (now - before).days if is_near else YEAR_DAYS


def _is_near(first: date, festival: date) -> bool:
    """Say whether the 30 days before a day touch those around a festival."""
    start, end = first - timedelta(days=30), first - timedelta(days=1)
    return start <= festival + timedelta(days=_REACH) and end >= festival - timedelta(days=_REACH)
