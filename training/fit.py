"""One model per target and horizon: LightGBM of depth <= 3, calibrated on customers held out of the fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from serving.calibration import Knots, calibrated
from serving.tables import CompiledModel, explain_numba
from training.calibrate import Sigmoid, at_newest_level, fit_sigmoid, residual_interval
from training.compile import Proof, compile_booster, prove
from training.dataset import Dataset
from training.errors import TrainingError
from training.evaluate import HEADLINE, headline
from training.recipe import KINDS, Kind, Recipe
from training.resample import of_all
from training.rows import BoolArray, Rows, Scale, rows_of
from training.scorecard import Scorecard, blended, fit_scorecard
from training.splits import customer_folds

FloatArray = NDArray[np.float64]
LINEAR_ROWS = 20_000
"""Rows that a linear model is fitted on at most: more would hardly move one slope per feature."""


@dataclass(frozen=True)
class FoldFigures:
    """How the model of one fold of customers does on that fold, which it has not seen.

    `name` is what `value` is: AUC, or Spearman of shares and of the realised level; of the margins that calibrate, so
    by as many trees as are served. NaN where the fold has nothing to tell. `loss` is what LightGBM lowers, at the
    fold's own best number of `trees`; a linear part is not in it.
    """

    name: str
    value: float
    loss: float
    trees: int
    rows: int


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model, compiled and proved, with what turns its margin into an answer.

    `boosted` of its `trees` are LightGBM's own; the others are the linear part. `is_at_newest_level`: whether the
    calibration has the level of the newest training date. `folds`: how the models did that chose and calibrated it.
    """

    kind: Kind
    features: tuple[str, ...]
    booster_text: str
    boosted: int
    trees: int
    compiled: CompiledModel
    proof: Proof
    calibration: Sigmoid | None
    is_at_newest_level: bool
    scale: Scale | None
    interval: tuple[float, float] | None
    folds: tuple[FoldFigures, ...] = ()

    def margin(self, data: Dataset) -> FloatArray:
        """Return the margin per row: log-odds, or minor units for an amount."""
        columns = [data.names.index(name) for name in self.features]
        _, margin = explain_numba(self.compiled, np.ascontiguousarray(data.values[:, columns]))
        return margin if self.scale is None else margin * self.scale.of(data)

    def predict(self, data: Dataset) -> FloatArray:
        """Return the prediction per row: a probability, a share, or an expected change in minor units."""
        margin = self.margin(data)
        if self.calibration is None:
            return np.rint(margin)
        margins, logits = self.calibration.knots
        return calibrated(Knots(margin=margins, logit=logits), margin)


def rare_events(rows: Dataset) -> int:
    """Count the rows of the rarer class: with the event, or without."""
    positive = int((rows.label > 0.5).sum())
    return min(positive, len(rows) - positive)


def check_labels(target: str, train: Dataset, minimum: int) -> None:
    """Refuse a target that has too little to learn from.

    Raises
    ------
    TrainingError
        Fewer than `minimum` positive or negative rows (probabilities), or a label that never varies.
    """
    kind = KINDS[target]
    if kind == "probability":
        positive = int((train.label > 0.5).sum())
        if rare_events(train) < minimum:
            raise TrainingError(
                f"{target}: expected at least {minimum} training rows with the event and {minimum} without; got "
                f"{positive} of {len(train)} with it. Use more training dates, a longer horizon or another definition "
                "(features/policy/targets.yaml)."
            )
    elif len(train) < 2 * minimum or float(np.ptp(train.label)) == 0.0:
        raise TrainingError(
            f"{target}: expected at least {2 * minimum} training rows whose labels vary; got {len(train)}"
        )


