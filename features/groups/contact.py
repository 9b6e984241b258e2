"""Contact: the time between contacts, their kinds and outcomes, their warmth, and what they say of strain."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.definitions.contact import CHANNELS
from features.groups.cadence import overdue_days
from features.groups.contact_counts import contact_sums, last_days
from features.groups.contact_intervals import contact_intervals
from features.groups.strain import visible_strain
from features.windows import KEYS, Tables, Window, counted, exact, history_days, known, onto_spine, ratio

COUNTS = (
    *(f"contact_count_{days}d" for days in (30, 90, 180, 365)),
    *(f"contact_count_channel_{letter.lower()}_180d" for letter in CHANNELS),
    *(f"contact_count_{kind}_180d" for kind in ("meeting", "cold", "declined", "interested", "collection")),
    *("contact_count_deal_365d", "contact_count_moved_365d", "contact_manager_count_365d"),
)


def contact(tables: Tables, spine: ir.Table) -> ir.Table:
    """Contact intervals, counts, shares, reach, cadence and warmth; visible signs of strain.

    One row per (customer_id, as_of) of `spine`. A contact that did not reach the customer is an attempt, not a
    contact; a day with several contacts counts once in the intervals (own choice: calls are retried).

    Source: contact.md, "Contact intervals", "Cadence", "Signs of a strained relationship".
    """
    rows = known(tables, "contacts", spine)
    rows = rows.mutate(is_held=rows.outcome.fill_null("held") != "not_reached")
    recent = rows.filter(Window(365).holds(rows.event_day, rows.as_of_day))
    held = recent.filter(recent.is_held)
    parts = {
        "last": last_days(rows),
        "sums": contact_sums(recent),
        "intervals": contact_intervals(held),
    }
    if has_cadence := "manager_id" in tables.profile_columns:
        parts["overdue"] = overdue_days(tables, spine, held)
    joined = spine
    for name, part in parts.items():
        joined = onto_spine(joined, tables.keep(f"contact_{name}", part))
    features = joined.select(
        *KEYS,
        "moved_day",
        "complaint_talks",
        **_gaps(joined),
        **({"contact_overdue_days": joined.overdue.cast("float64")} if has_cadence else {}),
        **{name: counted(tables, "contacts", joined[name], joined.as_of_day) for name in COUNTS},
        **_shares(joined),
        **_warmth(joined),
        contact_count_trend_90d_365d=_count_trend(tables, joined),
        contact_history_days=history_days(tables, "contacts", joined),
    )
    trend, slope = features.contact_interval_trend_180d, features.contact_warmth_slope_365d
    is_cooling = ((trend > 1.0) & (slope < 0.0)).cast("float64")
    is_unknown = trend.isnull() | slope.isnull()
    features = features.mutate(contact_cooling_365d=ibis.ifelse(is_unknown, ibis.null("float64"), is_cooling))
    return visible_strain(tables, spine, features).drop("moved_day", "complaint_talks")


def _gaps(joined: ir.Table) -> dict[str, ir.FloatingValue]:
    """Silence until as_of, and the intervals it is compared with; days."""
    day = joined.as_of_day
    gap = (day - joined.last_day).cast("float64")
    mean = {days: ratio(joined[f"gap_sum_{days}"], joined[f"gaps_{days}"]) for days in (90, 180, 365)}
    n, s, q = joined.gaps_365, joined.gap_sum_365, joined.gap_squares_365
    spread = (n * q - s * s).cast("float64").sqrt() / n.cast("float64").nullif(0.0)
    return {
        "contact_gap_days": gap,
        "contact_gap_customer_days": (day - joined.last_customer_day).cast("float64"),
        "contact_gap_meeting_days": (day - joined.last_meeting_day).cast("float64"),
        "contact_gap_over_habit": gap / mean[365],
        "contact_gap_over_longest": gap / joined.longest_365.cast("float64"),
        "contact_gap_moved_days": (day - joined.moved_day).cast("float64"),
        **{f"contact_interval_mean_days_{days}d": mean[days] for days in mean},
        "contact_interval_median_days_365d": joined.gap_median.cast("float64"),
        "contact_interval_deviation_days_365d": ibis.ifelse(n >= 2, spread, ibis.null("float64")),
        **{
            f"contact_interval_longest_days_{days}d": joined[f"longest_{days}"].cast("float64")
            for days in (180, 365)
        },
        **{f"contact_interval_trend_{days}d": mean[days] / mean[365] for days in (90, 180)},
    }


def _shares(joined: ir.Table) -> dict[str, ir.FloatingValue]:
    """Parts of the contacts; null where there is nothing to take a part of."""
    held = joined.contact_count_365d
    customer = {days: ratio(joined[f"by_customer_{days}"], joined[f"directed_{days}"]) for days in (180, 365)}
    channels = [joined[f"channel_{letter}_365"] for letter in CHANNELS]
    squares = sum((count * count for count in channels), ibis.literal(0))
    return {
        **{
            f"contact_reach_{days}d": ratio(joined[f"reached_{days}"], joined[f"attempts_{days}"])
            for days in (90, 180, 365)
        },
        **{f"contact_customer_share_{days}d": customer[days] for days in (180, 365)},
        "contact_customer_share_change_180d": customer[180] - customer[365],
        "contact_meeting_share_365d": ratio(joined.channel_M_365 + joined.channel_B_365, held),
        "contact_declined_share_365d": ratio(joined.declined_365, joined.with_outcome),
        "contact_decision_maker_share_365d": ratio(joined.decision_maker, joined.known_role),
        "contact_sale_share_365d": ratio(joined.sale, joined.with_purpose),
        "contact_care_share_365d": ratio(joined.care, joined.with_purpose),
        "contact_channel_concentration_365d": ratio(squares, held * held),
    }


def _warmth(joined: ir.Table) -> dict[str, ir.FloatingValue]:
    """Warmth as noted, whether or not the customer was reached."""
    mean = {days: ratio(joined[f"warmth_{days}"], joined[f"noted_{days}"]) for days in (90, 180, 365)}
    last = ratio(joined.last_warmth, joined.last_noted)
    n, w, t = exact(joined.noted_365), exact(joined.warmth_365), exact(joined.warmth_t)
    tt, tw = exact(joined.warmth_tt), exact(joined.warmth_tw)
    return {
        "contact_warmth_mean_180d": mean[180],
        "contact_warmth_mean_365d": mean[365],
        "contact_warmth_last": last,
        "contact_warmth_last_change_365d": last - mean[365],
        "contact_warmth_trend_90d": mean[90] - mean[365],
        "contact_warmth_slope_365d": ratio(30 * (n * tw - t * w), n * tt - t * t),
    }


def _count_trend(tables: Tables, joined: ir.Table) -> ir.FloatingValue:
    """Contacts per observed day of 90 days over those of 365; the products are whole numbers."""
    history = history_days(tables, "contacts", joined)
    quarter, year = (ibis.least(history, ibis.literal(float(days))) for days in (90, 365))
    return ratio(joined.contact_count_90d * year, joined.contact_count_365d * quarter)
