"""Balance features: how much a customer holds at this bank, and which way it goes."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("balances", "balances", ("balances",), "balances.md, Own-bank assets")
_NONE = "no balance observed on any day of the window"
_STALE = "no reporting date within the last 45 days"
_TWO = "fewer than two observed days in the window, or a mean of zero"


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("asset", "balance", statistic="level", unit="money", null_means=_STALE, usual="asset_balance_mean_365d",
            definition="Own-bank assets (deposits, wealth, fund, bond, insurance; bank own or not stated) on the last "
                       "reporting date before as_of."),
        *(
            add("asset", "balance", statistic="mean", window=f"{days}d", unit="money", null_means=_NONE,
                usual=None if days == 365 else "asset_balance_mean_365d",
                definition=f"Mean own-bank assets over the observed days of the last {days} days.")
            for days in (30, 90, 365)
        ),
        *(
            add("asset", "balance", statistic="slope", window=f"{days}d", unit="share", null_means=_TWO,
                definition=f"Least-squares slope of daily own-bank assets over the observed days of the last {days} "
                           "days, per 30 days, as a share of their mean.")
            for days in (90, 180)
        ),
        *(
            add("asset", "balance", statistic=f"trend_30d_{days}d", unit="ratio",
                null_means="no observed day in either window, or a mean of zero",
                definition=f"Mean own-bank assets of the last 30 days over that of the last {days}.")
            for days in (90, 365)
        ),
        add("asset", "balance", statistic="drawdown", window="365d", unit="share",
            null_means="no level, or no maximum above zero",
            definition="1 - level / highest own-bank assets on a day of the last 365 or at as_of."),
        add("asset", "balance", statistic="drawdown", window="365d", unit="days", null_means=_STALE,
            definition="Days from the last reporting date with the highest own-bank assets, among the reporting "
                       "dates of the last 365 days, to as_of."),
        add("asset", "balance", statistic="deviation", window="180d", unit="share", null_means=_TWO,
            definition="Population standard deviation of daily own-bank assets over the observed days of the last 180 "
                       "days, over their mean."),
        add("asset", "balance", statistic="falling", unit="months", null_means="a block of 30 days without "
            "an observed day among the last two",
            definition="How many of the last blocks of 30 days in a row (0 to 5) have a mean below the block before."),
        add("deposit", "balance", statistic="share", unit="share", null_means="no level, or assets of zero",
            definition="Demand and term deposits over own-bank assets on the last reporting date."),
        add("loan", "balance", statistic="level", unit="money", null_means=_STALE,
            definition="Loans and card credit used at this bank on the last reporting date before as_of."),
        add("loan", "balance", statistic="mean", window="90d", unit="money", null_means=_NONE,
            definition="Mean loans at this bank (card credit left out) over the observed days of the last 90 days."),
        add("product", "family", statistic="count", unit="count", null_means=_STALE,
            definition="Products with a balance above zero at this bank on the last reporting date."),
        add("wallet", "share", unit="share", null_means="no balance elsewhere within the last 45 days, or no level",
            definition="Own-bank assets over own-bank assets plus assets elsewhere, each on its last reporting date."),
        add("balance", "history", unit="days", null_means="never null", model_input=False,
            definition="Days from the later of the table's first day and the day the relationship opened, to as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())
