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
        self.as_of_weekday = as_of.weekday()
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
    logged = {**volume(activity), **kinds(activity), **partner_counts(activity)}
    if not is_reached:
        logged = dict.fromkeys(logged)
    return {
        **logged,
        **rhythm(activity),
        **amounts(activity),
        **salaries(activity),
        **shares(activity),
        **partner_shares(activity),
        "txn_history_days": history,
    }


def inflow(rows: Sequence[Mapping[str, Any]]) -> int:
    """Amounts into the account."""
    return sum(row["amount"] for row in rows if row["amount"] > 0)


def outflow(rows: Sequence[Mapping[str, Any]]) -> int:
    """Amounts out of the account, as a positive sum."""
    values: list[int] = [row["amount"] for row in rows]
    return -sum(value for value in values if value < 0)


def received(activity: Activity, days: int) -> int:
    return inflow([row for row in activity.last(days) if row["kind"] != "loan_disbursement"])


def spent(activity: Activity, days: int) -> int:
    return outflow([row for row in activity.last(days) if row["kind"] != "loan_repayment"])


def volume(activity: Activity) -> Found:
    """Turnover, counts, active days and flows."""
    found: Found = {}
    for days in (30, 90, 180, 365):
        found[f"txn_turnover_{days}d"] = activity.turnover(days)
        found[f"txn_count_{days}d"] = len(activity.last(days))
        found[f"txn_active_count_{days}d"] = len(activity.active_days(days))
        found[f"txn_inflow_sum_{days}d"] = received(activity, days)
        found[f"txn_outflow_sum_{days}d"] = spent(activity, days)
    for days in (30, 90, 365):
        found[f"txn_net_flow_{days}d"] = sum(row["amount"] for row in activity.last(days))
    return found


def of_anybody(activity: Activity, days: int, *wanted: str) -> list[Mapping[str, Any]]:
    """Rows of some kinds, whoever began them."""
    return [row for back, row in activity.all if back <= days and row["kind"] in wanted]