def fit(
    kind: Kind,
    train: Dataset,
    recipe: Recipe,
    *,
    scale: Scale | None = None,
    interval_level: float = 0.8,
    purge_days: int = 0,
) -> Fitted:
    """Fit on all training rows; choose the number of trees and calibrate on customers held out, fold by fold.

    Customers are split into folds by a hash of their id. Each fold's model says how many trees are enough, and gives
    the margins of customers it has not seen: calibration and interval come from those. The model served has that
    number of trees and sees every row; it is compiled, and the tables are proved against it.

    Parameters
    ----------
    purge_days
        Gap + horizon: a label is known that much later.

    Raises
    ------
    TrainingError
        Too few customers for the folds, or the calibration finds no signal.
    CompileError
        The compiled tables do not say what the model says.
    """
    rows = rows_of(train, recipe, scale)
    fold = customer_folds(rows.customer_ids, recipe.folds, recipe.seed)
    raw, trees, losses = _fold_margins(kind, rows, recipe, fold)
    text = fit_text(kind, rows, recipe, trees)
    shown = lgb.Booster(model_str=text)
    compiled = compile_booster(text, rows.features)
    calibration, is_newest = None, False
    if kind != "amount":
        calibration = fit_sigmoid(raw, train.label)
        calibration, is_newest = at_newest_level(calibration, raw, train.label, train.as_of, purge_days)
    return Fitted(
        kind=kind,
        features=rows.features,
        booster_text=text,
        boosted=trees,
        trees=shown.num_trees(),
        compiled=compiled,
        proof=prove(compiled, shown, rows.values[:: max(1, len(rows.values) // 2000)]),
        calibration=calibration,
        is_at_newest_level=is_newest,
        scale=scale,
        interval=None
        if scale is None
        else residual_interval(train.label / scale.of(train) - raw, interval_level),
        folds=tuple(
            _fold_figures(kind, train, raw if scale is None else raw * scale.of(train), fold, losses)
        ),
    )


def _fold_figures(
    kind: Kind, train: Dataset, margin: FloatArray, fold: NDArray[np.int64], losses: Sequence[Sequence[float]]
) -> Iterator[FoldFigures]:
    for number, loss in enumerate(losses):
        out = fold == number
        figure = headline(kind, train.where(out), margin[out])
        rows = int(out.sum())
        best = int(np.argmin(loss))
        yield FoldFigures(HEADLINE[kind], of_all(figure, rows), loss[best], best + 1, rows)


def fit_text(kind: Kind, rows: Rows, recipe: Recipe, trees: int, times: FloatArray | None = None) -> str:
    """Fit so many trees, and the linear part where the recipe has one: LightGBM's text of both together.

    With `times` (rows,) each row counts so often.
    """
    parameters = {**recipe.parameters(kind), **rows.constraints()}
    text: str = lgb.train(parameters, rows.part(times=times), trees).model_to_string()
    if recipe.linear_share == 0.0:
        return text
    return blended(text, linear_part(kind, rows, recipe, times), recipe.linear_share)


def linear_part(kind: Kind, rows: Rows, recipe: Recipe, times: FloatArray | None = None) -> Scorecard:
    """Fit the linear model, each row counting `times`; on evenly spaced rows where they are many."""
    once = np.ones(len(rows.target)) if times is None else times
    places = np.flatnonzero(once)
    places = places[:: -(-len(places) // LINEAR_ROWS)]
    weight = once if rows.weight is None else rows.weight * once
    return fit_scorecard(
        rows.values[places],
        rows.target[places],
        weight[places],
        is_amount=kind == "amount",
        strength=recipe.linear_strength,
        shapes=rows.shapes,
    )


def enough_trees(losses: FloatArray) -> int:
    """Return the smallest number of trees whose loss is within one standard error of the best.

    Parameters
    ----------
    losses
        (folds, trees): held-out loss of each fold after 1, 2, ... trees. The standard error is that of the distance
        to the best number, over the folds: what all numbers have in common drops out.

    Source: Breiman et al., Classification and Regression Trees (1984), the 1-SE rule.

    Examples
    --------
    >>> enough_trees(np.array([[3.0, 1.1, 1.0, 1.2], [4.0, 2.0, 2.0, 2.1]]))
    2
    """
    best = int(losses.mean(axis=0).argmin())
    behind = losses - losses[:, best : best + 1]
    error = behind.std(axis=0, ddof=1) / np.sqrt(len(losses))
    return int(np.flatnonzero(behind.mean(axis=0) <= error)[0]) + 1


def _fold_margins(
    kind: Kind, rows: Rows, recipe: Recipe, fold: NDArray[np.int64]
) -> tuple[FloatArray, int, list[list[float]]]:
    """Margins of every row by a model that has not seen its customer, the number of trees that is enough, and losses.

    The losses are those of each fold, which its model has not seen, after 1, 2, ... trees.
    """
    parameters = {**recipe.parameters(kind), **rows.constraints()}
    boosters, losses = [], []
    for number in range(recipe.folds):
        out = fold == number
        if not out.any() or out.all():
            raise TrainingError(
                f"fit: expected customers in each of {recipe.folds} folds; fold {number} has "
                f"{int(out.sum())} of {len(out)} rows. Train on more customers."
            )
        booster, loss = held_out_fit(parameters, rows, out, recipe)
        boosters.append(booster)
        losses.append(loss)
    seen = min(map(len, losses))
    trees = enough_trees(np.array([loss[:seen] for loss in losses]))
    raw = np.empty(len(rows.target))
    for number, booster in enumerate(boosters):
        out = fold == number
        raw[out] = booster.predict(rows.values[out], raw_score=True, num_iteration=trees)
        if recipe.linear_share:
            linear = linear_part(kind, rows, recipe, (~out).astype(np.float64)).margin(rows.values[out])
            raw[out] += recipe.linear_share * (linear - raw[out])
    return raw, trees, losses


def held_out_fit(
    parameters: Mapping[str, object], rows: Rows, out: BoolArray, recipe: Recipe
) -> tuple[lgb.Booster, list[float]]:
    """Fit without some rows until their loss no longer falls; return the model and their loss after each tree."""
    found: dict[str, dict[str, list[float]]] = {}
    callbacks: list[Callable[..., Any]] = [
        lgb.early_stopping(recipe.patience, verbose=False),
        lgb.record_evaluation(found),
    ]
    booster = lgb.train(
        dict(parameters), rows.part(~out), recipe.max_trees, valid_sets=[rows.part(out)], callbacks=callbacks
    )
    (losses,) = found["valid_0"].values()
    return booster, losses
