"""Industry and market: the newest statement that holds, by hand. As_of is 2024-04-01."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bank import AS_OF, ZONE, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank

Row = dict[str, Any]


def stated(industry: str, region: str | None, days: int, outlook: float, **more: Any) -> Row:
    row = {"industry": industry, "region": region, "stated_on": before(days), "outlook": outlook,
           "sales_growth": None, "inventory_days_growth": None, "recorded_at": None}  # fmt: skip
    return {**row, **more}


def outlooks() -> list[Row]:
    return [
        stated("steel", None, 200, -1.0, sales_growth=0.5),
        stated("steel", None, 10, 1.0, sales_growth=0.25, inventory_days_growth=-0.125),
        stated("steel", "north", 300, 0.5),
        stated("steel", "north", 181, 2.0),
        stated("steel", "north", 180, -2.0),
        stated("steel", "north", 20, 1.5, inventory_days_growth=0.5),
        stated("steel", "south", 397, -2.0),
        stated("steel", "east", 0, -2.0),
        stated("steel", "west", 5, -2.0, recorded_at=at(before(0), "00:00")),
        stated("food", "north", 396, 0.25),
        stated("toys", None, 397, 1.0),
    ]


def rates() -> list[Row]:
    def one(series: str, days: int, value: float) -> Row:
        return {"series": series, "stated_on": before(days), "value": value}

    return [
        one("policy_rate", 181, 0.5),
        one("policy_rate", 180, 0.25),
        one("policy_rate", 91, 0.125),
        one("policy_rate", 90, 9.0),
        one("policy_rate", 1, 0.375),
        one("policy_rate", 0, 8.0),
        one("term_deposit_12m", 700, 0.25),
        one("term_deposit_12m_elsewhere", 5, 0.5),
        one("wealth_90d", 5, 0.25),
        one("wealth_90d_elsewhere", 5, 0.125),
    ]


def balances() -> list[Row]:
    def one(customer_id: str, product: str, days: int, units: int, bank: str | None = None) -> Row:
        held = {"customer_id": customer_id, "product": product, "held_on": before(days), "bank": bank}
        return {**held, "balance": units * 100}

    return [
        one("north", "term_deposit", 45, 30),
        one("north", "wealth", 45, 20),
        one("north", "demand_deposit", 45, 50),
        one("north", "loan", 45, 999),
        one("north", "term_deposit", 3, 777, "elsewhere"),
        one("south", "term_deposit", 46, 30),
        one("east", "loan", 3, 30),
    ]


def bank_of(*, with_balances: bool = True) -> Bank:
    places = ("north", "south", "east", "west", None)
    customers = [
        {"customer_id": place or "nowhere", "kind": "micro", "opened_on": date(2020, 1, 1), "industry": "steel",
         "region": place} for place in places
    ]  # fmt: skip
    customers += [{**customers[0], "customer_id": one, "industry": one} for one in ("food", "toys", "wood")]
    tables = {"customers": customers, "industry_outlook": outlooks(), "market": rates()}
    if with_balances:
        tables["balances"] = balances()
    else:
        tables["facts"] = [{"customer_id": "food", "code": "taxpayer", "noted_on": before(9)}]
    return Bank(tables, ZONE, {}, after(30), fixed_profile=("industry", "region"))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Features:
    return compute(bank_of(), tmp_path_factory.mktemp("industry")).at([AS_OF])[AS_OF][0]


def figures(features: Features, customer_id: str) -> list[float | None]:
    """Outlook, its change, growth of sales and of inventory days, age of the statement."""
    names = ("outlook_level", "outlook_change_180d", "sales_growth", "inventory_growth", "outlook_age_days")
    return [features[customer_id][f"industry_{name}"] for name in names]


def test_a_statement_for_the_region_goes_before_a_newer_one_at_large(found: Features) -> None:
    """1.5 of 20 days ago, with its empty sales growth; 180 days before as_of the one of 181 days ago held: 2."""
    assert figures(found, "north") == [1.5, -0.5, None, 0.5, 20]


def test_without_one_for_the_region_the_one_at_large_holds(found: Features) -> None:
    """1 of 10 days ago; 180 days before as_of it was -1. East speaks on the as_of day, west was recorded on it."""
    for place in ("nowhere", "east", "west"):
        assert figures(found, place) == [1.0, 2.0, 0.25, -0.125, 10]


def test_a_statement_of_more_than_396_days_holds_no_longer(found: Features) -> None:
    """South's is 397 days old: now the one at large holds. 180 days before as_of it was 217 days old: -2."""
    assert figures(found, "south") == [1.0, 3.0, 0.25, -0.125, 10]
    assert figures(found, "food") == [0.25, 0.0, None, None, 396]
    assert figures(found, "toys") == [None, None, None, None, None]


def test_an_industry_of_which_nobody_speaks_has_no_outlook(found: Features) -> None:
    assert figures(found, "wood") == [None, None, None, None, None]


def test_a_rate_holds_until_the_next_one_and_is_the_same_for_everybody(found: Features) -> None:
    """Elsewhere minus own: 0.5 - 0.25 for deposits (own stated 700 days ago), 0.125 - 0.25 for wealth."""
    assert {row["market_advantage_term_deposit"] for row in found.values()} == {0.25}
    assert {row["market_advantage_wealth"] for row in found.values()} == {-0.125}


def test_the_policy_rate_moves_against_the_one_that_held_before_the_day(found: Features) -> None:
    """0.375 now; before day 90 0.125, before day 180 0.5."""
    assert [found["north"][f"market_policy_change_{days}d"] for days in (90, 180)] == [0.25, -0.125]


def test_pull_is_the_gain_elsewhere_over_the_assets_held(found: Features) -> None:
    """(30 x 0.25 - 20 x 0.125) / 100 = 0.05; a report of 46 days ago and a loan alone give none."""
    assert found["north"]["market_pull"] == pytest.approx(0.05, rel=1e-12)
    assert [found[one]["market_pull"] for one in ("south", "east", "west")] == [None, None, None]


def test_what_is_equal_for_everybody_is_no_input_of_a_model(tmp_path: Path) -> None:
    computed = compute(bank_of(with_balances=False), tmp_path)
    assert computed.absent["market_pull"] == "no table balances"
    assert computed.at([AS_OF])[AS_OF][0]["south"]["market_advantage_wealth"] == -0.125
    inputs = {f.name for f in computed.store.bank.catalogue.features if f.model_input}
    assert not {name for name in inputs if name.startswith("market")}
    assert "industry_outlook_age_days" not in inputs
