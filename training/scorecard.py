"""A linear model on ranks, written as trees of one feature each: a scorecard that joins a model's trees.

Each feature becomes its place among at most 15 bins of the training rows, from -1 to 1; what is missing is a bin of its
own. A ridge-penalised logistic (or linear) regression gives each feature one slope and one value for missing. As steps,
it is exactly what trees of one feature say: three trees hold 14 limits and the missing value. LightGBM reads them as
its own, so that blend, served tables and proof need nothing new.

Source: own design; scorecards by bins are the common form in credit scoring (Siddiqi, Credit Risk Scorecards, 2006).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.tables import MISSING_NAN, SPLITS
from training.model_text import DEFAULT_LEFT, MISSING_SHIFT, Tree
from training.recipe import Shape

FloatArray = NDArray[np.float64]
LIMITS = 2 * SPLITS
"""Limits of one feature: two trees' worth."""

_ABOVE_ALL = 1e308
_LEFT, _RIGHT = MISSING_NAN << MISSING_SHIFT | DEFAULT_LEFT, MISSING_NAN << MISSING_SHIFT


@dataclass(frozen=True, eq=False)
class Steps:
    """What one feature adds to the margin: `values[i]` up to `limits[i]`, the last one above all limits.

    `counts` are the training rows of each step. `missing` is added where nothing was observed, in `missing_count` rows.
    """

    feature: int
    limits: FloatArray
    values: FloatArray
    counts: NDArray[np.int64]
    missing: float
    missing_count: int


@dataclass(frozen=True, eq=False)
class Scorecard:
    """Margin = intercept + the steps of every feature."""

    intercept: float
    steps: tuple[Steps, ...]

    def margin(self, rows: FloatArray) -> FloatArray:
        """Return the margin per row, (rows,), of (rows, features) values; NaN = not observed."""
        total = np.full(len(rows), self.intercept)
        for part in self.steps:
            column = rows[:, part.feature]
            found = part.values[np.searchsorted(part.limits, column, side="left")]
            total += np.where(np.isnan(column), part.missing, found)
        return total


def fit_scorecard(
    values: FloatArray,
    target: FloatArray,
    weight: FloatArray | None,
    *,
    is_amount: bool,
    strength: float = 1.0,
    shapes: Mapping[int, Shape] | None = None,
) -> Scorecard:
    """Fit the linear model.

    Parameters
    ----------
    values
        (rows, features); NaN = not observed.
    target
        (rows,): 0 or 1, a share in 0..1, or with `is_amount` any number.
    weight
        (rows,); None: each row counts once.
    strength
        How far slopes may grow: the inverse of the ridge penalty.
    shapes
        By feature: "raising" or "lowering" where it may only raise or only lower the margin, a slope against it is
        left out; "coded" where its numbers have no order, each bin then has a value of its own.
    """
    known = shapes or {}
    parts = [_part(feature, column, known.get(feature)) for feature, column in enumerate(values.T)]
    parts = [part for part in parts if part.inputs.shape[1]]
    coefficients, intercept = _coefficients(
        np.hstack([part.inputs for part in parts]), target, weight, is_amount=is_amount, strength=strength
    )
    steps, first = [], 0
    for part in parts:
        last = first + part.inputs.shape[1]
        found = part.steps(coefficients[first:last])
        if not np.all(found.values == 0.0) or found.missing != 0.0:
            steps.append(found)
        first = last
    return Scorecard(intercept, tuple(steps))


