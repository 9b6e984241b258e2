"""Who customers were at an as_of: the segments that figures are shown by, and the groups that are held to be equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from features.groups.profile import states
from features.windows import customer_numbers
from pipelines.engine import Engine

DAYS_A_YEAR = 365.25
TENURES = (365, 3 * 365)
"""Where tenures are cut, in days. Source: own choice."""

SEGMENTS = ("kind", "card_level", "region", "tenure")
GROUPS = ("sex", "age")


def people_at(
    engine: Engine, as_of: date, ids: Sequence[str], names: Sequence[str], age_bands: Sequence[int] = ()
) -> dict[str, tuple[str, ...]]:
    """Return, by name of a segment or group, its value of each customer; "" where it is not known.

    Segments that serve no past date of this bank are left out. Ages are those of private customers alone.

    Parameters
    ----------
    names
        Some of SEGMENTS and GROUPS.
    age_bands
        Ages at which a band begins, in years, rising.
    """
    tables = engine.tables
    state = states(tables, engine.moments([as_of]))
    always = {"kind", "sex", "tenure", "age"}
    wanted = [name for name in names if name in always or name in tables.profile_columns]
    columns = sorted({"kind", *(name for name in wanted if name not in ("tenure", "age"))})
    days = {
        "tenure": (state.as_of_day - state.opened_day).name("tenure"),
        "age": (state.as_of_day - state.born_day).name("age"),
    }
    rows = engine.fetch(
        state.select("customer_no", *columns, *(days[name] for name in wanted if name in days)).join(
            customer_numbers(tables), "customer_no"
        )
    )
    people = {str(row["customer_id"]): row for row in rows.to_pylist()}
    return {name: tuple(_value(people[each], name, age_bands) for each in ids) for name in wanted}


def _value(row: Mapping[str, Any], name: str, age_bands: Sequence[int]) -> str:
    """Name the segment or group of a customer.

    Examples
    --------
    >>> [_value({"kind": "retail", "age": years * 366}, "age", (30, 60)) for years in (29, 30, 59, 60)]
    ['0-29', '30-59', '30-59', '60+']
    >>> _value({"kind": "retail", "tenure": 365}, "tenure", ()), _value({"kind": "micro", "age": 1}, "age", (30,))
    ('1 to 3 years', '')
    """
    found = row[name]
    if found is None or (name == "age" and row["kind"] != "retail"):
        return ""
    if name == "tenure":
        return ("below 1 year", "1 to 3 years", "3 years and more")[sum(found >= days for days in TENURES)]
    if name == "age":
        place = sum(found / DAYS_A_YEAR >= begin for begin in age_bands)
        first = (0, *age_bands)[place]
        return f"{first}+" if place == len(age_bands) else f"{first}-{age_bands[place] - 1}"
    return str(found)