def kinds(activity: Activity) -> Found:
    """Sums and counts of kinds of transaction."""
    earned = [back for back, row in activity.all if row["kind"] == "salary" and row["amount"] > 0]
    nonbank = [
        row for back, row in activity.all if back <= 365 and row.get("counterparty_kind") == "nonbank_lender"
    ]
    shops = [row for row in activity.last(90) if row["kind"] in ("payment", "purchase")]
    return {
        "txn_elsewhere_sum_90d": outflow(activity.last(90, counterparty_kind="own_elsewhere")),
        "txn_elsewhere_sum_365d": outflow(activity.last(365, counterparty_kind="own_elsewhere")),
        "txn_salary_months_180d": len({(back - 1) // 30 for back in earned if back <= 180}),
        "txn_fee_sum_90d": outflow(of_anybody(activity, 90, "fee", "penalty_interest")),
        "txn_fee_sum_365d": outflow(of_anybody(activity, 365, "fee", "penalty_interest")),
        "txn_penalty_sum_365d": outflow(of_anybody(activity, 365, "penalty_interest")),
        "txn_refund_count_365d": sum(row["amount"] > 0 for row in activity.last(365, kind="other")),
        "txn_nonbank_sum_365d": inflow(nonbank),
        "txn_cash_sum_90d": outflow(activity.last(90, kind="cash")),
        "txn_transfer_sum_90d": outflow(activity.last(90, kind="transfer")),
        "txn_payment_sum_90d": outflow(shops),
    }


def rhythm(activity: Activity) -> Found:
    """Gaps between active days, and how today's compares."""
    ever = {back for back, _ in activity.own}
    between = gaps(activity.active_days(365))
    habit = mean(between)
    quarter = mean(gaps(activity.active_days(90)))
    silence, longest = min(ever, default=None), max(between, default=None)
    return {
        "txn_gap_days": silence,
        "txn_age_days": max(ever, default=None),
        "txn_interval_mean_days_365d": habit,
        "txn_interval_mean_days_90d": quarter,
        "txn_interval_deviation_days_365d": deviation(between) if len(between) >= 2 else None,
        "txn_interval_longest_days_365d": longest,
        "txn_interval_trend_90d": ratio(quarter, habit),
        "txn_gap_over_habit": ratio(silence, habit),
        "txn_gap_over_longest": ratio(silence, longest),
    }


def amounts(activity: Activity) -> Found:
    """Sizes, and recent against longer."""
    sizes = [abs(row["amount"]) for row in activity.last(365)]
    half_year, year = activity.turnover(180), activity.turnover(365)
    counts = {days: len(activity.last(days)) for days in (30, 90, 180, 365)}
    return {
        "txn_amount_mean_365d": mean(sizes),
        "txn_amount_largest_365d": max(sizes, default=None),
        "txn_count_trend_30d_180d": ratio(6 * counts[30], counts[180]),
        "txn_count_trend_90d_365d": ratio(ratio(counts[90], 90), ratio(counts[365], 365)),
        "txn_turnover_trend_30d_180d": ratio(6 * activity.turnover(30), half_year),
        "txn_turnover_trend_90d_180d": ratio(2 * activity.turnover(90), half_year),
        "txn_turnover_trend_180d_365d": ratio(ratio(half_year, 180), ratio(year, 365)),
        "txn_inflow_trend_90d_180d": ratio(2 * received(activity, 90), received(activity, 180)),
        "txn_outflow_trend_90d_180d": ratio(2 * spent(activity, 90), spent(activity, 180)),
    }


def salaries(activity: Activity) -> Found:
    """Salaries of the last year, and own accounts elsewhere."""
    earned = [
        (back, row["amount"]) for back, row in activity.all
        if row["kind"] == "salary" and row["amount"] > 0 and back <= 365
    ]  # fmt: skip
    year, quarter = (
        mean([value for _, value in earned]),
        mean([value for back, value in earned if back <= 90]),
    )
    away = [
        back for back, row in activity.own
        if row.get("counterparty_kind") == "own_elsewhere" and row["amount"] < 0 and back <= 365
    ]  # fmt: skip
    return {
        "txn_salary_gap_days": min((back for back, _ in earned), default=None),
        "txn_salary_amount_mean_365d": year,
        "txn_salary_amount_trend_90d_365d": ratio(quarter, year),
        "txn_elsewhere_gap_days": min(away, default=None),
    }


def shares(activity: Activity) -> Found:
    """Parts of the whole."""
    out = {days: outflow(activity.last(days)) for days in (90, 180, 365)}
    away = {days: outflow(activity.last(days, counterparty_kind="own_elsewhere")) for days in (90, 180, 365)}
    on_channel = {
        days: [row["channel"] for row in activity.last(days) if row.get("channel") is not None]
        for days in (90, 180, 365)
    }
    digital = {
        days: ratio(sum(channel in ("online", "mobile") for channel in channels), len(channels))
        for days, channels in on_channel.items()
    }
    half_year = on_channel[180]
    shops = [row for row in activity.last(365) if row["kind"] in ("payment", "purchase")]
    quarter, year = digital[90], digital[365]
    weekend = [back for back, _ in activity.own if back <= 365 and (activity.as_of_weekday - back) % 7 >= 5]
    return {
        "txn_elsewhere_share_90d": ratio(away[90], out[90]),
        "txn_elsewhere_share_365d": ratio(away[365], out[365]),
        "txn_elsewhere_trend_90d_180d": ratio(2 * away[90], away[180]),
        "txn_institution_share_180d": ratio(
            outflow(activity.last(180, counterparty_kind="payment_institution")), out[180]
        ),
        "txn_cash_share_365d": ratio(outflow(activity.last(365, kind="cash")), out[365]),
        "txn_transfer_share_365d": ratio(outflow(activity.last(365, kind="transfer")), out[365]),
        "txn_payment_share_365d": ratio(outflow(shops), out[365]),
        **{
            f"txn_{channel}_share_180d": ratio(half_year.count(channel), len(half_year))
            for channel in ("branch", "atm", "pos")
        },
        "txn_digital_share_180d": digital[180],
        "txn_digital_share_change_90d": None
        if quarter is None or year is None
        else float(quarter) - float(year),
        "txn_weekend_share_365d": ratio(len(weekend), len(activity.last(365))),
    }


def partners(activity: Activity, sign: int) -> dict[str, int]:
    """Sums per counterparty that is somebody else, of one direction, over a year."""
    found: dict[str, int] = {}
    for row in activity.last(365):
        name = row.get("counterparty")
        if name is not None and row.get("counterparty_kind") != "own_elsewhere" and row["amount"] * sign > 0:
            found[name] = found.get(name, 0) + abs(row["amount"])
    return found


def partner_counts(activity: Activity) -> Found:
    """How many there are, and regular payments kept and lost."""
    paid: dict[str, set[int]] = {}
    for back, row in activity.own:
        name = row.get("counterparty")
        if name is not None and row.get("counterparty_kind") != "own_elsewhere" and row["amount"] < 0:
            paid.setdefault(name, set()).add(back)
    regular = [
        days for days in paid.values() if len({(back - 1) // 30 for back in days if 30 < back <= 180}) >= 3
    ]
    kept = sum(any(back <= 45 for back in days) for days in regular)
    return {
        "txn_payer_count_365d": len(partners(activity, 1)),
        "txn_payee_count_365d": len(partners(activity, -1)),
        "txn_recurring_count_kept": kept,
        "txn_recurring_count_lost": len(regular) - kept,
    }


def partner_shares(activity: Activity) -> Found:
    """The largest one and three against all of them."""
    found: Found = {}
    for side, sign in (("payer", 1), ("payee", -1)):
        sums = sorted(partners(activity, sign).values(), reverse=True)
        for top in (1, 3):
            found[f"txn_{side}_share_top{top}_365d"] = ratio(sum(sums[:top]), sum(sums))
    return found
