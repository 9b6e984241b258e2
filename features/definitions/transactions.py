"""Transaction features: how actively the customer uses the account, customer-started rows unless said."""

from __future__ import annotations

from features.catalogue import Feature, Group
from features.policy import read_policy

_GROUP = Group("transactions", "transactions", ("transactions",), "balances.md, Transactions")
_OUT = "the table does not reach the window"
_NEVER = "no customer-started transaction known"
_TWO_DAYS = "fewer than two active days in the window"
_NO_OUTFLOW = "no outflow in the window"
_NO_CHANNEL = "no transaction with a channel in the window"
_WINDOWS = (30, 90, 180, 365)


def _volumes() -> list[Feature]:
    add = _GROUP.feature
    each = (
        ("turnover", "", "money", _WINDOWS, "Sum of absolute amounts of the last {days} days."),
        ("count", "", "count", _WINDOWS, "Transactions of the last {days} days."),
        ("active", "count", "count", _WINDOWS, "Days with a transaction among the last {days}."),
        ("net_flow", "", "money", (30, 90, 365),
         "Sum of signed amounts of the last {days} days; + = into the customer's account."),
        ("inflow", "sum", "money", _WINDOWS,
         "What came into the account in the last {days} days, loans paid out left out."),
        ("outflow", "sum", "money", _WINDOWS,
         "What left the account in the last {days} days, as a positive sum, repayments of loans left out."),
    )  # fmt: skip
    return [
        *(
            add("txn", measure, statistic=statistic, window=f"{days}d", unit=unit, null_means=_OUT,
                definition=text.format(days=days))
            for measure, statistic, unit, windows, text in each
            for days in windows
        ),
        add("txn", "amount", statistic="mean", window="365d", unit="money", null_means="no transaction in the window",
            definition="Mean absolute amount of the last 365 days."),
        add("txn", "amount", statistic="largest", window="365d", unit="money",
            null_means="no transaction in the window",
            definition="Largest absolute amount of the last 365 days."),
        add("txn", "count", statistic="trend_30d_180d", unit="ratio", null_means="no transaction in 180 days",
            definition="Six times the count of the last 30 days over the count of the last 180."),
        add("txn", "count", statistic="trend_90d_365d", unit="ratio", null_means="no transaction in 365 days",
            definition="Transactions per day of the last 90 days over those per day of the last 365."),
        add("txn", "turnover", statistic="trend_30d_180d", unit="ratio", null_means="no turnover in 180 days",
            definition="Six times the turnover of the last 30 days over the turnover of the last 180."),
        add("txn", "turnover", statistic="trend_90d_180d", unit="ratio", null_means="no turnover in 180 days",
            definition="Twice the turnover of the last 90 days over the turnover of the last 180."),
        add("txn", "turnover", statistic="trend_180d_365d", unit="ratio", null_means="no turnover in 365 days",
            definition="Turnover per day of the last 180 days over that per day of the last 365."),
        add("txn", "inflow", statistic="trend_90d_180d", unit="ratio", null_means="no inflow in 180 days",
            definition="Twice the inflow of the last 90 days over the inflow of the last 180."),
        add("txn", "outflow", statistic="trend_90d_180d", unit="ratio", null_means="no outflow in 180 days",
            definition="Twice the outflow of the last 90 days over the outflow of the last 180."),
    ]  # fmt: skip


def _habits() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("txn", "gap", unit="days", null_means=_NEVER, usual="txn_interval_mean_days_365d",
            definition="Days from the last active day to as_of."),
        add("txn", "age", unit="days", null_means=_NEVER, model_input=False,
            definition="Days from the first known active day to as_of."),
        add("txn", "interval", statistic="mean", window="365d", unit="days", null_means=_TWO_DAYS,
            definition="Mean days between consecutive active days in the window: (last - first) / (days - 1)."),
        add("txn", "interval", statistic="mean", window="90d", unit="days", null_means=_TWO_DAYS,
            usual="txn_interval_mean_days_365d",
            definition="Mean days between consecutive active days in the window: (last - first) / (days - 1)."),
        add("txn", "interval", statistic="deviation", window="365d", unit="days",
            null_means="fewer than three active days in the window",
            definition="Population standard deviation of the days between consecutive active days in the window."),
        add("txn", "interval", statistic="longest", window="365d", unit="days", null_means=_TWO_DAYS,
            definition="Longest time between consecutive active days in the window."),
        add("txn", "interval", statistic="trend", window="90d", unit="ratio",
            null_means="fewer than two active days in 90",
            definition="Mean interval of 90 days over that of 365: above 1, the customer comes less often."),
        add("txn", "gap", statistic="over_habit", unit="ratio", null_means=_TWO_DAYS,
            definition="Days since the last active day over the mean interval of 365 days."),
        add("txn", "gap", statistic="over_longest", unit="ratio", null_means=_TWO_DAYS,
            definition="Days since the last active day over the longest interval of 365 days."),
        add("txn", "history", unit="days", null_means="never null", model_input=False,
            definition="Days from the later of the table's first day and the day the relationship opened, to as_of."),
    ]  # fmt: skip


