"""Contribution features: what the customer's products earn the bank, less what they cost and may lose."""

from __future__ import annotations

from features.catalogue import Feature, Group

_GROUP = Group("contribution", "balances", (), "five-factor.md, current contribution; rates.yaml")
_OUT = "the table does not reach the window"
_BALANCES = ("balances",)


def _features() -> list[Feature]:
    add = _GROUP.feature
    families = {
        "deposits": "demand and term deposits: transfer price less rate paid",
        "loans": "loans and card credit (rate charged less transfer price) and guarantees (fee rate)",
        "investments": "wealth products, funds and bonds: fee rate",
        "insurance": "insurance: fee rate",
    }
    return [
        add("contribution", "total", window="365d", unit="money", null_means=_OUT, tables=_BALANCES,
            definition="Margin, fees and penalty interest less cost to serve and expected loss, over the observed days "
                       "of the last 365; parts whose table the bank lacks are left out. The factor current "
                       "contribution."),
        *(
            add("contribution", family, window="365d", unit="money", null_means=_OUT, tables=_BALANCES,
                definition=f"Margin on {what}, times the balance of each observed day of the last 365, over 365.")
            for family, what in families.items()
        ),
        add("contribution", "payments", window="365d", unit="money", null_means=_OUT, tables=("transactions",),
            definition="Fees and penalty interest taken in the last 365 days, refunds taken off."),
        add("contribution", "cost", window="365d", unit="money", null_means=_OUT, tables=_BALANCES,
            definition="Cost to serve over the last 365 days, as a positive sum: accounts held, and contacts and "
                       "transactions by channel where the bank records them."),
        add("contribution", "expected_loss", window="365d", unit="money", null_means=_OUT, tables=_BALANCES,
            definition="Loans, card credit and guarantees of each observed day of the last 365 times probability of "
                       "default (by days past due at as_of) and loss given default, over 365, as a positive sum."),
        add("contribution", "trend_90d", window="365d", unit="ratio", tables=_BALANCES,
            null_means="no observed day, or a contribution of the year that is not above zero",
            definition="Contribution per observed day of the last 90 days over that of the last 365."),
        add("contribution", "largest_share", window="365d", unit="share", tables=_BALANCES,
            null_means="no family earned anything",
            definition="Share of the family that earned most (deposits, loans, investments, insurance, payments) in "
                       "what all families with a positive margin earned, last 365 days, before costs and losses."),
        add("contribution", "cost_over_income", window="365d", unit="ratio", tables=_BALANCES,
            null_means="margin and fees of the year are not above zero",
            definition="Cost to serve over margin and fees of the last 365 days."),
        add("contribution", "observed", window="365d", unit="days", tables=_BALANCES,
            null_means="never null", model_input=False,
            definition="Days of the last 365 on or after the later of the first day of the balances and the day the "
                       "relationship opened."),
    ]  # fmt: skip


FEATURES: tuple[Feature, ...] = tuple(_features())
