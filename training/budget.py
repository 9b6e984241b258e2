"""What an explanation costs: depth <= 3 against trees of any depth, and how steady the reasons are.

Both are measured on a sample of whole customers where there are many, and logged beside the model's figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from serving.tables import explain_numba
from training.compile import compile_booster
from training.dataset import Dataset, some_customers
from training.evaluate import headline
from training.fit import Fitted, fit_text, held_out_fit
from training.recipe import Recipe
from training.resample import Interval, customer_draws, of_all, over_draws, spread
from training.rows import Rows, rows_of
from training.splits import customer_folds

FloatArray = NDArray[np.float64]
ROWS, SHOWN = 10_000, 5_000
"""Training rows and test rows that are looked at, at most."""

REFITS, ROUNDS = 10, 200


@dataclass(frozen=True)
class Budget:
    """The price of explained scores.

    `depth_cost` is how far trees of any depth lie above depth <= 3 on customers held out, in the headline figure (AUC,
    Spearman), with a 95% interval by customers drawn; below 0 they lie behind. `agreement_top` is the mean share of
    customers in the top decile of the forecast whose strongest family of reasons is the same in two of 10 refits on
    customers drawn anew, `agreement_all` that of all customers; NaN where there are no families to tell apart.
    """

    rows: int
    shallow: float
    deep: float
    depth_cost: Interval
    agreement_top: float
    agreement_all: float


def measure(
    fitted: Fitted,
    train: Dataset,
    test: Dataset,
    recipe: Recipe,
    families: Mapping[str, str],
) -> Budget:
    """Measure the budget of a fitted model.

    Parameters
    ----------
    families
        The family of each feature.
    """
    some = some_customers(train, ROWS, recipe.seed + 5)
    rows = rows_of(some, recipe, fitted.scale)
    scale = np.ones(len(some)) if fitted.scale is None else fitted.scale.of(some)
    kind = fitted.kind
    constraints = rows.constraints()
    margins = {
        name: scale * _held_out(rows, {**parameters, **constraints}, recipe)
        for name, parameters in (
            ("shallow", recipe.parameters(kind)),
            ("deep", recipe.without_depth_limit(kind)),
        )
    }
    draws = customer_draws(some.customer_ids, ROUNDS, recipe.seed)
    figures = {}
    for name, margin in margins.items():
        figure = headline(kind, some, margin)
        figures[name] = (of_all(figure, len(some)), over_draws(figure, draws))
    (shallow, shallow_drawn), (deep, deep_drawn) = figures["shallow"], figures["deep"]
    top, every = _agreement(fitted, rows, some_customers(test, SHOWN, recipe.seed + 6), recipe, families)
    return Budget(
        rows=len(some),
        shallow=shallow,
        deep=deep,
        depth_cost=spread(deep - shallow, deep_drawn - shallow_drawn),
        agreement_top=top,
        agreement_all=every,
    )


def _held_out(rows: Rows, parameters: Mapping[str, object], recipe: Recipe) -> FloatArray:
    """Margins of every row by a model that has not seen its customer."""
    fold = customer_folds(rows.customer_ids, recipe.folds, recipe.seed)
    margin = np.zeros(len(fold))
    for number in range(recipe.folds):
        out = fold == number
        booster, _ = held_out_fit(parameters, rows, out, recipe)
        margin[out] = booster.predict(rows.values[out], raw_score=True, num_iteration=booster.best_iteration)
    return margin


def _agreement(
    fitted: Fitted, rows: Rows, test: Dataset, recipe: Recipe, families: Mapping[str, str]
) -> tuple[float, float]:
    """Share of pairs of refits with the same strongest family, in the top decile of the forecast and everywhere."""
    kinds = sorted({families[name] for name in rows.features if name in families})
    if len(kinds) < 2 or not len(test):
        return np.nan, np.nan
    member = np.array([[families.get(name) == kind for kind in kinds] for name in rows.features], dtype=float)
    values = np.ascontiguousarray(test.values[:, [test.names.index(name) for name in rows.features]])
    drawn = customer_draws(rows.customer_ids, REFITS, recipe.seed + 7)
    strongest = [_strongest(fitted, rows, times, recipe, values, member) for times in drawn]
    same = np.mean([one == other for one, other in combinations(strongest, 2)], axis=0)
    forecast = fitted.predict(test)
    top = np.argsort(-forecast, kind="stable")[: max(1, len(test) // 10)]
    return float(same[top].mean()), float(same.mean())


def _strongest(
    fitted: Fitted, rows: Rows, times: FloatArray, recipe: Recipe, values: FloatArray, member: FloatArray
) -> NDArray[np.intp]:
    """Refit on a draw of customers, and return per row of `values` the family with the largest absolute effect."""
    text = fit_text(fitted.kind, rows, recipe, fitted.boosted, times)
    contributions, _ = explain_numba(compile_booster(text, rows.features), values, threads=recipe.threads)
    return np.asarray(np.abs(contributions @ member).argmax(axis=1))
