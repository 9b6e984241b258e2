"""Contact: the time between contacts, their kinds and their warmth."""

from __future__ import annotations

import ibis.expr.types as ir

from features.windows import (
    KEYS,
    Tables,
    Window,
    counted,
    day_intervals,
    history_days,
    known,
    onto_spine,
    ratio,
)

MEETING = ("M", "B")


def contact(tables: Tables, spine: ir.Table) -> ir.Table:
    """Contact intervals, counts, reach and warmth.

    One row per (customer_id, as_of) of `spine`. A contact that did not reach the customer is an attempt, not a
    contact; a day with several contacts counts once in the intervals (own choice: calls are retried).

    Source: contact.md, "Contact intervals".
    """
    rows = known(tables, "contacts", spine)
    held = rows.filter(rows.outcome.fill_null("held") != "not_reached")
    joined = onto_spine(spine, _gaps_and_counts(held))
    for part in (_intervals(held), _reach(rows), _warmth(rows)):
        joined = onto_spine(joined, part)
    day = joined.as_of_day
    gap = (day - joined.last_day).cast("float64")
    return joined.select(
        *KEYS,
        contact_gap_days=gap,
        contact_gap_customer_days=(day - joined.last_customer_day).cast("float64"),
        contact_gap_meeting_days=(day - joined.last_meeting_day).cast("float64"),
        contact_interval_mean_days_365d=joined.year_mean,
        contact_interval_deviation_days_365d=joined.year_deviation,
        contact_interval_longest_days_365d=joined.year_longest,
        contact_interval_trend_90d=joined.quarter_mean / joined.year_mean,
        contact_gap_over_habit=gap / joined.year_mean,
        **{
            name: counted(tables, "contacts", joined[name], day)
            for name in (
                "contact_count_30d",
                "contact_count_90d",
                "contact_count_365d",
                "contact_count_meeting_180d",
            )
        },
        contact_reach_180d=ratio(joined.reached, joined.attempts),
        contact_customer_share_365d=ratio(joined.begun_by_customer, joined.directed),
        contact_warmth_mean_180d=ratio(joined.warmth_sum_180, joined.warmth_count_180),
        contact_warmth_mean_365d=ratio(joined.warmth_sum_365, joined.warmth_count_365),
        contact_warmth_last=joined.warmth_last,
        contact_warmth_trend_90d=ratio(joined.warmth_sum_90, joined.warmth_count_90)
        - ratio(joined.warmth_sum_365, joined.warmth_count_365),
        contact_history_days=history_days(tables, "contacts", joined),
    )


def _gaps_and_counts(held: ir.Table) -> ir.Table:
    is_meeting = held.channel.isin(MEETING)
    by_customer = held.direction == "customer"

    def within(days: int) -> ir.BooleanValue:
        return Window(days).holds(held.event_day, held.as_of_day)

    return held.group_by(*KEYS).aggregate(
        last_day=held.event_day.max(),
        last_customer_day=held.event_day.max(where=by_customer),
        last_meeting_day=held.event_day.max(where=is_meeting),
        contact_count_30d=held.count(where=within(30)),
        contact_count_90d=held.count(where=within(90)),
        contact_count_365d=held.count(where=within(365)),
        contact_count_meeting_180d=held.count(where=within(180) & is_meeting),
        begun_by_customer=held.count(where=within(365) & by_customer),
        directed=held.count(where=within(365) & held.direction.notnull()),
    )


def _intervals(held: ir.Table) -> ir.Table:
    days = held.select(*KEYS, "event_day").distinct()
    quarter = day_intervals(days, Window(90), "quarter").select(*KEYS, "quarter_mean")
    year = day_intervals(days, Window(365), "year")
    return onto_spine(year, quarter)


def _reach(rows: ir.Table) -> ir.Table:
    attempts = rows.filter(
        Window(180).holds(rows.event_day, rows.as_of_day),
        rows.direction.fill_null("bank") != "customer",
        rows.outcome.notnull(),
    )
    return attempts.group_by(*KEYS).aggregate(
        attempts=attempts.count(), reached=attempts.count(where=attempts.outcome != "not_reached")
    )


def _warmth(rows: ir.Table) -> ir.Table:
    noted = rows.filter(rows.warmth.notnull())
    last = noted.event_day.max().over(group_by=KEYS)
    noted = noted.mutate(is_last=noted.event_day == last, warmth=noted.warmth.cast("int64"))
    sums: dict[str, ir.Value] = {}
    for days in (90, 180, 365):
        inside = Window(days).holds(noted.event_day, noted.as_of_day)
        sums[f"warmth_sum_{days}"] = noted.warmth.sum(where=inside)
        sums[f"warmth_count_{days}"] = noted.count(where=inside)
    total = noted.group_by(*KEYS).aggregate(
        last_sum=noted.warmth.sum(where=noted.is_last), last_count=noted.count(where=noted.is_last), **sums
    )
    return total.mutate(warmth_last=ratio(total.last_sum, total.last_count)).drop("last_sum", "last_count")
