"""Cadence: how long a customer's contact is overdue, by card level and for every managed customer."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups.contact_counts import MEETING
from features.groups.profile import states
from features.policy.cadence import LEVELS, MANAGED_DAYS, QUIET_DAYS
from features.windows import KEYS, Tables, Window, history_days, known, onto_spine

CALL = "T"
YEAR = 365
_NEVER = 10_000_000


def overdue_days(tables: Tables, spine: ir.Table, held: ir.Table) -> ir.Table:
    """Days since the customer's cadence was last fulfilled, minus the days it allows; the most overdue one.

    One row per KEYS of `spine` with `overdue`, never below 0; null: no cadence applies, or the log holds nothing
    before as_of yet. `held`: the contacts held in the last 365 days.
    """
    due = cadence_due(tables, spine, held)
    late = ibis.greatest(due.as_of_day - due.due_day, ibis.literal(0))  # of a null and 0 the greatest is 0
    return due.select(*KEYS, overdue=ibis.ifelse(due.due_day.isnull(), ibis.null("int32"), late))


def cadence_due(tables: Tables, spine: ir.Table, held: ir.Table) -> ir.Table:
    """Which cadence asks for the next contact, and by when: of those that apply, the one that is due first.

    One row per KEYS of `spine` for which the log can hold anything: `rule` (level, quiet or managed), the days that it
    allows, and `due_day`; all null where no cadence applies. Of two that are due on one day the stricter is named.

    Source: contact.md, "Cadence"; policy/cadence.yaml. A cadence never fulfilled counts from a year ago, or from
    where the log or the relationship began (own choice: nobody is overdue for a time that was not observed).
    """
    people = _people(tables, spine)
    spoken = held.group_by(*KEYS).aggregate(
        held_day=held.event_day.max(),
        spoken_day=held.event_day.max(where=held.channel.isin((CALL, *MEETING))),
    )
    joined = onto_spine(onto_spine(people, spoken), _level_days(people, held))
    anchors = {"level": joined.level_day, "quiet": joined.spoken_day, "managed": joined.held_day}
    if "transactions" in tables:
        joined = onto_spine(joined, _business_days(tables, people))
        anchors["quiet"] = ibis.greatest(joined.spoken_day.fill_null(0), joined.business_day.fill_null(0))
    dues: dict[str, ir.IntegerValue] = {}
    for name, anchor in anchors.items():
        since = ibis.greatest(anchor.fill_null(0), joined.start_day)
        dues[name] = (since + joined[f"{name}_allowed"]).fill_null(_NEVER)
    first = ibis.least(*dues.values())
    rule, allowed = ibis.null("string"), ibis.null("int32")
    for name in reversed(dues):
        is_it = dues[name] == first
        rule = ibis.ifelse(is_it, ibis.literal(name), rule)
        allowed = ibis.ifelse(is_it, joined[f"{name}_allowed"], allowed)
    applies = first < _NEVER
    return joined.select(
        *KEYS,
        rule=ibis.ifelse(applies, rule, ibis.null("string")),
        allowed=ibis.ifelse(applies, allowed, ibis.null("int32")),
        due_day=first.nullif(_NEVER),
    )


def _people(tables: Tables, spine: ir.Table) -> ir.Table:
    """What each customer's cadences allow, and from which day they count.

    One row per KEYS of `spine` for which the log can hold anything.
    """
    state = states(tables, spine)
    state = state.filter(history_days(tables, "contacts", state) > 0)
    history = history_days(tables, "contacts", state)
    start = state.as_of_day - ibis.least(history, ibis.literal(float(YEAR))).cast("int32")
    levels = LEVELS if "card_level" in tables.profile_columns else {}
    quiet = QUIET_DAYS if levels and "transactions" in tables else {}
    return state.select(
        *KEYS,
        start_day=start,
        managed_allowed=ibis.ifelse(
            state.manager_id.notnull(), ibis.literal(MANAGED_DAYS), ibis.null("int32")
        ),
        level_allowed=_by_level(state, {name: law.days for name, law in levels.items()}),
        quiet_allowed=_by_level(state, quiet),
        calls_needed=_by_level(state, {name: law.calls for name, law in levels.items()}),
        meetings_needed=_by_level(state, {name: law.meetings for name, law in levels.items()}),
    )


def _by_level(state: ir.Table, numbers: dict[str, int]) -> ir.IntegerValue:
    value: ir.Value = ibis.null("int32")
    for name, number in numbers.items():
        value = ibis.ifelse(state.card_level == name, ibis.literal(number, "int32"), value)
    return value


def _level_days(people: ir.Table, held: ir.Table) -> ir.Table:
    """Day of the n-th newest call or of the m-th newest meeting, whichever is later; only where a level asks."""
    asked = people.filter(people.level_allowed.notnull()).select(*KEYS, "calls_needed", "meetings_needed")
    rows = held.filter(held.channel.isin((CALL, *MEETING))).select(
        *KEYS, "event_day", is_meeting=held.channel != CALL
    )
    rows = rows.join(asked, KEYS)
    newest = ibis.row_number().over(group_by=[*KEYS, "is_meeting"], order_by=ibis.desc("event_day"))
    needed = ibis.ifelse(rows.is_meeting, rows.meetings_needed, rows.calls_needed)
    rows = rows.mutate(place=newest, needed=needed).filter(lambda t: t.place == t.needed - 1)
    return rows.group_by(*KEYS).aggregate(level_day=rows.event_day.max())


def _business_days(tables: Tables, people: ir.Table) -> ir.Table:
    """Last day with a customer-started transaction, of those whose level asks for a call after a quiet week."""
    rows = known(tables, "transactions", people.filter(people.quiet_allowed.notnull()))
    rows = rows.filter(rows.started_by == "customer", Window(YEAR).holds(rows.event_day, rows.as_of_day))
    return rows.group_by(*KEYS).aggregate(business_day=rows.event_day.max())
