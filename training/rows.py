"""What a fit sees of the training rows: values, target and weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from training.dataset import Dataset
from training.recipe import Recipe, Shape

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
MOVE_ROWS = 5_000
"""Rows of either side that a move is measured on, at most, evenly spaced."""

_SIGNS: Mapping[Shape, int] = {"raising": 1, "lowering": -1}


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
class Rows:
    """Rows as LightGBM sees them: `values` (rows, features), NaN = not observed, and per row a target and a weight.

    `shapes`: by place of a feature, whether it may only raise or only lower the margin, or is a code. `binned` is the
    same values once cut into bins, which costs more than fifty trees: folds and draws are parts of it.
    """

    customer_ids: tuple[str, ...]
    features: tuple[str, ...]
    values: FloatArray
    target: FloatArray
    weight: FloatArray | None
    shapes: Mapping[int, Shape]
    binned: lgb.Dataset

    def part(self, mask: BoolArray | None = None, times: FloatArray | None = None) -> lgb.Dataset:
        """Return some rows as LightGBM's data set; with `times`, each row counts so often, and 0 leaves it out."""
        chosen = np.ones(len(self.target), dtype=np.bool_) if mask is None else mask
        weight = self.weight
        if times is not None:
            chosen, weight = chosen & (times > 0), times if weight is None else weight * times
        rows = np.flatnonzero(chosen)
        found = self.binned.subset(rows.tolist()).construct()  # what is set before is lost
        found.set_label(self.target[rows])
        if weight is not None:
            found.set_weight(weight[rows])
        return found

    def constraints(self) -> dict[str, list[int]]:
        """Return LightGBM's parameter for features with a direction; nothing where there are none."""
        return _constraints(self.shapes, len(self.features))


def _constraints(shapes: Mapping[int, Shape], features: int) -> dict[str, list[int]]:
    signs = [_SIGNS.get(shapes.get(place, "coded"), 0) for place in range(features)]
    return {"monotone_constraints": signs} if any(signs) else {}


def rows_of(train: Dataset, recipe: Recipe, scale: Scale | None, like: Rows | None = None) -> Rows:
    """Return the rows of a fit: the features that teach something, the target on its scale, weights by age.

    Parameters
    ----------
    like
        The same training rows under another recipe: their bins are used again where the features are the same.
    """
    features = teaching_features(train, recipe.moved_limit)
    target, weight = _target_and_weight(train, scale)
    if recipe.half_life_days is not None:
        aged = 0.5 ** (_age_days(train) / recipe.half_life_days)
        weight = aged if weight is None else weight * aged
    if like is not None and like.features == features:
        return replace(like, target=target, weight=weight)
    named: dict[str, Shape] = {
        **dict.fromkeys(recipe.coded, "coded"),
        **dict.fromkeys(recipe.raising, "raising"),
        **dict.fromkeys(recipe.lowering, "lowering"),
    }
    shapes = {place: named[name] for place, name in enumerate(features) if name in named}
    values = np.ascontiguousarray(train.values[:, [train.names.index(name) for name in features]])
    # Without feature_pre_filter: what one recipe cannot split, another may.
    params: dict[str, object] = {"verbosity": -1, "num_threads": recipe.threads, "feature_pre_filter": False}
    params |= _constraints(shapes, len(features))
    binned = lgb.Dataset(values, target, feature_name=list(features), params=params, free_raw_data=False)
    return Rows(train.customer_ids, features, values, target, weight, shapes, binned)


def teaching_features(train: Dataset, moved_limit: float | None = None) -> tuple[str, ...]:
    """Names of the features that vary in the training rows, and have not moved further than the limit.

    A constant or empty feature teaches nothing; one that moved was learned at values that are no more.
    """
    kept = []
    for name in train.names:
        column = train.column(name)
        observed = column[~np.isnan(column)]
        has_gaps = len(observed) < len(column)
        if len(observed) and (has_gaps or observed.min() < observed.max()):
            kept.append(name)
    if moved_limit is None:
        return tuple(kept)
    moved = moves(train, kept)
    return tuple(name for name in kept if moved[name] <= moved_limit) or tuple(kept)


def moves(train: Dataset, names: list[str]) -> dict[str, float]:
    """How far each feature's distribution moved: Kolmogorov-Smirnov distance of the newest third of dates to the rest.

    0..1; a missing value counts as the lowest. 0 where there is only one date.
    """
    dates = np.unique(train.as_of)
    if len(dates) < 2:
        return dict.fromkeys(names, 0.0)
    is_new = train.as_of >= dates[-max(1, len(dates) // 3)]
    sides = [_evenly(np.flatnonzero(~is_new)), _evenly(np.flatnonzero(is_new))]
    found = {}
    for name in names:
        column = np.nan_to_num(train.column(name), nan=-np.inf)
        old, new = (np.sort(column[rows]) for rows in sides)
        steps = np.concatenate([old, new])
        behind = [np.searchsorted(part, steps, side="right") / len(part) for part in (old, new)]
        found[name] = float(np.abs(behind[0] - behind[1]).max())
    return found


def _evenly(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    return rows[:: -(-len(rows) // MOVE_ROWS)]


def _age_days(train: Dataset) -> FloatArray:
    newest = train.as_of.max()
    return np.asarray((newest - train.as_of) / np.timedelta64(1, "D"), dtype=np.float64)


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
