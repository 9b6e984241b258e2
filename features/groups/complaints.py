"""Complaints: how many, how they were handled, what followed, and the one that was not voiced."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.definitions.complaints import (
    FOLLOW_UP_DAYS,
    FOLLOW_UP_MINIMUM,
    SILENT_DAYS,
    SILENT_PERCENT,
    WINDOWS,
)
from features.groups.transaction_stages import rows_seen
from features.segments import at_moments
from features.windows import (
    KEYS,
    Tables,
    Window,
    counted,
    exact,
    history_days,
    known,
    onto_spine,
    ratio,
    reached,
)


def complaints(tables: Tables, spine: ir.Table) -> ir.Table:
    """Complaints received, open, repeated, unsatisfied; time to respond and resolve; contact afterwards; silence.

    One row per (customer_id, as_of) of `spine`, with the features that the bank's tables can fill.

    Source: contact.md, "Complaints".
    """
    joined, features = spine, list[str]()
    if "complaints" in tables:
        part = _voiced(tables, spine)
        joined, features = onto_spine(joined, part), [name for name in part.columns if name not in KEYS]
    if "transactions" in tables and "contacts" in tables:
        joined = onto_spine(joined, _silent(tables, spine))
        features.append("complaint_silent")
    return joined.select(*KEYS, *features)


def _voiced(tables: Tables, spine: ir.Table) -> ir.Table:
    """Every feature that needs the table of complaints; one row per KEYS of `spine`."""
    rows = known(tables, "complaints", spine)
    counts = _counts(rows)
    sums = tables.keep("complaints_sums", rows.group_by(*KEYS).aggregate(**counts, **_handling(rows)))
    joined = onto_spine(spine, sums)
    day = joined.as_of_day
    features = {name: counted(tables, "complaints", joined[name], day) for name in counts}
    for step in ("response", "resolution"):
        features[f"complaint_{step}_mean_days_365d"] = ratio(joined[f"{step}_sum"], joined[f"{step}_count"])
        features[f"complaint_{step}_longest_days_365d"] = joined[f"{step}_longest"].cast("float64")
    features["complaint_unsatisfied_share_365d"] = ratio(
        joined.complaint_count_unsatisfied_365d, joined.satisfaction_known
    )
    for name, last in {
        "complaint_open_oldest_days": joined.oldest_open_day,
        "complaint_gap_days": joined.last_day,
        "complaint_gap_resolved_days": joined.last_resolved_day,
    }.items():
        features[name] = (day - last).cast("float64")
    if "contacts" not in tables:
        return joined.select(*KEYS, **features)
    joined = onto_spine(joined, _contact_after(tables, joined.filter(day - joined.last_day <= 365)))
    return joined.select(*KEYS, "complaint_contact_after", **features)


def _counts(rows: ir.Table) -> dict[str, ir.Value]:
    """What is 0 where the table reaches and holds nothing."""
    inside = {days: Window(days).holds(rows.event_day, rows.as_of_day) for days in WINDOWS}
    is_unsatisfied = rows.satisfied == ibis.literal(False)  # noqa: FBT003 - a literal of the expression
    return {
        **{f"complaint_count_{days}d": rows.count(where=inside[days]) for days in WINDOWS},
        **{f"complaint_severity_sum_{days}d": rows.severity.sum(where=inside[days]) for days in WINDOWS},
        "complaint_count_open": rows.count(where=rows.resolved_day.isnull()),
        "complaint_count_unsatisfied_365d": rows.count(where=inside[365] & is_unsatisfied),
        "complaint_count_repeat_365d": rows.count(where=inside[365] & rows.repeat_of.notnull()),
        "complaint_count_manager_365d": rows.count(where=inside[365] & (rows.about == "manager")),
        "complaint_count_bank_365d": rows.count(where=inside[365] & (rows.about == "bank")),
    }


def _handling(rows: ir.Table) -> dict[str, ir.Value]:
    """Days to each step of the complaints of the last 365 days that have it, and the days that count to as_of."""
    inside = Window(365).holds(rows.event_day, rows.as_of_day)
    found: dict[str, ir.Value] = {
        "satisfaction_known": rows.satisfied.count(where=inside),
        "last_day": rows.event_day.max(),
        "last_resolved_day": rows.resolved_day.max(),
        "oldest_open_day": rows.event_day.min(where=rows.resolved_day.isnull()),
    }
    for step, day in {"response": rows.first_response_day, "resolution": rows.resolved_day}.items():
        taken = (day - rows.event_day).cast("int64")
        found[f"{step}_sum"] = taken.sum(where=inside)
        found[f"{step}_count"] = taken.count(where=inside)
        found[f"{step}_longest"] = taken.max(where=inside)
    return found


def _contact_after(tables: Tables, complained: ir.Table) -> ir.Table:
    """Contacts held per observed day after the last complaint over those before it.

    One row per KEYS of `complained`, which has `last_day`. The day of the complaint itself belongs to neither side.
    """
    people = complained.select(*KEYS, "opened_day", "last_day")
    rows = known(tables, "contacts", people).join(people.select(*KEYS, "last_day"), KEYS)
    rows = rows.filter(rows.outcome.fill_null("held") != "not_reached")
    distance = rows.event_day - rows.last_day
    sides = rows.group_by(*KEYS).aggregate(
        before=rows.count(where=(distance < 0) & (distance >= -FOLLOW_UP_DAYS)),
        after=rows.count(where=(distance > 0) & (distance <= FOLLOW_UP_DAYS)),
    )
    joined = onto_spine(people, sides)
    passed = (joined.as_of_day - joined.last_day - 1).cast("float64")
    limit = ibis.literal(float(FOLLOW_UP_DAYS))
    days_after = ibis.least(passed, limit)
    # The history up to the complaint is the history up to as_of less what came since; 0 days make the ratio null.
    history = history_days(tables, "contacts", joined) - passed - 1.0
    days_before = ibis.greatest(ibis.least(history, limit), ibis.literal(0.0)).nullif(0.0)
    change = ratio(joined.after * days_before, joined.before * days_after)
    return joined.select(
        *KEYS,
        complaint_contact_after=ibis.ifelse(passed >= FOLLOW_UP_MINIMUM, change, ibis.null("float64")),
    )


def _silent(tables: Tables, spine: ir.Table) -> ir.Table:
    """Whether turnover fell with no contact in the time; one row per KEYS of `spine`."""
    held = known(tables, "contacts", spine)
    held = held.filter(
        held.outcome.fill_null("held") != "not_reached",
        Window(SILENT_DAYS).holds(held.event_day, held.as_of_day),
    )
    alone = spine.anti_join(held.select(*KEYS).distinct(), KEYS)  # of the others nothing has to be added up
    alone = tables.keep("complaints_alone", alone.select(*KEYS))
    rows = at_moments(tables, rows_seen(tables), spine, 2 * SILENT_DAYS, "event_day")
    rows = rows.filter(rows.started).semi_join(alone, KEYS)
    is_recent = Window(SILENT_DAYS).holds(rows.event_day, rows.as_of_day)
    turnover = rows.group_by(*KEYS).aggregate(
        recent=rows.amount.abs().sum(where=is_recent).fill_null(0),
        before=rows.amount.abs().sum(where=~is_recent).fill_null(0),
    )
    joined = onto_spine(spine, turnover)
    is_silent = (joined.before > 0) & (exact(joined.recent) * 100 <= exact(joined.before) * SILENT_PERCENT)
    flag = is_silent.fill_null(ibis.literal(False)).cast("float64")  # noqa: FBT003 - a literal of the expression
    is_observed = history_days(tables, "transactions", joined) > SILENT_DAYS
    is_observed = is_observed & reached(tables, "contacts", joined.as_of_day)
    return joined.select(*KEYS, complaint_silent=ibis.ifelse(is_observed, flag, ibis.null("float64")))
