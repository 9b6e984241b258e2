"""One model per target and horizon: LightGBM of depth <= 3, calibrated on customers held out of the fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from serving.calibration import Knots, calibrated
from serving.tables import CompiledModel, explain_numba
from training.calibrate import Sigmoid, fit_sigmoid, residual_interval
from training.compile import Proof, compile_booster, prove
from training.dataset import Dataset
from training.errors import TrainingError
from training.splits import customer_folds

FloatArray = NDArray[np.float64]
Kind = Literal["probability", "share", "amount"]
KINDS: dict[str, Kind] = {
    "churn": "probability",
    "default": "probability",
    "response": "probability",
    "loyalty": "share",
    "growth": "amount",
}
_OBJECTIVES = {"probability": "binary", "share": "cross_entropy", "amount": "regression"}


@dataclass(frozen=True)
class Recipe:
    """How a model is fitted; everything that changes it is here and is logged."""

    seed: int
    folds: int = 3
    learning_rate: float = 0.08
    max_trees: int = 400
    patience: int = 30
    min_rows_in_leaf: int = 100
    feature_share: float = 0.5
    row_share: float = 0.7
    ridge: float = 10.0
    threads: int = 2

    def parameters(self, kind: Kind) -> dict[str, Any]:
        """Return LightGBM's parameters: depth <= 3, deterministic, no categorical splits."""
        return {
            "objective": _OBJECTIVES[kind],
            "learning_rate": self.learning_rate,
            "max_depth": 3,
            "num_leaves": 8,
            "min_data_in_leaf": self.min_rows_in_leaf,
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.ridge,
            "extra_trees": True,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class Scale:
    """The quantity of the row that a growth model's target is divided by: max(floor, sum of features).

    Minor units; a feature that is null counts as 0.
    """

    features: tuple[str, ...]
    floor: float

    def of(self, data: Dataset) -> FloatArray:
        """Return the scale per row, (rows,), > 0."""
        total = np.zeros(len(data))
        for name in self.features:
            total = total + np.nan_to_num(data.column(name), nan=0.0)
        return np.maximum(total, self.floor)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model, compiled and proved, with what turns its margin into an answer."""

    kind: Kind
    features: tuple[str, ...]
    booster_text: str
    trees: int
    compiled: CompiledModel
    proof: Proof
    calibration: Sigmoid | None
    scale: Scale | None
    interval: tuple[float, float] | None

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


def usable_features(train: Dataset) -> tuple[str, ...]:
    """Names of the features that vary in the training rows: a constant or empty one teaches nothing."""
    kept = []
    for name in train.names:
        column = train.column(name)
        observed = column[~np.isnan(column)]
        has_gaps = len(observed) < len(column)
        if len(observed) and (has_gaps or observed.min() < observed.max()):
            kept.append(name)
    return tuple(kept)


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
        if min(positive, len(train) - positive) < minimum:
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
    on_fit: Callable[[int], None] | None = None,
) -> Fitted:
    """Fit on all training rows; stop early and calibrate on customers held out, fold by fold.

    Customers are split into folds by a hash of their id. Each fold's model says when to stop, and gives the
    margins of customers it has not seen: calibration and interval come from those. The model served has the mean
    number of trees and sees every row; it is compiled, and the tables are proved against it.

    Raises
    ------
    TrainingError
        Too few customers for the folds, or the calibration finds no signal.
    CompileError
        The compiled tables do not say what the model says.
    """
    features = usable_features(train)
    columns = [train.names.index(name) for name in features]
    values = np.ascontiguousarray(train.values[:, columns])
    rows = _Rows(train.customer_ids, features, values, *_target_and_weight(train, scale))
    raw, trees = _fold_margins(rows, recipe, recipe.parameters(kind), on_fit)
    whole = rows.part(np.ones(len(train), dtype=np.bool_))
    text = lgb.train(recipe.parameters(kind), whole, trees).model_to_string()
    if on_fit:
        on_fit(recipe.folds)
    shown = lgb.Booster(model_str=text)
    compiled = compile_booster(text, features)
    return Fitted(
        kind=kind,
        features=features,
        booster_text=text,
        trees=shown.num_trees(),
        compiled=compiled,
        proof=prove(compiled, shown, values[:: max(1, len(values) // 2000)]),
        calibration=None if kind == "amount" else fit_sigmoid(raw, train.label),
        scale=scale,
        interval=None
        if scale is None
        else residual_interval(train.label / scale.of(train) - raw, interval_level),
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """What LightGBM sees of the training rows: (rows, features), and per row a target and a weight."""

    customer_ids: tuple[str, ...]
    features: tuple[str, ...]
    values: FloatArray
    target: FloatArray
    weight: FloatArray | None

    def part(self, mask: NDArray[np.bool_]) -> lgb.Dataset:
        weight = None if self.weight is None else self.weight[mask]
        names = list(self.features)
        return lgb.Dataset(self.values[mask], self.target[mask], weight=weight, feature_name=names)


def _target_and_weight(train: Dataset, scale: Scale | None) -> tuple[FloatArray, FloatArray | None]:
    """Learn a change as a share of the row's scale, clipped at the outer 2%, whales weighing more.

    Source: own choice, by the order of customers three months ahead on training dates of Online Retail II.
    """
    if scale is None:
        return train.label, None
    divisor = scale.of(train)
    share = train.label / divisor
    low, high = np.quantile(share, [0.02, 0.98])
    return np.clip(share, low, high), np.sqrt(divisor / divisor.mean())


def _fold_margins(
    rows: _Rows, recipe: Recipe, parameters: dict[str, Any], on_fit: Callable[[int], None] | None
) -> tuple[FloatArray, int]:
    """Margins of every row by a model that has not seen its customer, and the mean number of trees."""
    fold = customer_folds(rows.customer_ids, recipe.folds, recipe.seed)
    raw = np.empty(len(rows.target))
    rounds = []
    for number in range(recipe.folds):
        out = fold == number
        if not out.any() or out.all():
            raise TrainingError(
                f"fit: expected customers in each of {recipe.folds} folds; fold {number} has "
                f"{int(out.sum())} of {len(out)} rows. Train on more customers."
            )
        stop = lgb.early_stopping(recipe.patience, verbose=False)
        booster = lgb.train(
            parameters, rows.part(~out), recipe.max_trees, valid_sets=[rows.part(out)], callbacks=[stop]
        )
        rounds.append(booster.best_iteration)
        raw[out] = booster.predict(rows.values[out], raw_score=True, num_iteration=booster.best_iteration)
        if on_fit:
            on_fit(number)
    return raw, max(1, round(float(np.mean(rounds))))
