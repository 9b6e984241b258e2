"""Figures of forecasts under weights: one way of counting, for a figure itself and for its interval.

A weight says how often a row counts. All ones give the figure; draws of customers give what it might as well have
been, which is its interval. Every function takes `weights` (rounds, rows) and returns (rounds,): NaN in a round that
has nothing to tell, such as one without an event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.curves import equal_parts

FloatArray = NDArray[np.float64]
Figure = Callable[[FloatArray], FloatArray]
"""From weights (rounds, rows) to a value per round."""

_AT_ONCE = 4_000_000
"""Weights held at a time: some 32 MiB."""


@dataclass(frozen=True)
class Interval:
    """A figure and the ends of its interval; all three NaN where there is nothing to tell."""

    value: float
    low: float
    high: float


def customer_draws(customer_ids: Sequence[str], rounds: int, seed: int) -> FloatArray:
    """Draw how often each row counts: (rounds, rows).

    All rows of a customer count equally often, Poisson with mean 1: a bootstrap of customers. The number drawn hangs
    on the seed and the customer's place among all of them, so that equal sets of customers get equal draws.

    Source: Chamandy et al. (2012), Estimating uncertainty for massive data streams (Poisson bootstrap).
    """
    names, place = np.unique(np.asarray(customer_ids), return_inverse=True)
    drawn = np.random.default_rng(seed).poisson(1.0, (rounds, len(names)))
    return np.ascontiguousarray(drawn[:, place], dtype=np.float64)


def of_all(figure: Figure, rows: int) -> float:
    """Return a figure of all rows, each counted once; NaN where there is nothing to tell."""
    return float(figure(np.ones((1, rows)))[0])


def interval(figure: Figure, draws: FloatArray, level: float = 0.95) -> Interval:
    """Return a figure of all rows, and where `level` of the draws lie."""
    return spread(of_all(figure, draws.shape[1]), over_draws(figure, draws), level)


def over_draws(figure: Figure, draws: FloatArray) -> FloatArray:
    """Return a figure in every draw, (rounds,), some draws at a time."""
    step = max(1, _AT_ONCE // max(1, draws.shape[1]))
    return np.concatenate([figure(draws[start : start + step]) for start in range(0, len(draws), step)])


def spread(value: float, found: FloatArray, level: float = 0.95) -> Interval:
    """Return a value with the ends of its draws; draws with nothing to tell are left out.

    Examples
    --------
    >>> spread(0.5, np.arange(101.0), 0.5)
    Interval(value=0.5, low=25.0, high=75.0)
    """
    known = found[~np.isnan(found)]
    if np.isnan(value) or not len(known):
        return Interval(value, np.nan, np.nan)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return Interval(value, float(low), float(high))


def probability_figures(label: FloatArray, probability: FloatArray, bins: int = 10) -> Mapping[str, Figure]:
    """Return by name what says how good probabilities are."""
    clipped = np.clip(probability, 1e-15, 1 - 1e-15)
    loss = -(label * np.log(clipped) + (1.0 - label) * np.log1p(-clipped))
    return {
        **ranking_figures(label, probability),
        "brier": _mean((probability - label) ** 2),
        "log_loss": _mean(loss),
        "ece": _calibration_error(label, probability, bins),
        "base_rate": _mean(label),
        "mean_forecast": _mean(probability),
    }


def ranking_figures(label: FloatArray, score: FloatArray) -> Mapping[str, Figure]:
    """Return by name what says how good an order is: AUC, average precision, lift of the top decile."""
    ranked = _Ranked(score)
    return {
        "auc": lambda weights: _auc(ranked, label, weights),
        "average_precision": lambda weights: _average_precision(ranked, label, weights),
        "top_decile_lift": lambda weights: _top_decile_lift(ranked, label, weights),
    }


def amount_figures(
    level: FloatArray, label: FloatArray, expected: FloatArray, ends: tuple[FloatArray, FloatArray] | None
) -> Mapping[str, Figure]:
    """Return by name what says how good expected changes are; `spearman` ranks previous level + change.

    Parameters
    ----------
    level
        The previous level, which a change is added to.
    ends
        Low and high end of an interval that is meant to hold the middle 80% of the outcomes; None where there is none.
    """
    found: dict[str, Figure] = {
        "spearman": _spearman(level + expected, level + label),
        "spearman_change": _spearman(expected, label),
        "mae": _mean(np.abs(expected - label)),
        "rmse": _root_mean((expected - label) ** 2),
        "total_ratio": ratio(level + expected, level + label),
    }
    if ends is not None:
        low, high = ends
        found["coverage"] = _mean(((label >= low) & (label <= high)).astype(np.float64))
        found["pinball_low"] = _mean(pinball(label, low, 0.1))
        found["pinball_high"] = _mean(pinball(label, high, 0.9))
    return found


def share_figures(label: FloatArray, share: FloatArray) -> Mapping[str, Figure]:
    """Return by name what says how good expected shares are."""
    return {
        "spearman": _spearman(share, label),
        "mae": _mean(np.abs(share - label)),
        "rmse": _root_mean((share - label) ** 2),
        "ece": _calibration_error(label, share, 10),
        "mean_outcome": _mean(label),
        "mean_forecast": _mean(share),
    }


def pinball(label: FloatArray, end: FloatArray, share: float) -> FloatArray:
    """Return the loss of an end below which `share` of the outcomes should lie, per row.

    Examples
    --------
    >>> pinball(np.array([2.0, 0.0]), np.array([1.0, 1.0]), 0.9).round(3).tolist()
    [0.9, 0.1]
    """
    return np.maximum(share * (label - end), (share - 1.0) * (label - end))


class _Ranked:
    """Rows by falling score, and where each run of equal scores begins."""

    def __init__(self, score: FloatArray) -> None:
        self.order = np.argsort(-score, kind="stable")
        ordered = score[self.order]
        self.starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))

    def totals(self, rows: FloatArray) -> FloatArray:
        """Add up per run of equal scores: (rounds, rows) -> (rounds, runs)."""
        return np.asarray(np.add.reduceat(rows[:, self.order], self.starts, axis=1))


def _auc(ranked: _Ranked, label: FloatArray, weights: FloatArray) -> FloatArray:
    positive, negative = ranked.totals(weights * label), ranked.totals(weights * (1.0 - label))
    above = np.cumsum(positive, axis=1) - positive
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return _divided((negative * (above + positive / 2.0)).sum(axis=1), pairs)


def _average_precision(ranked: _Ranked, label: FloatArray, weights: FloatArray) -> FloatArray:
    positive, whole = ranked.totals(weights * label), ranked.totals(weights)
    caught, taken = np.cumsum(positive, axis=1), np.cumsum(whole, axis=1)
    precision = np.divide(caught, taken, out=np.zeros_like(caught), where=taken > 0)
    return _divided((precision * positive).sum(axis=1), positive.sum(axis=1))


def _top_decile_lift(ranked: _Ranked, label: FloatArray, weights: FloatArray) -> FloatArray:
    ordered = weights[:, ranked.order]
    before = np.cumsum(ordered, axis=1) - ordered
    whole = ordered.sum(axis=1)
    top = np.maximum(1.0, np.floor(whole / 10.0))
    taken = np.clip(top[:, None] - before, 0.0, ordered)
    return _divided((taken @ label[ranked.order]) * whole, top * (weights @ label))


def _calibration_error(label: FloatArray, forecast: FloatArray, bins: int) -> Figure:
    """Mean distance of mean forecast and mean outcome over bins of equally many rows: those of `curves.bins`."""
    parts = equal_parts(forecast, bins)
    error = forecast - label

    def figure(weights: FloatArray) -> FloatArray:
        gaps = sum(np.abs(weights[:, part] @ error[part]) for part in parts)
        return _divided(np.asarray(gaps), weights.sum(axis=1))

    return figure


def ratio(one: FloatArray, other: FloatArray) -> Figure:
    """Sum of one column over the sum of another; NaN where that is 0."""
    return lambda weights: _divided(weights @ one, weights @ other)


def _mean(rows: FloatArray) -> Figure:
    return lambda weights: _divided(weights @ rows, weights.sum(axis=1))


def _root_mean(rows: FloatArray) -> Figure:
    mean = _mean(rows)
    return lambda weights: np.sqrt(mean(weights))


def _spearman(left: FloatArray, right: FloatArray) -> Figure:
    """Correlation of ranks, equal values at the middle of their ranks; 0 where one side never varies."""
    sides = [(_Ranked(side), np.empty(len(side), dtype=np.intp)) for side in (left, right)]
    for ranked, run in sides:
        sizes = np.diff(np.append(ranked.starts, len(run)))
        run[ranked.order] = np.repeat(np.arange(len(ranked.starts)), sizes)

    def figure(weights: FloatArray) -> FloatArray:
        whole = weights.sum(axis=1)
        centred = []
        for ranked, run in sides:
            totals = ranked.totals(weights)
            ranks = (np.cumsum(totals, axis=1) - totals / 2.0)[:, run]
            centred.append(ranks - _divided((weights * ranks).sum(axis=1), whole)[:, None])
        one, other = centred
        product = (weights * one * other).sum(axis=1)
        scale = np.sqrt((weights * one * one).sum(axis=1) * (weights * other * other).sum(axis=1))
        return np.asarray(np.divide(product, scale, out=np.zeros_like(product), where=scale > 0))

    return figure


def _divided(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.asarray(np.divide(one, other, out=np.full(one.shape, np.nan), where=other != 0))
