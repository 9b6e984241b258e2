"""Origins and their figures: who is never trained on, means over dates, distances that see the same draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.backtest import FOLDS, MODEL, ModelReport, judge, run_origin
from training.dataset import Dataset
from training.recipe import Recipe
from training.run import RunRules
from training.splits import Schedule, customer_folds

RULES = RunRules(Recipe(seed=4, max_trees=40, min_rows_in_leaf=20), 20, 0.8)
DATES = (date(2025, 3, 1), date(2025, 6, 1))
CUSTOMERS = 600


def rows_at(days: Sequence[date], seed: int) -> Dataset:
    """Rows of all customers at some dates: an event likelier the longer the silence."""
    rng = np.random.default_rng(seed)
    ids = tuple(f"c{number:04d}" for _ in days for number in range(CUSTOMERS))
    gap = rng.integers(1, 100, len(ids)).astype(np.float64)
    noise = rng.normal(0, 1, len(ids))
    label = (rng.random(len(ids)) < 1 / (1 + np.exp(3.0 - 0.04 * gap))).astype(np.float64)
    return Dataset(
        customer_ids=ids,
        as_of=np.array([np.datetime64(day) for day in days for _ in range(CUSTOMERS)]),
        names=("txn_gap_days", "noise"),
        values=np.column_stack([gap, noise]),
        label=label,
        level=np.full(len(ids), np.nan),
    )


@pytest.fixture(scope="module")
def report() -> ModelReport:
    origins = []
    for number, day in enumerate(DATES):
        earlier = [date(2024, month, 1) for month in range(9, 12)]
        schedule = Schedule("churn", 90, tuple(earlier), day)
        origins.append(run_origin(schedule, rows_at(earlier, number), rows_at([day], 10 + number), RULES))
    halves = ["low" if number % 2 else "high" for number in range(CUSTOMERS)]
    return judge(origins, [{"half": halves}] * 2, seed=1, rounds=60)


def test_one_customer_in_five_is_trained_on_at_no_date(report: ModelReport) -> None:
    ids = [f"c{number:04d}" for number in range(CUSTOMERS)]
    never = customer_folds(ids, FOLDS, RULES.recipe.seed + 2) == 0
    for origin in report.origins:
        assert np.array_equal(origin.is_new, never)
        assert origin.trained.train_customers == CUSTOMERS - never.sum()
    assert report.new.rows == 2 * never.sum()


def test_the_mean_is_that_of_the_dates(report: ModelReport) -> None:
    for rule in (MODEL, "recency", "logistic"):
        by_date = [roc_auc_score(o.test.label, o.scores[rule]) for o in report.origins]
        assert [one.table[rule]["auc"].value for one in report.by_date.values()] == pytest.approx(by_date)
        found = report.mean.table[rule]["auc"]
        assert found.value == pytest.approx(np.mean(by_date))
        assert found.low < found.value < found.high
    assert report.mean.rows == 2 * CUSTOMERS
    assert report.mean.events == sum(origin.test.label.sum() for origin in report.origins)


def test_a_rule_that_only_ranks_has_no_calibration(report: ModelReport) -> None:
    order = {"auc", "average_precision", "top_decile_lift", "expected_maximum_profit"}
    assert set(report.mean.table["recency"]) == order
    assert "ece" in report.mean.table["logistic"]


def test_the_distance_to_a_rule_is_narrower_than_either(report: ModelReport) -> None:
    """Model and rule see the same draws: what they share does not count as doubt."""
    ahead, rule, model = (
        report.ahead["logistic"],
        report.mean.table["logistic"]["auc"],
        report.mean.table[MODEL]["auc"],
    )
    assert ahead.value == pytest.approx(model.value - rule.value)
    assert ahead.high - ahead.low < (model.high - model.low)


def test_segments_add_up_to_all_rows(report: ModelReport) -> None:
    assert [part.value for part in report.segments] == ["high", "low"]
    assert sum(part.judged.rows for part in report.segments) == report.mean.rows
    assert sum(part.judged.events for part in report.segments) == report.mean.events
    assert set(report.segments[0].judged.table) == {MODEL}
