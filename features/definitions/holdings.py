"""Holding features: what contracts a customer has with the bank, how long, and what becomes of them at maturity."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("holdings", "products", ("holdings",), "balances.md, Holdings")
_OUT = "the table does not reach the window"
_UNSTATED = "the table does not reach the window, or no such holding states an amount"
_OPEN = "Open: not closed before as_of, and without maturity or maturing on or after as_of."
_MATURED = (
    "Matured: an asset product that matured in the last 365 days and was not closed before. Renewed: another known "
    "holding of the customer names it in renewed_from."
)
_ASSETS = "Asset products: deposits, wealth, fund, bond, insurance."


def _features() -> list[Feature]:
    return [*_held(), *_maturing(), *_matured(), *_movements(), *_fit()]


def _held() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("holding", "count", statistic="open", unit="count", null_means=_OUT,
            definition=f"Holdings open at as_of. {_OPEN}"),
        add("holding", "family", statistic="count", unit="count", null_means=_OUT,
            definition=f"Products of which a holding is open at as_of. {_OPEN}"),
        add("holding", "tenure", statistic="oldest", unit="days", null_means="no holding open",
            definition=f"Days from the opening of the oldest open holding to as_of. {_OPEN}"),
    ]  # fmt: skip


def _maturing() -> list[Feature]:
    add = _GROUP.feature
    found = []
    for days in (30, 90):
        soon = f"open holdings of asset products that mature within {days} days from as_of on"
        found += [
            add("holding", "maturing", statistic="count", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Number of {soon}. {_ASSETS}"),
            add("holding", "maturing", statistic="amount", window=f"{days}d", unit="money", null_means=_UNSTATED,
                definition=f"Sum of the stated amounts of {soon}. {_ASSETS}"),
            add("holding", "maturing", statistic="share", window=f"{days}d", unit="share", tables=("balances",),
                null_means="as for the amount; or no reporting date within 45 days, or assets of zero",
                definition=f"Sum of the stated amounts of {soon}, over own-bank assets on the last reporting date."),
        ]  # fmt: skip
    return found


def _matured() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("holding", "renewed", statistic="count", window="365d", unit="count", null_means=_OUT,
            definition=f"Matured holdings that were renewed. {_MATURED}"),
        add("holding", "renewed", statistic="share", window="365d", unit="share",
            null_means="no holding matured in the window",
            definition=f"Matured holdings that were renewed, over all that matured. {_MATURED}"),
        add("holding", "renewed", statistic="amount", window="365d", unit="money", null_means=_UNSTATED,
            definition=f"Sum of the stated amounts of matured holdings that were renewed. {_MATURED}"),
        add("holding", "lapsed", statistic="count", window="365d", unit="count", null_means=_OUT,
            definition=f"Matured holdings that were not renewed. {_MATURED}"),
        add("holding", "lapsed", statistic="amount", window="365d", unit="money", null_means=_UNSTATED,
            definition=f"Sum of the stated amounts of matured holdings that were not renewed. {_MATURED}"),
        add("holding", "broken", statistic="count", window="365d", unit="count", null_means=_OUT,
            definition="Holdings of asset products closed in the last 365 days before they matured, that no other "
                       f"known holding of the customer renews. {_ASSETS}"),
    ]  # fmt: skip


def _movements() -> list[Feature]:
    add = _GROUP.feature
    return [
        *(
            add("holding", "opened", statistic="count", window=f"{days}d", unit="count", null_means=_OUT,
                definition=f"Holdings opened in the last {days} days.")
            for days in (90, 365)
        ),
        add("holding", "opening", statistic="gap", unit="days", null_means="no holding known",
            definition="Days from the last opening of a holding to as_of."),
        add("holding", "closing", statistic="gap", unit="days", null_means="no holding closed before as_of",
            definition="Days from the last closing of a holding to as_of."),
        add("holding", "history", unit="days", null_means="never null", model_input=False,
            definition="Days from the later of the table's first day and the day the relationship opened, to as_of."),
    ]  # fmt: skip


def _fit() -> list[Feature]:
    add = _GROUP.feature
    return [
        add("product", "unmet", statistic="count", unit="count", null_means=_OUT,
            definition="Product families usual for the customer's kind of which the customer holds none. Usual: at "
                       "least a share (policy) of the customers of that kind known and not closed at as_of hold it. "
                       f"{_OPEN}"),
        add("holding", "risk", statistic="highest", unit="score", null_means="no open holding with a known grade",
            definition="Highest risk grade of an open holding, 1 (lowest) to 5, in the words of the policy."),
        add("holding", "risk", statistic="excess", unit="score",
            null_means="no open holding with a known grade, or no known risk preference",
            definition="Highest risk grade of an open holding minus the highest grade that suits the customer's risk "
                       "preference in the newest state before as_of: above 0 it is riskier than suits."),
        add("insurance", "cover", statistic="sum", unit="money", null_means=_UNSTATED,
            definition="Sum of the stated sums insured of open insurance holdings."),
        add("insurance", "gap", statistic="critical", unit="flag",
            null_means="not a retail customer, the table does not reach as_of, or cover of a kind not stated",
            definition="1 if a retail customer has no open insurance against critical illness (kinds by policy), "
                       "else 0."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())

NEEDED_COLUMNS = {
    **{
        feature.name: ("holdings", "matures_on", *(() if "count" in feature.name else ("amount",)))
        for feature in FEATURES
        if feature.name.startswith("holding_maturing")
    },
    **{
        feature.name: (
            "holdings",
            "matures_on",
            "renewed_from",
            *(("amount",) if "amount" in feature.name else ()),
        )
        for feature in FEATURES
        if feature.name.startswith(("holding_renewed", "holding_lapsed"))
    },
    "holding_broken_count_365d": ("holdings", "matures_on", "closed_on"),
    "holding_closing_gap_days": ("holdings", "closed_on"),
    "holding_risk_highest": ("holdings", "risk_grade"),
    "holding_risk_excess": ("customers", "risk_preference"),
    "insurance_cover_sum": ("holdings", "sum_insured"),
    "insurance_gap_critical": ("holdings", "insurance_kind"),
}
"""Feature -> the optional table and columns that it cannot do without."""
