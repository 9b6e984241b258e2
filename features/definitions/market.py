"""Market features: where rates go, and what the customer would gain by taking his money elsewhere.

What is equal for all customers at one as_of is shown and explained but is no input of a model: it would only tell
one date from another.
"""

from __future__ import annotations

from features.catalogue import Feature, Group
from features.policy import read_policy

_GROUP = Group(
    "market", "balances", ("market",), "five-factor.md, growth potential, question 3; policy/market.yaml"
)
ADVANTAGE: dict[str, dict[str, str]] = read_policy("market")["advantage"]
"""Product -> the bank's own series, and the series of the rate elsewhere."""


def _features() -> list[Feature]:
    add = _GROUP.feature
    return [
        *(
            add("market", "advantage", statistic=product, unit="share", model_input=False,
                null_means="no value of one of the two series known",
                definition=f"Rate a year elsewhere minus this bank's own, for the product {product}: above 0 others "
                           "pay more.")
            for product in ADVANTAGE
        ),
        *(
            add("market", "policy_change", window=f"{days}d", unit="share", model_input=False,
                null_means="no policy rate known now or then",
                definition=f"Policy rate a year minus the one {days} days before as_of.")
            for days in (90, 180)
        ),
        add("market", "pull", unit="share", tables=("balances",),
            null_means="no rate elsewhere known, no reporting date within the last 45 days, or assets not above zero",
            definition="What the customer would gain elsewhere in a year, as a share of own-bank assets: balance of "
                       "each product times the rate elsewhere minus this bank's own, added up over the products of "
                       "which both rates are known, over the assets on the last reporting date."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())
