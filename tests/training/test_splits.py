"""The dates of training and test: monthly, in time order, purged by gap + horizon."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.splits import Schedule, ScheduleRules, Span, customer_folds, longest, months_before, schedule

RULES = ScheduleRules(gap=0, minimum_dates=3, maximum_dates=18, minimum_history=30)
SHOP = Span(date(2009, 12, 1), date(2010, 12, 10))


def test_the_shop_trains_on_six_months_before_its_test_date() -> None:
    """1 June + 90 days = 30 August: known by 1 September. 1 January is 31 days after the first day."""
    found = schedule("churn", 90, SHOP, date(2010, 9, 1), RULES)
    assert isinstance(found, Schedule)
    assert found.train == tuple(date(2010, month, 1) for month in range(1, 7))
    assert found.key == "churn_90"


def test_a_label_that_is_ripe_on_the_test_date_itself_trains() -> None:
    """3 June + 90 days = 1 September: everything in the window lies before it."""
    found = schedule("churn", 90, SHOP, date(2010, 9, 1), RULES)
    assert isinstance(found, Schedule)
    assert all(day + timedelta(days=90) <= date(2010, 9, 1) for day in found.train)


def test_an_unripe_test_date_is_refused_by_its_date() -> None:
    found = schedule("churn", 180, SHOP, date(2010, 9, 1), RULES)
    assert (
        found
        == "churn at 180 days: the label at 2010-09-01 is ripe on 2011-02-28, the data end at 2010-12-10"
    )


def test_growth_takes_the_longest_horizon_that_has_three_dates() -> None:
    """With 90 days behind as_of inside the data: 1 March to 1 June."""
    windows = {180: 180, 90: 90, 30: 30}
    found, refused = longest("growth", (180, 90, 30), SHOP, date(2010, 9, 1), RULES, windows)
    assert found is not None
    assert found.horizon == 90
    assert found.train == tuple(date(2010, month, 1) for month in range(3, 7))
    assert len(refused) == 1


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 60))
def test_going_back_and_forth_keeps_the_month(day: date, months: int) -> None:
    back = months_before(day, months)
    assert (day.year * 12 + day.month) - (back.year * 12 + back.month) == months
    assert back.day <= day.day


@given(st.integers(30, 400), st.integers(0, 60), st.integers(0, 900))
def test_no_training_label_reaches_past_the_test_date(horizon: int, gap: int, extra: int) -> None:
    span = Span(date(2020, 1, 1), date(2023, 1, 1) + timedelta(days=extra))
    found = schedule("churn", horizon, span, None, ScheduleRules(gap, 1, 18, 30))
    if isinstance(found, Schedule):
        purge = timedelta(days=gap + horizon)
        assert all(day + purge <= found.test for day in found.train)
        assert found.test + purge <= span.until


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_a_customer_is_in_one_fold_whatever_the_order(folds: int) -> None:
    ids = [f"C{place % 40}" for place in range(200)]
    fold = dict(zip(ids, customer_folds(ids, folds, 1).tolist(), strict=True))
    again = dict(zip(ids[::-1], customer_folds(ids[::-1], folds, 1).tolist(), strict=True))
    assert fold == again
    assert set(fold.values()) == set(range(folds))
