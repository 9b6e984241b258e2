"""Transactions: how actively the customer uses the account."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.groups import transaction_stages as stages
from features.segments import at_moments
from features.windows import KEYS, Tables, counted, history_days, onto_spine, ratio

_DAYS = (30, 90, 180, 365)


def transactions(tables: Tables, spine: ir.Table) -> ir.Table:
    """Turnover, counts, rhythm, destinations and partners of customer-started transactions.

    One row per (customer_id, as_of) of `spine`. Money in minor units. A row whose `started_by` is null is not
    counted as customer-started (own choice: activity is never assumed).

    Source: balances.md, "Transactions".
    """
    parts = tables.share("txn_parts", lambda: stages.parts(tables))
    joined = spine
    for name, part in (
        ("txn_sums", stages.sums(at_moments(tables, parts, spine, stages.YEAR))),
        ("txn_rhythm", stages.rhythm(tables, spine)),
        ("txn_ends", stages.earlier(tables, spine)),
        ("txn_partners", stages.partners(tables, spine)),
    ):
        joined = onto_spine(joined, tables.keep(name, part))
    return joined.select(
        *KEYS, **_volumes(tables, joined), **_kinds(tables, joined), **_habits(joined), **_shares(joined),
        txn_history_days=history_days(tables, "transactions", joined),
    )  # fmt: skip


def _volumes(tables: Tables, t: ir.Table) -> dict[str, ir.Value]:
    """How much and how often."""
    sums = {
        **{f"txn_turnover_{n}d": t[f"size_{n}"] for n in _DAYS},
        **{f"txn_count_{n}d": t[f"n_{n}"] for n in _DAYS},
        **{f"txn_active_count_{n}d": t[f"active_{n}"] for n in _DAYS},
        **{f"txn_net_flow_{n}d": t[f"net_{n}"] for n in (30, 90, 365)},
        **{f"txn_inflow_sum_{n}d": _received(t, n) for n in _DAYS},
        **{f"txn_outflow_sum_{n}d": _spent(t, n) for n in _DAYS},
    }
    return {
        **_filled(tables, t, sums),
        "txn_amount_mean_365d": ratio(t.size_365, t.n_365),
        "txn_amount_largest_365d": t.largest.cast("float64"),
        "txn_count_trend_30d_180d": ratio(t.n_30 * 6, t.n_180),
        "txn_count_trend_90d_365d": ratio(t.n_90 * 365, t.n_365 * 90),
        "txn_turnover_trend_30d_180d": ratio(t.size_30 * 6, t.size_180),
        "txn_turnover_trend_90d_180d": ratio(t.size_90 * 2, t.size_180),
        "txn_turnover_trend_180d_365d": ratio(t.size_180 * 365, t.size_365 * 180),
        "txn_inflow_trend_90d_180d": ratio(_received(t, 90) * 2, _received(t, 180)),
        "txn_outflow_trend_90d_180d": ratio(_spent(t, 90) * 2, _spent(t, 180)),
    }


def _filled(tables: Tables, t: ir.Table, sums: dict[str, ir.Value]) -> dict[str, ir.Value]:
    """0 where the table reaches the window and holds nothing of the customer."""
    return {name: counted(tables, "transactions", value, t.as_of_day) for name, value in sums.items()}


def _outflow(t: ir.Table, days: int) -> ir.IntegerValue:
    """All that left the account, as a positive sum: turnover is what came and what left, net flow their difference."""
    return (t[f"size_{days}"] - t[f"net_{days}"]) // 2


def _received(t: ir.Table, days: int) -> ir.IntegerValue:
    """What came in, money lent left out."""
    return t[f"size_{days}"] - _outflow(t, days) - t[f"lent_{days}"]


def _spent(t: ir.Table, days: int) -> ir.IntegerValue:
    """What left, repayments of loans left out."""
    return _outflow(t, days) - t[f"repaid_{days}"]


def _kinds(tables: Tables, t: ir.Table) -> dict[str, ir.Value]:
    """What the money was for and where it went."""
    salary_months = sum((t[f"salaries_block_{block}"] for block in range(stages.BLOCKS)), ibis.literal(0))
    sums = {
        "txn_elsewhere_sum_90d": t.elsewhere_90,
        "txn_elsewhere_sum_365d": t.elsewhere_365,
        "txn_salary_months_180d": salary_months,
        "txn_fee_sum_90d": t.fees_90,
        "txn_fee_sum_365d": t.fees_365,
        "txn_penalty_sum_365d": t.penalties_365,
        "txn_refund_count_365d": t.refunds_365,
        "txn_nonbank_sum_365d": t.nonbank_365,
        "txn_cash_sum_90d": t.cash_90,
        "txn_transfer_sum_90d": t.transfers_90,
        "txn_payment_sum_90d": t.payments_90,
        "txn_payer_count_365d": t.payers,
        "txn_payee_count_365d": t.payees,
        "txn_recurring_count_kept": t.kept,
        "txn_recurring_count_lost": t.lost,
    }
    return {
        **_filled(tables, t, sums),
        "txn_elsewhere_gap_days": (t.as_of_day - t.elsewhere_day).cast("float64"),
        "txn_salary_gap_days": (t.as_of_day - t.salary_day).cast("float64"),
        "txn_salary_amount_mean_365d": ratio(t.salary_365, t.salaries_365),
        "txn_salary_amount_trend_90d_365d": ratio(t.salary_90 * t.salaries_365, t.salaries_90 * t.salary_365),
    }


def _habits(t: ir.Table) -> dict[str, ir.Value]:
    """The days between active days, and today's silence beside them."""
    gap = (t.as_of_day - ibis.coalesce(t.last_day, t.latest)).cast("float64")
    count, total = t.active_365 - 1, (t.last_day - t.since_365).cast("int64")
    year = ratio(total, count)
    quarter_count, quarter_total = t.active_90 - 1, (t.last_day - t.since_90).cast("int64")
    spread = (count * t.gap_squares - total * total).cast("float64").sqrt()
    return {
        "txn_gap_days": gap,
        "txn_age_days": (t.as_of_day - ibis.coalesce(t.earliest, t.since_365)).cast("float64"),
        "txn_interval_mean_days_365d": year,
        "txn_interval_mean_days_90d": ratio(quarter_total, quarter_count),
        "txn_interval_deviation_days_365d": ibis.ifelse(
            count >= 2, spread / count.cast("float64").nullif(0.0), ibis.null("float64")
        ),
        "txn_interval_longest_days_365d": t.gap_longest.cast("float64"),
        "txn_interval_trend_90d": ratio(quarter_total * count, quarter_count * total),
        "txn_gap_over_habit": gap / year,
        "txn_gap_over_longest": gap / t.gap_longest.cast("float64"),
    }


