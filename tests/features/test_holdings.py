"""The rules of holdings, one by one, on a small bank; expected numbers are hand-made. As_of is 2024-04-01."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from tests.bank import AS_OF, DATA_FROM, after, at, before
from tests.compute import Features, compute
from tests.handover import Bank

Record = dict[str, Any]

BUSINESSES = tuple(f"c{number}" for number in range(10))
PREFERENCES = {"risky": "balanced", "calm": "as the wind blows", "odd": "Conservative"}


def held(holding_id: str, product: str, opened: int, matures: date | None = None, **more: Any) -> Record:
    """A holding of the customer before the dash, opened so many days before as_of."""
    owner = holding_id.split("-")[0]
    return {"holding_id": holding_id, "customer_id": owner, "product": product, "opened_on": before(opened),
            "matures_on": matures, **more}  # fmt: skip


def small_bank() -> Bank:
    """People by the rule that they show; ten businesses of which three hold a fund and two a bond."""
    people = ("open", "soon", "renews", "late", "ill", "life", "bare", "vague", *PREFERENCES)
    customers = [
        {"customer_id": name, "kind": "retail", "opened_on": date(2015, 1, 1), "closed_on": None,
         "risk_preference": PREFERENCES.get(name)}
        for name in people
    ]  # fmt: skip
    customers += [
        {"customer_id": name, "kind": "corporate", "opened_on": date(2015, 1, 1), "closed_on": None}
        for name in BUSINESSES
    ]
    customers.append(
        {"customer_id": "gone", "kind": "corporate", "opened_on": date(2015, 1, 1), "closed_on": before(1)}
    )
    rows = [*opened_and_closed(), *maturing(), *matured(), *graded(), *insured()]
    rows += [held(f"c{number}-fund", "fund", 100) for number in range(3)]
    rows += [held(f"c{number}-bond", "bond", 100) for number in (2, 3)]
    cash = {"customer_id": "soon", "product": "demand_deposit", "held_on": before(1), "balance": 300}
    tables = {"customers": customers, "holdings": rows, "balances": [cash]}
    return Bank(
        tables, data_from={"holdings": DATA_FROM}, data_until=after(30), fixed_profile=("risk_preference",)
    )


def opened_and_closed() -> list[Record]:
    return [
        held("open-1", "wealth", 400, after(0)),
        held("open-2", "fund", 91, before(1)),
        held("open-3", "wealth", 1, closed_on=before(0)),
        held("open-4", "fund", 500, closed_on=before(1)),
        held("open-5", "fund", 0),
        held("open-6", "bond", 90, closed_on=before(3)),
    ]


def maturing() -> list[Record]:
    return [
        held("soon-1", "wealth", 500, after(29), amount=10),
        held("soon-2", "wealth", 500, after(30), amount=20),
        held("soon-3", "wealth", 500, after(89)),
        held("soon-4", "wealth", 500, after(90), amount=40),
        held("soon-5", "loan", 500, after(5), amount=1000),
    ]


def matured() -> list[Record]:
    return [
        held("renews-0", "bond", 800, before(366), amount=1),
        held("renews-1", "bond", 800, before(365), amount=5),
        held("renews-2", "bond", 365, renewed_from="renews-1"),
        held("renews-3", "bond", 800, before(100), closed_on=before(100), amount=7),
        held("renews-4", "bond", 800, before(50), closed_on=before(51), amount=9),
        held("renews-5", "bond", 800, before(40), closed_on=before(41), amount=11),
        held("renews-6", "bond", 41, renewed_from="renews-5"),
        held("renews-7", "bond", 800, before(1), renewed_from="renews-7"),
        held("late-1", "bond", 800, before(10)),
        held("late-2", "bond", 10, renewed_from="late-1", recorded_at=at(AS_OF, "00:00")),
        held("open-7", "bond", 30, before(2), renewed_from="late-1", closed_on=before(3)),
    ]


def graded() -> list[Record]:
    return [
        held("risky-1", "fund", 100, risk_grade="R4"),
        held("risky-2", "fund", 100, risk_grade="r2"),
        held("risky-3", "fund", 100, risk_grade="R5", closed_on=before(1)),
        held("calm-1", "fund", 100, risk_grade="R2"),
        held("odd-1", "fund", 100, risk_grade="so-so"),
        held("odd-2", "fund", 100, risk_grade="中风险"),
    ]


def insured() -> list[Record]:
    return [
        held("ill-1", "insurance", 100, insurance_kind="critical_illness", sum_insured=100),
        held("ill-2", "insurance", 100),
        held("life-1", "insurance", 100, insurance_kind="life"),
        held("life-2", "insurance", 100, before(1), insurance_kind="critical_illness", sum_insured=70),
        held("vague-1", "insurance", 100, insurance_kind="life", sum_insured=30),
        held("vague-2", "insurance", 100, sum_insured=5),
    ]


@pytest.fixture(scope="module")
def dates(tmp_path_factory: pytest.TempPathFactory) -> Mapping[date, Features]:
    found = compute(small_bank(), tmp_path_factory.mktemp("holdings")).at((AS_OF, DATA_FROM))
    return {as_of: features for as_of, (features, _) in found.items()}


@pytest.fixture
def small(dates: Mapping[date, Features]) -> Features:
    return dates[AS_OF]


def of(features: Features, customer_id: str, *names: str) -> tuple[float | None, ...]:
    return tuple(features[customer_id][f"holding_{name}"] for name in names)


def test_a_holding_that_matures_or_closes_on_the_as_of_day_is_open(small: Features) -> None:
    """`open-1` matures and `open-3` closes on day 0; -2 matured on day 1, -4 closed on it; -5 opens on day 0."""
    assert of(small, "open", "count_open", "family_count", "tenure_oldest_days") == (2, 1, 400)


def test_openings_and_closings(small: Features) -> None:
    """Opened on days 400, 91, 1, 500, 90 and 30: 3 in 90 days, 4 in 365. Closed on days 1 and 3."""
    assert of(small, "open", "opened_count_90d", "opened_count_365d") == (3, 4)
    assert of(small, "open", "opening_gap_days", "closing_gap_days") == (1, 1)
    assert of(small, "bare", "opening_gap_days", "closing_gap_days", "tenure_oldest_days") == (None,) * 3


def test_maturing_within_n_days_leaves_out_the_nth_day(small: Features) -> None:
    """Days 29, 30, 89, 90 from as_of on: 1 within 30 days, 3 within 90; a loan is no asset."""
    assert of(small, "soon", "maturing_count_30d", "maturing_count_90d") == (1, 3)


def test_amounts_add_up_what_is_stated(small: Features) -> None:
    """10; and 10 + 20, the third has none. Of assets of 300: 1/30 and 1/10. `open-1` matures without an amount."""
    assert of(small, "soon", "maturing_amount_30d", "maturing_amount_90d") == (10, 30)
    assert of(small, "soon", "maturing_share_30d", "maturing_share_90d") == pytest.approx(
        (1 / 30, 0.1), rel=1e-12
    )
    assert of(small, "open", "maturing_count_30d", "maturing_amount_30d") == (1, None)
    assert of(small, "bare", "maturing_amount_30d", "maturing_share_30d") == (0, None)


def test_renewed_is_what_another_holding_names_and_the_rest_lapsed(small: Features) -> None:
    """Matured on days 365 (renewed, 5), 100 (closed on that day, 7) and 1 (names itself); day 366 is too old."""
    assert of(small, "renews", "renewed_count_365d", "renewed_amount_365d") == (1, 5)
    assert of(small, "renews", "lapsed_count_365d", "lapsed_amount_365d") == (2, 7)
    assert of(small, "renews", "renewed_share_365d") == pytest.approx((1 / 3,), rel=1e-12)


def test_closed_the_day_before_maturity_is_broken_unless_renewed(small: Features) -> None:
    """`renews-4` was closed on the day before it matured; `renews-5` too, but `renews-6` renews it."""
    assert of(small, "renews", "broken_count_365d") == (1,)


def test_a_renewal_recorded_at_the_as_of_midnight_or_of_another_customer_is_none(small: Features) -> None:
    assert of(small, "late", "lapsed_count_365d", "renewed_count_365d") == (1, 0)


def test_a_family_is_usual_from_30_percent_of_the_customers_of_the_kind_on(small: Features) -> None:
    """3 of 10 businesses hold a fund, 2 a bond; `gone` closed on day 1 and would make it 3 of 11."""
    unmet = {name: small[name]["product_unmet_count"] for name in (*BUSINESSES, "gone")}
    assert unmet == {**dict.fromkeys((*BUSINESSES, "gone"), 1), "c0": 0, "c1": 0, "c2": 0}


def test_risk_grade_against_preference(small: Features) -> None:
    """`risky` holds grades 4 and 2, had 5, and 3 suits; an unknown preference or grade says nothing."""
    assert of(small, "risky", "risk_highest", "risk_excess") == (4, 1)
    assert of(small, "calm", "risk_highest", "risk_excess") == (2, None)
    assert of(small, "odd", "risk_highest", "risk_excess") == (3, 1)
    assert of(small, "bare", "risk_highest", "risk_excess") == (None, None)


def test_insurance_gap_is_open_cover_of_persons_alone(small: Features) -> None:
    """`life` had cover until day 1; `vague` has a policy of no stated kind; a business has no gap."""
    gaps = {name: small[name]["insurance_gap_critical"] for name in ("ill", "life", "bare", "vague", "c0")}
    assert gaps == {"ill": 0, "life": 1, "bare": 1, "vague": None, "c0": None}


def test_sum_insured_adds_up_what_is_stated(small: Features) -> None:
    sums = {name: small[name]["insurance_cover_sum"] for name in ("ill", "life", "bare", "vague")}
    assert sums == {"ill": 100, "life": None, "bare": 0, "vague": 35}


def test_before_the_tables_first_day_nothing_is_counted(dates: Mapping[date, Features]) -> None:
    """2022-01-01 to 2024-04-01 are 821 days."""
    names = ("count_open", "renewed_count_365d", "maturing_amount_90d", "history_days")
    assert of(dates[DATA_FROM], "bare", *names) == (None, None, None, 0)
    assert dates[DATA_FROM]["c9"]["product_unmet_count"] is None
    assert dates[DATA_FROM]["bare"]["insurance_gap_critical"] is None
    assert of(dates[AS_OF], "bare", *names) == (0, 0, 0, 821)
