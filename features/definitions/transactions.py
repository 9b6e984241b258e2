"""Transaction features: how actively the customer uses the account, customer-started rows unless said."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("transactions", "transactions", ("transactions",), "balances.md, Transactions")
_OUT = "the table does not reach the window"
_NEVER = "no customer-started transaction known"
_TWO_DAYS = "fewer than two active days in the window"


def _features() -> list[Feature]:
    add = _GROUP.feature
    windows = (30, 90, 180, 365)
    return [
        *(
            add("txn", "turnover", window=f"{days}d", unit="money", null_means=_OUT,
                definition=f"Sum of absolute amounts of the last {days} days.")
            for days in windows
        ),
        *(
            add("txn", "count", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Transactions of the last {days} days.")
            for days in windows
        ),
        *(
            add("txn", "active", statistic="count", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Days with a transaction among the last {days}.")
            for days in (90, 180, 365)
        ),
        add("txn", "gap", unit="days", null_means=_NEVER, usual="txn_interval_mean_days_365d",
            definition="Days from the last active day to as_of."),
        add("txn", "age", unit="days", null_means=_NEVER, model_input=False,
            definition="Days from the first known active day to as_of."),
        add("txn", "interval", statistic="mean", window="365d", unit="days", null_means=_TWO_DAYS,
            definition="Mean days between consecutive active days in the window: (last - first) / (days - 1)."),
        add("txn", "interval", statistic="deviation", window="365d", unit="days",
            null_means="fewer than three active days in the window",
            definition="Population standard deviation of the days between consecutive active days in the window."),
        add("txn", "gap", statistic="over_habit", unit="ratio", null_means=_TWO_DAYS,
            definition="Days since the last active day over the mean interval of 365 days."),
        add("txn", "amount", statistic="mean", window="365d", unit="money", null_means="no transaction in the window",
            definition="Mean absolute amount of the last 365 days."),
        add("txn", "amount", statistic="largest", window="365d", unit="money",
            null_means="no transaction in the window",
            definition="Largest absolute amount of the last 365 days."),
        add("txn", "count", statistic="trend_30d_180d", unit="ratio", null_means="no transaction in 180 days",
            definition="Six times the count of the last 30 days over the count of the last 180."),
        add("txn", "turnover", statistic="trend_30d_180d", unit="ratio", null_means="no turnover in 180 days",
            definition="Six times the turnover of the last 30 days over the turnover of the last 180."),
        add("txn", "turnover", statistic="trend_90d_180d", unit="ratio", null_means="no turnover in 180 days",
            definition="Twice the turnover of the last 90 days over the turnover of the last 180."),
        add("txn", "net_flow", window="90d", unit="money", null_means=_OUT,
            definition="Sum of signed amounts of the last 90 days; + = into the customer's account."),
        add("txn", "elsewhere", statistic="share", window="90d", unit="share", null_means="no outflow in the window",
            definition="Outflow to own accounts elsewhere over all outflow, last 90 days."),
        add("txn", "elsewhere", statistic="sum", window="90d", unit="money", null_means=_OUT,
            definition="Outflow to own accounts elsewhere, last 90 days."),
        add("txn", "salary", window="180d", unit="months", null_means=_OUT,
            definition="Blocks of 30 days among the last six with a salary paid in (whoever began it)."),
        add("txn", "branch", statistic="share", window="180d", unit="share",
            null_means="no transaction with a channel in the window",
            definition="Transactions at a branch over those with a known channel, last 180 days."),
        add("txn", "fee", statistic="sum", window="90d", unit="money", null_means=_OUT,
            definition="Fees and penalty interest taken in the last 90 days (whoever began them), as a positive sum."),
        add("txn", "refund", statistic="count", window="365d", unit="count", null_means=_OUT,
            definition="Transactions of kind other into the account (cancellations, refunds) in the last 365 days."),
        add("txn", "history", unit="days", null_means="never null", model_input=False,
            definition="Days from the later of the table's first day and the day the relationship opened, to as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    "txn_branch_share_180d": ("transactions", "channel"),
    "txn_elsewhere_share_90d": ("transactions", "counterparty_kind"),
    "txn_elsewhere_sum_90d": ("transactions", "counterparty_kind"),
}