def _shares(t: ir.Table) -> dict[str, ir.Value]:
    """Parts of the whole."""
    return {
        "txn_elsewhere_share_90d": ratio(t.elsewhere_90, _outflow(t, 90)),
        "txn_elsewhere_share_365d": ratio(t.elsewhere_365, _outflow(t, 365)),
        "txn_elsewhere_trend_90d_180d": ratio(t.elsewhere_90 * 2, t.elsewhere_180),
        "txn_institution_share_180d": ratio(t.institution_180, _outflow(t, 180)),
        "txn_cash_share_365d": ratio(t.cash_365, _outflow(t, 365)),
        "txn_transfer_share_365d": ratio(t.transfers_365, _outflow(t, 365)),
        "txn_payment_share_365d": ratio(t.payments_365, _outflow(t, 365)),
        "txn_branch_share_180d": ratio(t.branch_180, t.with_channel_180),
        "txn_atm_share_180d": ratio(t.atm_180, t.with_channel_180),
        "txn_pos_share_180d": ratio(t.pos_180, t.with_channel_180),
        "txn_digital_share_180d": ratio(t.digital_180, t.with_channel_180),
        "txn_digital_share_change_90d": ratio(t.digital_90, t.with_channel_90)
        - ratio(t.digital_365, t.with_channel_365),
        "txn_weekend_share_365d": ratio(t.weekend_365, t.n_365),
        "txn_payer_share_top1_365d": ratio(t.in_1, t.in_all),
        "txn_payer_share_top3_365d": ratio(t.in_3, t.in_all),
        "txn_payee_share_top1_365d": ratio(t.out_1, t.out_all),
        "txn_payee_share_top3_365d": ratio(t.out_3, t.out_all),
    }
