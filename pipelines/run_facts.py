"""What MLflow is told of a training run's models: parameters, figures, and everything that was tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import isnan
from typing import Any

from training.budget import Budget
from training.fit import FoldFigures
from training.run import TrainedTarget


def model_params(trained: Sequence[TrainedTarget]) -> Iterator[tuple[str, Any]]:
    """How each model was trained: `churn_90/test_as_of`, `churn_90/recipe/learning_rate`."""
    for item in trained:
        yield f"{item.key}/test_as_of", item.schedule.test.isoformat()
        yield f"{item.key}/validation", item.validation
        for name, value in asdict(item.recipe).items():
            yield f"{item.key}/recipe/{name}", value


def figures(trained: Sequence[TrainedTarget]) -> Iterator[tuple[str, float]]:
    """All figures by name: `churn_90/auc`, `baseline/recency/churn_90/auc`, and how the model was trained."""
    for item in trained:
        key, fitted = item.key, item.fitted
        for name, value in item.metrics.items():
            yield f"{key}/{name}", value
        for rule, found in item.baselines.items():
            for name, value in found.items():
                yield f"baseline/{rule}/{key}/{name}", value
        for name, ends in item.intervals.items():
            yield from (
                (f"{key}/{name}_{end}", value) for end, value in (("low", ends.low), ("high", ends.high))
            )
        for number, fold in enumerate(fitted.folds):
            yield from ((f"{key}/fold_{number}/{name}", value) for name, value in _fold_figures(fold))
        if item.budget is not None:
            yield from ((f"{key}/{name}", value) for name, value in _budget_figures(item.budget))
        if item.choice is not None:
            yield f"{key}/out_of_time_score", item.choice.score
        yield f"{key}/trees", fitted.trees
        yield f"{key}/features", len(fitted.features)
        yield f"{key}/rows_train", item.train_rows
        yield f"{key}/customers_train", item.train_customers
        yield f"{key}/rows_test", len(item.test)
        yield f"{key}/train_base", item.train_base
        for name, difference in asdict(fitted.proof).items():
            yield f"{key}/proof_{name}", difference


def trials(trained: Sequence[TrainedTarget]) -> dict[str, Any]:
    """What was tried by model: every setting with its score, gain and error on the dates it was judged on."""
    return {
        item.key: {
            "dates": [day.isoformat() for day in item.choice.dates],
            "score": item.choice.score,
            "trials": [asdict(trial) for trial in item.choice.trials],
            "tuned": None
            if item.tuned is None
            else {"score": item.tuned.score, "began": item.tuned.began, "trials": item.tuned.trials},
        }
        for item in trained
        if item.choice is not None
    }


def _fold_figures(fold: FoldFigures) -> Iterator[tuple[str, float]]:
    """How a fold's model does on the customers it has not seen; a figure with nothing to tell is left out."""
    if not isnan(fold.value):
        yield fold.name, fold.value
    yield from (("loss", fold.loss), ("trees", fold.trees), ("rows", fold.rows))


def _budget_figures(budget: Budget) -> Iterator[tuple[str, float]]:
    """What explanations cost; what was not measured is left out."""
    cost = budget.depth_cost
    found = {
        "depth_cost": cost.value,
        "depth_cost_low": cost.low,
        "depth_cost_high": cost.high,
        "reason_agreement_top": budget.agreement_top,
        "reason_agreement_all": budget.agreement_all,
    }
    return ((name, value) for name, value in found.items() if not isnan(value))
