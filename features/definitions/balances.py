"""Balance features: how much a customer holds at this bank, and which way it goes."""

from __future__ import annotations

from features.catalogue import Feature, Group
from features.policy import read_policy

_GROUP = Group("balances", "balances", ("balances",), "balances.md, Own-bank assets")
_NONE = "no balance observed on any day of the window"
_STALE = "no reporting date within the last 45 days"
_FAMILIES = {
    "demand_deposit": "Demand deposits", "term_deposit": "Term deposits", "wealth": "Wealth products",
    "fund": "Funds", "bond": "Bonds", "insurance": "Insurance (cash value)",
}  # fmt: skip
_GROUPS = {"deposit": "Deposits", "investment": "Wealth products, funds and bonds"}
_TWO = "fewer than two observed days in the window, or a mean of zero"


def _features() -> list[Feature]:
    add = _GROUP.feature
    policy = read_policy("balances")
    dormant, movement = policy["dormant"], policy["large_movement"]
    large = (
        "of own-bank assets between two reporting dates of the last 365 days that exceed "
        f"{movement['times_median']} times the median movement and {movement['above']} (major units)."
    )
    return [
        add("asset", "balance", statistic="level", unit="money", null_means=_STALE, usual="asset_balance_mean_365d",
            definition="Own-bank assets (deposits, wealth, fund, bond, insurance; bank own or not stated) on the last "
                       "reporting date before as_of."),
        *(
            add("asset", "balance", statistic="mean", window=f"{days}d", unit="money", null_means=_NONE,
                usual=None if days == 365 else "asset_balance_mean_365d",
                definition=f"Mean own-bank assets over the observed days of the last {days} days.")
            for days in (30, 90, 180, 365)
        ),
        *(
            add("asset", "balance", statistic=name, window=f"{days}d", unit="money", null_means=_NONE,
                definition=f"{word} own-bank assets on a day of the last {days} or at as_of.")
            for name, word in (("minimum", "Lowest"), ("maximum", "Highest"))
            for days in (90, 365)
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
        add("asset", "balance", statistic="trend_90d_365d", unit="ratio",
            null_means="no observed day in either window, or a mean of zero",
            definition="Mean own-bank assets of the last 90 days over that of the last 365."),
        add("asset", "balance", statistic="acceleration", window="90d", unit="share", null_means=_TWO,
            definition="Slope of 90 days less slope of 180: above 0, a rise quickens or a fall slows."),
        add("asset", "balance", statistic="recovery", window="365d", unit="share",
            null_means="no level, or highest and lowest are equal",
            definition="Where the level lies between the lowest (0) and the highest (1) own-bank assets of 365 days."),
        *(
            add("asset", "movement", statistic=f"count_large_{way}", window="365d", unit="count",
                null_means="fewer than two reporting dates in the window", definition=f"{word} {large}")
            for way, word in (("in", "Rises"), ("out", "Falls"))
        ),
        add("asset", "movement", statistic="gap_large", unit="days", null_means="no large movement known",
            definition=f"Days from the last large movement to as_of. Movements {large}"),
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
        *(
            add(product, "balance", statistic="share", unit="share", null_means="no level, or assets of zero",
                definition=f"{word} over own-bank assets on the last reporting date.")
            for product, word in _FAMILIES.items()
        ),
        add("asset", "balance", statistic="concentration", unit="share", null_means="no level, or assets of zero",
            definition="Sum of the squared shares of the six asset products: 1 = all in one."),
        add("asset", "family", statistic="count", unit="count", null_means=_STALE,
            definition="Asset products with a balance above zero at this bank on the last reporting date."),
        *(
            add(group, "balance", statistic="level", unit="money", null_means=_STALE,
                definition=f"{word} at this bank on the last reporting date before as_of.")
            for group, word in (*_GROUPS.items(), ("insurance", "Insurance (cash value)"))
        ),
        *(
            add(group, "balance", statistic="mean", window="90d", unit="money", null_means=_NONE,
                definition=f"Mean {word.lower()} at this bank over the observed days of the last 90.")
            for group, word in _GROUPS.items()
        ),
        *(
            add(group, "balance", statistic="trend_30d_90d", unit="ratio",
                null_means="no observed day in either window, or a mean of zero",
                definition=f"Mean {word.lower()} of the last 30 days over that of the last 90.")
            for group, word in _GROUPS.items()
        ),
        add("asset", "is", statistic="dormant", unit="flag", tables=("transactions",),
            null_means="no level, or no transaction can be known",
            definition=f"1 with own-bank assets above {dormant['assets_above']} (major units) and no customer-started "
                       f"transaction in {dormant['days']} days, else 0."),
        add("elsewhere", "balance", statistic="level", unit="money",
            null_means="no balance elsewhere within the last 45 days",
            definition="Assets known at other banks, on their last reporting date before as_of."),
        add("loan", "balance", statistic="level", unit="money", null_means=_STALE,
            definition="Loans and card credit used at this bank on the last reporting date before as_of."),
        add("loan", "balance", statistic="mean", window="90d", unit="money", null_means=_NONE,
            definition="Mean loans at this bank (card credit left out) over the observed days of the last 90 days."),
        add("product", "family", statistic="count", unit="count", null_means=_STALE,
            definition="Products with a balance above zero at this bank on the last reporting date."),
        add("wallet", "share", unit="share", null_means="no balance elsewhere within the last 45 days, or no level",
            definition="Own-bank assets over own-bank assets plus assets elsewhere, each on its last reporting date."),
        add("wallet", "share", statistic="change", window="180d", unit="share",
            null_means="not known now, or not known 180 days ago",
            definition="Share of wallet less that of 180 days before as_of, as known at as_of."),
        add("balance", "history", unit="days", null_means="never null", model_input=False,
            definition="Days from the later of the table's first day and the day the relationship opened, to as_of."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

_BY_PLACE = ("wallet_share", "wallet_share_change_180d", "elsewhere_balance_level")
NEEDED_COLUMNS = dict.fromkeys(_BY_PLACE, ("balances", "bank"))
