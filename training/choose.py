"""Choices that earn their place: each is tried on earlier dates, and made only where it is better beyond chance.

A validation date is one of the newest training dates; what trains for it was ripe before it, as at the test date. A
choice replaces the default when the mean gain over those dates exceeds two standard errors, by customers drawn anew.
Where no date has rows ripe before it, customers are split instead, and the choice says so. Test rows are never looked
at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset, some_customers
from training.evaluate import headline
from training.fit import linear_part, rare_events
from training.recipe import Kind, Recipe
from training.resample import customer_draws, of_all, over_draws
from training.rows import Rows, Scale, rows_of
from training.splits import customer_folds

FloatArray = NDArray[np.float64]

CANDIDATES: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("half_life_days", (365,)),
    ("moved_limit", (0.3,)),
    ("linear_share", (0.25, 0.5, 1.0)),
)
"""What is tried beside the default, one after the other. Source: own choice, coarse on purpose: few looks."""

DATES = 3
SHRUNK = 8.0
"""Trees x learning rate while recipes are compared: 100 trees at 0.08."""

ROWS = 15_000
ROUNDS = 100
BEYOND = 2.0
"""Standard errors that a gain has to exceed: at one, a handful of looks finds a gain in pure chance half the time."""

LEAST_EVENTS = 20


@dataclass(frozen=True)
class Trial:
    """One thing tried: the setting and its value, the mean out-of-time score, its gain and the gain's error."""

    setting: str
    value: Any
    score: float
    gain: float
    error: float
    is_taken: bool


@dataclass(frozen=True, eq=False)
class Choice:
    """The recipe chosen, the dates it was chosen on (none: by customers left out), and everything that was tried."""

    recipe: Recipe
    dates: tuple[date, ...]
    score: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True, eq=False)
class _Fold:
    """One validation: rows that train for it, rows that judge, and draws of the latter's customers."""

    train: Dataset
    test: Dataset
    draws: FloatArray


class Judge:
    """Scores of recipes on earlier dates; `dates` are those, none where customers are split instead.

    Parameters
    ----------
    kind
        What is predicted.
    train
        The training rows; only these are used.
    purge_days
        Gap + horizon: a row trains for a validation date when its label was ripe by then.
    scale_of
        For an amount, the scale of a training set.
    """

    def __init__(
        self,
        kind: Kind,
        train: Dataset,
        purge_days: int,
        seed: int,
        scale_of: Callable[[Dataset], Scale] | None = None,
    ) -> None:
        self.kind, self._scale_of = kind, scale_of
        self._rows: dict[int, Rows] = {}
        rows = some_customers(train, ROWS, seed + 3)
        self._folds = list(_time_folds(kind, rows, purge_days, seed))
        self.dates: tuple[date, ...] = tuple(fold.test.as_of[0].astype(object) for fold in self._folds)
        if not self._folds:
            self._folds = list(_customer_folds(rows, seed))

    def trees(self, recipe: Recipe) -> list[FloatArray]:
        """Per validation the margins of the trees."""
        found = []
        for number in range(len(self._folds)):
            rows, values, factor = self._laid_out(number, recipe)
            parameters = {**recipe.parameters(self.kind), **rows.constraints()}
            rounds = min(recipe.max_trees, round(SHRUNK / recipe.learning_rate))
            fitted = lgb.train(parameters, rows.part(), rounds)
            found.append(np.asarray(fitted.predict(values, raw_score=True)) * factor)
        return found

    def linear(self, recipe: Recipe) -> list[FloatArray]:
        """Per validation the margins of the linear part."""
        found = []
        for number in range(len(self._folds)):
            rows, values, factor = self._laid_out(number, recipe)
            found.append(linear_part(self.kind, rows, recipe).margin(values) * factor)
        return found

    def _laid_out(self, number: int, recipe: Recipe) -> tuple[Rows, FloatArray, FloatArray | float]:
        """Rows that train, values that are judged, and what a margin of theirs is multiplied by."""
        fold = self._folds[number]
        scale = self._scale_of(fold.train) if self._scale_of else None
        rows = rows_of(fold.train, recipe, scale, self._rows.get(number))
        self._rows.setdefault(number, rows)
        columns = [fold.train.names.index(name) for name in rows.features]
        return rows, fold.test.values[:, columns], 1.0 if scale is None else scale.of(fold.test)

    def scores(self, margins: Sequence[FloatArray]) -> tuple[float, FloatArray]:
        """Return the mean score over the dates, of all rows and in every draw of customers."""
        whole, drawn = [], []
        for fold, margin in zip(self._folds, margins, strict=True):
            figure = headline(self.kind, fold.test, margin)
            whole.append(of_all(figure, len(margin)))
            drawn.append(over_draws(figure, fold.draws))
        return float(np.mean(whole)), np.asarray(np.mean(drawn, axis=0))

    def score(self, recipe: Recipe) -> tuple[float, FloatArray]:
        """Return a recipe's mean score over the dates, of all rows and in every draw of customers."""
        linear = self.linear(recipe) if recipe.linear_share else None
        return self.scores(_mixed(self.trees(recipe), linear, recipe.linear_share))


