"""Scores 0-1000 and the whole points that add up to them: how a factor is told."""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from serving.errors import BundleError
from serving.manifest import STRICT
from serving.tables import FloatArray

TOP = 1000.0
_AT_ONCE = 256  # rows whose contributions stay in the second-level cache


@dataclass(frozen=True, config=STRICT)
class ScoreMap:
    """The position of a value in the reference population, 0-1000: straight between knots, held beyond the ends.

    Values rise strictly, scores never fall. A value that many customers share (a mass) lies at the middle of their
    ranks, so that ties are neither favoured nor punished; there are no jumps.
    """

    value: tuple[float, ...]
    score: tuple[float, ...]

    @cached_property
    def arrays(self) -> tuple[FloatArray, FloatArray]:
        """Values and scores of the knots."""
        return np.array(self.value), np.array(self.score)

    @cached_property
    def slopes(self) -> FloatArray:
        """Slope of each piece, and of the held ends: (knots + 1,)."""
        value, score = self.arrays
        return np.concatenate([[0.0], np.diff(score) / np.diff(value), [0.0]])

    def check(self, where: str) -> None:
        """Refuse a map that is none.

        Raises
        ------
        BundleError
            Values do not rise, scores fall or leave 0-1000, or there is not a score for each value.
        """
        ends = self.score and self.score[0] >= 0.0 and self.score[-1] <= TOP
        rises = all(low < high for low, high in pairwise(self.value))
        holds = all(low <= high for low, high in pairwise(self.score))
        if not (len(self.value) == len(self.score) and ends and rises and holds):
            raise BundleError(
                f"{where}: expected values that rise and as many scores, 0 to 1000, that never fall. "
                "Train the bundle again."
            )

    def of(self, value: FloatArray) -> FloatArray:
        """Score of each value, before rounding; NaN of NaN.

        Examples
        --------
        >>> ScoreMap(value=(0.0, 10.0), score=(100.0, 900.0)).of(np.array([-5.0, 0.0, 5.0, 99.0])).tolist()
        [100.0, 100.0, 500.0, 900.0]
        """
        return self._located(value)[1]

    def between(self, one: FloatArray, other: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Scores of two values each, and the slope of the straight line between them.

        Where both lie on one piece it is the piece's. Never negative: the map is monotone.
        """
        rows = len(one)
        piece, score = self._located(np.concatenate([one, other]))
        first, last = score[:rows], score[rows:]
        apart = other - one
        is_far = (piece[:rows] != piece[rows:]) & (apart != 0.0)
        slope = np.divide(last - first, apart, out=self.slopes[piece[:rows]], where=is_far)
        # Of values a rounding apart the quotient is noise.
        return first, last, np.minimum(np.maximum(slope, 0.0), self._steepest)

    @cached_property
    def _steepest(self) -> float:
        return float(self.slopes.max())

    def _located(self, value: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
        """Piece and score of each value."""
        values, scores = self.arrays
        piece = np.searchsorted(values, value, side="right")
        start = np.maximum(piece - 1, 0)
        inside = np.minimum(np.maximum(value, values[0]), values[-1])
        score = scores[start] + self.slopes[piece] * (inside - values[start])
        return piece, np.minimum(np.maximum(score, scores[0]), scores[-1])


@dataclass(frozen=True, config={**STRICT, "arbitrary_types_allowed": True}, eq=False)
class Told:
    """A factor of some customers: `start` + the sum of `parts` = `score`, in whole points; NaN where it is not known.

    `value` is what is scored, in its own unit.
    """

    value: NDArray[np.float64]
    score: NDArray[np.float64]
    start: NDArray[np.float64]
    parts: Mapping[str, NDArray[np.float64]]


def tell(
    score_map: ScoreMap, value: FloatArray, base: FloatArray, effects: FloatArray, names: tuple[str, ...]
) -> Told:
    """Split the scores of values into whole points per part.

    With value m = base m0 + the sum of a row's effects, and the map g, a part's points are
    effect x (g(m) - g(m0)) / (m - m0), so that they lead from g(m0) to g(m); then all is rounded so that it adds up.

    Parameters
    ----------
    base
        (n,): the value that the effects start from.
    effects
        (n, parts).
    names
        Name of each part.

    Source: five-factor.md (the factors); the split is exact for a straight map and keeps each effect's sign.
    """
    start, end, slope = score_map.between(base, value)
    score = np.rint(end)
    whole = whole_points(effects * slope[:, None], score - np.rint(start))
    parts = {name: whole[:, place] for place, name in enumerate(names)}
    return Told(value, score, score - whole.sum(axis=1), parts)


def whole_points(exact: FloatArray, total: FloatArray) -> FloatArray:
    """Round points so that each row adds up to its total: by signed largest remainder.

    Each entry is cut towards 0; what is missing goes, one by one, to the entries with the largest cut off in that
    direction, the first of equals first. No entry changes its sign, and one that is 0 stays 0.

    Parameters
    ----------
    exact
        (n, parts), adding up to within less than 1 of `total`.
    total
        (n,): whole numbers; NaN rows stay NaN.

    Examples
    --------
    >>> whole_points(np.array([[1.5, 0.7, -0.4]]), np.array([2.0])).tolist()
    [[1.0, 1.0, 0.0]]
    """
    cut = np.trunc(exact)
    missing = total - cut.sum(axis=1)
    sign = np.sign(missing)
    left = np.where(np.isnan(exact), 0.0, (exact - cut) * sign[:, None])
    order = np.argsort(-left, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(exact.shape[1])[None, :], axis=1)
    takes = (rank < np.abs(missing)[:, None]) & (left > 0.0)
    return cut + np.where(takes, sign[:, None], 0.0)


def family_sums(contributions: FloatArray, codes: NDArray[np.intp], families: int) -> FloatArray:
    """Add up contributions by family, (n, families): one after the other, so that a row alone has the same bits."""
    rows = min(len(contributions), _AT_ONCE)
    places = (codes + np.arange(0, rows * families, families)[:, None]).ravel()
    found = np.empty((len(contributions), families))
    for start in range(0, len(contributions), _AT_ONCE):
        part = contributions[start : start + _AT_ONCE]
        sums = np.bincount(places[: part.size], weights=part.ravel(), minlength=len(part) * families)
        found[start : start + _AT_ONCE] = sums.reshape(len(part), families)
    return found
