"""The oracle's transactions: turnover, activity, gaps and kinds, customer-started rows unless said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tests.oracle_known import local_day
from tests.oracle_numbers import Exact, deviation, gaps, mean, ratio

Found = dict[str, Exact | float | None]


class Activity:
    """The transactions of one customer as (days before as_of, row); 1 is the day before as_of."""

    def __init__(self, rows: list[dict[str, Any]], as_of: date, zone: str) -> None:
        self.all = [((as_of - local_day(row["occurred_at"], zone)).days, row) for row in rows]
        self.own = [(back, row) for back, row in self.all if row.get("started_by") == "customer"]

    def last(self, days: int, **wanted: str) -> list[Mapping[str, Any]]:
        """Customer-started rows of [as_of - days, as_of) with the wanted column values."""
        return [
            row
            for back, row in self.own
            if back <= days and all(row.get(column) == value for column, value in wanted.items())
        ]

    def turnover(self, days: int) -> int:
        """Sum of absolute amounts."""
        return sum(abs(row["amount"]) for row in self.last(days))

    def active_days(self, days: int) -> set[int]:
        """Distinct days with a row, as days before as_of."""
        return {back for back, _ in self.own if back <= days}


def transaction_features(
    rows: list[dict[str, Any]], as_of: date, zone: str, history: int, *, is_reached: bool
) -> Found:
    """Every feature of the group `transactions` for one customer; sums are null where it starts later."""
    activity = Activity(rows, as_of, zone)
    logged = {**volume(activity), **kinds(activity)}
    if not is_reached:
        logged = dict.fromkeys(logged)
    return {**logged, **rhythm(activity), **shares(activity), "txn_history_days": history}


def volume(activity: Activity) -> Found:
    """Turnover, counts and active days."""
    found: Found = {}
    for days in (30, 90, 180, 365):
        found[f"txn_turnover_{days}d"] = activity.turnover(days)
        found[f"txn_count_{days}d"] = len(activity.last(days))
    for days in (90, 180, 365):
        found[f"txn_active_count_{days}d"] = len(activity.active_days(days))
    return found


def outflow(rows: Sequence[Mapping[str, Any]]) -> int:
    """Amounts out of the account, as a positive sum."""
    amounts: list[int] = [row["amount"] for row in rows]
    return -sum(amount for amount in amounts if amount < 0)


def kinds(activity: Activity) -> Found:
    """Sums and counts of kinds of transaction."""
    salaries = [back for back, row in activity.all if row["kind"] == "salary" and row["amount"] > 0]
    fees = [row for back, row in activity.all if back <= 90 and row["kind"] in ("fee", "penalty_interest")]
    refunds = [row for row in activity.last(365, kind="other") if row["amount"] > 0]
    return {
        "txn_net_flow_90d": sum(row["amount"] for row in activity.last(90)),
        "txn_elsewhere_sum_90d": outflow(activity.last(90, counterparty_kind="own_elsewhere")),
        "txn_salary_months_180d": len({(back - 1) // 30 for back in salaries if back <= 180}),
        "txn_fee_sum_90d": outflow(fees),
        "txn_refund_count_365d": len(refunds),
    }


def rhythm(activity: Activity) -> Found:
    """Gaps between active days, and how today's compares."""
    ever = {back for back, _ in activity.own}
    between = gaps(activity.active_days(365))
    habit = mean(between)
    amounts = [abs(row["amount"]) for row in activity.last(365)]
    return {
        "txn_gap_days": min(ever, default=None),
        "txn_age_days": max(ever, default=None),
        "txn_interval_mean_days_365d": habit,
        "txn_interval_deviation_days_365d": deviation(between) if len(between) >= 2 else None,
        "txn_gap_over_habit": ratio(min(ever, default=None), habit),
        "txn_amount_mean_365d": mean(amounts),
        "txn_amount_largest_365d": max(amounts, default=None),
    }


def shares(activity: Activity) -> Found:
    """Recent against longer, and parts of the whole."""
    with_channel = [row for row in activity.last(180) if row.get("channel") is not None]
    at_branch = activity.last(180, channel="branch")
    elsewhere = outflow(activity.last(90, counterparty_kind="own_elsewhere"))
    half_year = activity.turnover(180)
    return {
        "txn_count_trend_30d_180d": ratio(6 * len(activity.last(30)), len(activity.last(180))),
        "txn_turnover_trend_30d_180d": ratio(6 * activity.turnover(30), half_year),
        "txn_turnover_trend_90d_180d": ratio(2 * activity.turnover(90), half_year),
        "txn_elsewhere_share_90d": ratio(elsewhere, outflow(activity.last(90))),
        "txn_branch_share_180d": ratio(len(at_branch), len(with_channel)),
    }
