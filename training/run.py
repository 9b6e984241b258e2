"""Training one target: from its rows to a fitted model, its figures and those of the simple rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from training.budget import Budget, measure
from training.choose import Choice, Judge, choose
from training.dataset import Dataset
from training.evaluate import MODEL, Metrics, figures, metrics, simple_scores
from training.fit import Fitted, check_labels, fit, rare_events
from training.leaks import check_leaks
from training.recipe import KINDS, Recipe
from training.resample import Figure, Interval, customer_draws, interval
from training.rows import Scale
from training.segments import SegmentFigures
from training.splits import Schedule, kept_for_test
from training.tune import Tuned, Tuning, tune

FloatArray = NDArray[np.float64]
DRAWS = 100
"""Draws of customers that an interval is taken from."""


@dataclass(frozen=True, eq=False)
class TrainedTarget:
    """One model with its dates, its test rows and figures.

    `prediction` belongs to the rows of `test`. `validation` is "time" where the test date lies after every
    training label, "customers" where there is only one as_of and customers were split instead. `baselines`
    holds each simple rule's figures on the same rows, `simple` its scores; `intervals` are those of `metrics` (95%, by
    customers drawn). `recipe` is what the model was fitted by; `choice` and `tuned` say how it was found, `budget` what
    explaining costs, where the run asked for them. `has_few_events`: too few to choose by, the defaults stand.
    `segments` are the model's figures on parts of the test rows. `available_rows`: so many labelled rows there were;
    more than `train_rows` where customers were drawn or kept for the test.
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
    recipe: Recipe
    simple: Mapping[str, FloatArray] = field(default_factory=dict)
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    choice: Choice | None = None
    tuned: Tuned | None = None
    budget: Budget | None = None
    has_few_events: bool = False
    segments: tuple[SegmentFigures, ...] = ()
    available_rows: int = 0

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
    """How a target is trained: the recipe to begin with, the events it needs at least, and the level of intervals.

    `choices`: whether settings are chosen on earlier dates; with fewer than `few_events` they are not. `raising` and
    `lowering`: by target the features that may only raise, or only lower, its margin. `leak_auc`: a feature that alone
    reaches it stops the run. `families`: the family of each feature; where given, the budget of explanations is
    measured.
    """

    recipe: Recipe
    minimum_events: int
    interval_level: float
    gap_days: int = 0
    choices: bool = False
    tuning: Tuning = field(default_factory=Tuning)
    few_events: int = 0
    raising: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lowering: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leak_auc: float | None = None
    families: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep linear algebra to one thread: on several, small tables took five times as long, and sums hang on the cores.

    LightGBM's own threads are those of the recipe.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@one_blas_thread()
def train_target(
    schedule: Schedule,
    train: Dataset,
    test: Dataset | None,
    rules: RunRules,
    *,
    scale_of: Callable[[Dataset], Scale] | None = None,
    on_step: Callable[[str], None] | None = None,
) -> TrainedTarget:
    """Choose a recipe on earlier dates, fit the model, and compare it with the simple rules on rows it has not seen.

    Without `test` rows (a single as_of: no time order) a fifth of the customers is kept for the test.

    Parameters
    ----------
    scale_of
        For an amount, the scale of a training set.
    on_step
        Called with the name of what begins: "choose", "tune", "fit", "budget".

    Raises
    ------
    TrainingError
        Too few events, no signal, or a feature that tells too much.
    """
    say = on_step or (lambda _: None)
    available = len(train)
    kind, validation = KINDS[schedule.target], "time"
    if test is None:
        is_test = kept_for_test(train.customer_ids, rules.recipe.seed)
        train, test, validation = train.where(~is_test), train.where(is_test), "customers"
    check_labels(schedule.target, train, rules.minimum_events)
    if rules.leak_auc is not None:
        check_leaks(schedule.target, kind, train, rules.leak_auc)
    has_few = kind == "probability" and rare_events(train) < rules.few_events
    choice, tuned = (None, None) if has_few else _chosen(schedule, train, rules, scale_of, say)
    recipe = tuned.recipe if tuned else choice.recipe if choice else _directed(schedule.target, rules)
    say("fit")
    scale = scale_of(train) if scale_of else None
    purge = rules.gap_days + (schedule.horizon or 0)
    fitted = fit(kind, train, recipe, scale=scale, interval_level=rules.interval_level, purge_days=purge)
    prediction = fitted.predict(test)
    simple = dict(simple_scores(schedule.target, train, test))
    ends = _interval_ends(fitted, test, prediction)
    found = figures(fitted.kind, MODEL, test, prediction, ends)
    budget = None
    if rules.families:
        say("budget")
        budget = measure(fitted, train, test, recipe, rules.families)
    return TrainedTarget(
        schedule=schedule,
        fitted=fitted,
        train_rows=len(train),
        available_rows=available,
        train_customers=len(set(train.customer_ids)),
        train_base=float(train.label.mean()),
        test=test,
        prediction=prediction,
        metrics=metrics(found, len(test)),
        baselines={
            rule: metrics(figures(fitted.kind, rule, test, score), len(test))
            for rule, score in simple.items()
        },
        validation=validation,
        simple=simple,
        intervals=_intervals(found, test, recipe.seed),
        recipe=recipe,
        choice=choice,
        tuned=tuned,
        budget=budget,
        has_few_events=has_few,
    )


def _intervals(found: Mapping[str, Figure], test: Dataset, seed: int) -> dict[str, Interval]:
    draws = customer_draws(test.customer_ids, DRAWS, seed)
    return {name: interval(figure, draws) for name, figure in found.items()}


def _directed(target: str, rules: RunRules) -> Recipe:
    return replace(
        rules.recipe, raising=rules.raising.get(target, ()), lowering=rules.lowering.get(target, ())
    )


def _chosen(
    schedule: Schedule,
    train: Dataset,
    rules: RunRules,
    scale_of: Callable[[Dataset], Scale] | None,
    say: Callable[[str], None],
) -> tuple[Choice | None, Tuned | None]:
    """Choose and tune on earlier dates, as far as the rules ask for it."""
    if not rules.choices and not rules.tuning.trials:
        return None, None
    kind, recipe = KINDS[schedule.target], _directed(schedule.target, rules)
    purge = rules.gap_days + (schedule.horizon or 0)
    judge = Judge(kind, train, purge, recipe.seed, scale_of)
    choice = tuned = None
    if rules.choices:
        say("choose")
        choice = choose(judge, recipe)
        recipe = choice.recipe
    if rules.tuning.trials:
        say("tune")
        tuned = tune(judge, recipe, rules.tuning)
    return choice, tuned


def _interval_ends(
    fitted: Fitted, test: Dataset, prediction: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    if fitted.interval is None or fitted.scale is None:
        return None
    scale = fitted.scale.of(test)
    return prediction + scale * fitted.interval[0], prediction + scale * fitted.interval[1]