def _coefficients(
    inputs: FloatArray, target: FloatArray, weight: FloatArray | None, *, is_amount: bool, strength: float
) -> tuple[FloatArray, float]:
    from sklearn.linear_model import LogisticRegression, Ridge

    once = np.ones(len(target)) if weight is None else weight
    if is_amount:
        ridge = Ridge(alpha=1.0 / strength).fit(inputs, target, sample_weight=once)
        return np.asarray(ridge.coef_), float(ridge.intercept_)
    # Slopes beyond the third figure say nothing: rows are noisier.
    logistic = LogisticRegression(C=strength, tol=1e-3, max_iter=300)
    if np.isin(target, (0.0, 1.0)).all():
        logistic.fit(inputs, target, sample_weight=once)
    else:  # a share is as many whole rows with and without the event: the same likelihood
        weights = np.hstack([once * target, once * (1.0 - target)])
        logistic.fit(np.vstack([inputs, inputs]), np.repeat([1, 0], len(target)), sample_weight=weights)
    return np.asarray(logistic.coef_[0]), float(logistic.intercept_[0])


@dataclass(frozen=True, eq=False)
class _Part:
    """One feature as inputs of the regression: (rows, inputs), the last one whether it is missing, where it ever is."""

    feature: int
    limits: FloatArray
    counts: NDArray[np.int64]
    ranks: FloatArray
    missing: int
    shape: Shape | None
    inputs: FloatArray

    def steps(self, coefficients: FloatArray) -> Steps:
        """Return what the feature says; one that was never missing speaks, where it is, as from its middle bin."""
        own = coefficients[:-1] if self.missing else coefficients
        values = own if self.shape == "coded" else self._sloped(float(own[0]))
        middle = float(values[len(self.limits) // 2])
        absent = float(coefficients[-1]) if self.missing else middle
        return Steps(self.feature, self.limits, values, self.counts, absent, self.missing)

    def _sloped(self, slope: float) -> FloatArray:
        is_against = (self.shape == "raising" and slope < 0.0) or (self.shape == "lowering" and slope > 0.0)
        return np.zeros(len(self.ranks)) if is_against else slope * self.ranks


def _part(feature: int, column: FloatArray, shape: Shape | None) -> _Part:
    is_missing = np.isnan(column)
    limits = _limits(column)
    bins = np.searchsorted(limits, column[~is_missing], side="left")
    counts = np.bincount(bins, minlength=len(limits) + 1)
    ranks = (np.cumsum(counts) - counts / 2) / max(1, len(bins)) * 2.0 - 1.0
    inputs = np.zeros((len(column), len(counts) if shape == "coded" else 1))
    if shape == "coded":
        inputs[np.flatnonzero(~is_missing), bins] = 1.0
    else:
        inputs[~is_missing, 0] = ranks[bins]
    if is_missing.all():
        return _Part(feature, limits, counts, ranks, 0, shape, inputs[:, :0])
    if is_missing.any():
        inputs = np.column_stack([inputs, is_missing])
    return _Part(feature, limits, counts, ranks, int(is_missing.sum()), shape, inputs)


def _limits(column: FloatArray) -> FloatArray:
    """Where a feature is cut: between its values where they are few, else at quantiles."""
    known = np.unique(column[~np.isnan(column)])
    if len(known) <= LIMITS + 1:
        return np.asarray((known[:-1] + known[1:]) / 2)
    shares = np.linspace(0.0, 1.0, LIMITS + 2)[1:-1]
    cut = np.unique(np.quantile(column[~np.isnan(column)], shares, method="lower"))
    return np.asarray(cut[cut < known[-1]])


def blended(text: str, card: Scorecard, share: float) -> str:
    """Return LightGBM's text of (1 - share) x the model of `text` + share x the scorecard.

    Whatever reads the text, LightGBM as well, predicts the blend; its row counts are those of the training rows.
    """
    head, end, tail = text.partition("\nend of trees")
    header, *blocks = re.split(r"^Tree=\d+\n", head, flags=re.MULTILINE)
    header = re.sub(r"^tree_sizes=.*\n", "", header, flags=re.MULTILINE)
    own = [_scaled(block.strip("\n"), 1.0 - share) for block in blocks]
    joined = [_text(tree) for tree in _trees(card, share)]
    body = "\n\n\n".join(f"Tree={number}\n{block}" for number, block in enumerate([*own, *joined]))
    return f"{header}{body}\n\n{end}{tail}"


def _scaled(block: str, factor: float) -> str:
    def times(found: re.Match[str]) -> str:
        return "leaf_value=" + _words([float(value) * factor for value in found[1].split()])

    return re.sub(r"^leaf_value=(.*)$", times, block, flags=re.MULTILINE)


def _trees(card: Scorecard, share: float) -> Iterator[Tree]:
    """Write the scorecard as trees: a constant, and per feature one for every 7 limits and one for what is missing."""
    yield Tree(0, (), (), (), (), (), (), (share * card.intercept,), (1,))
    for part in card.steps:
        values, counts, middle = share * part.values, part.counts.copy(), len(part.limits) // 2
        counts[middle] += part.missing_count
        for first in range(0, len(part.limits), SPLITS):
            limits = part.limits[first : first + SPLITS]
            last = first + len(limits)
            leaves = values[first : last + 1] - (values[first] if first else 0.0)
            reached = [counts[: first + 1].sum(), *counts[first + 1 : last], counts[last:].sum()]
            yield _search_tree(part.feature, limits, leaves, reached, middle - first)
        if part.missing_count:
            away = float(share * part.missing - (values[middle] if len(part.limits) else 0.0))
            rows = (int(part.counts.sum()), part.missing_count)
            yield Tree(
                0, (part.feature,), (_ABOVE_ALL,), (_RIGHT,), (-1,), (-2,), (sum(rows),), (0.0, away), rows
            )


def _search_tree(
    feature: int, limits: FloatArray, values: FloatArray, counts: Sequence[int], middle: int
) -> Tree:
    """Return a balanced tree over up to 7 limits; a missing value goes to leaf `middle`, or as near as there is."""
    order: list[int] = []  # the limit of each split
    children: dict[int, tuple[int, int]] = {}

    def grow(first: int, last: int) -> int:
        """Grow what parts leaves first to last, and return its split, or ~leaf."""
        if first == last:
            return ~first
        limit, split = (first + last) // 2, len(order)
        order.append(limit)
        children[split] = (-1, -1)
        children[split] = (grow(first, limit), grow(limit + 1, last))
        return split

    grow(0, len(limits))
    reach = {}

    def rows(child: int) -> int:
        if child < 0:
            return int(counts[~child])
        reach[child] = rows(children[child][0]) + rows(children[child][1])
        return reach[child]

    rows(0)
    splits = range(len(order))
    return Tree(
        number=0,
        feature=(feature,) * len(order),
        threshold=tuple(float(limits[limit]) for limit in order),
        decision=tuple(_LEFT if middle <= limit else _RIGHT for limit in order),
        left=tuple(children[split][0] for split in splits),
        right=tuple(children[split][1] for split in splits),
        split_count=tuple(reach[split] for split in splits),
        leaf_value=tuple(float(value) for value in values),
        leaf_count=tuple(int(count) for count in counts),
    )


def _text(tree: Tree) -> str:
    """Write a tree as LightGBM does. What only its own training reads (gains, weights) is 0."""
    splits, leaves = len(tree.feature), len(tree.leaf_value)
    fields = {
        "num_leaves": [leaves],
        "num_cat": [0],
        "split_feature": tree.feature,
        "split_gain": [0] * splits,
        "threshold": tree.threshold,
        "decision_type": tree.decision,
        "left_child": tree.left,
        "right_child": tree.right,
        "leaf_value": tree.leaf_value,
        "leaf_weight": [0] * leaves,
        "leaf_count": tree.leaf_count,
        "internal_value": [0] * splits,
        "internal_weight": [0] * splits,
        "internal_count": tree.split_count,
        "is_linear": [0],
        "shrinkage": [1],
    }
    return "\n".join(f"{name}={_words(values)}" for name, values in fields.items())


def _words(values: Sequence[float]) -> str:
    return " ".join(map(repr, values))
