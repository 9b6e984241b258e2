"""What the contact log adds up to: last days, counts per kind, sums of warmth."""

from __future__ import annotations

import ibis.expr.types as ir

from features.definitions.contact import CHANNELS
from features.windows import KEYS, Window, onto_spine

MEETING = ("M", "B")


def last_days(rows: ir.Table) -> ir.Table:
    """Last day with a contact held, with one that the customer began, with a meeting; warmth of the last noted day.

    One row per KEYS with any contact known. `last_warmth` is the sum over `last_noted` contacts of that day.
    """
    days = rows.group_by(*KEYS).aggregate(
        last_day=rows.event_day.max(where=rows.is_held),
        last_customer_day=rows.event_day.max(where=rows.is_held & (rows.direction == "customer")),
        last_meeting_day=rows.event_day.max(where=rows.is_held & rows.channel.isin(MEETING)),
    )
    noted = rows.filter(rows.warmth.notnull())
    by_day = noted.group_by(*KEYS, "event_day").aggregate(
        warmth=noted.warmth.cast("int64").sum(), count=noted.count()
    )
    last = by_day.group_by(*KEYS).aggregate(
        last_warmth=by_day.warmth.argmax(by_day.event_day),
        last_noted=by_day["count"].argmax(by_day.event_day),
    )
    return onto_spine(days, last)


def contact_sums(recent: ir.Table) -> ir.Table:
    """Counts and sums over the windows of the last 365 days; one row per KEYS with a contact in them.

    `recent` has `is_held`. Warmth and attempts are counted whether or not the customer was reached.
    """
    rows = recent.mutate(
        **{
            f"in_{days}": Window(days).holds(recent.event_day, recent.as_of_day)
            for days in (30, 90, 180, 365)
        },
        t=(recent.event_day - recent.as_of_day).cast("int64"),
        warmth=recent.warmth.cast("int64"),
        is_attempt=(recent.direction.fill_null("bank") != "customer") & recent.outcome.notnull(),
    )
    inside = {days: rows[f"in_{days}"] for days in (30, 90, 180, 365)}
    conditions = _of_kind(rows) | _of_window(rows, inside)
    sums: dict[str, ir.Value] = {name: rows.count(where=where) for name, where in conditions.items()}
    for days in (90, 180, 365):
        sums[f"warmth_{days}"] = rows.warmth.sum(where=inside[days])
    is_noted = rows.warmth.notnull()
    return rows.group_by(*KEYS).aggregate(
        **sums,
        warmth_t=rows.t.sum(where=is_noted),
        warmth_tt=(rows.t * rows.t).sum(where=is_noted),
        warmth_tw=(rows.t * rows.warmth).sum(),
        contact_manager_count_365d=rows.manager_id.nunique(where=rows.is_held),
    )


def _of_window(rows: ir.Table, inside: dict[int, ir.BooleanValue]) -> dict[str, ir.BooleanValue]:
    """What is counted in several windows."""
    counted: dict[str, ir.BooleanValue] = {}
    for days, is_inside in inside.items():
        counted[f"contact_count_{days}d"] = rows.is_held & is_inside
        if days >= 90:
            counted[f"attempts_{days}"] = rows.is_attempt & is_inside
            counted[f"reached_{days}"] = rows.is_attempt & is_inside & rows.is_held
            counted[f"noted_{days}"] = rows.warmth.notnull() & is_inside
        if days >= 180:
            counted[f"by_customer_{days}"] = rows.is_held & (rows.direction == "customer") & is_inside
            counted[f"directed_{days}"] = rows.is_held & rows.direction.notnull() & is_inside
    return counted


def _of_kind(rows: ir.Table) -> dict[str, ir.BooleanValue]:
    """What is counted in one window, or of each channel."""
    held, half = rows.is_held, rows.in_180
    counted: dict[str, ir.BooleanValue] = {}
    for letter in CHANNELS:
        counted[f"contact_count_channel_{letter.lower()}_180d"] = held & (rows.channel == letter) & half
        counted[f"channel_{letter}_365"] = held & (rows.channel == letter)
    is_complaint = (rows.purpose == "complaint") | (rows.outcome == "complaint")
    return counted | {
        "contact_count_meeting_180d": held & rows.channel.isin(MEETING) & half,
        "contact_count_cold_180d": (rows.warmth < 0) & half,
        "contact_count_declined_180d": (rows.outcome == "declined") & half,
        "contact_count_interested_180d": (rows.outcome == "interested") & half,
        "contact_count_collection_180d": (rows.purpose == "collection_notice") & half,
        "contact_count_deal_365d": rows.outcome == "deal",
        "complaint_talks": is_complaint & half,
        "declined_365": rows.outcome == "declined",
        "with_outcome": held & rows.outcome.notnull(),
        "decision_maker": held & (rows.with_role == "decision_maker"),
        "known_role": held & rows.with_role.notnull(),
        "sale": held & (rows.purpose == "sale"),
        "care": held & (rows.purpose == "care"),
        "with_purpose": held & rows.purpose.notnull(),
    }
