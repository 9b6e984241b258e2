"""BG/NBD and Gamma-Gamma against customers simulated in NumPy from known parameters, whose future is known as well."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from training.errors import TrainingError
from training.lifetimes import MOST_FITTED, FloatArray, Histories, Lifetimes, Parameters, fit_lifetimes

CUSTOMERS = 4000
DAYS = 180
TRUE = Parameters(r=0.6, alpha=20.0, a=0.8, b=4.0, p=6.0, q=4.0, v=15_000.0)


@pytest.fixture(scope="module")
def bank() -> tuple[Histories, FloatArray, FloatArray]:
    """Histories, purchase days of the 180 days after, and the turnover they bring at each customer's true mean."""
    rng = np.random.default_rng(11)
    age = rng.uniform(200.0, 900.0, CUSTOMERS)
    rate = rng.gamma(TRUE.r, 1.0 / TRUE.alpha, CUSTOMERS)
    leaving = rng.beta(TRUE.a, TRUE.b, CUSTOMERS)
    frequency, recency, later = (np.zeros(CUSTOMERS) for _ in range(3))
    for row in range(CUSTOMERS):
        day = rng.exponential(1.0 / rate[row])
        while day <= age[row] + DAYS:
            if day <= age[row]:
                frequency[row] += 1
                recency[row] = day
            else:
                later[row] += 1
            if rng.random() < leaving[row]:
                break
            day += rng.exponential(1.0 / rate[row])
    nu = rng.gamma(TRUE.q, 1.0 / TRUE.v, CUSTOMERS)
    bought = np.maximum(frequency, 1.0)
    mean_amount = np.where(frequency > 0, rng.gamma(TRUE.p * bought) / bought / nu, np.nan)
    return Histories(frequency, recency, age, mean_amount), later, later * TRUE.p / nu


@pytest.fixture(scope="module")
def fitted(bank: tuple[Histories, FloatArray, FloatArray]) -> Lifetimes:
    return fit_lifetimes(bank[0], seed=1)


def test_parameters_come_back(fitted: Lifetimes) -> None:
    """Within a fifth; 4,000 customers say less of how customers leave (a, b): within a third."""
    found = fitted.parameters
    assert (found.r, found.alpha, found.p, found.q, found.v) == pytest.approx(
        (TRUE.r, TRUE.alpha, TRUE.p, TRUE.q, TRUE.v), rel=0.2
    )
    assert (found.a, found.b) == pytest.approx((TRUE.a, TRUE.b), rel=1 / 3)
    assert found.a / (found.a + found.b) == pytest.approx(1 / 6, rel=0.1)


def test_counts_and_turnover_add_up_to_what_came(
    fitted: Lifetimes, bank: tuple[Histories, FloatArray, FloatArray]
) -> None:
    """Totals within a tenth; ranks of purchase days and of turnover agree with what came, above 0.4."""
    _, later, turnover = bank
    assert fitted.purchase_days(DAYS).sum() == pytest.approx(later.sum(), rel=0.1)
    assert fitted.turnover(DAYS).sum() == pytest.approx(turnover.sum(), rel=0.1)
    assert spearmanr(fitted.purchase_days(DAYS), later).statistic > 0.4
    assert spearmanr(fitted.turnover(DAYS), turnover).statistic > 0.4


def test_silence_is_as_frequent_as_foretold(
    fitted: Lifetimes, bank: tuple[Histories, FloatArray, FloatArray]
) -> None:
    """In each fifth of the forecast, and among customers seen once, within 4 percentage points."""
    histories, later, _ = bank
    silence = fitted.silence(DAYS)
    once = np.flatnonzero(~histories.repeated)
    for part in (once, *np.array_split(np.argsort(silence, kind="stable"), 5)):
        assert silence[part].mean() == pytest.approx((later[part] == 0).mean(), abs=0.04)


