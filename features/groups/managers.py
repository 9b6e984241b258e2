"""Managers: who looks after the customer, since when, and how much else he has to do."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.codes import fact_codes
from features.groups.profile import states
from features.windows import KEYS, Tables, Window, counted, known, known_of_all, onto_spine

CHANGE_ASKED = fact_codes("change_asked")
YEAR = Window(365)


def managers(tables: Tables, spine: ir.Table) -> ir.Table:
    """Changes of the manager, time with the present one, his load, and whether he has left.

    One row per (customer_id, as_of) of `spine`. States without a manager are passed over when changes are
    counted: a customer who comes back to the same manager has not changed (own choice).

    Source: contact.md, "Complaints" (manager changes, days since, who asked); customers.md, "capacity".
    """
    joined, columns = spine, {}
    if "manager_id" in tables.profile_columns:
        joined = onto_spine(onto_spine(joined, _present(tables, spine)), _changes(tables, spine))
        day = joined.as_of_day
        begun = ibis.ifelse(joined.manager_id.notnull(), joined.begun_day, ibis.null("int32"))
        columns = {
            "manager_tenure_days": (day - begun).cast("float64"),
            "manager_load_count": joined.load.cast("float64"),
            "manager_change_count_365d": joined.changes.cast("float64"),
            "manager_change_gap_days": (day - joined.change_day).cast("float64"),
        }
        if "managers" in tables:
            columns["manager_has_left"] = joined.has_left.cast("float64")
    found = joined.select(*KEYS, **columns)
    if "facts" not in tables:
        return found
    found = onto_spine(found, _asked(tables, spine))
    asked = counted(tables, "facts", found.asked, found.as_of_day)
    return found.select(*KEYS, *columns, manager_change_asked_count_365d=asked)


def _present(tables: Tables, spine: ir.Table) -> ir.Table:
    """Each customer's manager, with the number of customers whom he looks after, and whether he has left."""
    state = states(tables, spine).select(*KEYS, "manager_id", "closed_day")
    state = tables.keep("managers_present", state.filter(state.manager_id.notnull()))
    looked_after = state.filter(state.closed_day.isnull())
    load = looked_after.group_by("manager_id", "as_of_day").aggregate(load=looked_after.count())
    joined = state.left_join(load, ["manager_id", "as_of_day"])
    joined = joined.select(*KEYS, "manager_id", load=joined.load.fill_null(0))
    if "managers" not in tables:
        return joined
    left = joined.left_join(_newest(tables, spine), ["manager_id", "as_of_day"])
    return left.select(*KEYS, "manager_id", "load", "has_left")


def _changes(tables: Tables, spine: ir.Table) -> ir.Table:
    """The changes of a year, the day of the last one, and the day from which the last manager is named."""
    named = known(tables, "customers", spine).select(*KEYS, "event_day", "manager_id")
    named = named.filter(named.manager_id.notnull())
    before = named.manager_id.lag().over(group_by=KEYS, order_by="event_day")
    named = named.mutate(is_change=(named.manager_id != before).fill_null(False))  # noqa: FBT003 - of the expression
    total = named.group_by(*KEYS).aggregate(
        changes=named.count(where=named.is_change & YEAR.holds(named.event_day, named.as_of_day)),
        change_day=named.event_day.max(where=named.is_change),
        first_day=named.event_day.min(),
    )
    return total.mutate(begun_day=total.change_day.fill_null(total.first_day))


def _newest(tables: Tables, spine: ir.Table) -> ir.Table:
    """Whether each manager has left, in the newest row of his known at as_of."""
    rows = known_of_all(tables, "managers", spine)
    rows = rows.mutate(last=rows.event_day.max().over(group_by=("manager_id", "as_of_day")))
    rows = rows.filter(rows.event_day == rows.last)
    return rows.select("manager_id", "as_of_day", has_left=rows.left_day.notnull())


def _asked(tables: Tables, spine: ir.Table) -> ir.Table:
    rows = known(tables, "facts", spine)
    is_asked = rows.code.isin(CHANGE_ASKED) & (rows.value.fill_null(1.0) != 0.0)
    return rows.group_by(*KEYS).aggregate(
        asked=rows.event_day.nunique(where=is_asked & YEAR.holds(rows.event_day, rows.as_of_day))
    )
