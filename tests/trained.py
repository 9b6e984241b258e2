"""Trained models of an invented population: quick to fit, with features of the real catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset
from training.recipe import Recipe
from training.rows import Scale
from training.run import RunRules, TrainedTarget, growth_scale, train_target
from training.splits import Schedule

NAMES = (
    "contact_gap_days",
    "contact_interval_mean_days_365d",
    "contact_count_365d",
    "asset_balance_mean_90d",
    "asset_balance_drawdown_365d",
    "loan_balance_mean_90d",
    "txn_gap_days",
    "txn_count_30d",
    "txn_count_90d",
    "txn_active_count_90d",
    "txn_active_count_180d",
    "txn_turnover_90d",
    "signal_severity_open_max",
    "complaint_count_180d",
    "tenure_days",
    "is_managed",
)
TRAIN_ON, TEST_ON = date(2026, 3, 1), date(2026, 7, 1)
RULES = RunRules(
    Recipe(seed=1, max_trees=60, patience=15, min_rows_in_leaf=30, learning_rate=0.1),
    minimum_events=20,
    interval_level=0.8,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Population:
    """Feature values of invented customers, and how restless and how rich each one is."""

    values: FloatArray
    restless: FloatArray
    assets: FloatArray


def population(rows: int, seed: int, shift: float = 0.0) -> Population:
    """Draw customers; `shift` makes all of them quieter, in units of the spread between them."""
    draw = np.random.default_rng(seed)
    restless = draw.normal(shift, 1.0, rows)
    pace = np.exp(1.5 - 0.5 * restless + draw.normal(0, 0.3, rows))
    assets = np.exp(draw.normal(14.0, 1.2, rows)).round()
    quarter = draw.poisson(pace * 3).astype(np.float64)
    silence = draw.exponential(20 + 15 * np.exp(restless / 2)).round()
    columns = {
        "contact_gap_days": np.where(draw.random(rows) < 0.1, np.nan, silence),
        "contact_interval_mean_days_365d": draw.gamma(4.0, 8.0, rows).round(1),
        "contact_count_365d": draw.poisson(9, rows),
        "asset_balance_mean_90d": assets,
        "asset_balance_drawdown_365d": np.clip(draw.normal(0.25 + 0.12 * restless, 0.15, rows), 0, 1),
        "loan_balance_mean_90d": np.where(draw.random(rows) < 0.7, 0.0, assets * draw.random(rows)).round(),
        "txn_gap_days": draw.exponential(60 / (pace + 1)).round(),
        "txn_count_30d": draw.binomial(quarter.astype(np.int64), 1 / 3),
        "txn_count_90d": quarter,
        "txn_active_count_90d": np.minimum(quarter, 60),
        "txn_active_count_180d": np.minimum(quarter + draw.poisson(pace * 3), 120),
        "txn_turnover_90d": (quarter * np.exp(draw.normal(9, 0.5, rows))).round(),
        "signal_severity_open_max": np.where(draw.random(rows) < 0.8, np.nan, draw.integers(1, 6, rows)),
        "complaint_count_180d": draw.poisson(0.2 + 0.1 * np.exp(restless / 2)),
        "tenure_days": draw.integers(30, 4000, rows),
        "is_managed": draw.random(rows) < 0.6,
    }  # fmt: skip
    values = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in NAMES])
    return Population(values, restless, assets)


def dataset(target: str, rows: int, seed: int, as_of: date) -> Dataset:
    """Rows of one target at one as_of."""
    drawn = population(rows, seed)
    draw = np.random.default_rng(seed + 1000)
    level = np.full(rows, np.nan)
    if target == "churn":
        label = (draw.random(rows) < 1 / (1 + np.exp(2.2 - 1.1 * drawn.restless))).astype(np.float64)
    elif target == "loyalty":
        label = np.clip(np.rint(6 * (0.8 - 0.15 * drawn.restless + draw.normal(0, 0.1, rows))) / 6, 0.0, 1.0)
    else:
        level = drawn.assets
        label = (drawn.assets * (0.03 - 0.08 * drawn.restless + draw.normal(0, 0.1, rows))).round()
    ids = tuple(f"C{seed:02d}{row:06d}" for row in range(rows))
    return Dataset(ids, np.full(rows, np.datetime64(as_of)), NAMES, drawn.values, label, level)


@cache
def trained(target: str, horizon: int | None) -> TrainedTarget:
    """One trained model, fitted once per test session."""
    train, test = dataset(target, 3000, 1, TRAIN_ON), dataset(target, 1500, 2, TEST_ON)

    def scale_of(rows: Dataset) -> Scale:
        return growth_scale(rows, has_balances=True, horizon=90)

    schedule = Schedule(target, horizon, (TRAIN_ON,), TEST_ON)
    return train_target(schedule, train, test, RULES, scale_of=scale_of if target == "growth" else None)


def all_trained() -> tuple[TrainedTarget, ...]:
    """A model of each kind: probability, amount and share."""
    return trained("churn", 90), trained("growth", 180), trained("loyalty", 360)
