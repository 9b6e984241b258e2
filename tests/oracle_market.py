"""The oracle's industry and market: the newest statement before a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction

from tests.handover import Bank
from tests.oracle_balances import ASSETS, Stream, held
from tests.oracle_known import Known, known_rows, serving_profile
from tests.oracle_numbers import Exact

Found = dict[str, Exact | float | None]
Rows = Mapping[str, Mapping[str, list[Known]]]

STALE_AFTER = 396
OUTLOOK = (
    "industry_outlook_level",
    "industry_outlook_change_180d",
    "industry_sales_growth",
    "industry_inventory_growth",
    "industry_outlook_age_days",
)
PAIRS = {"term_deposit": "term_deposit_12m", "wealth": "wealth_90d"}


def market_features(bank: Bank, customers: Mapping[str, Known], rows: Rows, as_of: date) -> dict[str, Found]:
    """Every feature of the groups `industry` and `market`, as far as the bank has the tables."""
    found: dict[str, Found] = {one: {} for one in customers}
    serving = serving_profile(bank)
    if "industry_outlook" in bank.tables and "industry" in serving:
        stated = known_rows(bank, "industry_outlook", as_of)
        for one, state in customers.items():
            region = state["region"] if "region" in serving else None
            found[one] |= outlook_features(stated, state["industry"], region, as_of)
    if "market" in bank.tables:
        rates = known_rows(bank, "market", as_of)
        for one in customers:
            found[one] |= rate_features(rates, as_of)
            if "balances" in rows:
                found[one]["market_pull"] = pull(rates, rows["balances"].get(one, []), as_of)
    return found


def newest(rows: Iterable[Known], day: date) -> Known | None:
    """The row stated last before the day."""
    return max(
        (row for row in rows if row["stated_on"] < day), key=lambda row: row["stated_on"], default=None
    )


def outlook_features(stated: list[Known], industry: str | None, region: str | None, as_of: date) -> Found:
    """The statement for the customer's region, else for the industry at large; none older than is allowed."""

    def holds(day: date) -> Known | None:
        about = [
            row
            for row in stated
            if row["industry"] == industry and row["stated_on"] >= day - timedelta(STALE_AFTER)
        ]
        here = newest([row for row in about if region is not None and row.get("region") == region], day)
        return here or newest([row for row in about if row.get("region") is None], day)

    now, then = holds(as_of), holds(as_of - timedelta(180))
    if now is None:
        return dict.fromkeys(OUTLOOK)
    return {
        "industry_outlook_level": now["outlook"],
        "industry_outlook_change_180d": None if then is None else now["outlook"] - then["outlook"],
        "industry_sales_growth": now.get("sales_growth"),
        "industry_inventory_growth": now.get("inventory_days_growth"),
        "industry_outlook_age_days": (as_of - now["stated_on"]).days,
    }


def rate(rates: list[Known], series: str, day: date) -> Fraction | None:
    """The value of a series on a day."""
    row = newest([row for row in rates if row["series"] == series], day)
    return None if row is None else Fraction(row["value"])


def minus(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    """The difference of two values, both of which are known."""
    return None if one is None or other is None else one - other


def advantage(rates: list[Known], product: str, as_of: date) -> Fraction | None:
    """By how much others pay more for a product."""
    return minus(rate(rates, f"{PAIRS[product]}_elsewhere", as_of), rate(rates, PAIRS[product], as_of))


def rate_features(rates: list[Known], as_of: date) -> Found:
    """What is equal for everybody at one as_of."""
    now = rate(rates, "policy_rate", as_of)
    return {
        **{f"market_advantage_{product}": advantage(rates, product, as_of) for product in PAIRS},
        **{
            f"market_policy_change_{days}d": minus(now, rate(rates, "policy_rate", as_of - timedelta(days)))
            for days in (90, 180)
        },
    }


def pull(rates: list[Known], balances: list[Known], as_of: date) -> Fraction | None:
    """What the customer would gain elsewhere, over what is held here."""
    better = {product: advantage(rates, product, as_of) for product in PAIRS}
    known = {product: value for product, value in better.items() if value is not None}
    report = Stream(balances, "own").report(as_of.toordinal())
    if not known or report is None or held(report, ASSETS) <= 0:
        return None
    gain = sum((value * report.get(product, 0) for product, value in known.items()), Fraction(0))
    return gain / held(report, ASSETS)