def test_silence_of_an_active_customer_never_seen_again_is_the_closed_form(fitted: Lifetimes) -> None:
    """Seen once, 300 days ago: Gamma(r, alpha + 300) over 180 days gives ((alpha + 300) / (alpha + 480)) ** r."""
    one = Histories(np.zeros(1), np.zeros(1), np.array([300.0]), np.array([np.nan]))
    found = fitted.parameters
    expected = ((found.alpha + 300.0) / (found.alpha + 480.0)) ** found.r
    assert replace(fitted, histories=one).silence(180)[0] == pytest.approx(expected, rel=1e-12)


def test_longer_absence_after_the_same_purchases_is_more_silence(fitted: Lifetimes) -> None:
    absent = np.array([5.0, 60.0, 200.0, 400.0])
    rows = Histories(np.full(4, 20.0), np.full(4, 300.0), 300.0 + absent, np.full(4, 100.0))
    one = replace(fitted, histories=rows)
    assert (np.diff(one.silence(90)) > 0).all()
    assert (np.diff(one.purchase_days(90)) < 0).all()
    assert (one.silence(180) < one.silence(90)).all()


def test_a_purchase_on_every_day_of_five_years_is_answered_for(fitted: Lifetimes) -> None:
    """1,800 purchase days in 1,800: near one a day, and finite."""
    every = Histories(np.array([1800.0]), np.array([1800.0]), np.array([1800.0]), np.array([100.0]))
    one = replace(fitted, histories=every)
    assert 70.0 < one.purchase_days(90)[0] < 90.0
    assert 0.0 <= one.silence(90)[0] < 0.01


def test_nothing_is_drawn_and_the_currency_changes_nothing(
    fitted: Lifetimes, bank: tuple[Histories, FloatArray, FloatArray]
) -> None:
    """Amounts times 1,024 (exact in binary): the same fit, turnover times 1,024."""
    histories = replace(bank[0], mean_amount=bank[0].mean_amount * 1024.0)
    again = fit_lifetimes(histories, seed=2)
    assert astuple(again.parameters)[:6] == astuple(fitted.parameters)[:6]
    np.testing.assert_array_equal(again.turnover(DAYS), fitted.turnover(DAYS) * 1024.0)


def test_a_draw_is_fitted_where_there_are_many_and_all_are_answered_for(
    fitted: Lifetimes, bank: tuple[Histories, FloatArray, FloatArray]
) -> None:
    many = bank[0].take(np.tile(np.arange(CUSTOMERS), 1 + MOST_FITTED // CUSTOMERS))
    found = fit_lifetimes(many, seed=1)
    assert len(found.silence(DAYS)) == len(many) > MOST_FITTED
    assert spearmanr(found.silence(DAYS)[:CUSTOMERS], fitted.silence(DAYS)).statistic > 0.999


def test_too_few_repeat_purchases_are_refused() -> None:
    none = np.zeros(50)
    with pytest.raises(
        TrainingError, match="expected 20 customers or more with a repeat purchase; got 0 of 50"
    ):
        fit_lifetimes(Histories(none, none, none + 100.0, none * np.nan), seed=1)


@pytest.mark.parametrize(
    ("frequency", "recency", "age", "amount", "rule"),
    [
        (1.5, 10.0, 20.0, 5.0, "frequency a whole number"),
        (np.nan, 10.0, 20.0, 5.0, "frequency a whole number"),
        (0.0, 10.0, 20.0, 5.0, "recency 0 where frequency is 0"),
        (1.0, 0.0, 20.0, 5.0, "recency 0 where frequency is 0"),
        (1.0, 21.0, 20.0, 5.0, "age finite and at least recency"),
        (0.0, 0.0, np.nan, 5.0, "age finite and at least recency"),
        (1.0, 10.0, 20.0, 0.0, "mean_amount finite and above 0"),
        (1.0, 10.0, 20.0, np.nan, "mean_amount finite and above 0"),
    ],
)
def test_a_history_that_cannot_be_is_refused(
    frequency: float, recency: float, age: float, amount: float, rule: str
) -> None:
    with pytest.raises(TrainingError, match=f"expected {rule}.*row 0"):
        Histories(*(np.array([value]) for value in (frequency, recency, age, amount)))
