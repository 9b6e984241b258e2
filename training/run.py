"""Training one target: from its rows to a fitted model, its figures and those of the simple rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset
from training.evaluate import MODEL, Metrics, figures, metrics, simple_scores
from training.fit import KINDS, Fitted, Recipe, Scale, check_labels, fit
from training.splits import Schedule, customer_folds

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainedTarget:
    """One model with its dates, its test rows and figures.

    `prediction` belongs to the rows of `test`. `validation` is "time" where the test date lies after every
    training label, "customers" where there is only one as_of and customers were split instead. `baselines`
    holds each simple rule's figures on the same rows, `simple` its scores.
    """

    schedule: Schedule
    fitted: Fitted
    train_rows: int
    train_customers: int
    train_base: float
    test: Dataset
    prediction: FloatArray
    metrics: Metrics
    baselines: Mapping[str, Metrics]
    validation: str
    simple: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name of the model, such as churn_90."""
        return self.schedule.key

    def interval_ends(self) -> tuple[FloatArray, FloatArray] | None:
        """Low and high end of the interval per test row, in minor units; None of a model that has none."""
        return _interval_ends(self.fitted, self.test, self.prediction)


def growth_scale(train: Dataset, has_balances: bool, horizon: int) -> Scale:  # noqa: FBT001 - says which tables exist
    """Choose the quantity a growth model's target is divided by: the previous level, as features know it.

    The floor is the lower decile of the levels above 0, so that a customer with next to nothing does not count
    as one who can grow a thousandfold.

    Source: own choice; contract.md allows any quantity of the row known at as_of.
    """
    if has_balances:
        names: tuple[str, ...] = ("asset_balance_mean_90d", "loan_balance_mean_90d")
    else:
        names = (f"txn_turnover_{horizon}d",)
    level = np.nansum([train.column(name) for name in names], axis=0)
    positive = level[level > 0]
    return Scale(features=names, floor=float(np.quantile(positive, 0.1)) if len(positive) else 1.0)


@dataclass(frozen=True)
class RunRules:
    """How a target is trained: the recipe, the events it needs at least, and the level of intervals."""

    recipe: Recipe
    minimum_events: int
    interval_level: float


def train_target(
    schedule: Schedule,
    train: Dataset,
    test: Dataset | None,
    rules: RunRules,
    *,
    scale: Scale | None = None,
    on_fit: Callable[[int], None] | None = None,
) -> TrainedTarget:
    """Fit a target's model and compare it with the simple rules on rows it has not seen.

    Without `test` rows (a single as_of: no time order) a fifth of the customers is kept for the test.

    Raises
    ------
    TrainingError
        Too few events, or no signal.
    """
    validation = "time"
    if test is None:
        is_test = customer_folds(train.customer_ids, 5, rules.recipe.seed + 1) == 0
        train, test, validation = train.where(~is_test), train.where(is_test), "customers"
    check_labels(schedule.target, train, rules.minimum_events)
    fitted = fit(
        KINDS[schedule.target],
        train,
        rules.recipe,
        scale=scale,
        interval_level=rules.interval_level,
        on_fit=on_fit,
    )
    prediction = fitted.predict(test)
    simple = dict(simple_scores(schedule.target, train, test))
    ends = _interval_ends(fitted, test, prediction)
    return TrainedTarget(
        schedule=schedule,
        fitted=fitted,
        train_rows=len(train),
        train_customers=len(set(train.customer_ids)),
        train_base=float(train.label.mean()),
        test=test,
        prediction=prediction,
        metrics=metrics(figures(fitted.kind, MODEL, test, prediction, ends), len(test)),
        baselines={
            rule: metrics(figures(fitted.kind, rule, test, score), len(test))
            for rule, score in simple.items()
        },
        validation=validation,
        simple=simple,
    )


def _interval_ends(
    fitted: Fitted, test: Dataset, prediction: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    if fitted.interval is None or fitted.scale is None:
        return None
    scale = fitted.scale.of(test)
    return prediction + scale * fitted.interval[0], prediction + scale * fitted.interval[1]