def choose(judge: Judge, recipe: Recipe) -> Choice:
    """Try the candidates one after the other on earlier dates, and keep what is better by more than its error."""
    trials: list[Trial] = []
    trees, linear = judge.trees(recipe), None
    score, drawn = judge.scores(trees)
    for setting, values in CANDIDATES if judge.dates else CANDIDATES[-1:]:
        best = (recipe, trees, score, drawn)
        for value in values:
            tried = replace(recipe, **{setting: value})
            if setting == "linear_share":
                new_trees, linear = trees, linear or judge.linear(tried)
            else:
                new_trees = judge.trees(tried)
            new, new_drawn = judge.scores(_mixed(new_trees, linear, tried.linear_share))
            error = float(np.nanstd(new_drawn - drawn))
            is_taken = new - score > BEYOND * error and new > best[2]
            trials.append(Trial(setting, value, new, new - score, error, is_taken))
            if is_taken:
                best = (tried, new_trees, new, new_drawn)
        recipe, trees, score, drawn = best
    return Choice(recipe, judge.dates, score, tuple(trials))


def _mixed(
    trees: Sequence[FloatArray], linear: Sequence[FloatArray] | None, share: float
) -> Sequence[FloatArray]:
    if linear is None:
        return trees
    return [(1.0 - share) * one + share * other for one, other in zip(trees, linear, strict=True)]


def _time_folds(kind: Kind, train: Dataset, purge_days: int, seed: int) -> Iterator[_Fold]:
    """The newest dates that have rows ripe before them, oldest first."""
    found: list[_Fold] = []
    for day in reversed(np.unique(train.as_of)):
        if len(found) == DATES:
            break
        earlier = train.where(train.as_of <= day - np.timedelta64(max(1, purge_days), "D"))
        test = train.where(train.as_of == day)
        if _can_judge(kind, earlier) and _can_judge(kind, test):
            found.append(_Fold(earlier, test, customer_draws(test.customer_ids, ROUNDS, seed)))
    return reversed(found)


def _customer_folds(train: Dataset, seed: int) -> Iterator[_Fold]:
    fold = customer_folds(train.customer_ids, DATES, seed + 4)
    for number in range(DATES):
        test = train.where(fold == number)
        yield _Fold(train.where(fold != number), test, customer_draws(test.customer_ids, ROUNDS, seed))


def _can_judge(kind: Kind, rows: Dataset) -> bool:
    if kind != "probability":
        return len(rows) >= 2 * LEAST_EVENTS and bool(np.ptp(rows.label) > 0)
    return rare_events(rows) >= LEAST_EVENTS
