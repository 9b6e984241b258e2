"""Transactions: how actively the customer uses the account."""

from __future__ import annotations

import ibis
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

WINDOWS = (30, 90, 180, 365)


def transactions(tables: Tables, spine: ir.Table) -> ir.Table:
    """Turnover, counts, rhythm and destinations of customer-started transactions.

    One row per (customer_id, as_of) of `spine`. Money in minor units. A row whose `started_by` is null is not
    counted as customer-started (own choice: activity is never assumed).

    Source: balances.md, "Transactions".
    """
    rows = known(tables, "transactions", spine)
    started = rows.filter(rows.started_by == "customer")
    joined = spine
    for part in (_sums(started), _days(started), _account_sums(rows)):
        joined = onto_spine(joined, part)
    day = joined.as_of_day
    gap = (day - joined.last_day).cast("float64")
    counts = [
        *(f"txn_turnover_{days}d" for days in WINDOWS),
        *(f"txn_count_{days}d" for days in WINDOWS),
        *(f"txn_active_count_{days}d" for days in (90, 180, 365)),
        *("txn_net_flow_90d", "txn_elsewhere_sum_90d", "txn_salary_months_180d", "txn_fee_sum_90d"),
        "txn_refund_count_365d",
    ]
    return joined.select(
        *KEYS,
        **{name: counted(tables, "transactions", joined[name], day) for name in counts},
        txn_gap_days=gap,
        txn_age_days=(day - joined.first_day).cast("float64"),
        txn_interval_mean_days_365d=joined.year_mean,
        txn_interval_deviation_days_365d=joined.year_deviation,
        txn_gap_over_habit=gap / joined.year_mean,
        txn_amount_mean_365d=ratio(joined.txn_turnover_365d, joined.txn_count_365d),
        txn_amount_largest_365d=joined.largest.cast("float64"),
        txn_count_trend_30d_180d=ratio(joined.txn_count_30d * 6, joined.txn_count_180d),
        txn_turnover_trend_30d_180d=ratio(joined.txn_turnover_30d * 6, joined.txn_turnover_180d),
        txn_turnover_trend_90d_180d=ratio(joined.txn_turnover_90d * 2, joined.txn_turnover_180d),
        txn_elsewhere_share_90d=ratio(joined.txn_elsewhere_sum_90d, joined.outflow),
        txn_branch_share_180d=ratio(joined.branch, joined.with_channel),
        txn_history_days=history_days(tables, "transactions", joined),
    )


def _sums(started: ir.Table) -> ir.Table:
    recent = started.filter(Window(365).holds(started.event_day, started.as_of_day))
    size = recent.amount.abs()

    def within(days: int) -> ir.BooleanValue:
        return recent.event_day >= recent.as_of_day - days

    out = recent.amount < 0
    elsewhere = out & (recent.counterparty_kind == "own_elsewhere")
    return recent.group_by(*KEYS).aggregate(
        **{f"txn_turnover_{days}d": size.sum(where=within(days)).fill_null(0) for days in WINDOWS},
        **{f"txn_count_{days}d": recent.count(where=within(days)) for days in WINDOWS},
        largest=size.max(),
        txn_net_flow_90d=recent.amount.sum(where=within(90)),
        outflow=size.sum(where=within(90) & out),
        txn_elsewhere_sum_90d=size.sum(where=within(90) & elsewhere).fill_null(0),
        branch=recent.count(where=within(180) & (recent.channel == "branch")),
        with_channel=recent.count(where=within(180) & recent.channel.notnull()),
        txn_refund_count_365d=recent.count(where=(recent.kind == "other") & (recent.amount > 0)),
    )


def _days(started: ir.Table) -> ir.Table:
    days = started.select(*KEYS, "event_day").distinct()
    ends = days.group_by(*KEYS).aggregate(
        first_day=days.event_day.min(),
        last_day=days.event_day.max(),
        **{
            f"txn_active_count_{window}d": days.count(
                where=Window(window).holds(days.event_day, days.as_of_day)
            )
            for window in (90, 180, 365)
        },
    )
    year = day_intervals(days, Window(365), "year").drop("year_longest")
    return onto_spine(ends, year)


def _account_sums(rows: ir.Table) -> ir.Table:
    recent = rows.filter(Window(180).holds(rows.event_day, rows.as_of_day))
    is_salary = (recent.kind == "salary") & (recent.amount > 0)
    is_fee = recent.kind.isin(("fee", "penalty_interest")) & (recent.amount < 0)
    is_fee = is_fee & (recent.event_day >= recent.as_of_day - 90)
    block = ((recent.as_of_day - 1 - recent.event_day) // 30).cast("int32")
    return recent.group_by(*KEYS).aggregate(
        txn_salary_months_180d=ibis.ifelse(is_salary, block, ibis.null("int32")).nunique(),
        txn_fee_sum_90d=(-recent.amount).sum(where=is_fee),
    )