def _kinds() -> list[Feature]:
    add = _GROUP.feature
    sums = (
        ("elsewhere", (90, 365), "Outflow to own accounts elsewhere, last {days} days."),
        ("fee", (90, 365),
         "Fees and penalty interest taken in the last {days} days (whoever began them), as a positive sum."),
        ("penalty", (365,), "Penalty interest taken in the last {days} days (whoever began it), as a positive sum."),
        ("nonbank", (365,), "Inflow from lenders that are no banks, last {days} days (whoever began it)."),
        ("cash", (90,), "Cash taken out in the last {days} days."),
        ("transfer", (90,), "Transfers out of the account in the last {days} days."),
        ("payment", (90,), "Payments and purchases of the last {days} days."),
    )  # fmt: skip
    return [
        *(
            add("txn", measure, statistic="sum", window=f"{days}d", unit="money", null_means=_OUT,
                definition=text.format(days=days))
            for measure, windows, text in sums
            for days in windows
        ),
        add("txn", "elsewhere", statistic="gap", unit="days", null_means="none known in the last 365 days",
            definition="Days from the last outflow to an own account elsewhere to as_of, of the last 365."),
        add("txn", "salary", window="180d", unit="months", null_means=_OUT,
            definition="Blocks of 30 days among the last six with a salary paid in (whoever began it)."),
        add("txn", "salary", statistic="gap", unit="days", null_means="no salary known in the last 365 days",
            definition="Days from the last salary paid in to as_of, of the last 365."),
        add("txn", "salary", statistic="amount_mean", window="365d", unit="money", null_means="no salary in the window",
            definition="Mean salary paid in over the last 365 days."),
        add("txn", "salary", statistic="amount_trend_90d_365d", unit="ratio", null_means="no salary in 90 days",
            definition="Mean salary of the last 90 days over that of the last 365."),
        add("txn", "refund", statistic="count", window="365d", unit="count", null_means=_OUT,
            definition="Transactions of kind other into the account (cancellations, refunds) in the last 365 days."),
    ]  # fmt: skip


def _shares() -> list[Feature]:
    add = _GROUP.feature
    channels = {
        "branch": "at a branch",
        "atm": "at a cash machine",
        "pos": "at a till",
        "digital": "online or by mobile",
    }
    purposes = {
        "cash": "taken out in cash",
        "transfer": "transferred",
        "payment": "spent on payments and purchases",
    }
    return [
        *(
            add("txn", "elsewhere", statistic="share", window=f"{days}d", unit="share", null_means=_NO_OUTFLOW,
                definition=f"Outflow to own accounts elsewhere over all outflow, last {days} days.")
            for days in (90, 365)
        ),
        add("txn", "elsewhere", statistic="trend_90d_180d", unit="ratio", null_means="none of it in 180 days",
            definition="Twice the outflow of 90 days to own accounts elsewhere over that of 180."),
        add("txn", "institution", statistic="share", window="180d", unit="share", null_means=_NO_OUTFLOW,
            definition="Outflow to payment institutions over all outflow, last 180 days."),
        *(
            add("txn", purpose, statistic="share", window="365d", unit="share", null_means=_NO_OUTFLOW,
                definition=f"Outflow {words} over all outflow, last 365 days.")
            for purpose, words in purposes.items()
        ),
        *(
            add("txn", channel, statistic="share", window="180d", unit="share", null_means=_NO_CHANNEL,
                definition=f"Transactions {words} over those with a known channel, last 180 days.")
            for channel, words in channels.items()
        ),
        add("txn", "digital", statistic="share_change", window="90d", unit="share", null_means=_NO_CHANNEL,
            definition="Share of transactions online or by mobile in the last 90 days less that of the last 365."),
        add("txn", "weekend", statistic="share", window="365d", unit="share", null_means="no transaction in the window",
            definition="Transactions on Saturdays and Sundays over all, last 365 days."),
    ]  # fmt: skip


def _partners() -> list[Feature]:
    add = _GROUP.feature
    sides = (("payer", "inflow", "paid in"), ("payee", "outflow", "were paid"))
    policy = read_policy("transactions")["recurring"]
    kept = policy["kept_within_days"]
    recurring = (
        f"Payees paid in {policy['blocks_needed']} or more of the 5 blocks of 30 days from 30 to 180 days ago"
    )
    known = "Partners are those whom the bank can tell, own accounts elsewhere left out."
    return [
        *(
            add("txn", side, statistic="count", window="365d", unit="count", null_means=_OUT,
                definition=f"Partners who {done} in the last 365 days. {known}")
            for side, _, done in sides
        ),
        *(
            add("txn", side, statistic=f"share_top{top}", window="365d", unit="share",
                null_means=f"no {flow} with a known partner",
                definition=f"Share of the largest {top} in the {flow} with known partners, last 365 days. {known}")
            for side, flow, _ in sides
            for top in (1, 3)
        ),
        add("txn", "recurring", statistic="count_kept", unit="count", null_means=_OUT,
            definition=f"{recurring}, and in the last {kept} days."),
        add("txn", "recurring", statistic="count_lost", unit="count", null_means=_OUT,
            definition=f"{recurring}, but not in the last {kept} days."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = (*_volumes(), *_habits(), *_kinds(), *_shares(), *_partners())

_BY_PARTY = ("txn_elsewhere", "txn_institution", "txn_nonbank")
_BY_CHANNEL = ("txn_branch", "txn_atm", "txn_pos", "txn_digital")
_BY_PARTNER = ("txn_payer", "txn_payee", "txn_recurring")
NEEDED_COLUMNS = {
    feature.name: ("transactions", column)
    for feature in FEATURES
    for column, prefixes in (
        ("counterparty_kind", _BY_PARTY),
        ("channel", _BY_CHANNEL),
        ("counterparty", _BY_PARTNER),
    )
    if feature.name.startswith(prefixes)
}
